/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A picture averaged down, every pixel by the area that it covers. Where PDQ's own sampling reads single points of a
 * filtered picture, and so feels what a scaler does, the mean of an area does not change when a picture is scaled. All
 * in integers: the result does not depend on the order of the sums, and commutes with turning.
 *
 * The rows of one output row are summed up column by column first, which is where nearly all of the time goes and which
 * compilers turn into vector code; the columns of one output pixel are summed up after.
 */
#include "base/cleanup.h"
#include <resight/image.h>
#include <stdlib.h>
#include <string.h>

/* One axis of n pixels in `cells`: cell i spans [i * n, (i + 1) * n) when a pixel is `cells` units long. */
typedef struct span {
    uint32_t first, last;               /* pixels, inclusive */
    uint32_t first_weight, last_weight; /* units of them that lie inside; the pixels between count `cells` */
} span;

static span span_of(uint32_t cell, uint32_t cells, uint32_t n) {
    const uint64_t from = (uint64_t)cell * n, to = from + n;
    span s = {.first = (uint32_t)(from / cells), .last = (uint32_t)((to - 1) / cells)};
    s.first_weight = cells - (uint32_t)(from % cells);
    s.last_weight = (uint32_t)((to - 1) % cells) + 1;
    if (s.first == s.last)
        s.first_weight = n; /* the cell lies inside one pixel */
    return s;
}

/* The rows of a span, weighted. No sum passes 255 * 2^20: the weights of a span are the height, all together. */
static void sum_rows(const resight_image *in, span rows, uint32_t cells, size_t row_bytes, uint32_t *sums) {
    memset(sums, 0, row_bytes * sizeof *sums);
    for (uint32_t y = rows.first; y <= rows.last; y++) {
        const uint8_t *row = in->px + y * in->stride_bytes;
        const uint32_t weight = y == rows.first ? rows.first_weight : y == rows.last ? rows.last_weight : cells;
        for (size_t i = 0; i < row_bytes; i++)
            sums[i] += weight * row[i];
    }
}

/* The weighted sum of one channel over a span of columns. */
static uint64_t sum_columns(const uint32_t *sums, size_t step, span s, uint32_t cells) {
    uint64_t whole = 0;
    for (size_t x = s.first + 1; x < s.last; x++)
        whole += sums[x * step];
    whole = whole * cells + (uint64_t)sums[s.first * step] * s.first_weight;
    return s.first == s.last ? whole : whole + (uint64_t)sums[s.last * step] * s.last_weight;
}

/* BT.601 in thousandths, or the one channel. */
static uint64_t luma_sum(const resight_image *image, const uint32_t *sums, span s, uint32_t cells) {
    if (image->format != RESIGHT_RGB24)
        return sum_columns(sums, 1, s, cells) * 1000;
    return sum_columns(sums, 3, s, cells) * 299 + sum_columns(sums + 1, 3, s, cells) * 587 +
           sum_columns(sums + 2, 3, s, cells) * 114;
}

static uint8_t full_range(uint64_t luma) {
    if (luma <= 16)
        return 0;
    const uint64_t wide = ((luma - 16) * 255 + 219 / 2) / 219;
    return (uint8_t)(wide < 255 ? wide : 255);
}

/* The picture averaged to width x height; px is theirs, tightly packed. */
static int average(const resight_image *in, uint32_t width_px, uint32_t height_px, uint8_t *px, resight_image *out) {
    const size_t row_bytes = (size_t)in->width_px * resight_pixel_bytes(in->format);
    CLEANUP_FREE uint32_t *sums = malloc(row_bytes * sizeof *sums);
    if (!sums)
        return RESIGHT_E_NOMEM;
    const uint64_t whole = (uint64_t)in->width_px * in->height_px * 1000; /* the weights of one cell, all together */
    for (uint32_t y = 0; y < height_px; y++) {
        sum_rows(in, span_of(y, height_px, in->height_px), height_px, row_bytes, sums);
        for (uint32_t x = 0; x < width_px; x++) {
            const uint64_t sum = luma_sum(in, sums, span_of(x, width_px, in->width_px), width_px);
            const uint64_t mean = (sum + whole / 2) / whole;
            px[(size_t)y * width_px + x] = in->format == RESIGHT_GRAY8_LIMITED ? full_range(mean) : (uint8_t)mean;
        }
    }
    *out = (resight_image){px, width_px, height_px, width_px, RESIGHT_GRAY8};
    return RESIGHT_OK;
}

int resight_image_reduce(const resight_image *in, uint8_t px[RESIGHT_REDUCED_SIDE_PX * RESIGHT_REDUCED_SIDE_PX],
                         resight_image *out) {
    if (resight_image_check(in) != RESIGHT_OK)
        return RESIGHT_E_ARG;
    return average(in, RESIGHT_REDUCED_SIDE_PX, RESIGHT_REDUCED_SIDE_PX, px, out);
}

/* The shorter side of a picture whose longer side becomes RESIGHT_THUMBNAIL_SIDE_PX. */
static uint32_t shorter(uint32_t side_px, uint32_t longer_px) {
    const uint64_t scaled = ((uint64_t)side_px * RESIGHT_THUMBNAIL_SIDE_PX + longer_px / 2) / longer_px;
    return scaled > 0 ? (uint32_t)scaled : 1;
}

int resight_image_thumbnail(const resight_image *in, uint8_t px[RESIGHT_THUMBNAIL_BYTES_MAX], resight_image *out) {
    if (resight_image_check(in) != RESIGHT_OK)
        return RESIGHT_E_ARG;
    const uint32_t longer_px = in->width_px > in->height_px ? in->width_px : in->height_px;
    if (longer_px <= RESIGHT_THUMBNAIL_SIDE_PX)
        return average(in, in->width_px, in->height_px, px, out);
    return average(in, shorter(in->width_px, longer_px), shorter(in->height_px, longer_px), px, out);
}

int resight_image_average(const resight_image *in, uint32_t width_px, uint32_t height_px, uint8_t *px,
                          resight_image *out) {
    if (resight_image_check(in) != RESIGHT_OK || width_px == 0 || height_px == 0 ||
        width_px > RESIGHT_THUMBNAIL_SIDE_PX || height_px > RESIGHT_THUMBNAIL_SIDE_PX)
        return RESIGHT_E_ARG;
    return average(in, width_px, height_px, px, out);
}
