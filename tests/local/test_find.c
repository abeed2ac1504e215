/* SPDX-License-Identifier: Apache-2.0 */
/* Finding patches: what is promised of every picture. */
#include "base/cleanup.h"
#include "drawing.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const double as_is[2][3] = {{1.25, 0, 0}, {0, 1.25, 0}}; /* 512 x 384 show the scene */

static resight_patcher *patcher_new(void) {
    resight_patcher *patcher = NULL;
    cr_assert_eq(resight_patcher_new(&patcher), RESIGHT_OK);
    return patcher;
}

static size_t find(resight_patcher *patcher, resight_image image, resight_patch_role role,
                   resight_patch out[RESIGHT_PATCHES_QUERY_MAX]) {
    size_t count = SIZE_MAX;
    cr_assert_eq(resight_patcher_find(patcher, &image, role, out, RESIGHT_PATCHES_QUERY_MAX, &count), RESIGHT_OK);
    return count;
}

Test(find, the_same_pixels_give_the_same_patches_whatever_came_before) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    CLEANUP_FREE uint8_t *px = malloc((size_t)600 * 384);
    resight_patch first[RESIGHT_PATCHES_QUERY_MAX], again[RESIGHT_PATCHES_QUERY_MAX];
    draw(px, 512, 384, as_is, 1);
    const size_t count = find(patcher, drawn(px, 512, 384), RESIGHT_PATCHES_QUERY, first);
    cr_expect(count > 50, "%zu", count);
    find(patcher, drawn(px, 300, 77), RESIGHT_PATCHES_KNOWN, again);
    for (size_t y = 384; y-- > 0;) /* the same picture with another stride */
        memmove(px + y * 600, px + y * 512, 512);
    resight_image wide = drawn(px, 512, 384);
    wide.stride_bytes = 600;
    cr_assert_eq(find(patcher, wide, RESIGHT_PATCHES_QUERY, again), count);
    cr_expect_eq(memcmp(first, again, count * sizeof *first), 0);
}

/* The patches of one drawing, pinned: another compiler, processor or optimisation gives these very ones. */
Test(find, patches_are_the_same_on_every_machine) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    uint8_t px[256 * 192];
    uint32_t lcg = 7; /* integers only: a drawing by libm would not be the same everywhere */
    int grey = 128;
    for (size_t i = 0; i < sizeof px; i++) {
        lcg = lcg * 1664525 + 1013904223;
        const int above = i >= 256 ? px[i - 256] : 128;
        grey = (5 * grey + 10 * above + (int)(lcg >> 24)) / 16;
        px[i] = (uint8_t)grey;
    }
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    const size_t count = find(patcher, drawn(px, 256, 192), RESIGHT_PATCHES_QUERY, patches);
    uint64_t digest = 14695981039346656037u; /* FNV-1a over the numbers, not the bytes */
    for (size_t i = 0; i < count; i++) {
        const uint64_t numbers[] = {patches[i].key, patches[i].x, patches[i].y, patches[i].width, patches[i].angle};
        for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
            digest = (digest ^ numbers[n]) * 1099511628211u;
    }
    cr_expect_eq(count, 162, "%zu", count);
    cr_expect_eq(digest, 0xd31898841c85e16du, "%016llx", (unsigned long long)digest);
}

