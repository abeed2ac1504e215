/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures within pictures are found, and nothing is found outside of one. */
#include "drawing.h"

#include <stdlib.h>

static resight_finder *finder;

static void open_finder(void) {
    cr_assert_eq(resight_finder_new(&finder), RESIGHT_OK);
}

static void close_finder(void) {
    resight_finder_free(&finder);
    cr_assert_null(finder);
}

TestSuite(rectangles, .init = open_finder, .fini = close_finder);

/* The error of the rectangle that is nearest. */
static uint32_t nearest(const canvas *c, resight_rect wanted) {
    resight_rect got[RESIGHT_RECTANGLES_MAX];
    unsigned count = 0;
    uint32_t best = UINT32_MAX;
    resight_rectangles(finder, &c->image, got, &count);
    cr_assert_leq(count, RESIGHT_RECTANGLES_MAX);
    for (unsigned i = 0; i < count; i++) {
        const uint32_t error = rect_error(got[i], wanted);
        best = error < best ? error : best;
    }
    return best;
}

Test(rectangles, a_picture_in_a_picture_is_found_wherever_it_lies) {
    unsigned found = 0;
    for (int n = 0; n < 60; n++) {
        canvas c = canvas_new(400, 300, 0);
        paint_photo(&c, (resight_rect){0, 0, 400, 300}, (uint32_t)n);
        const uint32_t width = 80 + dice(200), height = 60 + dice(150);
        const resight_rect inner = {dice(400 - width), dice(300 - height), width, height};
        paint_photo(&c, inner, 1000 + (uint32_t)n);
        add_noise(&c, 3);
        found += nearest(&c, inner) <= 2;
        canvas_free(&c);
    }
    cr_expect_geq(found, 57, "%u of 60", found);
}

Test(rectangles, the_tiles_of_a_collage_are_found) {
    canvas c = canvas_new(400, 300, 0);
    static const resight_rect tiles[] = {
        {0, 0, 200, 150}, {200, 0, 200, 150}, {0, 150, 200, 150}, {200, 150, 200, 150}};
    for (uint32_t i = 0; i < 4; i++)
        paint_photo(&c, tiles[i], 50 + i);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_leq(nearest(&c, tiles[i]), 1, "tile %u", i);
    canvas_free(&c);
}

/* Full width, between two bars of which the text runs into the picture: there is no line of background to trim to. */
Test(rectangles, a_picture_between_bars_is_found) {
    canvas c = canvas_new(300, 400, 255);
    const resight_rect inner = {0, 100, 300, 220};
    write_text(&c, (resight_rect){0, 0, 300, 130}, 24, 0);
    write_text(&c, (resight_rect){0, 300, 300, 100}, 24, 0);
    paint_photo(&c, inner, 4);
    cr_expect_leq(nearest(&c, inner), 1);
    canvas_free(&c);
}

/* A drawing on white in a black border: the known picture may be the drawing with its white, or without. */
Test(rectangles, the_border_alone_is_taken_away_too) {
    canvas c = canvas_new(300, 260, 0);
    const resight_rect page = {30, 30, 240, 200}, drawing = {80, 70, 120, 110};
    fill_rect(&c, page, 255);
    for (uint32_t i = 0; i < 110; i++) /* its right side slants */
        fill_rect(&c, (resight_rect){80, 70 + i, 120 - i / 2, 1}, 60);
    resight_rect trimmed;
    cr_assert_eq(resight_trim(&c.image, &trimmed), RESIGHT_OK);
    cr_expect_leq(rect_error(trimmed, drawing), 4, "%ux%u at %u,%u", trimmed.width_px, trimmed.height_px, trimmed.x_px,
                  trimmed.y_px);
    cr_expect_eq(nearest(&c, page), 0);
    canvas_free(&c);
}

