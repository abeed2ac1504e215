/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Parts of a picture that are pictures themselves: what is left when borders and caption bars are taken away, and the
 * rectangles of a screenshot, a collage or a picture in a picture. Each is hashed and looked up like a picture.
 *
 *     thumbnail ──► resight_trim()       ──► rectangle ──► resight_image_part() ──► resight_region_pdq()
 *               └─► resight_rectangles() ──► up to 8 rectangles, likeliest first ──┘
 *
 * Everything here reads a grey thumbnail: the picture averaged down until its longer side is at most
 * RESIGHT_REGION_MAX_SIDE_PX. A known picture is stored with the hashes of its whole and of its trimmed region; a query
 * asks with its whole, its trimmed region and its rectangles, each turned in the eight ways. All arithmetic is in
 * integers, and the trimmed region of a turned picture is the turned trimmed region.
 */
#ifndef RESIGHT_REGION_H
#define RESIGHT_REGION_H

#include <resight/hash.h>
#include <resight/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The longest side of a picture that is looked at. */
#define RESIGHT_REGION_MAX_SIDE_PX 512

/** Part of a picture, in its pixels, from the top left corner. */
typedef struct resight_rect {
    uint32_t x_px, y_px, width_px, height_px;
} resight_rect;

/** The view of a part; the part must lie within the picture. No pixel is copied. Cost: O(1). */
static inline resight_image resight_image_part(const resight_image *image, resight_rect part) {
    resight_image view = *image;
    view.px += part.y_px * image->stride_bytes + (size_t)part.x_px * resight_pixel_bytes(image->format);
    view.width_px = part.width_px;
    view.height_px = part.height_px;
    return view;
}

/**
 * Take away uniform borders, letterbox, pillarbox and caption bars. A side is peeled while its outermost line is of one
 * colour, through lines of text, up to the last line that is all background. A border that is neither black nor white
 * must end in a straight edge, or it is taken for a part of the picture, such as a sky.
 *
 * @param grey  RESIGHT_GRAY8, no side over RESIGHT_REGION_MAX_SIDE_PX; borrowed
 * @param out   written only on RESIGHT_OK
 * @return RESIGHT_OK         something was taken away
 *         RESIGHT_NOT_FOUND  nothing was, or so much that too little would be left: an eighth of either side, or 16
 *                            pixels
 *         RESIGHT_E_ARG      the view is not as described
 *
 * Cost: O(pixels) and well under 0.3 ms; no allocation.
 */
RESIGHT_API int resight_trim(const resight_image *grey, resight_rect *out);

#ifdef __cplusplus
}
#endif
#endif
