/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels to rows of luma: the first step of hashing. A squashed picture loses pixels here, before anything is computed.
 */
#include "luma/rows.h"

#include <string.h>

#define CACHE_LINE 64

/* Place i of the squashed side of n pixels: squashing comes after turning, so it is counted from the side read first.
 */
static size_t squashed_from(size_t i, size_t n, bool mirrored) {
    const size_t at = i * n / SQUASH_PX;
    return mirrored ? n - 1 - at : at;
}

static void place_squashed(luma_rows *rows) {
    const resight_image *image = &rows->image;
    for (size_t i = 0; i < SQUASH_PX; i++) /* below 3 * 2^20 */
        rows->squashed_at[i] =
            (uint32_t)(squashed_from(i, image->width_px, rows->how.mirror_x) * resight_pixel_bytes(image->format));
}

int luma_rows_start(luma_rows *rows, const kernel_table *kernels, const resight_image *image, luma_reading how) {
    rows->image = *image;
    rows->kernels = kernels;
    rows->how = how;
    rows->how.squash = how.squash && (image->width_px > SQUASH_PX || image->height_px > SQUASH_PX);
    rows->width = rows->how.squash ? SQUASH_PX : image->width_px;
    rows->height = rows->how.squash ? SQUASH_PX : image->height_px;
    if (rows->how.squash)
        place_squashed(rows);
    return buffer_reserve(&rows->row, rows->width * resight_pixel_bytes(image->format));
}

bool luma_rows_are_bytes(const luma_rows *rows) {
    return rows->image.format != RESIGHT_RGB24;
}

/* A row of SQUASH_PX pixels. Inlined with a constant pixel_bytes. */
static inline __attribute__((always_inline)) void copy_squashed(const luma_rows *rows, const uint8_t *pixels,
                                                                uint8_t *out, size_t pixel_bytes) {
    for (size_t x = 0; x < SQUASH_PX; x++, out += pixel_bytes)
        for (size_t c = 0; c < pixel_bytes; c++)
            out[c] = pixels[rows->squashed_at[x] + c];
}

/* The row of the picture that row y is read from. */
static const uint8_t *source_of(const luma_rows *rows, size_t y) {
    const resight_image *image = &rows->image;
    if (rows->how.squash)
        y = squashed_from(y, image->height_px, rows->how.mirror_y);
    else if (rows->how.mirror_y)
        y = rows->height - 1 - y;
    return image->px + y * image->stride_bytes;
}

/* Ask for a row of the next strip, so that it comes from memory while this strip is computed. */
static void prefetch(const luma_rows *rows, size_t y) {
    if (y >= rows->height)
        return;
    const uint8_t *pixels = source_of(rows, y);
    const size_t bytes = (size_t)rows->image.width_px * resight_pixel_bytes(rows->image.format);
    for (size_t i = 0; i < bytes; i += CACHE_LINE)
        __builtin_prefetch(pixels + i, 0, 2);
}

/* The pixels of row y, not yet turned to luma: from the picture itself, or squashed in scratch memory. */
static const uint8_t *pixels_of(luma_rows *rows, size_t y) {
    const uint8_t *pixels = source_of(rows, y);
    prefetch(rows, y + STRIP_ROWS);
    if (!rows->how.squash)
        return pixels;
    if (luma_rows_are_bytes(rows))
        copy_squashed(rows, pixels, rows->row.bytes, 1);
    else
        copy_squashed(rows, pixels, rows->row.bytes, 3);
    return rows->row.bytes;
}

/* A squashed row was already read from the side that comes first. */
static bool to_be_reversed(const luma_rows *rows) {
    return rows->how.mirror_x && !rows->how.squash;
}

static void reverse_bytes(const uint8_t *in, uint8_t *out, size_t length) {
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t eight;
        memcpy(&eight, in + length - 8 - i, sizeof eight);
        eight = __builtin_bswap64(eight);
        memcpy(out + i, &eight, sizeof eight);
    }
    for (; i < length; i++)
        out[i] = in[length - 1 - i];
}

void luma_rows_read_bytes(luma_rows *rows, size_t y, uint8_t *luma) {
    const bool limited = rows->image.format == RESIGHT_GRAY8_LIMITED, reversed = to_be_reversed(rows);
    const uint8_t *pixels = pixels_of(rows, y);
    if (reversed)
        reverse_bytes(pixels, luma, rows->width);
    if (limited)
        rows->kernels->full_range(reversed ? luma : pixels, luma, rows->width);
    else if (!reversed)
        memcpy(luma, pixels, rows->width);
}

/* In place. Four at a time, from both ends: every target has vectors of four, and the compiler finds no way of its own.
 */
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
    if (luma_rows_are_bytes(rows)) {
        luma_rows_read_bytes(rows, y, rows->row.bytes);
        for (size_t x = 0; x < rows->width; x++)
            luma[x] = rows->row.bytes[x];
        return;
    }
    rows->kernels->luma_rgb24(pixels_of(rows, y), luma, rows->width);
    if (to_be_reversed(rows))
        reverse(luma, rows->width);
}

void luma_rows_free(luma_rows *rows) {
    buffer_free(&rows->row);
}
