/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries of the multi-index of keys, many together. As in index.c nearly all of the time is waiting for memory, so
 * they run as a pipeline, whose step is one query in one band:
 *
 *     values ──► bounds of their buckets ──► candidates from the buckets ──► keys compared
 *      (prefetch offsets)    (prefetch postings)             (prefetch keys)
 *
 * and each stage works on what the stage before it asked the memory for one step ago. Candidates of a query are counted
 * against a budget; the queries that exceed it are scanned for together at the end. Offsets and postings may lie in a
 * damaged file: none is used before it is checked.
 */
#include "search/band.h"
#include "search/keys.h"

#include <string.h>

/* Values within radius 2 of one of MAX_WIDTH_BITS bits: 1 + 28 + 378. */
#define MAX_MASKS 407
/* Candidates that wait to be compared: at ten million keys a step has about a thousand. */
#define CANDIDATES 2048
/* As in index.c: most lines are on their way at once when they go to the second cache. */
#define SECOND_CACHE 2

/* What to turn in a value to get every value within a band's radius. */
typedef struct mask_list {
    uint32_t count, mask[MAX_MASKS];
} mask_list;

/* One query in one band, on its way through the pipeline. */
typedef struct key_step {
    bool live; /* false: nothing to do */
    uint32_t query, band, value;
    uint32_t bucket_count;
    uint32_t from[MAX_MASKS];   /* buckets that are not empty: places in the postings, */
    uint32_t length[MAX_MASKS]; /* and how many */
    uint32_t candidate_count;
    uint32_t candidate[CANDIDATES];
} key_step;

enum { STAGES = 4 };

typedef struct key_lookup {
    const resight_key_index *index;
    key_batch *batch;
    uint64_t budget[KEY_BATCH]; /* candidates that may still be looked at; EXCEEDED: it is to be scanned for */
    mask_list masks[RESIGHT_MAX_KEY_BANDS];
    key_step step[STAGES];
} key_lookup;

#define EXCEEDED UINT64_MAX

static void fill_masks(const resight_band *band, mask_list *out) {
    out->mask[0] = 0;
    out->count = 1;
    for (unsigned i = 0; band->radius_bits >= 1 && i < band->width_bits; i++)
        out->mask[out->count++] = (uint32_t)1 << i;
    for (unsigned i = 1; band->radius_bits >= 2 && i < band->width_bits; i++)
        for (unsigned j = 0; j < i; j++)
            out->mask[out->count++] = (uint32_t)1 << i | (uint32_t)1 << j;
}

/* ---- The stages ------------------------------------------------------------------------------------------------ */

static bool wanted(const key_lookup *l, uint32_t query) {
    return l->budget[query] != EXCEEDED && !key_batch_full(l->batch, query);
}

static void start(const key_lookup *l, key_step *step, uint32_t query, uint32_t band) {
    const mask_list *masks = &l->masks[band];
    const uint32_t *offsets = l->index->offsets[band];
    step->live = wanted(l, query);
    if (!step->live)
        return;
    step->query = query;
    step->band = band;
    step->value = band_value_of_key(l->batch->queries[query], &l->index->plan.band[band]);
    for (uint32_t i = 0; i < masks->count; i++)
        __builtin_prefetch(&offsets[step->value ^ masks->mask[i]], 0, SECOND_CACHE);
}

static int read_bounds(key_lookup *l, key_step *step) {
    const mask_list *masks = &l->masks[step->band];
    const uint32_t *offsets = l->index->offsets[step->band];
    const uint8_t *postings = l->index->postings[step->band];
    const uint32_t count = l->index->count;
    uint64_t sum = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < masks->count; i++) {
        const uint32_t *at = &offsets[step->value ^ masks->mask[i]];
        const uint32_t from = at[0], to = at[1];
        if (from > to || to > count)
            return RESIGHT_E_DAMAGED;
        __builtin_prefetch(postings + (size_t)from * RESIGHT_KEY_POSTING_BYTES, 0, SECOND_CACHE);
        /* The last one may be on another line. */
        __builtin_prefetch(postings + (size_t)(to - (from < to)) * RESIGHT_KEY_POSTING_BYTES, 0, SECOND_CACHE);
        step->from[n] = from;
        step->length[n] = to - from;
        n += from < to;
        sum += to - from;
    }
    step->bucket_count = n;
    step->live = sum <= l->budget[step->query];
    l->budget[step->query] = step->live ? l->budget[step->query] - sum : EXCEEDED;
    return RESIGHT_OK;
}

/* A key that stands in several buckets is reported from the first band that leads to it. */
static bool is_first_band(const key_lookup *l, uint64_t differing, uint32_t band) {
    for (uint32_t b = 0; b < band; b++)
        if (__builtin_popcount(band_value_of_key(differing, &l->index->plan.band[b])) <=
            l->index->plan.band[b].radius_bits)
            return false;
    return true;
}

static int compare(key_lookup *l, key_step *step) {
    const uint64_t *keys = l->index->keys, query = l->batch->queries[step->query];
    uint32_t places[CANDIDATES];
    const size_t near = l->batch->kernels->pick_keys(keys, step->candidate, step->candidate_count, query,
                                                     l->batch->radius_bits, places);
    int status = RESIGHT_OK;
    for (size_t i = 0; status == RESIGHT_OK && i < near; i++) {
        const uint32_t index = step->candidate[places[i]];
        if (is_first_band(l, keys[index] ^ query, step->band))
            status = key_batch_append(l->batch, step->query, index, keys[index]);
    }
    step->candidate_count = 0;
    return status;
}

