/* SPDX-License-Identifier: Apache-2.0 */
/* Keys inside: a batch of queries with its hits, counted against a limit, and what looking keys up costs. */
#ifndef RESIGHT_SEARCH_KEYS_H
#define RESIGHT_SEARCH_KEYS_H

#include "kernels/kernels.h"
#include <resight/search.h>

/*
 * Times of one step in hundredths of a nanosecond, measured as those of plan.h were (bench_patch_search): the ratios
 * matter. A value is two offsets and a posting; a candidate is a key met at random; a scan takes eight keys at a time.
 */
#define KEY_PROBE_COST 600
#define KEY_CANDIDATE_COST 400
#define KEY_SCAN_COST 8

/* Queries that are answered together: as many as a picture has patches, or half of them. */
#define KEY_BATCH 256

/* One batch: which keys are sought, and what has been found. */
typedef struct key_batch {
    const kernel_table *kernels;
    const uint64_t *queries; /* [query_count] */
    uint32_t query_count;    /* <= KEY_BATCH */
    uint32_t first_query;    /* number of queries[0] in the hits */
    unsigned radius_bits;
    uint32_t limit;            /* UINT32_MAX: none */
    uint32_t found[KEY_BATCH]; /* hits so far, not above limit + 1 */
    resight_hits *hits;
} key_batch;

/* All of the batch's queries have hits enough? */
static inline bool key_batch_full(const key_batch *batch, uint32_t query) {
    return batch->found[query] > batch->limit;
}

/* Append a hit, unless the query has enough: RESIGHT_OK or RESIGHT_E_NOMEM. */
int key_batch_append(key_batch *batch, uint32_t query, uint32_t index, uint64_t key);

/* Compare the queries in `which` with every key. */
int key_batch_scan(key_batch *batch, const uint64_t *keys, uint32_t count, const uint16_t *which, uint32_t which_count);

/* Cost of looking up all values of the plan, for one query, among `count` uniform keys. */
uint64_t key_plan_cost(const resight_index_plan *plan, uint32_t count);

#endif
