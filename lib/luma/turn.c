/* SPDX-License-Identifier: Apache-2.0 */
/* The eight ways to turn the pixels of a picture: what a query asks about, since hashes derived by sign flips are not
 * exact. */
#include "luma/turn.h"

#include <stddef.h>

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

static void copy_tile(const walk *w, uint8_t *px, const resight_image *out, uint32_t x, uint32_t y) {
    const unsigned pixel_bytes = resight_pixel_bytes(out->format);
    const uint32_t columns = out->width_px - x < TILE_PX ? out->width_px - x : TILE_PX;
    const uint32_t rows = out->height_px - y < TILE_PX ? out->height_px - y : TILE_PX;
    const uint8_t *from = w->first + w->column_bytes * (ptrdiff_t)x + w->row_bytes * (ptrdiff_t)y;
    uint8_t *to = px + out->stride_bytes * y + (size_t)pixel_bytes * x;
    for (uint32_t i = 0; i < rows; i++, from += w->row_bytes, to += out->stride_bytes) {
        if (pixel_bytes == 1)
            copy_row(to, from, w->column_bytes, columns, 1);
        else
            copy_row(to, from, w->column_bytes, columns, 3);
    }
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
