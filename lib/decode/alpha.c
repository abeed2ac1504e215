/* SPDX-License-Identifier: Apache-2.0 */
/* Alpha dropped or composited: the last step for every picture that has some. */
#include "decode/alpha.h"

bool alpha_present(const resight_image *image) {
    return image->format == RGBA32 || image->format == RGBA32_GREY;
}

bool alpha_transparent(const resight_image *image) {
    for (size_t y = 0; y < image->height_px; y++) {
        const uint8_t *alpha = image->px + y * image->stride_bytes + 3;
        for (size_t x = 0; x < image->width_px; x++)
            if (alpha[4 * x] != 255)
                return true;
    }
    return false;
}

static uint8_t over(unsigned colour, unsigned background, unsigned alpha) {
    return (uint8_t)((colour * alpha + background * (255 - alpha) + 127) / 255);
}

/* One row to `channels` bytes a pixel. background_rgb may be NULL. */
static void resolve_row(const uint8_t *rgba, size_t width_px, unsigned channels, const uint8_t *background_rgb,
                        uint8_t *to) {
    for (size_t x = 0; x < width_px; x++, rgba += 4, to += channels)
        for (unsigned c = 0; c < channels; c++)
            to[c] = background_rgb ? over(rgba[c], background_rgb[c], rgba[3]) : rgba[c];
}

static bool is_grey(const uint8_t *rgb) {
    return !rgb || (rgb[0] == rgb[1] && rgb[1] == rgb[2]);
}

int alpha_resolve(const resight_image *image, const uint8_t *background_rgb, const resight_limits *limits,
                  buffer *pixels, resight_image *out, resight_error *error) {
    resight_image opaque = *image;
    opaque.format = image->format == RGBA32_GREY && is_grey(background_rgb) ? RESIGHT_GRAY8 : RESIGHT_RGB24;
    const unsigned channels = resight_pixel_bytes(opaque.format);
    opaque.stride_bytes = (size_t)image->width_px * channels;
    const int status = limits_check_memory(limits, resight_image_bytes(&opaque), "the pixels without alpha", error);
    if (status != RESIGHT_OK)
        return status;
    if (buffer_reserve(pixels, resight_image_bytes(&opaque)) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for %u x %u pixels", image->width_px, image->height_px);
    for (size_t y = 0; y < image->height_px; y++)
        resolve_row(image->px + y * image->stride_bytes, image->width_px, channels, background_rgb,
                    pixels->bytes + y * opaque.stride_bytes);
    opaque.px = pixels->bytes;
    *out = opaque;
    return RESIGHT_OK;
}
