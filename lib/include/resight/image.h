/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Pictures in memory, and the eight ways to turn one.
 */
#ifndef RESIGHT_IMAGE_H
#define RESIGHT_IMAGE_H

#include <resight/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the samples lie in memory. The values are pinned. */
typedef enum resight_pixel_format {
    RESIGHT_GRAY8 = 1,         /**< one byte a pixel, full range 0..255 */
    RESIGHT_GRAY8_LIMITED = 2, /**< one byte a pixel, video range 16..235; read as full range (see hash.h) */
    RESIGHT_RGB24 = 3          /**< three bytes a pixel, R G B */
} resight_pixel_format;

/** A borrowed view of a picture: whoever made the bytes owns them. */
typedef struct resight_image {
    const uint8_t *px;           /**< first byte of the top row */
    uint32_t width_px;           /**< >= 1 */
    uint32_t height_px;          /**< >= 1 */
    size_t stride_bytes;         /**< from one row to the next, >= width_px * bytes a pixel */
    resight_pixel_format format; /**< one of the above */
} resight_image;

/**
 * The eight symmetries of a rectangle, in the order and with the meaning of the PDQ reference. Rotations are
 * counter-clockwise as drawn on a screen. The values are pinned: they are stored.
 */
typedef enum resight_transform {
    RESIGHT_ORIGINAL = 0,
    RESIGHT_ROTATE_90 = 1,
    RESIGHT_ROTATE_180 = 2,
    RESIGHT_ROTATE_270 = 3,
    RESIGHT_FLIP_X = 4,      /**< top to bottom */
    RESIGHT_FLIP_Y = 5,      /**< left to right: the mirrored picture */
    RESIGHT_FLIP_PLUS_1 = 6, /**< over the main diagonal: the transpose */
    RESIGHT_FLIP_MINUS_1 = 7 /**< over the other diagonal */
} resight_transform;
#define RESIGHT_TRANSFORMS 8

/** "orig", "rot90", "rot180", "rot270", "flipx", "flipy", "flipp", "flipm", as the PDQ reference prints them. */
RESIGHT_API const char *resight_transform_name(resight_transform transform);

/** 1 or 3; 0 for a format that is none of the above. */
RESIGHT_API unsigned resight_pixel_bytes(resight_pixel_format format);

/**
 * Check that a view can be read: known format, sizes of 1 to 2^20 a side, a stride that holds a row.
 *
 * @return RESIGHT_OK or RESIGHT_E_ARG
 */
RESIGHT_API int resight_image_check(const resight_image *image);

/** Bytes that resight_image_transform() writes for this picture: width * height * bytes a pixel. */
RESIGHT_API size_t resight_image_bytes(const resight_image *image);

/**
 * Write the turned picture, tightly packed, into memory of the caller.
 *
 * @param in         borrowed
 * @param transform  how to turn
 * @param px         resight_image_bytes(in) bytes, not overlapping in->px
 * @param out        a view of px with the new width and height
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  the view does not pass resight_image_check(), or there is no such transform
 *
 * Cost: O(pixels), in tiles that stay in the cache; no allocation.
 */
RESIGHT_API int resight_image_transform(const resight_image *in, resight_transform transform, uint8_t *px,
                                        resight_image *out);

/** Sides of the picture that resight_image_reduce() writes. */
#define RESIGHT_REDUCED_SIDE_PX 64

/**
 * Average the picture down to 64x64 grey: each pixel is the mean luma of the area it covers, exactly, rounded to the
 * nearest. A picture with a side below 64 is spread out the same way.
 *
 * @param in   borrowed
 * @param px   64 * 64 bytes
 * @param out  a view of px, RESIGHT_GRAY8; video range has been expanded
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    the view does not pass resight_image_check()
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(pixels), one pass; allocates one row of sums while it runs.
 */
RESIGHT_API int resight_image_reduce(const resight_image *in,
                                     uint8_t px[RESIGHT_REDUCED_SIDE_PX * RESIGHT_REDUCED_SIDE_PX], resight_image *out);

/** The longer side of a thumbnail is at most this: enough to find borders, rectangles and patches in. */
#define RESIGHT_THUMBNAIL_SIDE_PX 512
/** Bytes of the largest thumbnail. */
#define RESIGHT_THUMBNAIL_BYTES_MAX (RESIGHT_THUMBNAIL_SIDE_PX * RESIGHT_THUMBNAIL_SIDE_PX)

/**
 * The same, keeping the proportions: the longer side becomes RESIGHT_THUMBNAIL_SIDE_PX. A picture that is no larger
 * keeps its size and becomes grey.
 *
 * @param px   RESIGHT_THUMBNAIL_BYTES_MAX bytes
 * @param out  a view of px, RESIGHT_GRAY8, tightly packed
 * @return, cost: as resight_image_reduce()
 */
RESIGHT_API int resight_image_thumbnail(const resight_image *in, uint8_t px[RESIGHT_THUMBNAIL_BYTES_MAX],
                                        resight_image *out);

/**
 * The same, squeezed or stretched to any size.
 *
 * @param px   width_px * height_px bytes, neither side 0 or above RESIGHT_THUMBNAIL_SIDE_PX
 * @param out  a view of px, RESIGHT_GRAY8, tightly packed
 * @return, cost: as resight_image_reduce()
 */
RESIGHT_API int resight_image_average(const resight_image *in, uint32_t width_px, uint32_t height_px, uint8_t *px,
                                      resight_image *out);

#ifdef __cplusplus
}
#endif
#endif
