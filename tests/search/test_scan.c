/* SPDX-License-Identifier: Apache-2.0 */
/* The linear scan against the oracle, and the array of hits. */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned radii[] = {0, 1, 31, 63, 64, 100, 128, 160, 255, 256};

/* Queries: one in three random, the others a few bits from some hash or right on the radius. */
static void fill_queries(resight_hash *queries, uint32_t query_count, const resight_hash *hashes, uint32_t count,
                         unsigned radius_bits) {
    fill(queries, query_count, UNIFORM);
    for (uint32_t q = 0; q < query_count && count > 0; q++)
        if (q % 3 > 0)
            queries[q] = turned(&hashes[next() % count], q % 3 == 1 ? radius_bits : next() % 40);
}

static void check_scan(const resight_hash *hashes, uint32_t count, uint32_t query_count, unsigned radius_bits) {
    resight_hash *queries = calloc(query_count, sizeof *queries);
    fill_queries(queries, query_count, hashes, count, radius_bits);
    resight_hits hits = {0};
    cr_assert_eq(resight_scan(hashes, count, queries, query_count, radius_bits, &hits), RESIGHT_OK);
    for (uint32_t q = 0; q < query_count; q++) {
        char what[80];
        snprintf(what, sizeof what, "%u hashes, query %u of %u, radius %u", count, q, query_count, radius_bits);
        resight_hits expected = naive(hashes, count, &queries[q], radius_bits, (uint16_t)q), own = {0};
        own.items = calloc(hits.count + 1, sizeof *own.items);
        for (size_t i = 0; i < hits.count; i++)
            if (hits.items[i].query == q)
                own.items[own.count++] = hits.items[i];
        check_hits(&own, &expected, what);
        resight_hits_free(&own);
        resight_hits_free(&expected);
    }
    resight_hits_free(&hits);
    free(queries);
}

Test(scan, equals_the_definition, .timeout = 60) {
    static const uint32_t counts[] = {0, 1, 7, 8, 9, 1023, 1024, 1025, 2056, 3001};
    static const uint32_t query_counts[] = {1, 7, 8, 9, 17};
    static resight_hash hashes[3001];
    seed();
    for (unsigned s = 0; s < SHAPES; s++) {
        fill(hashes, 3001, (shape)s);
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (size_t q = 0; q < sizeof query_counts / sizeof *query_counts; q++)
                check_scan(hashes, counts[c], query_counts[q], radii[(c + 3 * q + s) % (sizeof radii / sizeof *radii)]);
        for (size_t r = 0; r < sizeof radii / sizeof *radii; r++)
            check_scan(hashes, 300, 3, radii[r]);
    }
}

Test(scan, appends_and_refuses) {
    resight_hash hashes[3] = {{{0}}};
    resight_hits hits = {0};
    cr_assert_eq(resight_scan(hashes, 3, hashes, 1, 0, &hits), RESIGHT_OK);
    cr_assert_eq(hits.count, 3);
    cr_assert_eq(resight_scan(hashes, 3, hashes, 0, 0, &hits), RESIGHT_E_ARG);
    cr_assert_eq(resight_scan(hashes, 3, hashes, 65536, 0, &hits), RESIGHT_E_ARG);
    cr_assert_eq(resight_scan(hashes, 3, hashes, 1, 257, &hits), RESIGHT_E_ARG);
    cr_assert_eq(resight_scan(NULL, 0, hashes, 1, 256, &hits), RESIGHT_OK);
    cr_assert_eq(hits.count, 3);
    cr_assert_eq(resight_scan(hashes, 3, hashes, 2, 0, &hits), RESIGHT_OK);
    cr_assert_eq(hits.count, 9);
    resight_hits_free(&hits);
    cr_assert_null(hits.items);
    cr_assert_eq(hits.count + hits.capacity, 0);
}

Test(scan, most_queries_at_once) {
    static resight_hash queries[65535];
    const resight_hash zero = {{0}};
    for (uint32_t q = 0; q < 65535; q++)
        queries[q].w[3] = (uint64_t)q << 20;
    resight_hits hits = {0};
    cr_assert_eq(resight_scan(&zero, 1, queries, 65535, 0, &hits), RESIGHT_OK);
    cr_assert_eq(hits.count, 1);
    cr_assert_eq(hits.items[0].query, 0);
    cr_assert_eq(resight_scan(&queries[65534], 1, queries, 65535, 0, &hits), RESIGHT_OK);
    cr_assert_eq(hits.items[1].query, 65534);
    resight_hits_free(&hits);
}

Test(scan, hits_sort_by_distance_then_index) {
    resight_hit items[] = {{5, 3, 0}, {4, 3, 1}, {UINT32_MAX, 0, 0}, {0, 256, 0}, {4, 3, 0}};
    static const resight_hit sorted[] = {{UINT32_MAX, 0, 0}, {4, 3, 0}, {4, 3, 1}, {5, 3, 0}, {0, 256, 0}};
    resight_hits hits = {.items = items, .count = 5, .capacity = 5}, none = {0};
    resight_hits_sort(&hits);
    cr_assert_arr_eq(items, sorted, sizeof items);
    resight_hits_sort(&none);
    resight_hits_free(&none);
}
