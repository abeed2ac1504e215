/* SPDX-License-Identifier: Apache-2.0 */
/* Separable bicubic scaling; when shrinking, the kernel is stretched over as many pixels as become one. */
#include "tmk/shrink.h"

#include "base/size.h"
#include <math.h>
#include <string.h>

#define SIDE SHRUNK_SIDE_PX
#define CHANNELS_MAX 3
/* FFmpeg's default: Keys' kernel with a = -0.6; libswscale/utils.c, SWS_BICUBIC. Of radius 2. */
#define BICUBIC_A (-0.6)
#define BICUBIC_RADIUS 2.0

static double bicubic(double x) {
    const double a = BICUBIC_A, d = fabs(x);
    if (d < 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    if (d < BICUBIC_RADIUS)
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    return 0;
}

static int axis_fill(shrink_axis *axis, uint32_t length_px) {
    if (axis->length_px == length_px)
        return RESIGHT_OK;
    const double ratio = (double)length_px / SIDE, stretch = ratio > 1 ? ratio : 1;
    const uint32_t taps = (uint32_t)ceil(2 * BICUBIC_RADIUS * stretch) + 1;
    size_t bytes = 0;
    axis->length_px = 0;
    if (!size_mul(SIDE * sizeof(float), taps, &bytes) || buffer_reserve(&axis->weights, bytes) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    float *weights = (float *)(void *)axis->weights.bytes;
    for (uint32_t i = 0; i < SIDE; i++, weights += taps) {
        const double centre = ((double)i + 0.5) * ratio - 0.5;
        double sum = 0;
        axis->first[i] = (int64_t)ceil(centre - BICUBIC_RADIUS * stretch);
        for (uint32_t t = 0; t < taps; t++)
            sum += bicubic(((double)(axis->first[i] + t) - centre) / stretch);
        for (uint32_t t = 0; t < taps; t++)
            weights[t] = (float)(bicubic(((double)(axis->first[i] + t) - centre) / stretch) / sum);
    }
    axis->length_px = length_px;
    axis->taps = taps;
    return RESIGHT_OK;
}

/* Beyond the border the border is repeated. */
static uint32_t inside(int64_t at, uint32_t length_px) {
    if (at < 0)
        return 0;
    return at < length_px ? (uint32_t)at : length_px - 1;
}

/* One sample of one channel whose kernel lies within the row. */
static float sample_within(const float *weights, uint32_t taps, const uint8_t *px, unsigned channels) {
    float sum = 0;
    for (uint32_t t = 0; t < taps; t++)
        sum += weights[t] * (float)px[(size_t)t * channels];
    return sum;
}

static float sample_at_border(const shrink_axis *across, uint32_t i, const float *weights, const uint8_t *px,
                              unsigned channels) {
    float sum = 0;
    for (uint32_t t = 0; t < across->taps; t++)
        sum += weights[t] * (float)px[(size_t)inside(across->first[i] + t, across->length_px) * channels];
    return sum;
}

/* One row of the picture to 64 samples of each channel. */
static void shrink_row(const shrink_axis *across, const uint8_t *row, unsigned channels, float *out) {
    const float *weights = (const float *)(const void *)across->weights.bytes;
    for (uint32_t i = 0; i < SIDE; i++, weights += across->taps) {
        const int64_t first = across->first[i];
        const bool within = first >= 0 && first + across->taps <= across->length_px;
        for (unsigned c = 0; c < channels; c++)
            out[i * channels + c] = within ? sample_within(weights, across->taps, row + first * channels + c, channels)
                                           : sample_at_border(across, i, weights, row + c, channels);
    }
}

/* Add one shrunk row to every sample row that it is part of, as often as the border repeats it. */
static void add_row(const shrink_axis *down, uint32_t y, const float *row, size_t width, float *sums) {
    const float *weights = (const float *)(const void *)down->weights.bytes;
    for (uint32_t i = 0; i < SIDE; i++, weights += down->taps) {
        float weight = 0;
        if (y > 0 && y + 1 < down->length_px) {
            const int64_t t = (int64_t)y - down->first[i];
            weight = t >= 0 && t < down->taps ? weights[t] : 0;
        } else {
            for (uint32_t t = 0; t < down->taps; t++)
                weight += inside(down->first[i] + t, down->length_px) == y ? weights[t] : 0;
        }
        for (size_t k = 0; weight != 0 && k < width; k++)
            sums[i * width + k] += weight * row[k];
    }
}

void shrinker_free(shrinker *s) {
    buffer_free(&s->across.weights);
    buffer_free(&s->down.weights);
}

int shrink(shrinker *s, const resight_image *image, resight_image *out) {
    int status = resight_image_check(image);
    if (status == RESIGHT_OK)
        status = axis_fill(&s->across, image->width_px);
    if (status == RESIGHT_OK)
        status = axis_fill(&s->down, image->height_px);
    if (status != RESIGHT_OK)
        return status;
    const unsigned channels = resight_pixel_bytes(image->format);
    const size_t width = (size_t)SIDE * channels;
    float row[SIDE * CHANNELS_MAX], sums[SIDE * SIDE * CHANNELS_MAX];
    memset(sums, 0, SIDE * width * sizeof *sums);
    for (uint32_t y = 0; y < image->height_px; y++) {
        shrink_row(&s->across, image->px + y * image->stride_bytes, channels, row);
        add_row(&s->down, y, row, width, sums);
    }
    for (size_t i = 0; i < SIDE * width; i++)
        s->px[i] = (uint8_t)lrintf(fminf(fmaxf(sums[i], 0), 255));
    *out = (resight_image){s->px, SIDE, SIDE, width, image->format};
    return RESIGHT_OK;
}
