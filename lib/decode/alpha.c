/* SPDX-License-Identifier: Apache-2.0 */
/* Alpha composited over a colour or dropped: the last step of every decoder that gives RGBA. */
#include "decode/alpha.h"

static uint8_t over(unsigned colour, unsigned background, unsigned alpha) {
    return (uint8_t)((colour * alpha + background * (255 - alpha) + 127) / 255);
}

void alpha_composite(const uint8_t *rgba, uint8_t *rgb, size_t pixels, const uint8_t background_rgb[3]) {
    for (; pixels > 0; pixels--, rgba += 4, rgb += 3) {
        const unsigned alpha = rgba[3];
        for (unsigned c = 0; c < 3; c++)
            rgb[c] = over(rgba[c], background_rgb[c], alpha);
    }
}

void alpha_drop(const uint8_t *rgba, uint8_t *rgb, size_t pixels) {
    for (; pixels > 0; pixels--, rgba += 4, rgb += 3)
        for (unsigned c = 0; c < 3; c++)
            rgb[c] = rgba[c];
}
