/* SPDX-License-Identifier: Apache-2.0 */
/* The three formulas: noise tests every pixel, waves look like a photograph, boxes have hard edges and flat areas. */
#include "patterns.h"

#include <string.h>

static uint32_t next(uint32_t *s) {
    *s ^= *s << 13;
    *s ^= *s >> 17;
    *s ^= *s << 5;
    return *s;
}

static void noise(uint32_t s, size_t bytes, uint8_t *px) {
    for (size_t i = 0; i < bytes; i++)
        px[i] = (uint8_t)(next(&s) >> 24);
}

static uint32_t triangle(uint32_t v) {
    v &= 511;
    return v < 256 ? v : 511 - v;
}

static void waves(uint32_t s, uint32_t width, uint32_t height, uint32_t channels, uint8_t *px) {
    uint32_t a[3][3];
    for (int k = 0; k < 3; k++)
        for (int j = 0; j < 3; j++)
            a[k][j] = next(&s) >> 24;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (uint32_t c = 0; c < channels; c++) {
                uint32_t sum = 0;
                for (uint32_t k = 0; k < 3; k++)
                    sum += triangle(a[k][0] * x * 64 / width + a[k][1] * y * 64 / height + a[k][2] * 2 + c * 97 * k);
                *px++ = (uint8_t)(sum / 3);
            }
}

static void boxes(uint32_t s, uint32_t width, uint32_t height, uint32_t channels, uint8_t *px) {
    memset(px, 128, (size_t)width * height * channels);
    for (int n = 0; n < 40; n++) {
        const uint32_t x0 = next(&s) % width, y0 = next(&s) % height;
        const uint32_t box_w = 1 + next(&s) % width, box_h = 1 + next(&s) % height;
        uint8_t colour[3];
        for (int c = 0; c < 3; c++)
            colour[c] = (uint8_t)(next(&s) >> 24);
        for (uint32_t y = y0; y < y0 + box_h && y < height; y++)
            for (uint32_t x = x0; x < x0 + box_w && x < width; x++)
                memcpy(px + ((size_t)y * width + x) * channels, colour, channels);
    }
}

int pattern_fill(const char *pattern, uint32_t seed, uint32_t width, uint32_t height, uint32_t channels, uint8_t *px) {
    if (strcmp(pattern, "noise") == 0)
        noise(seed, (size_t)width * height * channels, px);
    else if (strcmp(pattern, "waves") == 0)
        waves(seed, width, height, channels, px);
    else if (strcmp(pattern, "boxes") == 0)
        boxes(seed, width, height, channels, px);
    else
        return -1;
    return 0;
}