Test(find, roles_keep_their_bands_and_quotas) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    CLEANUP_FREE uint8_t *px = malloc((size_t)512 * 384);
    resight_patch known[RESIGHT_PATCHES_QUERY_MAX], query[RESIGHT_PATCHES_QUERY_MAX];
    draw(px, 512, 384, as_is, 2);
    const size_t n = find(patcher, drawn(px, 512, 384), RESIGHT_PATCHES_KNOWN, known);
    const size_t m = find(patcher, drawn(px, 512, 384), RESIGHT_PATCHES_QUERY, query);
    cr_expect(n <= RESIGHT_PATCHES_KNOWN_MAX && m > n && m <= RESIGHT_PATCHES_QUERY_MAX);
    size_t large = 0, tiny = 0;
    for (size_t i = 0; i < n; i++) {
        cr_expect(known[i].width >= 0.0799 * RESIGHT_PATCH_UNITS && known[i].width <= 0.8 * RESIGHT_PATCH_UNITS);
        cr_expect(known[i].x < RESIGHT_PATCH_UNITS && known[i].y < 0.75 * RESIGHT_PATCH_UNITS);
        large += known[i].width >= 0.16 * RESIGHT_PATCH_UNITS;
    }
    for (size_t i = 0; i < m; i++)
        tiny += query[i].width < 0.0799 * RESIGHT_PATCH_UNITS;
    cr_expect(large > 0 && large <= 64 && tiny > 0 && tiny <= 64);
}

Test(find, a_flat_picture_has_none) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    uint8_t px[200 * 100];
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    memset(px, 200, sizeof px);
    cr_expect_eq(find(patcher, drawn(px, 200, 100), RESIGHT_PATCHES_QUERY, patches), 0);
}

/* Under a sanitizer this is the test of every border. */
Test(find, every_small_size_is_safe) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    for (uint32_t w = 1; w <= 70; w += w < 20 ? 1 : 7)
        for (uint32_t h = 1; h <= 70; h += h < 20 ? 1 : 9) {
            CLEANUP_FREE uint8_t *px = malloc((size_t)w * h); /* exactly: a read beyond is seen */
            for (size_t i = 0; i < (size_t)w * h; i++)
                px[i] = (uint8_t)(i * i * 31 >> 3);
            find(patcher, drawn(px, w, h), RESIGHT_PATCHES_QUERY, patches);
        }
}

Test(find, lines_of_pixels_have_none) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    uint8_t px[512];
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * 37);
    cr_expect_eq(find(patcher, drawn(px, 512, 1), RESIGHT_PATCHES_QUERY, patches), 0);
    cr_expect_eq(find(patcher, drawn(px, 1, 512), RESIGHT_PATCHES_KNOWN, patches), 0);
}

Test(find, noise_fills_the_quotas_and_no_more) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    CLEANUP_FREE uint8_t *px = malloc((size_t)512 * 512);
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    uint32_t lcg = 1;
    for (size_t i = 0; i < (size_t)512 * 512; i++)
        px[i] = (uint8_t)((lcg = lcg * 1664525 + 1013904223) >> 24);
    cr_expect(find(patcher, drawn(px, 512, 512), RESIGHT_PATCHES_QUERY, patches) >= 128);
}

Test(find, what_is_no_thumbnail_is_refused) {
    CLEANUP(resight_patcher_free) resight_patcher *patcher = patcher_new();
    static uint8_t px[513 * 3];
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    size_t count = 77;
    resight_image image = drawn(px, 513, 1);
    cr_expect_eq(resight_patcher_find(patcher, &image, RESIGHT_PATCHES_QUERY, patches, 192, &count), RESIGHT_E_ARG);
    image = (resight_image){px, 20, 20, 60, RESIGHT_RGB24};
    cr_expect_eq(resight_patcher_find(patcher, &image, RESIGHT_PATCHES_QUERY, patches, 192, &count), RESIGHT_E_ARG);
    image = drawn(px, 20, 20);
    cr_expect_eq(resight_patcher_find(patcher, &image, RESIGHT_PATCHES_QUERY, patches, 191, &count), RESIGHT_E_ARG);
    cr_expect_eq(resight_patcher_find(patcher, &image, RESIGHT_PATCHES_KNOWN, patches, 127, &count), RESIGHT_E_ARG);
    cr_expect_eq(resight_patcher_find(patcher, &image, (resight_patch_role)0, patches, 192, &count), RESIGHT_E_ARG);
    cr_expect_eq(count, 77);
}
