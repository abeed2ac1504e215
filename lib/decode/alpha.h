/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures with alpha to pictures without. */
#ifndef RESIGHT_DECODE_ALPHA_H
#define RESIGHT_DECODE_ALPHA_H

#include "decode/backend.h"

/* True when the format is RGBA32 or RGBA32_GREY. */
bool alpha_present(const resight_image *image);

/* True when some pixel lets through what is behind it. The image has alpha. */
bool alpha_transparent(const resight_image *image);

/*
 * One view of an image with alpha into `pixels`: as stored, or over the colour when background_rgb is not NULL. A grey
 * picture over a grey colour stays grey. RESIGHT_OK, RESIGHT_E_LIMIT or RESIGHT_E_NOMEM.
 */
int alpha_resolve(const resight_image *image, const uint8_t *background_rgb, const resight_limits *limits,
                  buffer *pixels, resight_image *out, resight_error *error);

#endif
