/* SPDX-License-Identifier: Apache-2.0 */
/* Peeling borders and caption bars, and leaving alone what is none. */
#include "drawing.h"

#include <stdlib.h>
#include <string.h>

#define W 200
#define H 150

static void expect_trim(const canvas *c, resight_rect expected, uint32_t within_px, const char *what) {
    resight_rect got;
    cr_assert_eq(resight_trim(&c->image, &got), RESIGHT_OK, "%s: nothing trimmed", what);
    cr_expect_leq(rect_error(got, expected), within_px, "%s: %ux%u at %u,%u", what, got.width_px, got.height_px,
                  got.x_px, got.y_px);
}

static void expect_whole(const canvas *c, const char *what) {
    resight_rect got = {0};
    cr_expect_eq(resight_trim(&c->image, &got), RESIGHT_NOT_FOUND, "%s: %ux%u at %u,%u", what, got.width_px,
                 got.height_px, got.x_px, got.y_px);
}

Test(trim, borders_of_any_colour_and_width_are_peeled_exactly) {
    static const uint8_t colours[] = {0, 255, 7, 90, 160, 240};
    for (size_t i = 0; i < sizeof colours; i++)
        for (uint32_t width = 1; width <= 60; width += 7) {
            const resight_rect inner = {width, 2 * width, W, H};
            canvas c = canvas_new(W + width, H + 3 * width, colours[i]);
            paint_photo(&c, inner, (uint32_t)i);
            expect_trim(&c, inner, 0, "border");
            canvas_free(&c);
        }
}

Test(trim, noise_on_the_border_is_borne) {
    static const uint8_t colours[] = {0, 128, 255};
    for (size_t i = 0; i < sizeof colours; i++)
        for (uint8_t noise = 1; noise <= 6; noise++) {
            const resight_rect inner = {20, 15, W, H};
            canvas c = canvas_new(W + 40, H + 30, colours[i]);
            paint_photo(&c, inner, noise);
            add_noise(&c, noise);
            expect_trim(&c, inner, 1, "noisy border");
            canvas_free(&c);
        }
}

/* A bar, then a border round both, of another colour. */
Test(trim, caption_bars_are_peeled_through_their_text) {
    for (uint8_t ink = 0;; ink = 255) {
        canvas c = canvas_new(W + 20, H + 90, ink ? 40 : 120);
        const resight_rect inner = {10, 60, W, H};
        fill_rect(&c, (resight_rect){10, 10, W, H + 70}, (uint8_t)(255 - ink));
        write_text(&c, (resight_rect){10, 10, W, 48}, 11, ink);
        write_text(&c, (resight_rect){10, 60 + H, W, 20}, 10, ink);
        paint_photo(&c, inner, 3);
        expect_trim(&c, inner, 1, "captions");
        canvas_free(&c);
        if (ink)
            break;
    }
}

/* What lies within one line between border and picture, averaged or rung by JPEG. */
Test(trim, a_mixed_line_belongs_to_the_border) {
    const resight_rect inner = {0, 30, W, H};
    canvas c = canvas_new(W, H + 60, 255);
    paint_photo(&c, inner, 9);
    for (uint32_t x = 0; x < W; x++) {
        c.px[29 * W + x] = (uint8_t)((255 * 3 + c.px[30 * W + x]) / 4);
        c.px[(30 + H) * W + x] = (uint8_t)((255 * 3 + c.px[(29 + H) * W + x]) / 4);
    }
    expect_trim(&c, inner, 0, "mixed lines");
    canvas_free(&c);
}

/* A flat sky over a jagged horizon, darker than paper: the outermost line is of one colour, but it is no border. */
Test(trim, a_flat_sky_stays) {
    canvas c = canvas_new(W, H, 190);
    canvas photo = canvas_new(W, H, 0);
    paint_photo(&photo, (resight_rect){0, 0, W, H}, 5);
    for (uint32_t x = 0; x < W; x++)
        for (uint32_t y = H / 2 + photo.px[x] / 8; y < H; y++)
            c.px[y * W + x] = photo.px[y * W + x] / 2;
    expect_whole(&c, "sky");
    canvas_free(&photo);
    canvas_free(&c);
}

Test(trim, a_gradient_stays) {
    canvas c = canvas_new(W, H, 0);
    for (uint32_t i = 0; i < W * H; i++)
        c.px[i] = (uint8_t)(255 - i / W);
    expect_whole(&c, "gradient");
    canvas_free(&c);
}

