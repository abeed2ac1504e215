/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding by patches: known transforms are found, and hostile lists stay harmless. */
#include "base/cleanup.h"
#include "drawing.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct patches {
    resight_patch items[RESIGHT_PATCHES_QUERY_MAX];
    resight_patch_list list;
} patches;

static void patches_of(patches *out, uint32_t width, uint32_t height, const double m[2][3], unsigned seed,
                       resight_patch_role role) {
    resight_patcher *patcher = NULL;
    CLEANUP_FREE uint8_t *px = malloc((size_t)width * height);
    size_t count = 0;
    draw(px, width, height, m, seed);
    const resight_image image = drawn(px, width, height);
    cr_assert_eq(resight_patcher_new(&patcher), RESIGHT_OK);
    cr_assert_eq(resight_patcher_find(patcher, &image, role, out->items, RESIGHT_PATCHES_QUERY_MAX, &count), 0);
    resight_patcher_free(&patcher);
    out->list = (resight_patch_list){out->items, (uint32_t)count, width, height};
}

static const double known_view[2][3] = {{1.25, 0, 0}, {0, 1.25, 0}}; /* all of the scene on 512 x 384 */

static resight_patch_match compare(const patches *query, const patches *known) {
    resight_patch_match match;
    cr_assert_eq(resight_patches_compare(&query->list, &known->list, &match), RESIGHT_OK);
    return match;
}

/* The corners of the known picture are where the view of the query puts the corners of the scene. */
static void expect_corners(const resight_patch_match *match, uint32_t width, uint32_t height, const double m[2][3],
                           double tolerance_px) {
    const double corner[4][2] = {{0, 0}, {640, 0}, {640, 480}, {0, 480}};
    const double det = m[0][0] * m[1][1] - m[0][1] * m[1][0], side = width > height ? width : height;
    for (int i = 0; i < 4; i++) {
        const double dx = corner[i][0] - m[0][2], dy = corner[i][1] - m[1][2];
        const double x = (dx * m[1][1] - dy * m[0][1]) / det, y = (dy * m[0][0] - dx * m[1][0]) / det;
        const double got_x = (double)match->corner[i].x * side / RESIGHT_PATCH_UNITS;
        const double got_y = (double)match->corner[i].y * side / RESIGHT_PATCH_UNITS;
        cr_expect(hypot(got_x - x, got_y - y) < tolerance_px, "corner %d is (%g, %g), not (%g, %g)", i, got_x, got_y, x,
                  y);
    }
}

static void expect_found(uint32_t width, uint32_t height, const double m[2][3], bool mirrored) {
    patches known, query;
    patches_of(&known, 512, 384, known_view, 3, RESIGHT_PATCHES_KNOWN);
    patches_of(&query, width, height, m, 3, RESIGHT_PATCHES_QUERY);
    const resight_patch_match match = compare(&query, &known);
    cr_expect_eq(match.level, RESIGHT_PATCHES_CERTAIN, "score %g, %u agree", (double)match.score, match.agreeing);
    cr_expect_eq(match.mirrored, mirrored);
    expect_corners(&match, width, height, m, 0.04 * (width > height ? width : height));
}

Test(compare, the_picture_itself_is_certain) {
    expect_found(512, 384, known_view, false);
}

Test(compare, a_crop_is_found_where_it_was_cut) {
    expect_found(512, 384, (const double[2][3]){{0.75, 0, 100}, {0, 0.75, 60}}, false);
}

Test(compare, a_rotated_picture_is_found) {
    expect_found(500, 500, (const double[2][3]){{1.1, 0.7, -120}, {-0.7, 1.1, 150}}, false);
}

Test(compare, a_small_copy_in_a_large_frame_is_found) {
    expect_found(512, 400, (const double[2][3]){{2.5, 0, -400}, {0, 2.5, -200}}, false);
}

Test(compare, a_mirrored_picture_is_found_and_told) {
    expect_found(512, 384, (const double[2][3]){{-1.25, 0, 640}, {0, 1.25, 0}}, true);
    expect_found(512, 384, (const double[2][3]){{-0.9, 0.2, 560}, {0.2, 0.9, -20}}, true);
}

Test(compare, a_slightly_stretched_picture_is_found_by_an_affine_transform) {
    expect_found(512, 420, (const double[2][3]){{1.25, 0.05, 0}, {0, 1.14, 0}}, false);
}

