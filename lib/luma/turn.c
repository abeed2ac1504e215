/* SPDX-License-Identifier: Apache-2.0 */
/* The eight ways to turn the pixels of a picture: what a query asks about, since hashes derived by sign flips are not
 * exact. */
#include <resight/image.h>

#include <stdbool.h>

/* A tile of 32x32 three-byte pixels is 3 KB on either side: both fit the smallest first-level cache. */
#define TILE_PX 32

/* Which pixel of the source stands at (x, y) of the result: swap the axes first, then mirror within the source. */
typedef struct turning {
    bool swap, mirror_x, mirror_y;
} turning;

static const turning turnings[RESIGHT_TRANSFORMS] = {
    [RESIGHT_ORIGINAL] = {false, false, false},   [RESIGHT_ROTATE_90] = {true, true, false},
    [RESIGHT_ROTATE_180] = {false, true, true},   [RESIGHT_ROTATE_270] = {true, false, true},
    [RESIGHT_FLIP_X] = {false, false, true},      [RESIGHT_FLIP_Y] = {false, true, false},
    [RESIGHT_FLIP_PLUS_1] = {true, false, false}, [RESIGHT_FLIP_MINUS_1] = {true, true, true},
};

static void copy_pixel(uint8_t *to, const uint8_t *from, unsigned pixel_bytes) {
    to[0] = from[0];
    if (pixel_bytes == 3) {
        to[1] = from[1];
        to[2] = from[2];
    }
}

static void turn_tile(const resight_image *in, turning t, uint8_t *px, const resight_image *out, uint32_t x0,
                      uint32_t y0) {
    const unsigned pixel_bytes = resight_pixel_bytes(in->format);
    const uint32_t x1 = out->width_px - x0 < TILE_PX ? out->width_px : x0 + TILE_PX;
    const uint32_t y1 = out->height_px - y0 < TILE_PX ? out->height_px : y0 + TILE_PX;
    for (uint32_t y = y0; y < y1; y++)
        for (uint32_t x = x0; x < x1; x++) {
            const uint32_t u = t.swap ? y : x, v = t.swap ? x : y;
            const uint32_t from_x = t.mirror_x ? in->width_px - 1 - u : u;
            const uint32_t from_y = t.mirror_y ? in->height_px - 1 - v : v;
            copy_pixel(px + y * out->stride_bytes + (size_t)x * pixel_bytes,
                       in->px + from_y * in->stride_bytes + (size_t)from_x * pixel_bytes, pixel_bytes);
        }
}

int resight_image_transform(const resight_image *in, resight_transform transform, uint8_t *px, resight_image *out) {
    if (resight_image_check(in) != RESIGHT_OK || (unsigned)transform >= RESIGHT_TRANSFORMS)
        return RESIGHT_E_ARG;
    const turning t = turnings[transform];
    resight_image turned = *in;
    turned.px = px;
    turned.width_px = t.swap ? in->height_px : in->width_px;
    turned.height_px = t.swap ? in->width_px : in->height_px;
    turned.stride_bytes = (size_t)turned.width_px * resight_pixel_bytes(in->format);
    for (uint32_t y = 0; y < turned.height_px; y += TILE_PX)
        for (uint32_t x = 0; x < turned.width_px; x += TILE_PX)
            turn_tile(in, t, px, &turned, x, y);
    *out = turned;
    return RESIGHT_OK;
}
