/* SPDX-License-Identifier: Apache-2.0 */
/* The eight ways to turn the pixels of a picture: what a query asks about, since hashes derived by sign flips are not
 * exact. */
#include "luma/turn.h"

#include <stddef.h>
#include <string.h>

/* A tile of 32x32 three-byte pixels is 3 KB on either side: both fit the smallest first-level cache. */
#define TILE_PX 32

turning turning_of(resight_transform transform) {
    static const turning turnings[RESIGHT_TRANSFORMS] = {
        [RESIGHT_ORIGINAL] = {false, false, false},   [RESIGHT_ROTATE_90] = {true, false, true},
        [RESIGHT_ROTATE_180] = {false, true, true},   [RESIGHT_ROTATE_270] = {true, true, false},
        [RESIGHT_FLIP_X] = {false, false, true},      [RESIGHT_FLIP_Y] = {false, true, false},
        [RESIGHT_FLIP_PLUS_1] = {true, false, false}, [RESIGHT_FLIP_MINUS_1] = {true, true, true},
    };
    return turnings[transform];
}

/* Where the pixels of the result lie in the source: the first one, and the way to the next column and row. */
typedef struct walk {
    const uint8_t *first;
    ptrdiff_t column_bytes, row_bytes;
} walk;

static walk walk_of(const resight_image *in, turning t, const resight_image *out) {
    const ptrdiff_t pixel = (ptrdiff_t)resight_pixel_bytes(in->format), row = (ptrdiff_t)in->stride_bytes;
    walk w = {in->px, t.swap ? row : pixel, t.swap ? pixel : row};
    if (t.mirror_x) {
        w.first += w.column_bytes * (ptrdiff_t)(out->width_px - 1);
        w.column_bytes = -w.column_bytes;
    }
    if (t.mirror_y) {
        w.first += w.row_bytes * (ptrdiff_t)(out->height_px - 1);
        w.row_bytes = -w.row_bytes;
    }
    return w;
}

/* One row of a tile. Inlined with a constant pixel_bytes. */
static inline __attribute__((always_inline)) void copy_row(uint8_t *to, const uint8_t *from, ptrdiff_t step_bytes,
                                                           uint32_t count, unsigned pixel_bytes) {
    for (uint32_t i = 0; i < count; i++, to += pixel_bytes, from += step_bytes)
        for (unsigned c = 0; c < pixel_bytes; c++)
            to[c] = from[c];
}

#define SQUARE_PX 16

typedef uint8_t bytes16 __attribute__((vector_size(SQUARE_PX)));

/* Every row beside the one half a square below it: four times so, and rows are columns. */
static inline void zip_rows(const bytes16 in[SQUARE_PX], bytes16 out[SQUARE_PX]) {
    for (int i = 0; i < SQUARE_PX / 2; i++) {
        const bytes16 a = in[i], b = in[i + SQUARE_PX / 2];
        out[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        out[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

/* A square of bytes of a picture whose axes are swapped: the pixels of a column lie side by side in the source. */
static void copy_square(const walk *w, const uint8_t *from, uint8_t *to, size_t to_stride) {
    const bool backwards = w->row_bytes < 0;
    bytes16 a[SQUARE_PX], b[SQUARE_PX];
    for (ptrdiff_t x = 0; x < SQUARE_PX; x++)
        memcpy(&a[x], from + x * w->column_bytes - (backwards ? SQUARE_PX - 1 : 0), SQUARE_PX);
    zip_rows(a, b);
    zip_rows(b, a);
    zip_rows(a, b);
    zip_rows(b, a);
    for (size_t y = 0; y < SQUARE_PX; y++)
        memcpy(to + (backwards ? SQUARE_PX - 1 - y : y) * to_stride, &a[y], SQUARE_PX);
}

static bool swaps_bytes(const walk *w) {
    return w->row_bytes == 1 || w->row_bytes == -1;
}

static void copy_rows(const walk *w, const uint8_t *from, uint8_t *to, const resight_image *out, uint32_t columns,
                      uint32_t rows) {
    for (uint32_t i = 0; i < rows; i++, from += w->row_bytes, to += out->stride_bytes) {
        if (resight_pixel_bytes(out->format) == 1)
            copy_row(to, from, w->column_bytes, columns, 1);
        else
            copy_row(to, from, w->column_bytes, columns, 3);
    }
}

static void copy_tile(const walk *w, uint8_t *px, const resight_image *out, uint32_t x, uint32_t y) {
    const unsigned pixel_bytes = resight_pixel_bytes(out->format);
    const uint32_t columns = out->width_px - x < TILE_PX ? out->width_px - x : TILE_PX;
    const uint32_t rows = out->height_px - y < TILE_PX ? out->height_px - y : TILE_PX;
    const uint8_t *from = w->first + w->column_bytes * (ptrdiff_t)x + w->row_bytes * (ptrdiff_t)y;
    uint8_t *to = px + out->stride_bytes * y + (size_t)pixel_bytes * x;
    if (pixel_bytes > 1 || !swaps_bytes(w) || columns < TILE_PX || rows < TILE_PX) {
        copy_rows(w, from, to, out, columns, rows);
        return;
    }
    for (uint32_t j = 0; j < TILE_PX; j += SQUARE_PX)
        for (uint32_t i = 0; i < TILE_PX; i += SQUARE_PX)
            copy_square(w, from + w->column_bytes * (ptrdiff_t)i + w->row_bytes * (ptrdiff_t)j,
                        to + out->stride_bytes * j + i, out->stride_bytes);
}

int resight_image_transform(const resight_image *in, resight_transform transform, uint8_t *px, resight_image *out) {
    if (resight_image_check(in) != RESIGHT_OK || (unsigned)transform >= RESIGHT_TRANSFORMS)
        return RESIGHT_E_ARG;
    const turning t = turning_of(transform);
    resight_image turned = *in;
    turned.px = px;
    turned.width_px = t.swap ? in->height_px : in->width_px;
    turned.height_px = t.swap ? in->width_px : in->height_px;
    turned.stride_bytes = (size_t)turned.width_px * resight_pixel_bytes(in->format);
    const walk w = walk_of(in, t, &turned);
    for (uint32_t y = 0; y < turned.height_px; y += TILE_PX)
        for (uint32_t x = 0; x < turned.width_px; x += TILE_PX)
            copy_tile(&w, px, &turned, x, y);
    *out = turned;
    return RESIGHT_OK;
}
