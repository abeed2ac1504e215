/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels with alpha to pixels without. */
#ifndef RESIGHT_DECODE_ALPHA_H
#define RESIGHT_DECODE_ALPHA_H

#include <stddef.h>
#include <stdint.h>

/* RGBA to RGB over a colour, straight (not premultiplied) alpha. In place is fine: rgb may be rgba. */
void alpha_composite(const uint8_t *rgba, uint8_t *rgb, size_t pixels, const uint8_t background_rgb[3]);

/* RGBA to RGB as stored, whatever alpha says. In place is fine. */
void alpha_drop(const uint8_t *rgba, uint8_t *rgb, size_t pixels);

#endif
