/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a part, the gate before it, and where the known picture lies in the query. */
#include "drawing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int region_pdq(const resight_image *image, resight_pdq out[RESIGHT_TRANSFORMS]) {
    resight_hasher *hasher = NULL;
    cr_assert_eq(resight_hasher_new(RESIGHT_CPU_AUTO, &hasher), RESIGHT_OK);
    const int status = resight_region_pdq(hasher, image, out);
    resight_hasher_free(&hasher);
    return status;
}

Test(region, a_part_hashes_as_its_copy) {
    canvas c = canvas_new(300, 200, 255), copy = canvas_new(140, 90, 0);
    paint_photo(&c, (resight_rect){70, 60, 140, 90}, 8);
    paint_photo(&copy, (resight_rect){0, 0, 140, 90}, 8);
    const resight_image part = resight_image_part(&c.image, (resight_rect){70, 60, 140, 90});
    resight_pdq a[RESIGHT_TRANSFORMS], b[RESIGHT_TRANSFORMS];
    cr_assert_eq(region_pdq(&part, a), RESIGHT_OK);
    cr_assert_eq(region_pdq(&copy.image, b), RESIGHT_OK);
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++)
        cr_expect_eq(resight_hash_distance(&a[t].hash, &b[t].hash), 0);
    cr_expect_gt(resight_hash_distance(&a[0].hash, &a[RESIGHT_FLIP_Y].hash), 60);
    canvas_free(&c);
    canvas_free(&copy);
}

Test(region, a_part_of_three_bytes_a_pixel_begins_where_it_should) {
    const uint8_t px[4 * 15] = {0};
    const resight_image image = {px, 5, 4, 15, RESIGHT_RGB24};
    const resight_image part = resight_image_part(&image, (resight_rect){2, 1, 3, 2});
    cr_expect(part.px == px + 15 + 6 && part.width_px == 3 && part.height_px == 2 && part.stride_bytes == 15);
}

/* Blank frames, stripes and tables look alike to any hash of low frequencies. */
Test(region, too_little_detail_is_refused) {
    canvas c = canvas_new(256, 256, 255);
    resight_pdq out[RESIGHT_TRANSFORMS] = {{.quality = -7}};
    cr_expect_eq(region_pdq(&c.image, out), RESIGHT_NOT_FOUND, "blank");
    fill_rect(&c, (resight_rect){0, 0, 256, 6}, 0);
    fill_rect(&c, (resight_rect){0, 0, 6, 256}, 0);
    cr_expect_eq(region_pdq(&c.image, out), RESIGHT_NOT_FOUND, "frame");
    for (uint32_t y = 0; y < 256; y += 32)
        fill_rect(&c, (resight_rect){0, y, 256, 16}, 0);
    cr_expect_eq(region_pdq(&c.image, out), RESIGHT_NOT_FOUND, "stripes");
    cr_expect_eq(out[0].quality, -7);
    paint_photo(&c, (resight_rect){0, 0, 256, 256}, 2);
    cr_expect_eq(region_pdq(&c.image, out), RESIGHT_OK, "photograph");
    canvas_free(&c);
}

static void expect_corner(const resight_quad *q, unsigned i, double x, double y, const char *what) {
    cr_expect(fabs(q->x[i] - x) < 1e-9 && fabs(q->y[i] - y) < 1e-9, "%s: corner %u at %g,%g", what, i, q->x[i],
              q->y[i]);
}

Test(region, a_screenshot_holds_the_whole_picture) {
    const resight_area query = {0.25, 0.5, 0.5, 0.25}, whole = {0, 0, 1, 1};
    resight_quad q;
    cr_assert_eq(resight_region_place(&query, RESIGHT_ORIGINAL, &whole, &q), RESIGHT_OK);
    expect_corner(&q, 0, 0.25, 0.5, "screenshot");
    expect_corner(&q, 1, 0.75, 0.5, "screenshot");
    expect_corner(&q, 2, 0.75, 0.75, "screenshot");
    expect_corner(&q, 3, 0.25, 0.75, "screenshot");
}

/* The known picture had a border of a tenth, which the query has lost. */
Test(region, what_was_cut_off_lies_outside) {
    const resight_area whole = {0, 0, 1, 1}, known = {0.1, 0.1, 0.8, 0.8};
    resight_quad q;
    cr_assert_eq(resight_region_place(&whole, RESIGHT_ORIGINAL, &known, &q), RESIGHT_OK);
    expect_corner(&q, 0, -0.125, -0.125, "border");
    expect_corner(&q, 2, 1.125, 1.125, "border");
}

/* One pixel marked in the known picture, the query made by turning it back: the marked pixel is where place() says. */
Test(region, every_turn_agrees_with_the_pixels) {
    static const resight_transform inverse[RESIGHT_TRANSFORMS] = {
        RESIGHT_ORIGINAL, RESIGHT_ROTATE_270, RESIGHT_ROTATE_180,  RESIGHT_ROTATE_90,
        RESIGHT_FLIP_X,   RESIGHT_FLIP_Y,     RESIGHT_FLIP_PLUS_1, RESIGHT_FLIP_MINUS_1};
    const resight_area whole = {0, 0, 1, 1};
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++) {
        canvas known = canvas_new(8, 6, 0);
        known.px[0] = 255; /* the top left corner */
        canvas query = turned_canvas(&known, inverse[t]);
        resight_quad q;
        cr_assert_eq(resight_region_place(&whole, (resight_transform)t, &whole, &q), RESIGHT_OK);
        const uint32_t x = q.x[0] > 0.5 ? query.image.width_px - 1 : 0;
        const uint32_t y = q.y[0] > 0.5 ? query.image.height_px - 1 : 0;
        cr_expect_eq(query.px[y * query.image.width_px + x], 255, "%s", resight_transform_name((resight_transform)t));
        canvas_free(&known);
        canvas_free(&query);
    }
}

Test(region, areas_are_parts_of_a_picture) {
    canvas c = canvas_new(200, 100, 0);
    const resight_area a = resight_rect_area((resight_rect){50, 25, 100, 50}, &c.image);
    cr_expect(a.x == 0.25 && a.y == 0.25 && a.width == 0.5 && a.height == 0.5);
    canvas_free(&c);
}

Test(region, wrong_places_are_refused_and_write_nothing) {
    const resight_area good = {0, 0, 1, 1};
    const resight_area bad[] = {{0, 0, 0, 1}, {0, 0, 1, -1}, {NAN, 0, 1, 1}, {0, INFINITY, 1, 1}, {0, 0, INFINITY, 1}};
    resight_quad q = {.x = {7}};
    cr_expect_eq(resight_region_place(&good, (resight_transform)8, &good, &q), RESIGHT_E_ARG);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(resight_region_place(&bad[i], RESIGHT_ORIGINAL, &good, &q), RESIGHT_E_ARG, "area %zu", i);
        cr_expect_eq(resight_region_place(&good, RESIGHT_ORIGINAL, &bad[i], &q), RESIGHT_E_ARG, "area %zu", i);
    }
    cr_expect_eq(q.x[0], 7);
}