Test(compare, another_picture_is_nothing) {
    patches known, query;
    patches_of(&known, 512, 384, known_view, 3, RESIGHT_PATCHES_KNOWN);
    for (unsigned seed = 4; seed < 10; seed++) {
        patches_of(&query, 512, 384, known_view, seed, RESIGHT_PATCHES_QUERY);
        const resight_patch_match match = compare(&query, &known);
        cr_expect_eq(match.level, RESIGHT_PATCHES_NOTHING, "seed %u: score %g", seed, (double)match.score);
    }
}

/* A frame of `frame` scene on 512 x 384 around the middle of another scene. */
static void patches_in_frame(patches *out, unsigned frame, unsigned middle, resight_patch_role role) {
    static uint8_t px[512 * 384], inner[512 * 384];
    resight_patcher *patcher = NULL;
    size_t count = 0;
    draw(px, 512, 384, known_view, frame);
    draw(inner, 512, 384, known_view, middle);
    for (size_t y = 80; y < 304; y++)
        memcpy(px + y * 512 + 110, inner + y * 512 + 110, 292);
    const resight_image image = drawn(px, 512, 384);
    cr_assert_eq(resight_patcher_new(&patcher), RESIGHT_OK);
    cr_assert_eq(resight_patcher_find(patcher, &image, role, out->items, RESIGHT_PATCHES_QUERY_MAX, &count), 0);
    resight_patcher_free(&patcher);
    out->list = (resight_patch_list){out->items, (uint32_t)count, 512, 384};
}

/* Certain is what agrees all over. */
Test(compare, two_pictures_in_one_frame_are_not_certain) {
    patches known, query;
    patches_in_frame(&known, 3, 4, RESIGHT_PATCHES_KNOWN);
    patches_in_frame(&query, 3, 4, RESIGHT_PATCHES_QUERY);
    cr_expect_eq(compare(&query, &known).level, RESIGHT_PATCHES_CERTAIN);
    for (unsigned middle = 5; middle < 9; middle++) {
        patches_in_frame(&query, 3, middle, RESIGHT_PATCHES_QUERY);
        const resight_patch_match match = compare(&query, &known);
        cr_expect_neq(match.level, RESIGHT_PATCHES_CERTAIN, "middle %u: score %g, %u agree", middle,
                      (double)match.score, match.agreeing);
    }
}

/* Every pair that is said to agree does, and none twice. */
Test(compare, the_pairs_that_agree_can_be_drawn) {
    patches known, query;
    patches_of(&known, 512, 384, known_view, 3, RESIGHT_PATCHES_KNOWN);
    patches_of(&query, 512, 384, (const double[2][3]){{0.75, 0, 100}, {0, 0.75, 60}}, 3, RESIGHT_PATCHES_QUERY);
    const resight_patch_match match = compare(&query, &known);
    bool seen[RESIGHT_PATCHES_QUERY_MAX] = {false};
    cr_assert(match.agreeing >= 4);
    for (uint32_t i = 0; i < match.agreeing; i++) {
        cr_assert(match.query[i] < query.list.count && match.known[i] < known.list.count);
        cr_expect(!seen[match.query[i]]);
        seen[match.query[i]] = true;
        const resight_patch *q = &query.items[match.query[i]], *k = &known.items[match.known[i]];
        const float x = match.matrix[0][0] * k->x + match.matrix[0][1] * k->y + match.matrix[0][2];
        const float y = match.matrix[1][0] * k->x + match.matrix[1][1] * k->y + match.matrix[1][2];
        cr_expect(hypotf(x - q->x, y - q->y) <= 0.21f * q->width);
    }
}

