/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDQ's box of even width looks half a pixel ahead, in each of two passes. That pixel is one of the whole picture, and
 * in one of an eighth of its size eight of them, a quarter of the way to the next sample: 20 bits of the hash. So a
 * small picture is moved back by a pixel, along each side whose boxes are even; that leaves 6.
 */
#include "video/moved.h"

#include "base/size.h"
#include <stdbool.h>
#include <string.h>

#define BOX_PER_SIDE 128 /* sides are divided into so many boxes, rounded up: resight/hash.h */

static bool box_is_even(uint32_t side_px) {
    return (side_px + BOX_PER_SIDE - 1) / BOX_PER_SIDE % 2 == 0;
}

/* The first row and column are seen twice, the last ones not at all. The pixel that goes before a row is the last one
 * of the row above, so there is nothing to copy but edges. */
static void repeat_edges(uint8_t *px, const resight_image *image, bool right, bool down) {
    const size_t pixel_bytes = resight_pixel_bytes(image->format);
    if (right)
        for (uint8_t *row = px, *end = px + image->height_px * image->stride_bytes; row < end;
             row += image->stride_bytes)
            memcpy(row, row + pixel_bytes, pixel_bytes);
    if (down)
        memcpy(px, px + image->stride_bytes, image->stride_bytes);
}

int picture_moved(const resight_image *image, resight_transform transform, buffer *scratch, resight_image *out) {
    const size_t pixel_bytes = resight_pixel_bytes(image->format);
    const size_t longer_px = image->width_px > image->height_px ? image->width_px : image->height_px;
    const size_t before_bytes = (longer_px + 1) * pixel_bytes; /* a row, turned or not, and a pixel */
    resight_image moved;
    size_t bytes = 0;
    if (!size_add(resight_image_bytes(image), before_bytes, &bytes) || buffer_reserve(scratch, bytes) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    const int status = resight_image_transform(image, transform, scratch->bytes + before_bytes, &moved);
    if (status != RESIGHT_OK)
        return status;
    const bool right = box_is_even(moved.width_px), down = box_is_even(moved.height_px);
    uint8_t *px = scratch->bytes + before_bytes - (down ? moved.stride_bytes : 0) - (right ? pixel_bytes : 0);
    repeat_edges(px, &moved, right, down);
    moved.px = px;
    *out = moved;
    return RESIGHT_OK;
}
