/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A picture averaged down to 64x64, every pixel by the area that it covers. Where PDQ's own sampling reads single
 * points of a filtered picture, and so feels what a scaler does, the mean of an area does not change when a picture is
 * scaled. All in integers: the result does not depend on the order of the sums, and commutes with turning.
 */
#include <resight/image.h>

#define SIDE RESIGHT_REDUCED_SIDE_PX

/* One axis of n pixels: cell i spans [i * n, (i + 1) * n) when a pixel is SIDE units long. */
typedef struct span {
    uint32_t first, last;               /* pixels, inclusive */
    uint32_t first_weight, last_weight; /* units of them that lie inside; the pixels between count SIDE */
} span;

static span span_of(uint32_t cell, uint32_t n) {
    const uint64_t from = (uint64_t)cell * n, to = from + n;
    span s = {.first = (uint32_t)(from / SIDE), .last = (uint32_t)((to - 1) / SIDE)};
    s.first_weight = SIDE - (uint32_t)(from % SIDE);
    s.last_weight = (uint32_t)((to - 1) % SIDE) + 1;
    if (s.first == s.last)
        s.first_weight = n; /* the cell lies inside one pixel */
    return s;
}

/* The weighted sum of one channel over a span of a row. */
static uint64_t sum_span(const uint8_t *row, size_t step, span s) {
    if (s.first == s.last)
        return (uint64_t)row[s.first * step] * s.first_weight;
    uint64_t whole = 0;
    for (size_t x = s.first + 1; x < s.last; x++)
        whole += row[x * step];
    return whole * SIDE + (uint64_t)row[s.first * step] * s.first_weight + (uint64_t)row[s.last * step] * s.last_weight;
}

/* BT.601 in thousandths, or the one channel. */
static uint64_t luma_span(const resight_image *image, const uint8_t *row, span s) {
    if (image->format != RESIGHT_RGB24)
        return sum_span(row, 1, s) * 1000;
    return sum_span(row, 3, s) * 299 + sum_span(row + 1, 3, s) * 587 + sum_span(row + 2, 3, s) * 114;
}

static uint8_t full_range(uint64_t luma) {
    if (luma <= 16)
        return 0;
    const uint64_t wide = ((luma - 16) * 255 + 219 / 2) / 219;
    return (uint8_t)(wide < 255 ? wide : 255);
}

int resight_image_reduce(const resight_image *in, uint8_t px[SIDE * SIDE], resight_image *out) {
    if (resight_image_check(in) != RESIGHT_OK)
        return RESIGHT_E_ARG;
    span columns[SIDE];
    for (uint32_t i = 0; i < SIDE; i++)
        columns[i] = span_of(i, in->width_px);
    const uint64_t whole = (uint64_t)in->width_px * in->height_px * 1000; /* the weights of one cell, all together */
    for (uint32_t cell_y = 0; cell_y < SIDE; cell_y++) {
        const span rows = span_of(cell_y, in->height_px);
        uint64_t sums[SIDE] = {0};
        for (uint32_t y = rows.first; y <= rows.last; y++) {
            const uint32_t weight = y == rows.first ? rows.first_weight : y == rows.last ? rows.last_weight : SIDE;
            for (uint32_t i = 0; i < SIDE; i++)
                sums[i] += weight * luma_span(in, in->px + y * in->stride_bytes, columns[i]);
        }
        for (uint32_t i = 0; i < SIDE; i++) {
            const uint64_t mean = (sums[i] + whole / 2) / whole;
            px[cell_y * SIDE + i] = in->format == RESIGHT_GRAY8_LIMITED ? full_range(mean) : (uint8_t)mean;
        }
    }
    *out = (resight_image){px, SIDE, SIDE, SIDE, RESIGHT_GRAY8};
    return RESIGHT_OK;
}
