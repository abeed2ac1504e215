/* SPDX-License-Identifier: Apache-2.0 */
/* The multi-index against the oracle: every shape of data, radii below, at and beyond the guarantee, damaged tables. */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static resight_index_plan plan_for(uint32_t count, unsigned radius_bits) {
    resight_index_plan plan;
    cr_assert_eq(resight_index_plan_for(count, radius_bits, &plan), RESIGHT_OK);
    return plan;
}

static void check_query(const built_index *built, const resight_hash *query, unsigned radius_bits, const char *what) {
    resight_hits hits = {0}, expected = naive(built->hashes, built->view.count, query, radius_bits, 7);
    char text[120];
    snprintf(text, sizeof text, "%s, %u hashes, %u bits guaranteed, radius %u", what, built->view.count,
             built->view.plan.radius_bits, radius_bits);
    cr_assert_eq(resight_index_query(&built->view, query, radius_bits, 7, &hits), RESIGHT_OK);
    check_hits(&hits, &expected, text);
    resight_hits_free(&hits);
    resight_hits_free(&expected);
}

static resight_hash near_some(const built_index *built, unsigned distance) {
    return turned(&built->hashes[next() % built->view.count], distance);
}

static void check_shape(shape s, uint32_t count, unsigned radius_bits, int queries) {
    resight_hash *hashes = calloc(count, sizeof *hashes);
    fill(hashes, count, s);
    const resight_index_plan plan = plan_for(count, radius_bits);
    built_index built = built_index_new(&plan, hashes, count);
    for (int i = 0; i < queries; i++) {
        const unsigned radius = i % 4 == 0 ? next() % (plan.radius_bits + 1) : plan.radius_bits;
        const resight_hash query = near_some(&built, i % 3 == 0 ? radius : next() % 80);
        check_query(&built, &query, radius, shape_names[s]);
    }
    built_index_free(&built);
    free(hashes);
}

/* Counts at which the index is worth more than a scan, and at which it is not. */
Test(index, equals_the_definition, .timeout = 120) {
    seed();
    for (unsigned s = 0; s < SHAPES; s++) {
        check_shape((shape)s, 1, 31, 20);
        check_shape((shape)s, 300, 31, 20);
        check_shape((shape)s, 20000, 31, 100);
        check_shape((shape)s, 60000, 31, 40);
        check_shape((shape)s, 30000, 12, 40);
        check_shape((shape)s, 30000, 63, 20);
    }
}

/* A batch gives what its queries give one by one, whether they are looked up, scanned for, or some of each. */
static void check_batch(shape s, uint32_t count, uint32_t query_count, unsigned radius_bits) {
    resight_hash *hashes = calloc(count, sizeof *hashes), *queries = calloc(query_count, sizeof *queries);
    resight_hits hits = {0}, expected = {0};
    fill(hashes, count, s);
    const resight_index_plan plan = plan_for(count, 31);
    built_index built = built_index_new(&plan, hashes, count);
    for (uint32_t q = 0; q < query_count; q++) {
        queries[q] = near_some(&built, next() % 80);
        cr_assert_eq(resight_index_query(&built.view, &queries[q], radius_bits, (uint16_t)q, &expected), RESIGHT_OK);
    }
    cr_assert_eq(resight_index_query_batch(&built.view, queries, query_count, radius_bits, &hits), RESIGHT_OK);
    resight_hits_sort(&expected);
    check_hits(&hits, &expected, shape_names[s]);
    resight_hits_free(&hits);
    resight_hits_free(&expected);
    built_index_free(&built);
    free(queries);
    free(hashes);
}

Test(index, batches_equal_single_queries, .timeout = 120) {
    seed();
    for (unsigned s = 0; s < SHAPES; s++)
        for (uint32_t query_count = 1; query_count < 40; query_count += 1 + query_count / 3) {
            check_batch((shape)s, 20000, query_count, 31);
            check_batch((shape)s, 3000, query_count, next() % 60);
        }
}

Test(index, every_radius) {
    enum { COUNT = 9000 };
    static resight_hash hashes[COUNT];
    seed();
    fill(hashes, COUNT, NEAR_COPIES);
    const resight_index_plan plan = plan_for(COUNT, 31);
    built_index built = built_index_new(&plan, hashes, COUNT);
    for (unsigned radius = 0; radius <= 256; radius++) {
        const resight_hash query = near_some(&built, radius);
        check_query(&built, &query, radius, "near copies");
    }
    resight_hits hits = {0};
    cr_assert_eq(resight_index_query(&built.view, hashes, 257, 0, &hits), RESIGHT_E_ARG);
    built_index_free(&built);
}