Test(rectangles, one_colour_has_none) {
    canvas c = canvas_new(120, 90, 77);
    resight_rect got[RESIGHT_RECTANGLES_MAX];
    unsigned count = 9;
    cr_expect_eq(resight_rectangles(finder, &c.image, got, &count), RESIGHT_NOT_FOUND);
    cr_expect_eq(count, 0);
    canvas_free(&c);
}

/* The same rectangles, however the picture is turned; of equal ones another may come first. */
Test(rectangles, commute_with_turning) {
    for (uint32_t n = 0; n < 20; n++) {
        canvas c = canvas_new(200 + n, 160, 0);
        const resight_rect inner = {30 + n, 25, 110, 90};
        paint_photo(&c, (resight_rect){0, 0, 200 + n, 160}, n);
        paint_photo(&c, inner, 300 + n);
        const uint32_t error = nearest(&c, inner);
        for (unsigned t = 1; t < RESIGHT_TRANSFORMS; t++) {
            canvas turned = turned_canvas(&c, (resight_transform)t);
            const resight_rect there = turned_rect(inner, c.image.width_px, c.image.height_px, (resight_transform)t);
            cr_expect_leq(nearest(&turned, there), error > 2 ? error : 2, "picture %u, turn %u", n, t);
            canvas_free(&turned);
        }
        canvas_free(&c);
    }
}

static void expect_within(const canvas *c) {
    resight_rect got[RESIGHT_RECTANGLES_MAX];
    unsigned count = 0;
    const int status = resight_rectangles(finder, &c->image, got, &count);
    cr_assert_eq(status, count > 0 ? RESIGHT_OK : RESIGHT_NOT_FOUND);
    for (unsigned i = 0; i < count; i++) {
        cr_assert(got[i].width_px > 0 && got[i].height_px > 0);
        cr_assert_leq((uint64_t)got[i].x_px + got[i].width_px, c->image.width_px);
        cr_assert_leq((uint64_t)got[i].y_px + got[i].height_px, c->image.height_px);
        cr_assert(got[i].width_px < c->image.width_px || got[i].height_px < c->image.height_px);
    }
}

/* Every size: the results lie within, none is the whole, and ASan sees every step outside. */
Test(rectangles, every_small_size_is_safe) {
    for (uint32_t width = 1; width <= 70; width++)
        for (uint32_t height = 1; height <= 70; height++) {
            canvas c = canvas_new(width, height, 200);
            paint_photo(&c, (resight_rect){width / 5, height / 3, width - width / 5, (height + 1) / 2}, width);
            expect_within(&c);
            canvas_free(&c);
        }
}

/* Stripes and checks make as many lines as there can be. */
Test(rectangles, the_largest_and_busiest_are_safe) {
    static const uint32_t sizes[][2] = {{512, 512}, {1, 512}, {512, 1}, {512, 3}};
    for (size_t i = 0; i < 4; i++)
        for (uint32_t period = 1; period <= 64; period *= 2) {
            canvas c = canvas_new(sizes[i][0], sizes[i][1], 0);
            for (uint32_t y = 0; y < sizes[i][1]; y++)
                for (uint32_t x = 0; x < sizes[i][0]; x++)
                    c.px[(size_t)y * sizes[i][0] + x] = (x / period + y / period) & 1 ? 255 : 0;
            expect_within(&c);
            canvas_free(&c);
        }
}

Test(rectangles, wrong_arguments_are_refused_and_write_nothing) {
    uint8_t px[513] = {0};
    const resight_image bad[] = {
        {NULL, 9, 9, 9, RESIGHT_GRAY8}, {px, 513, 1, 513, RESIGHT_GRAY8}, {px, 9, 9, 27, RESIGHT_RGB24}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        resight_rect out[RESIGHT_RECTANGLES_MAX];
        unsigned count = 77;
        cr_expect_eq(resight_rectangles(finder, &bad[i], out, &count), RESIGHT_E_ARG);
        cr_expect_eq(count, 77);
    }
}
