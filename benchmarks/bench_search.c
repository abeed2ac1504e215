/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact search over uniform hashes in memory: the time to build an index, its size, the time of a query at radius 31,
 * and the speed of the scan.
 *
 *     bench_search [COUNT...]      default: 100000 1000000; 10000000 needs 1.4 GB
 *
 * Half of the queries are random, half lie 0 to 31 bits from a stored hash; each is timed alone, one after another, on
 * one core, with warm data. The bench fails when a planted neighbour is not found.
 */
#include "measure.h"

#include <resight/cpu.h>
#include <resight/search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERIES 4000
#define RADIUS_BITS 31
#define ROUNDS 5 /* the median of these is printed */

static void *allocate(size_t count, size_t size_bytes) {
    void *memory = aligned_alloc(64, (count * size_bytes + 63) / 64 * 64);
    if (!memory) {
        fprintf(stderr, "bench_search: no memory for %zu times %zu bytes\n", count, size_bytes);
        exit(1);
    }
    return memory;
}

static resight_hash *random_hashes(uint32_t count) {
    resight_hash *hashes = allocate(count, sizeof *hashes);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 4; k++)
            hashes[i].w[k] = next();
    return hashes;
}

/* Queries with an odd number are neighbours of stored hashes. */
static resight_hash *random_queries(const resight_hash *hashes, uint32_t count) {
    resight_hash *queries = random_hashes(QUERIES);
    for (size_t q = 1; q < QUERIES; q += 2) {
        queries[q] = hashes[next() % count];
        for (size_t flips = next() % (RADIUS_BITS + 1); flips > 0; flips--)
            queries[q].w[next() % 4] ^= (uint64_t)1 << next() % 64;
    }
    return queries;
}

static size_t build(resight_index *index) {
    size_t size_bytes = 0;
    for (uint32_t b = 0; b < index->plan.band_count; b++) {
        const size_t entries = resight_band_offsets(&index->plan.band[b]);
        uint32_t *offsets = allocate(entries, sizeof *offsets);
        uint32_t *postings = allocate(index->count, sizeof *postings);
        resight_band_build(&index->plan.band[b], index->hashes, index->count, offsets, postings);
        index->offsets[b] = offsets;
        index->postings[b] = postings;
        size_bytes += (entries + index->count) * sizeof(uint32_t);
    }
    return size_bytes;
}

static void print_plan(const resight_index_plan *plan) {
    printf("  plan         %u bands (bits/radius):", plan->band_count);
    for (uint32_t b = 0; b < plan->band_count; b++)
        printf(" %u/%u", plan->band[b].width_bits, plan->band[b].radius_bits);
    printf("\n");
}

static void time_queries(const resight_index *index, const resight_hash *queries) {
    double p50[ROUNDS], p99[ROUNDS];
    double *times = allocate(QUERIES, sizeof *times);
    resight_hits hits = {0};
    for (int round = -1; round < ROUNDS; round++) { /* the first only warms up */
        for (size_t q = 0; q < QUERIES; q++) {
            hits.count = 0;
            const double start = now_us();
            const int status = resight_index_query(index, &queries[q], RADIUS_BITS, 0, &hits);
            times[q] = now_us() - start;
            if (status != RESIGHT_OK || hits.count < q % 2) {
                fprintf(stderr, "bench_search: query %zu: status %d, %zu hits\n", q, status, hits.count);
                exit(1);
            }
        }
        if (round >= 0) {
            p50[round] = quantile(times, QUERIES, 0.5);
            p99[round] = quantile(times, QUERIES, 0.99);
        }
    }
    printf("  query        p50 %.1f us, p99 %.1f us at radius %d\n", quantile(p50, ROUNDS, 0.5),
           quantile(p99, ROUNDS, 0.5), RADIUS_BITS);
    resight_hits_free(&hits);
    free(times);
}

/* As many at once as a picture has transforms, and all of them. */
static void time_batches(const resight_index *index, const resight_hash *queries, uint32_t together) {
    double times[ROUNDS];
    resight_hits hits = {0};
    for (int round = -1; round < ROUNDS; round++) {
        hits.count = 0;
        const double start = now_us();
        for (uint32_t q = 0; q < QUERIES; q += together)
            if (resight_index_query_batch(index, &queries[q], together, RADIUS_BITS, &hits) != RESIGHT_OK)
                exit(1);
        if (round >= 0)
            times[round] = (now_us() - start) * together / QUERIES;
    }
    const double us = quantile(times, ROUNDS, 0.5);
    printf("  batch        %4u queries: %.1f us, %.1f us each\n", together, us, us / together);
    resight_hits_free(&hits);
}

static void time_scan(const resight_index *index, const resight_hash *queries, uint32_t query_count) {
    double times[ROUNDS];
    resight_hits hits = {0};
    for (int round = 0; round < ROUNDS; round++) {
        hits.count = 0;
        const double start = now_us();
        if (resight_scan(index->hashes, index->count, queries, query_count, RADIUS_BITS, &hits) != RESIGHT_OK)
            exit(1);
        times[round] = now_us() - start;
    }
    const double us = quantile(times, ROUNDS, 0.5);
    printf("  scan         %2u queries: %9.1f us, %5.1f GB/s, %6.2f G comparisons/s\n", query_count, us,
           (double)index->count * sizeof(resight_hash) / us * 1e-3, (double)index->count * query_count / us * 1e-3);
    resight_hits_free(&hits);
}

static void bench(uint32_t count) {
    resight_index index = {.count = count};
    resight_hash *hashes = random_hashes(count);
    resight_hash *queries = random_queries(hashes, count);
    index.hashes = hashes;
    const double plan_start = now_us();
    resight_index_plan_for(count, RADIUS_BITS, &index.plan);
    const double start = now_us();
    const size_t size_bytes = build(&index);
    const double built = now_us();
    printf("%u hashes\n", count);
    print_plan(&index.plan);
    printf("  build        %.3f s (%.2f M hashes/s), of which the plan %.0f us\n", (built - plan_start) * 1e-6,
           count / (built - plan_start), start - plan_start);
    printf("  size         %.1f bytes a hash, and 32 for the hash itself\n", (double)size_bytes / count);
    time_queries(&index, queries);
    for (uint32_t together = 1; together <= QUERIES; together = together == 1 ? 8 : together * (QUERIES / 8))
        time_batches(&index, queries, together);
    for (uint32_t query_count = 1; query_count <= 64; query_count *= 8)
        time_scan(&index, queries, query_count);
    for (uint32_t b = 0; b < index.plan.band_count; b++) {
        free((void *)(uintptr_t)index.offsets[b]);
        free((void *)(uintptr_t)index.postings[b]);
    }
    free(queries);
    free(hashes);
}

int main(int argc, char **argv) {
    state = 20;
    printf("kernels: %s\n", resight_cpu_name(resight_cpu_best()));
    if (argc < 2) {
        bench(100000);
        bench(1000000);
    }
    for (int i = 1; i < argc; i++) {
        const double count = strtod(argv[i], NULL); /* 1e6 is how people write it */
        if (!(count >= 1 && count <= UINT32_MAX)) {
            fprintf(stderr, "bench_search: %s: expected a number of hashes, 1 to 4294967295\n", argv[i]);
            return 2;
        }
        bench((uint32_t)count);
    }
    return 0;
}
