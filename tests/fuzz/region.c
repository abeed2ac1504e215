/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borders and rectangles of any grey picture: they lie within it, are smaller than it, are the same a second time and
 * in a picture whose rows lie apart, and what is trimmed of the turned picture is what is trimmed, turned.
 */
#include "fuzz.h"

#include <resight/region.h>
#include <stdlib.h>

enum { SPARE_PX = 7, SMALL_SIDE_PX = 80, MOST_SIDE_PX = RESIGHT_THUMBNAIL_SIDE_PX, LARGE = 0xf8 };

/* Mostly small ones: the large ones take their time. */
static uint32_t take_side(fuzz_input *in, bool large) {
    const uint32_t most_px = large ? MOST_SIDE_PX : SMALL_SIDE_PX;
    return take16(in) % most_px + 1;
}

/* Rectangles of one grey, of a gradient or of the input's own bytes, over each other. */
static void paint(fuzz_input *in, uint8_t *px, uint32_t width_px, uint32_t height_px) {
    enum { GRADIENT = 1, BYTES = 2 };
    const uint32_t left = take16(in) % width_px, top = take16(in) % height_px;
    const uint32_t right = left + take16(in) % (width_px - left) + 1, bottom = top + take16(in) % (height_px - top) + 1;
    const uint8_t how = take8(in), grey = take8(in);
    for (uint32_t y = top; y < bottom; y++)
        for (uint32_t x = left; x < right; x++) {
            const uint8_t value = (uint8_t)(how & BYTES ? take8(in) : how & GRADIENT ? grey + 3 * x + 5 * y : grey);
            px[(size_t)y * width_px + x] = value;
        }
}

static void check_rect(const resight_image *image, const resight_rect *r) {
    PROPERTY(r->width_px >= 1 && r->width_px <= image->width_px && r->x_px <= image->width_px - r->width_px);
    PROPERTY(r->height_px >= 1 && r->height_px <= image->height_px && r->y_px <= image->height_px - r->height_px);
    PROPERTY(r->width_px < image->width_px || r->height_px < image->height_px);
}

static bool equal(const resight_rect *a, const resight_rect *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* The same pixels, in rows that lie apart; what lies between them is the opposite. Owned by the caller. */
static uint8_t *spread(const resight_image *image, resight_image *out) {
    const size_t stride = image->width_px + SPARE_PX;
    uint8_t *px = malloc(stride * image->height_px);
    PROPERTY(px);
    for (size_t i = 0; i < stride * image->height_px; i++)
        px[i] = (uint8_t)~image->px[i % image->width_px];
    for (uint32_t y = 0; y < image->height_px; y++)
        memcpy(px + y * stride, image->px + y * image->stride_bytes, image->width_px);
    *out = (resight_image){px, image->width_px, image->height_px, stride, RESIGHT_GRAY8};
    return px;
}

static void check_turned(const resight_image *image, resight_transform transform, int status, resight_rect whole) {
    uint8_t *px = malloc((size_t)image->width_px * image->height_px);
    resight_image turned;
    resight_rect trimmed = {0};
    PROPERTY(px && resight_image_transform(image, transform, px, &turned) == RESIGHT_OK);
    PROPERTY(resight_trim(&turned, &trimmed) == status);
    if (status == RESIGHT_OK) { /* the part of the whole, turned, holds the same pixels */
        const resight_image part = resight_image_part(image, whole);
        uint8_t *part_px = malloc((size_t)whole.width_px * whole.height_px);
        resight_image part_turned;
        PROPERTY(part_px && resight_image_transform(&part, transform, part_px, &part_turned) == RESIGHT_OK);
        PROPERTY(part_turned.width_px == trimmed.width_px && part_turned.height_px == trimmed.height_px);
        for (uint32_t y = 0; y < trimmed.height_px; y++)
            PROPERTY(memcmp(part_turned.px + y * part_turned.stride_bytes,
                            turned.px + (trimmed.y_px + y) * turned.stride_bytes + trimmed.x_px,
                            trimmed.width_px) == 0);
        free(part_px);
    }
    free(px);
}

static void check_trim(const resight_image *image, const resight_image *apart, uint8_t turn) {
    resight_rect first = {0}, second = {0};
    const int status = resight_trim(image, &first);
    PROPERTY(status == RESIGHT_OK || status == RESIGHT_NOT_FOUND);
    PROPERTY(resight_trim(apart, &second) == status && equal(&first, &second));
    if (status == RESIGHT_OK)
        check_rect(image, &first);
    check_turned(image, (resight_transform)(turn % RESIGHT_TRANSFORMS), status, first);
}

static void check_rectangles(const resight_image *image, const resight_image *apart) {
    static resight_finder *finder; /* one for all inputs: what it remembers must not matter */
    resight_finder *fresh = NULL;
    resight_rect first[RESIGHT_RECTANGLES_MAX], second[RESIGHT_RECTANGLES_MAX];
    unsigned found = 99, again = 99;
    PROPERTY(finder || resight_finder_new(&finder) == RESIGHT_OK);
    PROPERTY(resight_finder_new(&fresh) == RESIGHT_OK);
    const int status = resight_rectangles(finder, image, first, &found);
    PROPERTY(status == (found > 0 ? RESIGHT_OK : RESIGHT_NOT_FOUND) && found <= RESIGHT_RECTANGLES_MAX);
    PROPERTY(resight_rectangles(fresh, apart, second, &again) == status && again == found);
    for (unsigned i = 0; i < found; i++) {
        check_rect(image, &first[i]);
        PROPERTY(equal(&first[i], &second[i]));
    }
    resight_finder_free(&fresh);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    const uint8_t turn = take8(&in);
    const uint32_t width_px = take_side(&in, turn >= LARGE), height_px = take_side(&in, turn >= LARGE);
    uint8_t *px = calloc(width_px, height_px);
    PROPERTY(px);
    memset(px, take8(&in), (size_t)width_px * height_px);
    while (in.left > 0)
        paint(&in, px, width_px, height_px);
    const resight_image image = {px, width_px, height_px, width_px, RESIGHT_GRAY8};
    resight_image apart;
    uint8_t *apart_px = spread(&image, &apart);
    check_trim(&image, &apart, turn);
    check_rectangles(&image, &apart);
    free(apart_px);
    free(px);
    return 0;
}
