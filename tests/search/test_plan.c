/* SPDX-License-Identifier: Apache-2.0 */
/* Plans keep their promise for every count and radius; bands are cut, built and checked as the header says. */
#include "data.h"

#include <stdlib.h>
#include <string.h>

static void check_plan(uint32_t count, unsigned radius_bits) {
    resight_index_plan plan, again;
    cr_assert_eq(resight_index_plan_for(count, radius_bits, &plan), RESIGHT_OK);
    cr_assert_eq(resight_index_plan_check(&plan), RESIGHT_OK, "%u hashes, radius %u", count, radius_bits);
    cr_assert_geq(plan.radius_bits, radius_bits);
    memset(&again, 0xff, sizeof again);
    cr_assert_eq(resight_index_plan_for(count, radius_bits, &again), RESIGHT_OK);
    cr_assert_arr_eq(&plan, &again, sizeof plan, "the plan depends on more than its arguments");
    if (plan.radius_bits == radius_bits)
        return;
    for (uint32_t b = 0; b < plan.band_count; b++) /* more is promised only where fewer bands are too wide */
        cr_assert_eq(plan.band[b].radius_bits, 0, "%u hashes, radius %u", count, radius_bits);
}

Test(plan, holds_for_every_count_and_radius, .timeout = 60) {
    for (unsigned radius_bits = 0; radius_bits <= 63; radius_bits++) {
        check_plan(0, radius_bits);
        for (unsigned power = 0; power < 32; power++)
            for (uint32_t around = 0; around < 3; around++)
                check_plan(((uint32_t)1 << power) + around - 1, radius_bits);
        check_plan(UINT32_MAX, radius_bits);
    }
}

Test(plan, tables_are_about_as_long_as_the_array) {
    for (uint32_t count = 1 << 12; count < 1u << 28; count *= 2) {
        resight_index_plan plan;
        cr_assert_eq(resight_index_plan_for(count, 31, &plan), RESIGHT_OK);
        for (uint32_t b = 0; b < plan.band_count; b++)
            cr_assert_leq(resight_band_offsets(&plan.band[b]), (size_t)count * 2 + 1);
    }
}

Test(plan, radius_out_of_range_is_refused) {
    resight_index_plan plan = {.radius_bits = 12345};
    cr_assert_eq(resight_index_plan_for(1000, 64, &plan), RESIGHT_E_ARG);
    cr_assert_eq(plan.radius_bits, 12345);
}

Test(plan, bad_ones_are_refused) {
    resight_index_plan good;
    cr_assert_eq(resight_index_plan_for(1000000, 31, &good), RESIGHT_OK);
    resight_index_plan bad[13];
    for (size_t i = 0; i < 13; i++)
        bad[i] = good;
    bad[0].band_count = 0;
    bad[1].band_count = RESIGHT_MAX_BANDS + 1;
    bad[2].band_count--;
    bad[3].radius_bits++;
    bad[4].radius_bits = UINT32_MAX;
    bad[5].band[3].first_bit++;
    bad[6].band[3].width_bits++;
    bad[7].band[0].width_bits = 0;
    bad[8].band[0].width_bits = 29;
    bad[9].band[1].radius_bits = 4;
    bad[10].band[1].radius_bits = (uint8_t)(good.band[1].radius_bits + 1); /* the sum is no longer what is promised */
    bad[11].band[good.band_count - 1].width_bits++;                        /* 257 bits */
    bad[12].band[good.band_count - 1].width_bits--;
    for (size_t i = 0; i < 13; i++) {
        const resight_index index = {.plan = bad[i]};
        const resight_hash query = {{0}};
        resight_hits hits = {0};
        cr_expect_eq(resight_index_plan_check(&bad[i]), RESIGHT_E_ARG, "plan %zu", i);
        cr_expect_eq(resight_index_query(&index, &query, 31, 0, &hits), RESIGHT_E_ARG, "plan %zu", i);
        cr_expect_eq(resight_index_nearest(&index, &query, 1, &hits), RESIGHT_E_ARG, "plan %zu", i);
    }
    cr_assert_eq(resight_index_plan_check(&good), RESIGHT_OK);
}

