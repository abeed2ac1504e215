/* SPDX-License-Identifier: Apache-2.0 */
/* Picture views: names, sizes and the one check that every reader of pixels relies on. */
#include <resight/image.h>

/* A side that no decoder lets through by default, and whose square still fits 64-bit arithmetic many times over. */
#define MAX_SIDE_PX (1u << 20)

unsigned resight_pixel_bytes(resight_pixel_format format) {
    switch (format) {
    case RESIGHT_GRAY8:
    case RESIGHT_GRAY8_LIMITED: return 1;
    case RESIGHT_RGB24: return 3;
    }
    return 0;
}

const char *resight_transform_name(resight_transform transform) {
    static const char *const names[RESIGHT_TRANSFORMS] = {"orig",  "rot90", "rot180", "rot270",
                                                          "flipx", "flipy", "flipp",  "flipm"};
    return (unsigned)transform < RESIGHT_TRANSFORMS ? names[transform] : "unknown";
}

int resight_image_check(const resight_image *image) {
    const unsigned pixel_bytes = resight_pixel_bytes(image->format);
    if (!image->px || pixel_bytes == 0)
        return RESIGHT_E_ARG;
    if (image->width_px < 1 || image->height_px < 1 || image->width_px > MAX_SIDE_PX || image->height_px > MAX_SIDE_PX)
        return RESIGHT_E_ARG;
    if (image->stride_bytes < (size_t)image->width_px * pixel_bytes)
        return RESIGHT_E_ARG;
    return RESIGHT_OK;
}

size_t resight_image_bytes(const resight_image *image) {
    return (size_t)image->width_px * image->height_px * resight_pixel_bytes(image->format);
}
