/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is, by its first bytes. */
#ifndef RESIGHT_DECODE_PROBE_H
#define RESIGHT_DECODE_PROBE_H

#include <resight/decode.h>

/* As many first bytes as the table can use: signatures, and the brands of an ISO file. */
#define PROBE_BYTES 256

/* RESIGHT_FORMAT_UNKNOWN when no signature of a picture fits: then FFmpeg is asked, which knows the containers. */
resight_format probe_format(const uint8_t *bytes, size_t size_bytes);

/* An MP4 or another file made of boxes? */
bool probe_is_iso(const uint8_t *bytes, size_t size_bytes);

/* May this be read as it comes? Pictures may not, nor may an MP4 whose index does not come first. */
bool probe_streams(const uint8_t *bytes, size_t size_bytes);

#endif