static int take_bucket(key_lookup *l, key_step *step, uint32_t from, uint32_t length) {
    const uint64_t *keys = l->index->keys;
    const uint8_t *postings = l->index->postings[step->band];
    const uint32_t count = l->index->count;
    for (uint32_t i = 0; i < length; i++) {
        const uint32_t index = key_posting(postings, (size_t)from + i);
        if (index >= count)
            return RESIGHT_E_DAMAGED;
        __builtin_prefetch(&keys[index], 0, SECOND_CACHE);
        step->candidate[step->candidate_count++] = index;
    }
    return RESIGHT_OK;
}

/* What does not fit is compared at once. */
static int gather(key_lookup *l, key_step *step) {
    int status = RESIGHT_OK;
    step->candidate_count = 0;
    for (uint32_t b = 0; b < step->bucket_count; b++) {
        uint32_t from = step->from[b];
        for (uint32_t left = step->length[b], part; left > 0; left -= part, from += part) {
            if (step->candidate_count == CANDIDATES)
                status = compare(l, step);
            const uint32_t room = CANDIDATES - step->candidate_count;
            part = left < room ? left : room;
            if (status == RESIGHT_OK)
                status = take_bucket(l, step, from, part);
            if (status != RESIGHT_OK)
                return status;
        }
    }
    return status;
}

/* Steps are numbered query by query, band by band; each passes the stages at four turns. */
static int run(key_lookup *l) {
    const uint32_t bands = l->index->plan.band_count, steps = l->batch->query_count * bands;
    int status = RESIGHT_OK;
    for (uint32_t turn = 0; status == RESIGHT_OK && turn < steps + STAGES - 1; turn++) {
        key_step *first = &l->step[turn % STAGES], *second = &l->step[(turn + 3) % STAGES];
        key_step *third = &l->step[(turn + 2) % STAGES], *last = &l->step[(turn + 1) % STAGES];
        if (last->live && wanted(l, last->query))
            status = compare(l, last);
        if (status == RESIGHT_OK && third->live && wanted(l, third->query))
            status = gather(l, third);
        if (status == RESIGHT_OK && second->live && wanted(l, second->query))
            status = read_bounds(l, second);
        first->live = false;
        if (turn < steps)
            start(l, first, turn / bands, turn % bands);
    }
    return status;
}

/* ---- Queries --------------------------------------------------------------------------------------------------- */

/* Forget what was found for queries that are scanned for after all; `first` is where the batch's hits begin. */
static void forget(key_batch *batch, const uint64_t *budget, size_t first) {
    resight_hits *hits = batch->hits;
    size_t kept = first;
    for (size_t i = first; i < hits->count; i++)
        if (budget[hits->items[i].query - batch->first_query] != EXCEEDED)
            hits->items[kept++] = hits->items[i];
    hits->count = kept;
}

static int look_up(const resight_key_index *index, key_batch *batch) {
    key_lookup l; /* not cleared: the steps are most of it */
    uint16_t crowded[KEY_BATCH];
    uint32_t crowded_count = 0;
    const size_t first = batch->hits->count;
    l.index = index;
    l.batch = batch;
    for (uint32_t b = 0; b < index->plan.band_count; b++)
        fill_masks(&index->plan.band[b], &l.masks[b]);
    for (uint32_t q = 0; q < batch->query_count; q++)
        l.budget[q] = (uint64_t)index->count * KEY_SCAN_COST / KEY_CANDIDATE_COST;
    for (int stage = 0; stage < STAGES; stage++)
        l.step[stage].live = false;
    const int status = run(&l);
    if (status != RESIGHT_OK)
        return status;
    for (uint32_t q = 0; q < batch->query_count; q++)
        if (l.budget[q] == EXCEEDED) {
            crowded[crowded_count++] = (uint16_t)q;
            batch->found[q] = 0;
        }
    if (crowded_count > 0)
        forget(batch, l.budget, first);
    return key_batch_scan(batch, index->keys, index->count, crowded, crowded_count);
}

static int scan_all(const resight_key_index *index, key_batch *batch) {
    uint16_t all[KEY_BATCH];
    for (uint32_t q = 0; q < batch->query_count; q++)
        all[q] = (uint16_t)q;
    return key_batch_scan(batch, index->keys, index->count, all, batch->query_count);
}

int resight_key_index_query(const resight_key_index *index, const uint64_t *queries, uint32_t query_count,
                            unsigned radius_bits, uint32_t limit, resight_hits *hits) {
    if (query_count < 1 || query_count > UINT16_MAX || radius_bits > 64 ||
        resight_key_plan_check(&index->plan) != RESIGHT_OK)
        return RESIGHT_E_ARG;
    const bool indexed = index->plan.band_count > 0 && radius_bits <= index->plan.radius_bits;
    const size_t before = hits->count;
    int status = RESIGHT_OK;
    for (uint32_t from = 0; status == RESIGHT_OK && from < query_count; from += KEY_BATCH) {
        key_batch batch = {.kernels = kernels_for(RESIGHT_CPU_AUTO),
                           .queries = queries + from,
                           .query_count = query_count - from < KEY_BATCH ? query_count - from : KEY_BATCH,
                           .first_query = from,
                           .radius_bits = radius_bits,
                           .limit = limit > 0 ? limit : UINT32_MAX,
                           .hits = hits};
        status = indexed ? look_up(index, &batch) : scan_all(index, &batch);
    }
    if (status != RESIGHT_OK)
        hits->count = before;
    return status;
}
