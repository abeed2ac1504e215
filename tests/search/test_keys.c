/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of 64 bits: scan and multi-index against the definition, on even and crowded keys, with limits and damage. */
#include "data.h"

#include <resight/patch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUERIES = 300 }; /* more than are answered in one batch */

static uint64_t key(void) {
    return (uint64_t)next() << 32 | next();
}

static uint64_t key_near(uint64_t from, unsigned distance) {
    uint64_t turns = 0;
    while ((unsigned)__builtin_popcountll(turns) < distance)
        turns |= (uint64_t)1 << next() % 64;
    return from ^ turns;
}

typedef enum key_shape {
    EVEN,
    FAMILIES,   /* a few dozen prototypes with some bits turned */
    LOW_CROWD,  /* nine in ten agree in the first 22 bits, which are a band or more */
    MOST_EQUAL, /* but for a bit or two */
    KEY_SHAPES
} key_shape;

static uint64_t draw(key_shape kind, const uint64_t *prototypes) {
    switch (kind) {
    case FAMILIES: return key_near(prototypes[next() % 40], next() % 14);
    case LOW_CROWD: return next() % 10 ? (key() & ~UINT64_C(0x3fffff)) | 0x12345 : key();
    case MOST_EQUAL: return next() % 50 ? key_near(prototypes[0], next() % 3) : key();
    case EVEN:
    case KEY_SHAPES: break;
    }
    return key();
}

/* An index whose arrays are malloc'd to the byte, so that ASan sees a step outside. */
typedef struct key_set {
    resight_key_index view;
    uint64_t *keys;
    uint64_t queries[QUERIES];
    uint32_t *offsets[RESIGHT_MAX_KEY_BANDS];
    uint8_t *postings[RESIGHT_MAX_KEY_BANDS];
} key_set;

static void build(key_set *set, const resight_index_plan *plan) {
    const uint32_t count = set->view.count;
    set->view.plan = *plan;
    for (uint32_t b = 0; b < plan->band_count; b++) {
        const resight_band *band = &plan->band[b];
        set->offsets[b] = malloc(resight_band_offsets(band) * sizeof(uint32_t));
        set->postings[b] = malloc((size_t)count * RESIGHT_KEY_POSTING_BYTES);
        cr_assert_eq(resight_key_band_build(band, set->keys, count, set->offsets[b], set->postings[b]), RESIGHT_OK);
        cr_assert_eq(resight_key_band_check(band, set->keys, count, set->offsets[b], set->postings[b]), RESIGHT_OK);
        set->view.offsets[b] = set->offsets[b];
        set->view.postings[b] = set->postings[b];
    }
}

static key_set *set_new(key_shape kind, uint32_t count, const resight_index_plan *plan) {
    uint64_t prototypes[40];
    key_set *set = calloc(1, sizeof *set);
    for (size_t i = 0; i < 40; i++)
        prototypes[i] = key();
    set->keys = malloc(count * sizeof *set->keys);
    for (uint32_t i = 0; i < count; i++)
        set->keys[i] = draw(kind, prototypes);
    for (uint32_t q = 0; q < QUERIES; q++)
        set->queries[q] = q % 3 ? key_near(set->keys[next() % count], q % 11) : draw(kind, prototypes);
    set->view.count = count;
    set->view.keys = set->keys;
    build(set, plan);
    return set;
}

static void set_free(key_set *set) {
    for (uint32_t b = 0; b < RESIGHT_MAX_KEY_BANDS; b++) {
        free(set->offsets[b]);
        free(set->postings[b]);
    }
    free(set->keys);
    free(set);
}

/* Bands of one width and radius; they leave bits out when they are narrow. */
static resight_index_plan plan_of(uint32_t bands, uint8_t width_bits, uint8_t radius_bits) {
    resight_index_plan plan = {.radius_bits = bands * (radius_bits + 1u) - 1, .band_count = bands};
    for (uint32_t b = 0; b < bands; b++)
        plan.band[b] = (resight_band){(uint16_t)(b * width_bits), width_bits, radius_bits};
    return plan;
}

/* The definition, in the order of index and query. Bits are counted one by one. */
static resight_hits by_definition(const key_set *set, uint32_t query_count, unsigned radius_bits) {
    resight_hits out = {0};
    for (uint32_t i = 0; i < set->view.count; i++)
        for (uint32_t q = 0; q < query_count; q++) {
            unsigned distance = 0;
            for (uint64_t left = set->keys[i] ^ set->queries[q]; left; left &= left - 1)
                distance++;
            if (distance > radius_bits)
                continue;
            if (out.count == out.capacity) {
                out.capacity = out.capacity ? 2 * out.capacity : 64;
                out.items = realloc(out.items, out.capacity * sizeof *out.items);
            }
            out.items[out.count++] = (resight_hit){i, (uint16_t)distance, (uint16_t)q};
        }
    resight_hits_sort(&out);
    return out;
}