Test(band, value_is_the_run_of_bits) {
    resight_hash hash;
    seed();
    fill(&hash, 1, UNIFORM);
    for (uint16_t first = 0; first < 256; first++)
        for (uint8_t width = 1; width <= 28 && first + width <= 256; width++) {
            const resight_band band = {first, width, 0};
            uint32_t expected = 0;
            for (unsigned bit = 0; bit < width; bit++)
                expected |= (uint32_t)(hash.w[(first + bit) / 64] >> (first + bit) % 64 & 1) << bit;
            cr_assert_eq(resight_band_value(&hash, &band), expected, "%u bits from %u", width, first);
        }
}

Test(band, build_sorts_and_refuses) {
    enum { COUNT = 500 };
    static resight_hash hashes[COUNT];
    uint32_t offsets[(1 << 9) + 1], postings[COUNT];
    const resight_band band = {60, 9, 0}, bad[] = {{0, 0, 0}, {0, 29, 0}, {250, 7, 0}};
    seed();
    fill(hashes, COUNT, UNIFORM);
    cr_assert_eq(resight_band_offsets(&band), (1 << 9) + 1);
    cr_assert_eq(resight_band_build(&band, hashes, COUNT, offsets, postings), RESIGHT_OK);
    for (uint32_t value = 0; value < 1 << 9; value++)
        for (uint32_t i = offsets[value]; i < offsets[value + 1]; i++) {
            cr_assert_eq(resight_band_value(&hashes[postings[i]], &band), value);
            cr_assert(i == offsets[value] || postings[i - 1] < postings[i]);
        }
    cr_assert_eq(offsets[0], 0);
    cr_assert_eq(offsets[1 << 9], COUNT);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(resight_band_build(&bad[i], hashes, COUNT, offsets, postings), RESIGHT_E_ARG);
        cr_assert_eq(resight_band_check(&bad[i], hashes, COUNT, offsets, postings), RESIGHT_E_DAMAGED);
    }
    cr_assert_eq(resight_band_build(&band, NULL, 0, offsets, NULL), RESIGHT_OK);
    cr_assert_eq(resight_band_check(&band, NULL, 0, offsets, NULL), RESIGHT_OK);
}

/* Any one entry changed is found. */
Test(band, check_finds_every_change) {
    enum { COUNT = 300, VALUES = 1 << 8 };
    static resight_hash hashes[COUNT];
    uint32_t tables[VALUES + 1 + COUNT];
    const resight_band band = {8, 8, 0};
    seed();
    fill(hashes, COUNT, UNIFORM);
    uint32_t *postings = tables + VALUES + 1;
    cr_assert_eq(resight_band_build(&band, hashes, COUNT, tables, postings), RESIGHT_OK);
    for (size_t i = 0; i < VALUES + 1 + COUNT; i++) {
        const uint32_t kept = tables[i];
        const uint32_t changes[] = {
            kept + 1, kept - 1, ~kept, COUNT, kept ^ 1u << next() % 32, tables[i > 0 ? i - 1 : i]};
        for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
            tables[i] = changes[c];
            cr_assert_eq(resight_band_check(&band, hashes, COUNT, tables, postings),
                         changes[c] == kept ? RESIGHT_OK : RESIGHT_E_DAMAGED, "entry %zu from %u to %u", i, kept,
                         changes[c]);
        }
        tables[i] = kept;
    }
}

/* All in one bucket, so that nothing but the bounds stops the reading; the arrays end where malloc's do. */
Test(band, check_stays_inside) {
    enum { COUNT = 10 };
    const resight_hash hashes[COUNT] = {{{0}}};
    const resight_band band = {0, 1, 0};
    uint32_t offsets[3], *postings = malloc(COUNT * sizeof *postings);
    cr_assert_eq(resight_band_build(&band, hashes, COUNT, offsets, postings), RESIGHT_OK);
    for (uint32_t beyond = 1; beyond < 5; beyond++) {
        offsets[1] = COUNT + beyond;
        cr_expect_eq(resight_band_check(&band, hashes, COUNT, offsets, postings), RESIGHT_E_DAMAGED);
    }
    free(postings);
}
