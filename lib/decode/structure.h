/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of still-picture formats move, and which break off: read from their outer structure, nothing decoded. */
#ifndef RESIGHT_DECODE_STRUCTURE_H
#define RESIGHT_DECODE_STRUCTURE_H

#include "base/buffer.h"
#include <stdbool.h>

/* An animation control chunk stands before the first picture data: APNG specification, "acTL". */
bool animated_png(const uint8_t *bytes, size_t size_bytes);

/* The animation flag of the extended header is set: WebP container specification, "VP8X". */
bool animated_webp(const uint8_t *bytes, size_t size_bytes);

/* The size that its header states; false when there is none. */
bool webp_size(const uint8_t *bytes, size_t size_bytes, uint32_t *width_px, uint32_t *height_px);

/* All that the RIFF header promises is there. */
bool whole_webp(const uint8_t *bytes, size_t size_bytes);

/* As many bytes as the size and depth of the picture ask for: FFmpeg would take a shorter one for a file without row
 * padding, and shear the picture. */
bool whole_bmp(const uint8_t *bytes, size_t size_bytes);

/* False when a Matroska segment says that it is longer than the file. Only the first bytes are looked at; true for
 * every other format. */
bool whole_matroska(const uint8_t *first, size_t first_bytes, uint64_t size_bytes);

/* Every block is closed and the trailer is there: GIF89a specification, appendix B. */
bool whole_gif(const uint8_t *bytes, size_t size_bytes);

/*
 * An APNG with nothing but the chunks that its pixels and times need. FFmpeg inflates text and profiles without a
 * bound; what is not there cannot be inflated. RESIGHT_OK, RESIGHT_E_NOMEM, or RESIGHT_E_FORMAT when it breaks off.
 */
int apng_strip(const uint8_t *bytes, size_t size_bytes, buffer *out, size_t *out_bytes);

#endif