static void check(const key_set *set, uint32_t query_count, unsigned radius_bits, const char *what) {
    resight_hits expected = by_definition(set, query_count, radius_bits), hits = {0};
    cr_assert_eq(resight_key_index_query(&set->view, set->queries, query_count, radius_bits, 0, &hits), RESIGHT_OK);
    check_hits(&hits, &expected, what);
    hits.count = 0;
    cr_assert_eq(resight_key_scan(set->keys, set->view.count, set->queries, query_count, radius_bits, 0, &hits),
                 RESIGHT_OK);
    check_hits(&hits, &expected, "scan");
    resight_hits_free(&hits);
    resight_hits_free(&expected);
}

static void check_shape(key_shape kind, uint32_t count, const resight_index_plan *plan, uint32_t queries) {
    char what[100];
    key_set *set = set_new(kind, count, plan);
    snprintf(what, sizeof what, "shape %d, %u keys, %u bands of %u bits", kind, count, plan->band_count,
             plan->band[0].width_bits);
    check(set, queries, RESIGHT_PATCH_RADIUS_BITS, what);
    check(set, 1, next() % 9, what);
    check(set, 5, 9 + next() % 4, what); /* beyond the guarantee of three bands */
    set_free(set);
}

/* With wide bands nearly all queries are looked up; with narrow ones the candidates are too many, and they are scanned.
 */
Test(keys, equal_the_definition, .timeout = 120) {
    const resight_index_plan plans[] = {plan_of(3, 21, 2), plan_of(3, 16, 2),    plan_of(3, 12, 2),
                                        plan_of(5, 12, 1), plan_of(9 - 1, 8, 1), {0}};
    seed();
    for (int kind = 0; kind < KEY_SHAPES; kind++)
        for (size_t p = 0; p < sizeof plans / sizeof *plans; p++) {
            check_shape((key_shape)kind, 1, &plans[p], 3);
            check_shape((key_shape)kind, 100, &plans[p], QUERIES);
            check_shape((key_shape)kind, 20000, &plans[p], 20);
        }
}

Test(keys, the_plan_of_a_large_bank_finds_all, .timeout = 120) {
    enum { COUNT = 500000 };
    resight_index_plan plan;
    seed();
    cr_assert_eq(resight_key_plan_for(COUNT, RESIGHT_PATCH_RADIUS_BITS, &plan), RESIGHT_OK);
    cr_assert_gt(plan.band_count, 0);
    check_shape(EVEN, COUNT, &plan, 12);
    check_shape(FAMILIES, COUNT, &plan, 3);
    check_shape(LOW_CROWD, COUNT, &plan, 12);
}

/* Every way to spread exactly the guaranteed number of bits over the bands is found, and bits of no band count too. */
Test(keys, the_bound_is_sharp) {
    const resight_index_plan plan = plan_of(3, 16, 2);
    enum { COUNT = 60000 };
    seed();
    key_set *set = set_new(EVEN, COUNT, &plan);
    for (uint32_t q = 0; q < QUERIES; q++) {
        uint64_t turns = 0;
        const uint32_t part[] = {q % 9, q / 9 % 9, q / 81 % 9};
        for (unsigned b = 0; b < 3; b++)
            while ((unsigned)__builtin_popcountll(turns >> 16 * b & 0xffff) < part[b])
                turns |= (uint64_t)1 << (16 * b + next() % 16);
        while (__builtin_popcountll(turns) < 8)
            turns |= (uint64_t)1 << (48 + next() % 16);
        set->queries[q] = set->keys[q] ^ turns;
    }
    check(set, QUERIES, 8, "spread over the bands");
    set_free(set);
}

