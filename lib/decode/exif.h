/* SPDX-License-Identifier: Apache-2.0 */
/* How a picture has to be turned to stand upright, as its EXIF data says. */
#ifndef RESIGHT_DECODE_EXIF_H
#define RESIGHT_DECODE_EXIF_H

#include <resight/decode.h>

/* Of a whole JPEG, PNG, WebP or TIFF file. RESIGHT_ORIGINAL when it does not say or says nonsense. */
resight_transform exif_orientation(resight_format format, const uint8_t *bytes, size_t size_bytes);

/* Of EXIF data alone: a TIFF structure, with or without "Exif\0\0" before it. */
resight_transform exif_orientation_of(const uint8_t *exif, size_t size_bytes);

/* Of the value of the tag alone, which JPEG XL keeps outside of EXIF. */
resight_transform exif_upright(uint32_t value);

#endif