/* A dozen true pairs among a hundred that agree on nothing. */
Test(compare, outliers_do_not_move_the_transform) {
    patches known = {.list = {known.items, 112, 4, 3}}, query = {.list = {query.items, 112, 4, 3}};
    uint64_t random = 1;
    for (uint32_t i = 0; i < 112; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint16_t x = (uint16_t)(random >> 50), y = (uint16_t)(random >> 40 & 0x3fff);
        known.items[i] = (resight_patch){random * 0x9e3779b97f4a7c15u, x, y, 3000, (uint16_t)(random >> 20)};
        query.items[i] = known.items[i];
        if (i % 9 == 0) { /* half the size, a quarter turn: (x, y) to (y, 30000 - x) */
            query.items[i].x = (uint16_t)(y / 2), query.items[i].y = (uint16_t)((30000 - x) / 2);
            query.items[i].width = 1500, query.items[i].angle = (uint16_t)(known.items[i].angle + 16384);
        } else {
            query.items[i].x = (uint16_t)(random >> 30 & 0x7fff), query.items[i].y = (uint16_t)(random >> 10 & 0x3fff);
            query.items[i].angle = (uint16_t)(random >> 5);
        }
    }
    const resight_patch_match match = compare(&query, &known);
    cr_expect(match.agreeing >= 10, "%u", match.agreeing);
    const float expected[2][3] = {{0, 0.5f, 0}, {-0.5f, 0, 15000}};
    for (int i = 0; i < 2; i++) {
        cr_expect_float_eq(match.matrix[i][0], expected[i][0], 0.02);
        cr_expect_float_eq(match.matrix[i][1], expected[i][1], 0.02);
        cr_expect_float_eq(match.matrix[i][2], expected[i][2], 300);
    }
}

/* A row of rivets: many spots, one look. */
Test(compare, one_look_counts_once_however_many_spots_it_has) {
    patches known = {.list = {known.items, 30, 4, 3}};
    for (uint32_t i = 0; i < 30; i++)
        known.items[i] =
            (resight_patch){i % 5, (uint16_t)(1000 + 1000 * i), (uint16_t)(2000 + 37 * i * i % 9000), 900, 0};
    patches query = known;
    query.list.patches = query.items;
    const resight_patch_match match = compare(&query, &known);
    cr_expect_eq(match.agreeing, 1, "%u", match.agreeing);
    cr_expect_eq(match.level, RESIGHT_PATCHES_NOTHING);
}

static void expect_sane(const resight_patch_match *match) {
    cr_expect(isfinite(match->score));
    for (int i = 0; i < 6; i++)
        cr_expect(isfinite(match->matrix[i / 3][i % 3]));
    for (int i = 0; i < 4; i++)
        cr_expect(isfinite(match->corner[i].x) && isfinite(match->corner[i].y));
    cr_expect(match->agreeing <= RESIGHT_PATCHES_KNOWN_MAX);
}

Test(compare, hostile_lists_are_harmless) {
    patches known = {.list = {known.items, RESIGHT_PATCHES_KNOWN_MAX, 1, 1000000}};
    patches query = {.list = {query.items, RESIGHT_PATCHES_QUERY_MAX, 1000000, 1}};
    for (int kind = 0; kind < 5; kind++) {
        uint32_t lcg = 99;
        for (uint32_t i = 0; i < 192; i++) {
            lcg = lcg * 1664525 + 1013904223;
            resight_patch p = {0, 5000, 5000, 1, 0};
            if (kind >= 1)
                p.x = (uint16_t)(lcg >> 16), p.y = (uint16_t)lcg;
            if (kind >= 2)
                p.width = (uint16_t)(1 + (lcg >> 8) % 65535);
            if (kind >= 3)
                p.angle = (uint16_t)(lcg >> 4);
            if (kind >= 4)
                p.key = (uint64_t)(lcg >> 30);
            query.items[i] = p;
            known.items[i % RESIGHT_PATCHES_KNOWN_MAX] = p;
        }
        const resight_patch_match match = compare(&query, &known);
        expect_sane(&match);
        cr_expect_neq(match.level, RESIGHT_PATCHES_CERTAIN); /* one look, however often */
    }
}

Test(compare, empty_lists_are_nothing_and_wrong_ones_refused) {
    patches known = {.list = {known.items, 0, 1, 1}}, query = {.list = {query.items, 0, 1, 1}};
    resight_patch_match match = compare(&query, &known);
    cr_expect(match.level == RESIGHT_PATCHES_NOTHING && match.agreeing == 0);
    known.list.count = RESIGHT_PATCHES_KNOWN_MAX + 1;
    cr_expect_eq(resight_patches_compare(&query.list, &known.list, &match), RESIGHT_E_ARG);
    known.list.count = 1;
    known.items[0] = (resight_patch){0, 1, 1, 0, 0}; /* a square without a side */
    cr_expect_eq(resight_patches_compare(&query.list, &known.list, &match), RESIGHT_E_ARG);
    known.list = (resight_patch_list){known.items, 0, 0, 1};
    cr_expect_eq(resight_patches_compare(&query.list, &known.list, &match), RESIGHT_E_ARG);
}