Test(trim, a_photograph_and_one_colour_stay) {
    for (uint32_t seed = 0; seed < 20; seed++) {
        canvas c = canvas_new(W, H, 0);
        paint_photo(&c, (resight_rect){0, 0, W, H}, seed);
        expect_whole(&c, "photograph");
        memset(c.px, (int)seed * 13, W * H);
        expect_whole(&c, "one colour");
        canvas_free(&c);
    }
}

/* A dot on a page: what would be left is too little to know a picture by. */
Test(trim, too_small_a_rest_is_none) {
    canvas c = canvas_new(W, H, 255);
    paint_photo(&c, (resight_rect){90, 70, 26, 26}, 1);
    expect_trim(&c, (resight_rect){90, 70, 26, 26}, 0, "stamp"); /* an eighth of 200 is 25 */
    fill_rect(&c, (resight_rect){90, 70, 26, 15}, 255);
    expect_whole(&c, "dot");
    canvas_free(&c);
}

static canvas random_layout(void) {
    const uint32_t width = 40 + dice(120), height = 40 + dice(120);
    canvas c = canvas_new(width, height, (uint8_t)(dice(3) * 127));
    const uint32_t left = dice(width / 4), top = dice(height / 4);
    paint_photo(&c, (resight_rect){left, top, width - left - dice(width / 4), height - top - dice(height / 4)},
                dice(1000));
    if (dice(2))
        write_text(&c, (resight_rect){0, 0, width, top}, 4 + dice(5), (uint8_t)dice(256));
    if (dice(2))
        fill_rect(&c, (resight_rect){0, 0, width, top / 2}, (uint8_t)dice(256));
    add_noise(&c, (uint8_t)dice(8));
    return c;
}

Test(trim, commutes_with_turning) {
    unsigned trimmed = 0;
    for (int n = 0; n < 200; n++) {
        canvas c = random_layout();
        resight_rect rect = {0};
        const int status = resight_trim(&c.image, &rect);
        trimmed += status == RESIGHT_OK;
        for (unsigned t = 1; t < RESIGHT_TRANSFORMS; t++) {
            canvas turned = turned_canvas(&c, (resight_transform)t);
            resight_rect got = {0};
            cr_assert_eq(resight_trim(&turned.image, &got), status);
            if (status == RESIGHT_OK)
                cr_expect_eq(
                    rect_error(got, turned_rect(rect, c.image.width_px, c.image.height_px, (resight_transform)t)), 0,
                    "layout %d, turn %u", n, t);
            canvas_free(&turned);
        }
        canvas_free(&c);
    }
    cr_expect_gt(trimmed, 100);
}

/* Every size, of several contents: the result lies within, and ASan sees every step outside. */
Test(trim, every_small_size_is_safe) {
    for (uint32_t width = 1; width <= 70; width++)
        for (uint32_t height = 1; height <= 70; height++) {
            canvas c = canvas_new(width, height, 255);
            paint_photo(&c, (resight_rect){width / 5, height / 3, width - width / 5, (height + 1) / 2}, width);
            resight_rect r;
            if (resight_trim(&c.image, &r) == RESIGHT_OK) {
                cr_assert(r.width_px >= 16 && r.height_px >= 16);
                cr_assert(r.x_px + r.width_px <= width && r.y_px + r.height_px <= height);
            }
            canvas_free(&c);
        }
}

Test(trim, lines_and_the_largest_size_are_safe) {
    static const uint32_t sizes[][2] = {{1, 512}, {512, 1}, {512, 512}, {511, 2}};
    for (size_t i = 0; i < 4; i++) {
        canvas c = canvas_new(sizes[i][0], sizes[i][1], 0);
        add_noise(&c, 3);
        expect_whole(&c, "line");
        canvas_free(&c);
    }
}

Test(trim, wrong_arguments_are_refused_and_write_nothing) {
    uint8_t px[3 * 513] = {0};
    const resight_image bad[] = {{NULL, 9, 9, 9, RESIGHT_GRAY8},       {px, 513, 1, 513, RESIGHT_GRAY8},
                                 {px, 1, 513, 1, RESIGHT_GRAY8},       {px, 9, 9, 8, RESIGHT_GRAY8},
                                 {px, 9, 9, 9, RESIGHT_GRAY8_LIMITED}, {px, 9, 9, 27, RESIGHT_RGB24}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        resight_rect out = {1, 2, 3, 4};
        cr_expect_eq(resight_trim(&bad[i], &out), RESIGHT_E_ARG, "view %zu", i);
        cr_expect(out.x_px == 1 && out.y_px == 2 && out.width_px == 3 && out.height_px == 4);
    }
}
