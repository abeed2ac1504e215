/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Parts of a picture that are pictures themselves: what is left when borders and caption bars are taken away, and the
 * rectangles of a screenshot, a collage or a picture in a picture. Each is hashed and looked up like a picture.
 *
 *     thumbnail ──► resight_trim()       ──► rectangle ──► resight_image_part() ──► resight_region_pdq()
 *               └─► resight_rectangles() ──► up to 8 rectangles, likeliest first ──┘
 *
 * Everything here reads a grey thumbnail: the picture averaged down until its longer side is at most
 * RESIGHT_THUMBNAIL_SIDE_PX. A known picture is stored with the hashes of its whole and of its trimmed region; a query
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
 * @param grey  RESIGHT_GRAY8, no side over RESIGHT_THUMBNAIL_SIDE_PX; borrowed
 * @param out   written only on RESIGHT_OK
 * @return RESIGHT_OK         something was taken away
 *         RESIGHT_NOT_FOUND  nothing was, or so much that too little would be left: an eighth of either side, or 16
 *                            pixels
 *         RESIGHT_E_ARG      the view is not as described
 *
 * Cost: O(pixels), 0.05 ms where a border ends soon; no allocation.
 */
RESIGHT_API int resight_trim(const resight_image *grey, resight_rect *out);

/** The most rectangles that one picture is asked with. */
#define RESIGHT_RECTANGLES_MAX 8

/** Scratch memory of resight_rectangles(). Opaque; one thread at a time. */
typedef struct resight_finder resight_finder;

/**
 * Make a finder.
 *
 * @param out  owned by the caller; free with resight_finder_free()
 * @return RESIGHT_OK, RESIGHT_E_NOMEM
 *
 * Cost: one reservation of 0.6 MB.
 */
RESIGHT_API int resight_finder_new(resight_finder **out);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_finder_free(resight_finder **finder);

/**
 * Likely picture rectangles within a picture: bounded by pairs of long straight steps in luma, or by the frame. Before
 * them come the up to three other ways to take borders away that differ from resight_trim(): to the straight edge of a
 * border but not into the white around a drawing, and without passing text.
 *
 * @param finder  one thread at a time
 * @param grey    RESIGHT_GRAY8, no side over RESIGHT_THUMBNAIL_SIDE_PX; borrowed
 * @param out     the likeliest first; none is the whole picture
 * @param count   how many
 * @return RESIGHT_OK
 *         RESIGHT_NOT_FOUND  none; *count is 0
 *         RESIGHT_E_ARG      the view is not as described; nothing is written
 *
 * Cost: O(pixels), 0.2 to 0.5 ms; no allocation.
 */
RESIGHT_API int resight_rectangles(resight_finder *finder, const resight_image *grey,
                                   resight_rect out[RESIGHT_RECTANGLES_MAX], unsigned *count);

/** Regions of lower PDQ quality are neither stored nor looked up; as RESIGHT_DEFAULT_MIN_QUALITY. */
#define RESIGHT_REGION_MIN_QUALITY 50
/**
 * Nor are regions with less detail: at 32x32, of the 992 pairs of neighbours along rows and as many along columns, this
 * many of either must differ by 8 levels and more. Quality alone passes blank frames, stripes and tables. Of 398
 * regions that rightly found a known picture 395 pass; of 8 pairs of unrelated pictures with such regions within 31
 * bits, 3 pass, and those share content (benchmarks/README.md).
 */
#define RESIGHT_REGION_MIN_DETAIL 40

/**
 * Hash a region: the PDQ of its resight_image_reduce(), turned in the eight ways.
 *
 * @param hasher  one thread at a time
 * @param region  the view of a part, or a whole picture; borrowed
 * @param out     indexed by resight_transform; written only on RESIGHT_OK
 * @return RESIGHT_OK
 *         RESIGHT_NOT_FOUND  there is too little in it to know it by
 *         RESIGHT_E_ARG, RESIGHT_E_NOMEM  as resight_hasher_turned()
 */
RESIGHT_API int resight_region_pdq(resight_hasher *hasher, const resight_image *region,
                                   resight_pdq out[RESIGHT_TRANSFORMS]);

/** A part of a picture: 0..1 of its width and height, from the top left corner. */
typedef struct resight_area {
    double x, y, width, height;
} resight_area;

/** Where the corners of a known picture lie in a query, in the same measure: top left, top right, bottom right, bottom
 * left. Beyond 0..1 lies outside of the query. */
typedef struct resight_quad {
    double x[4], y[4];
} resight_quad;

/** A part as an area of its picture. Cost: O(1). */
static inline resight_area resight_rect_area(resight_rect part, const resight_image *image) {
    const double width = image->width_px, height = image->height_px;
    return (resight_area){part.x_px / width, part.y_px / height, part.width_px / width, part.height_px / height};
}

/**
 * Where the known picture lies in the query, when a region of the query, turned, is a region of the known picture.
 *
 * @param query      the region that was asked with, in the query
 * @param transform  how it was turned to match
 * @param known      the region that was found, in the known picture
 * @param out        in the query; written only on RESIGHT_OK. A corner lies outside of 0..1 when that part of the known
 *                   picture was cut off
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  there is no such transform, or an area is not of finite numbers with positive sides
 */
RESIGHT_API int resight_region_place(const resight_area *query, resight_transform transform, const resight_area *known,
                                     resight_quad *out);

#ifdef __cplusplus
}
#endif
#endif
