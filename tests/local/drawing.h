/* SPDX-License-Identifier: Apache-2.0 */
/* A picture with something to see everywhere, drawn through any transform. */
#ifndef RESIGHT_TEST_DRAWING_H
#define RESIGHT_TEST_DRAWING_H

#include <resight/patch.h>

/* Draw width x height pixels of grey: pixel (x, y) shows the point m * (x, y) of the scene. The scene is the same for
 * the same seed, and has blobs of many sizes over 640 x 480. Outside of it there is plain grey. */
void draw(uint8_t *px, uint32_t width, uint32_t height, const double m[2][3], unsigned seed);

/* A view of it. */
resight_image drawn(const uint8_t *px, uint32_t width, uint32_t height);

#endif