Test(index, empty) {
    const resight_index_plan plan = plan_for(0, 31);
    const resight_hash query = {{1, 2, 3, 4}};
    built_index built = built_index_new(&plan, NULL, 0);
    resight_hits hits = {0};
    cr_assert_eq(resight_index_query(&built.view, &query, 31, 0, &hits), RESIGHT_OK);
    cr_assert_eq(resight_index_query(&built.view, &query, 256, 0, &hits), RESIGHT_OK);
    cr_assert_eq(resight_index_nearest(&built.view, &query, 5, &hits), RESIGHT_OK);
    cr_assert_eq(hits.count, 0);
    built_index_free(&built);
}

/* Turn `bits` different bits of a band. */
static void turn_in_band(resight_hash *hash, const resight_band *band, unsigned bits) {
    for (unsigned i = 0; i < bits; i++)
        flip(hash, band->first_bit + (i % 2 ? band->width_bits - 1 - i / 2 : i / 2));
}

/*
 * The hardest neighbours: in every band but one they lie one bit beyond the band's radius, in that one at its radius,
 * so that a single band leads to them, and the whole is exactly the guaranteed radius. One bit more is out of reach.
 */
static void check_planted(unsigned radius_bits, uint32_t count) {
    resight_hash *hashes = calloc(count, sizeof *hashes), query;
    fill(hashes, count, UNIFORM);
    const resight_index_plan plan = plan_for(count, radius_bits);
    fill(&query, 1, UNIFORM);
    for (uint32_t only = 0; only <= plan.band_count; only++) {
        hashes[only * 7] = query;
        for (uint32_t b = 0; b < plan.band_count; b++)
            turn_in_band(&hashes[only * 7], &plan.band[b], plan.band[b].radius_bits + (b == only ? 0u : 1u));
    }
    built_index built = built_index_new(&plan, hashes, count);
    resight_hits hits = {0};
    cr_assert_eq(resight_index_query(&built.view, &query, plan.radius_bits, 0, &hits), RESIGHT_OK);
    resight_hits_sort(&hits);
    cr_assert_eq(hits.count, plan.band_count, "radius %u: %zu of %u planted were found", radius_bits, hits.count,
                 plan.band_count);
    for (uint32_t only = 0; only < plan.band_count; only++) {
        cr_assert_eq(hits.items[only].index, only * 7);
        cr_assert_eq(hits.items[only].distance_bits, plan.radius_bits);
    }
    resight_hits_free(&hits);
    built_index_free(&built);
    free(hashes);
}

Test(index, neighbours_that_a_single_band_finds, .timeout = 60) {
    static const unsigned radii[] = {9, 15, 20, 31, 32, 40, 47, 48, 63};
    seed();
    for (size_t r = 0; r < sizeof radii / sizeof *radii; r++) {
        check_planted(radii[r], 70000);
        check_planted(radii[r], 300000);
    }
}

/* A plan of another shape, as a database of another version might carry. */
Test(index, foreign_plans) {
    enum { COUNT = 40000 };
    static resight_hash hashes[COUNT];
    resight_index_plan plan = {.radius_bits = 0};
    seed();
    fill(hashes, COUNT, NEAR_COPIES);
    for (unsigned bits = 0; bits < 256; plan.band_count++) { /* narrow ones, some with a radius over their width */
        const unsigned width = plan.band_count % 4 == 0 ? 2 : 14, left = 256 - bits;
        resight_band *band = &plan.band[plan.band_count];
        *band =
            (resight_band){(uint16_t)bits, (uint8_t)(width < left ? width : left), plan.band_count % 4 == 0 ? 3 : 0};
        plan.radius_bits += band->radius_bits + 1u;
        bits += band->width_bits;
    }
    plan.radius_bits--;
    cr_assert_eq(resight_index_plan_check(&plan), RESIGHT_OK);
    built_index built = built_index_new(&plan, hashes, COUNT);
    for (unsigned radius = 0; radius <= plan.radius_bits; radius++) {
        const resight_hash query = near_some(&built, radius);
        check_query(&built, &query, radius, "foreign plan");
    }
    built_index_free(&built);
}

static void check_nearest(const built_index *built, const resight_hash *query, uint32_t k, const char *what) {
    resight_hits hits = {0}, all = naive(built->hashes, built->view.count, query, 256, 0);
    all.count = k < all.count ? k : all.count;
    cr_assert_eq(resight_index_nearest(&built->view, query, k, &hits), RESIGHT_OK);
    cr_assert_eq(hits.count, all.count, "%s: %zu of %u nearest", what, hits.count, k);
    cr_assert_arr_eq(hits.items, all.items, hits.count * sizeof *hits.items, "%s: %u nearest", what, k);
    resight_hits_free(&hits);
    resight_hits_free(&all);
}