/* With a limit: all hits of a query that has no more, and limit + 1 true ones of a query that has. */
static void check_limit(const key_set *set, uint32_t limit) {
    static uint32_t all[QUERIES], got[QUERIES];
    resight_hits expected = by_definition(set, QUERIES, 8), hits = {0};
    memset(all, 0, sizeof all);
    memset(got, 0, sizeof got);
    for (size_t i = 0; i < expected.count; i++)
        all[expected.items[i].query]++;
    cr_assert_eq(resight_key_index_query(&set->view, set->queries, QUERIES, 8, limit, &hits), RESIGHT_OK);
    resight_hits_sort(&hits);
    for (size_t i = 0; i < hits.count; i++) {
        const resight_hit *hit = &hits.items[i];
        got[hit->query]++;
        cr_assert_eq(__builtin_popcountll(set->keys[hit->index] ^ set->queries[hit->query]), hit->distance_bits);
        cr_assert_leq(hit->distance_bits, 8);
        cr_assert(i == 0 || memcmp(hit, hit - 1, sizeof *hit) != 0, "the same hit twice");
    }
    for (uint32_t q = 0; q < QUERIES; q++)
        cr_assert_eq(got[q], all[q] > limit ? limit + 1 : all[q], "query %u: %u hits of %u, limit %u", q, got[q],
                     all[q], limit);
    resight_hits_free(&hits);
    resight_hits_free(&expected);
}

Test(keys, limits_hold) {
    const resight_index_plan plans[] = {plan_of(3, 16, 2), plan_of(3, 12, 2), {0}};
    seed();
    for (int kind = 0; kind < KEY_SHAPES; kind++)
        for (size_t p = 0; p < 3; p++) {
            key_set *set = set_new((key_shape)kind, 20000, &plans[p]);
            check_limit(set, 1);
            check_limit(set, 100);
            check_limit(set, 5000);
            set_free(set);
        }
}

Test(keys, plans_are_checked) {
    resight_index_plan plan;
    for (uint32_t count = 1; count < 1u << 26; count += count / 2 + 1)
        for (unsigned radius = 0; radius < 16; radius++) {
            cr_assert_eq(resight_key_plan_for(count, radius, &plan), RESIGHT_OK);
            cr_assert_eq(resight_key_plan_check(&plan), RESIGHT_OK);
            cr_assert(plan.band_count == 0 || plan.radius_bits >= radius);
        }
    cr_expect_eq(resight_key_plan_for(1000, 16, &plan), RESIGHT_E_ARG);
    plan = plan_of(3, 21, 2);
    cr_expect_eq(resight_key_plan_check(&plan), RESIGHT_OK);
    plan.radius_bits++;
    cr_expect_eq(resight_key_plan_check(&plan), RESIGHT_E_ARG, "the sum");
    plan = plan_of(3, 22, 2);
    cr_expect_eq(resight_key_plan_check(&plan), RESIGHT_E_ARG, "66 bits");
    plan = plan_of(2, 21, 3);
    cr_expect_eq(resight_key_plan_check(&plan), RESIGHT_E_ARG, "a radius of three");
    plan = plan_of(3, 21, 2);
    plan.band[1].first_bit = 20;
    cr_expect_eq(resight_key_plan_check(&plan), RESIGHT_E_ARG, "bands that overlap");
    plan = (resight_index_plan){.band_count = 9};
    cr_expect_eq(resight_key_plan_check(&plan), RESIGHT_E_ARG, "nine bands");
}

Test(keys, arguments_and_damage) {
    const resight_index_plan plan = plan_of(3, 16, 2);
    resight_hits hits = {0};
    seed();
    key_set *set = set_new(EVEN, 5000, &plan);
    cr_expect_eq(resight_key_index_query(&set->view, set->queries, 0, 8, 0, &hits), RESIGHT_E_ARG);
    cr_expect_eq(resight_key_index_query(&set->view, set->queries, 1, 65, 0, &hits), RESIGHT_E_ARG);
    cr_expect_eq(resight_key_index_query(&set->view, set->queries, 1, 64, 0, &hits), RESIGHT_OK);
    cr_expect_eq(hits.count, 5000);
    const uint32_t value = set->keys[0] >> 16 & 0xffff; /* a bucket that is not empty */
    set->queries[0] = set->keys[0];
    uint8_t *posting = set->postings[1] + set->offsets[1][value] * RESIGHT_KEY_POSTING_BYTES;
    posting[0] = 5000 % 256;
    posting[1] = 5000 / 256;
    posting[2] = 0;
    cr_expect_eq(resight_key_band_check(&plan.band[1], set->keys, 5000, set->offsets[1], set->postings[1]),
                 RESIGHT_E_DAMAGED);
    cr_expect_eq(resight_key_index_query(&set->view, set->queries, 1, 8, 0, &hits), RESIGHT_E_DAMAGED);
    set->offsets[1][value] = 6000;
    cr_expect_eq(resight_key_index_query(&set->view, set->queries, 1, 8, 0, &hits), RESIGHT_E_DAMAGED);
    cr_expect_eq(hits.count, 5000, "unchanged on failure");
    resight_hits_free(&hits);
    set_free(set);
}
