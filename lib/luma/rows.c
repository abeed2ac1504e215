/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels to rows of luma: the first step of hashing. A squashed picture loses pixels here, before anything is computed.
 */
#include "luma/rows.h"

#include <string.h>

/* pdq/cpp/io/pdqio.cpp, loadFloatLumaFromCImg: a picture with a side over 512 is resized to 512x512, nearest neighbour.
 */
#define SQUASH_PX 512

static luma_row_fn *reader(const kernel_table *kernels, resight_pixel_format format) {
    switch (format) {
    case RESIGHT_GRAY8_LIMITED: return kernels->luma_gray8_limited;
    case RESIGHT_RGB24: return kernels->luma_rgb24;
    case RESIGHT_GRAY8: break;
    }
    return kernels->luma_gray8;
}

int luma_rows_start(luma_rows *rows, const kernel_table *kernels, const resight_image *image, luma_reading how) {
    rows->image = *image;
    rows->read = reader(kernels, image->format);
    rows->how = how;
    rows->how.squash = how.squash && (image->width_px > SQUASH_PX || image->height_px > SQUASH_PX);
    rows->width = rows->how.squash ? SQUASH_PX : image->width_px;
    rows->height = rows->how.squash ? SQUASH_PX : image->height_px;
    return rows->how.squash ? buffer_reserve(&rows->squashed_row, (size_t)SQUASH_PX * 3) : RESIGHT_OK;
}

/* Place i of the squashed side of n pixels: squashing comes after turning, so it is counted from the side read first.
 */
static size_t squashed_from(size_t i, size_t n, bool mirrored) {
    const size_t at = i * n / SQUASH_PX;
    return mirrored ? n - 1 - at : at;
}

static void read_squashed(luma_rows *rows, size_t y, float *luma) {
    const resight_image *image = &rows->image;
    const size_t pixel_bytes = resight_pixel_bytes(image->format);
    const uint8_t *pixels = image->px + squashed_from(y, image->height_px, rows->how.mirror_y) * image->stride_bytes;
    for (size_t x = 0; x < SQUASH_PX; x++)
        memcpy(rows->squashed_row.bytes + x * pixel_bytes,
               pixels + squashed_from(x, image->width_px, rows->how.mirror_x) * pixel_bytes, pixel_bytes);
    rows->read(rows->squashed_row.bytes, luma, SQUASH_PX);
}

/* Four at a time, from both ends: every target has vectors of four, and the compiler finds no way of its own. */
static void reverse(float *row, size_t length) {
    typedef float four __attribute__((vector_size(16)));
    float *low = row, *high = row + length;
    while (high - low >= 8) {
        four a, b;
        high -= 4;
        memcpy(&a, low, sizeof a);
        memcpy(&b, high, sizeof b);
        a = __builtin_shufflevector(a, a, 3, 2, 1, 0);
        b = __builtin_shufflevector(b, b, 3, 2, 1, 0);
        memcpy(low, &b, sizeof b);
        memcpy(high, &a, sizeof a);
        low += 4;
    }
    for (; high - low >= 2; low++) {
        const float swapped = *low;
        *low = *--high;
        *high = swapped;
    }
}

void luma_rows_read(luma_rows *rows, size_t y, float *luma) {
    if (rows->how.squash) {
        read_squashed(rows, y, luma);
        return;
    }
    const size_t from = rows->how.mirror_y ? rows->height - 1 - y : y;
    rows->read(rows->image.px + from * rows->image.stride_bytes, luma, rows->width);
    if (rows->how.mirror_x)
        reverse(luma, rows->width);
}

void luma_rows_free(luma_rows *rows) {
    buffer_free(&rows->squashed_row);
}