Test(index, nearest_with_ties, .timeout = 60) {
    enum { COUNT = 30000 };
    static const uint32_t counts[] = {1, 2, 3, 10, 100, 1500, COUNT - 1, COUNT, COUNT + 1, UINT32_MAX};
    static resight_hash hashes[COUNT];
    seed();
    for (unsigned s = 0; s < SHAPES; s++) {
        fill(hashes, COUNT, (shape)s);
        const resight_index_plan plan = plan_for(COUNT, 31);
        built_index built = built_index_new(&plan, hashes, COUNT);
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            const resight_hash near = near_some(&built, next() % 40), far = near_some(&built, 200);
            check_nearest(&built, &near, counts[k], shape_names[s]);
            check_nearest(&built, &far, counts[k], shape_names[s]);
            check_nearest(&built, &hashes[k], counts[k], shape_names[s]);
        }
        resight_hits hits = {0};
        cr_assert_eq(resight_index_nearest(&built.view, hashes, 0, &hits), RESIGHT_E_ARG);
        built_index_free(&built);
    }
}

/* An index in which every bucket of a band stands at `from`..`to`, or every posting is `posting`. */
static void damage(built_index *built, uint32_t b, uint32_t from, uint32_t to) {
    const size_t entries = resight_band_offsets(&built->view.plan.band[b]);
    for (size_t i = 0; i < entries; i++)
        built->offsets[b][i] = i % 2 ? to : from;
}

/* The arrays end where malloc's do: under ASan a step outside is a failure. */
Test(index, damage_is_found_and_hits_are_unchanged) {
    enum { COUNT = 50000 };
    static resight_hash hashes[COUNT];
    seed();
    fill(hashes, COUNT, UNIFORM);
    const resight_index_plan plan = plan_for(COUNT, 31);
    static const uint32_t bounds[][2] = {{UINT32_MAX, UINT32_MAX}, {0, COUNT + 1}, {COUNT + 1, COUNT + 2}, {5, 4},
                                         {0, UINT32_MAX},          {1u << 31, 0}};
    for (size_t d = 0; d <= sizeof bounds / sizeof *bounds; d++) {
        built_index built = built_index_new(&plan, hashes, COUNT);
        const uint32_t b = next() % plan.band_count;
        if (d < sizeof bounds / sizeof *bounds)
            damage(&built, b, bounds[d][0], bounds[d][1]);
        else
            for (uint32_t i = 0; i < COUNT; i++)
                built.postings[b][i] = i % 2 ? COUNT : UINT32_MAX;
        resight_hits hits = {0};
        const resight_hit kept = {1, 2, 3};
        hits.items = malloc(sizeof kept);
        hits.items[0] = kept;
        hits.count = hits.capacity = 1;
        cr_expect_eq(resight_index_query(&built.view, hashes, 31, 0, &hits), RESIGHT_E_DAMAGED, "damage %zu", d);
        cr_expect_eq(resight_index_nearest(&built.view, hashes, 2, &hits), RESIGHT_E_DAMAGED, "damage %zu", d);
        cr_expect_eq(hits.count, 1);
        cr_expect_arr_eq(hits.items, &kept, sizeof kept);
        resight_hits_free(&hits);
        built_index_free(&built);
    }
}

/* Random changes: an answer or "damaged", and never a hit that is not one. */
Test(index, random_damage_never_leads_outside, .timeout = 60) {
    enum { COUNT = 20000, ROUNDS = 300 };
    static resight_hash hashes[COUNT];
    seed();
    fill(hashes, COUNT, NEAR_COPIES);
    const resight_index_plan plan = plan_for(COUNT, 31);
    built_index built = built_index_new(&plan, hashes, COUNT);
    int found = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 200; i++) {
            const uint32_t b = next() % plan.band_count;
            built.offsets[b][next() % resight_band_offsets(&plan.band[b])] ^= 1u << next() % 32;
            built.postings[b][next() % COUNT] ^= 1u << next() % 32;
        }
        const resight_hash query = near_some(&built, next() % 40);
        resight_hits hits = {0};
        const int status = resight_index_query(&built.view, &query, 31, 0, &hits);
        cr_assert(status == RESIGHT_OK || status == RESIGHT_E_DAMAGED);
        cr_assert(status == RESIGHT_OK || hits.count == 0);
        found += status == RESIGHT_E_DAMAGED;
        for (size_t i = 0; i < hits.count; i++) {
            cr_assert_lt(hits.items[i].index, COUNT);
            cr_assert_leq(hits.items[i].distance_bits, 31);
        }
        resight_hits_free(&hits);
    }
    cr_expect_gt(found, ROUNDS / 3);
    built_index_free(&built);
}
