/* SPDX-License-Identifier: Apache-2.0 */
#include "drawing.h"

#include <math.h>
#include <stddef.h>

#define BLOBS 400
#define SCENE_WIDTH 640
#define SCENE_HEIGHT 480

typedef struct blob {
    double x, y, a, b, cosine, sine, height;
} blob;

static uint64_t state;

/* SplitMix64: Steele, Lea, Flood (OOPSLA 2014). */
static double next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void scatter(blob blobs[BLOBS], unsigned seed) {
    state = seed;
    for (size_t i = 0; i < BLOBS; i++) {
        const double size = 4 * exp(2.3 * next()), angle = 3.14159 * next();
        blobs[i] = (blob){.x = SCENE_WIDTH * next(),
                          .y = SCENE_HEIGHT * next(),
                          .a = size,
                          .b = size * (0.4 + 0.6 * next()),
                          .cosine = cos(angle),
                          .sine = sin(angle),
                          .height = 160 * next() - 80};
    }
}

static double shade(const blob blobs[BLOBS], double x, double y) {
    if (x < 0 || y < 0 || x > SCENE_WIDTH || y > SCENE_HEIGHT)
        return 128;
    double sum = 128;
    for (size_t i = 0; i < BLOBS; i++) {
        const double dx = x - blobs[i].x, dy = y - blobs[i].y;
        const double u = (dx * blobs[i].cosine + dy * blobs[i].sine) / blobs[i].a;
        const double v = (dy * blobs[i].cosine - dx * blobs[i].sine) / blobs[i].b;
        const double far = u * u + v * v;
        if (far < 12)
            sum += blobs[i].height * exp(-far / 2);
    }
    return sum < 0 ? 0 : sum > 255 ? 255 : sum;
}

void draw(uint8_t *px, uint32_t width, uint32_t height, const double m[2][3], unsigned seed) {
    blob blobs[BLOBS];
    scatter(blobs, seed);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            const double px_x = x + 0.5, px_y = y + 0.5;
            px[(size_t)y * width + x] = (uint8_t)(shade(blobs, m[0][0] * px_x + m[0][1] * px_y + m[0][2],
                                                        m[1][0] * px_x + m[1][1] * px_y + m[1][2]) +
                                                  0.5);
        }
}

resight_image drawn(const uint8_t *px, uint32_t width, uint32_t height) {
    return (resight_image){px, width, height, width, RESIGHT_GRAY8};
}
