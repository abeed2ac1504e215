/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query of the multi-index. Nearly all of its time is waiting for memory: two offsets for each value that is looked
 * up, a posting for each candidate, and the candidate's hash. So it runs as a pipeline of blocks, and each stage works
 * on what the stage before it asked the memory for one block ago:
 *
 *     probe values ──► bounds of their buckets ──► candidates from the buckets ──► hashes compared
 *      (prefetch offsets)       (prefetch postings)         (prefetch hashes)
 *
 * Nothing is allocated but hits. Candidates are counted against a budget, so that hashes crowded into few buckets cost
 * a scan and a little, no more. Offsets and postings may lie in a damaged file: none is used before it is checked.
 */
#include "search/band.h"
#include "search/hits.h"
#include "search/plan.h"
#include "search/scan.h"

#include <string.h>

/* Values in a block, and candidates compared together: what they prefetch fits the first cache. */
#define PROBES 128
#define CANDIDATES 512
/* A vector of four postings: copying more reads lines that nobody asked for. */
#define SHORT_BUCKET 4

/* Queries of a batch that are scanned for together where a scan is cheaper: as many as a picture has transforms. */
#define TOGETHER 8

/* Values that differ in one bit from a common one: at most one for each bit of a band. */
#define ROW_MAX 28

/*
 * Prefetch to the second cache: as many lines are on their way at once as it can wait for, which is several times what
 * the first can.
 */
#define SECOND_CACHE 2

/* A value to look up in a band. */
typedef struct probe {
    uint32_t band, value;
} probe;

/* A bucket of a band. */
typedef struct bucket {
    const uint32_t *from, *to, *end; /* end: of the postings of all buckets */
    uint32_t band;
} bucket;

/*
 * Where the enumeration of values stands. The masks of one weight that agree in all bits but the lowest make a row; the
 * prefix is what they agree in.
 */
typedef struct probe_cursor {
    uint32_t band, prefix;
    int weight;
} probe_cursor;

typedef struct lookup {
    const resight_index *index;
    const resight_hash *query;
    resight_hits *hits;
    const kernel_table *kernels;
    uint64_t budget; /* candidates that may still be looked at */
    unsigned radius_bits;
    uint16_t query_number;
    int8_t band_radius[RESIGHT_MAX_BANDS]; /* -1: the band is not needed */
    uint32_t value[RESIGHT_MAX_BANDS];     /* the query's own */
    probe_cursor cursor;
    size_t probe_count, bucket_count, candidate_count;
    probe probe[PROBES];
    bucket bucket[PROBES];
    uint32_t candidate[CANDIDATES];
    uint8_t candidate_band[CANDIDATES];
} lookup;

/* Not a failure and not the caller's: the index gives up in favour of a scan. */
#define DEARER_THAN_SCAN RESIGHT_NOT_FOUND

/* ---- Which bands, and how far ------------------------------------------------------------------------------------ */

/*
 * A query closer than the guarantee needs a smaller sum of (radius + 1), so the dearest shells are left out. Outer
 * shells of a band are dearer than inner ones, so taking the dearest first is best.
 */
static void shrink_radii(lookup *l, unsigned surplus) {
    const resight_index_plan *plan = &l->index->plan;
    for (; surplus > 0; surplus--) {
        uint32_t dearest = 0;
        uint64_t dearest_cost = 0;
        for (uint32_t b = 0; b < plan->band_count; b++) {
            if (l->band_radius[b] < 0)
                continue;
            const uint64_t cost =
                plan_shell_cost(plan->band[b].width_bits, (unsigned)l->band_radius[b], l->index->count);
            if (cost >= dearest_cost) {
                dearest_cost = cost;
                dearest = b;
            }
        }
        l->band_radius[dearest]--;
    }
}

static uint64_t expected_cost(const lookup *l) {
    const resight_index_plan *plan = &l->index->plan;
    uint64_t cost = 0;
    for (uint32_t b = 0; b < plan->band_count; b++)
        for (int distance = 0; distance <= l->band_radius[b]; distance++)
            cost += plan_shell_cost(plan->band[b].width_bits, (unsigned)distance, l->index->count);
    return cost;
}

/* ---- The stages -------------------------------------------------------------------------------------------------- */

/* The next larger number with as many bits set; Gosper, HAKMEM (MIT AI Memo 239, 1972), item 175. */
static uint32_t next_of_weight(uint32_t mask) {
    const uint32_t lowest = mask & -mask, carried = mask + lowest;
    return carried | ((mask ^ carried) >> (2 + __builtin_ctz(mask)));
}

/* Step to the next row, weight or band. */
static void advance(const lookup *l, probe_cursor *cursor) {
    const uint32_t width = l->index->plan.band[cursor->band].width_bits;
    if (cursor->weight > 1) {
        cursor->prefix = next_of_weight(cursor->prefix);
        if (cursor->prefix >> width == 0)
            return;
    }
    cursor->weight++;
    cursor->prefix = ((uint32_t)1 << (cursor->weight - 1)) - 1;
    if (cursor->weight <= l->band_radius[cursor->band])
        return;
    cursor->prefix = 0;
    cursor->weight = 0;
    do
        cursor->band++;
    while (cursor->band < l->index->plan.band_count && l->band_radius[cursor->band] < 0);
}

/* The values of a row; returns how many. */
static size_t next_row(const lookup *l, const probe_cursor *cursor, probe *out) {
    const uint32_t *offsets = l->index->offsets[cursor->band];
    const uint32_t base = l->value[cursor->band] ^ cursor->prefix;
    if (cursor->weight == 0) {
        __builtin_prefetch(&offsets[base], 0, SECOND_CACHE);
        *out = (probe){cursor->band, base};
        return 1;
    }
    const uint32_t bits =
        cursor->prefix != 0 ? (uint32_t)__builtin_ctz(cursor->prefix) : l->index->plan.band[cursor->band].width_bits;
    for (uint32_t bit = 0; bit < bits; bit++) {
        const uint32_t value = base ^ (uint32_t)1 << bit;
        __builtin_prefetch(&offsets[value], 0, SECOND_CACHE);
        out[bit] = (probe){cursor->band, value};
    }
    return bits;
}

static void next_probes(lookup *l) {
    size_t n = 0;
    while (n + ROW_MAX <= PROBES && l->cursor.band < l->index->plan.band_count) {
        n += next_row(l, &l->cursor, l->probe + n);
        advance(l, &l->cursor);
    }
    l->probe_count = n;
}

static int read_bounds(lookup *l) {
    const uint32_t count = l->index->count;
    uint64_t budget = l->budget;
    size_t n = 0;
    for (size_t i = 0; i < l->probe_count; i++) {
        const uint32_t band = l->probe[i].band;
        const uint32_t *offsets = &l->index->offsets[band][l->probe[i].value];
        const uint32_t *postings = l->index->postings[band];
        const uint32_t from = offsets[0], to = offsets[1];
        if (from > to || to > count)
            return RESIGHT_E_DAMAGED;
        if (to - from > budget)
            return DEARER_THAN_SCAN;
        budget -= to - from;
        __builtin_prefetch(postings + from, 0, SECOND_CACHE);
        __builtin_prefetch(postings + to - (from < to), 0, SECOND_CACHE); /* the last one is often on another line */
        l->bucket[n] = (bucket){postings + from, postings + to, postings + count, band};
        n += from < to;
    }
    l->budget = budget;
    l->bucket_count = n;
    return RESIGHT_OK;
}

/* A hash that stands in several buckets is reported from the first band that leads to it. */
static bool is_first_band(const lookup *l, const resight_hash *hash, uint32_t band) {
    for (uint32_t b = 0; b < band; b++) {
        const uint32_t differing = band_value(hash, &l->index->plan.band[b]) ^ l->value[b];
        if (__builtin_popcount(differing) <= l->band_radius[b])
            return false;
    }
    return true;
}

static int compare_candidates(lookup *l) {
    const resight_hash *hashes = l->index->hashes;
    uint32_t places[CANDIDATES];
    const size_t near =
        l->kernels->pick(hashes->w, l->candidate, l->candidate_count, l->query->w, l->radius_bits, places);
    l->candidate_count = 0;
    for (size_t i = 0; i < near; i++) {
        const uint32_t index = l->candidate[places[i]];
        if (!is_first_band(l, &hashes[index], l->candidate_band[places[i]]))
            continue;
        const resight_hit hit = {index, (uint16_t)resight_hash_distance(&hashes[index], l->query), l->query_number};
        const int status = hits_append(l->hits, hit);
        if (status != RESIGHT_OK)
            return status;
    }
    return RESIGHT_OK;
}

/* Ask for the hashes of the candidates from `first` on. */
static int fetch_hashes(const lookup *l, size_t first) {
    const resight_hash *hashes = l->index->hashes;
    const uint32_t count = l->index->count;
    bool outside = false;
    for (size_t i = first; i < l->candidate_count; i++) {
        const uint32_t index = l->candidate[i];
        outside |= index >= count;
        __builtin_prefetch(&hashes[index < count ? index : 0], 0, SECOND_CACHE);
    }
    return outside ? RESIGHT_E_DAMAGED : RESIGHT_OK;
}

/* A bucket of any length, one by one; what fills up is compared at once. */
static int gather_long(lookup *l, const bucket *b) {
    const resight_hash *hashes = l->index->hashes;
    const uint32_t count = l->index->count;
    for (const uint32_t *posting = b->from; posting < b->to; posting++) {
        const uint32_t index = *posting;
        if (index >= count)
            return RESIGHT_E_DAMAGED;
        if (l->candidate_count == CANDIDATES) {
            const int status = compare_candidates(l);
            if (status != RESIGHT_OK)
                return status;
        }
        __builtin_prefetch(&hashes[index], 0, SECOND_CACHE);
        l->candidate_band[l->candidate_count] = (uint8_t)b->band;
        l->candidate[l->candidate_count++] = index;
    }
    return RESIGHT_OK;
}

/*
 * The buckets from `i` on that are short and not the last of their table, as nearly all are: copied at a fixed length,
 * for a branch on the length of each would be mispredicted. Returns the first bucket that is left.
 */
static size_t gather_short(lookup *l, size_t i) {
    size_t n = l->candidate_count;
    for (; i < l->bucket_count && n + SHORT_BUCKET <= CANDIDATES; i++) {
        const bucket *b = &l->bucket[i];
        if (b->to - b->from > SHORT_BUCKET || b->end - b->from < SHORT_BUCKET)
            break;
        memcpy(l->candidate + n, b->from, SHORT_BUCKET * sizeof *b->from);
        memset(l->candidate_band + n, (int)b->band, SHORT_BUCKET);
        n += (size_t)(b->to - b->from);
    }
    l->candidate_count = n;
    return i;
}

static int gather_candidates(lookup *l) {
    int status = RESIGHT_OK;
    for (size_t i = 0; i < l->bucket_count && status == RESIGHT_OK; i++) {
        const size_t first = l->candidate_count;
        i = gather_short(l, i);
        status = fetch_hashes(l, first);
        if (status == RESIGHT_OK && i < l->bucket_count)
            status = gather_long(l, &l->bucket[i]);
    }
    l->bucket_count = 0;
    return status;
}

static bool under_way(const lookup *l) {
    return l->probe_count + l->bucket_count + l->candidate_count > 0;
}

/* One block through each stage. */
static int advance_stages(lookup *l) {
    int status = RESIGHT_OK;
    if (l->candidate_count > 0)
        status = compare_candidates(l);
    if (status == RESIGHT_OK)
        status = gather_candidates(l);
    if (status == RESIGHT_OK)
        status = read_bounds(l);
    next_probes(l);
    return status;
}

/* ---- Queries ----------------------------------------------------------------------------------------------------- */

/* The first block of values is on its way, or DEARER_THAN_SCAN. */
static int begin(lookup *l, const resight_index *index, const resight_hash *query, unsigned radius_bits,
                 uint16_t query_number, resight_hits *hits) {
    l->index = index;
    l->query = query;
    l->hits = hits;
    l->kernels = kernels_for(RESIGHT_CPU_AUTO);
    l->radius_bits = radius_bits;
    l->query_number = query_number;
    l->probe_count = l->bucket_count = l->candidate_count = 0;
    for (uint32_t b = 0; b < index->plan.band_count; b++) {
        l->band_radius[b] = (int8_t)index->plan.band[b].radius_bits;
        l->value[b] = band_value(query, &index->plan.band[b]);
    }
    shrink_radii(l, index->plan.radius_bits - radius_bits);
    const uint64_t scan_cost = (uint64_t)index->count * SCAN_COST;
    if (expected_cost(l) > scan_cost)
        return DEARER_THAN_SCAN;
    l->budget = scan_cost / CANDIDATE_COST;
    l->cursor = (probe_cursor){0, 0, 0};
    while (l->band_radius[l->cursor.band] < 0)
        l->cursor.band++;
    next_probes(l);
    return RESIGHT_OK;
}

/* To its end: RESIGHT_OK, DEARER_THAN_SCAN, or a failure. */
static int look_up(lookup *l) {
    int status = RESIGHT_OK;
    while (status == RESIGHT_OK && under_way(l))
        status = advance_stages(l);
    return status;
}

static int scan_for(const resight_index *index, const resight_hash *queries, uint32_t count, unsigned radius_bits,
                    uint16_t first_query, uint32_t which, resight_hits *hits) {
    int status = RESIGHT_OK;
    for (uint32_t q = 0, together; status == RESIGHT_OK && q < count; q += together) {
        for (together = 0; q + together < count && which >> (q + together) & 1;)
            together++; /* neighbours share the pass over the array */
        const scan_job job = {kernels_for(RESIGHT_CPU_AUTO), index->hashes, queries + q, together,
                              (uint16_t)(first_query + q),   radius_bits};
        if (together > 0)
            status = scan_all(&job, index->count, hits);
        else
            together = 1;
    }
    return status;
}

/* At most TOGETHER queries, their hits numbered from first_query on. */
static int query_some(const resight_index *index, const resight_hash *queries, uint32_t count, unsigned radius_bits,
                      uint16_t first_query, resight_hits *hits) {
    lookup l; /* not cleared: the blocks are most of it */
    uint32_t given_up = 0;
    for (uint32_t q = 0; q < count; q++) {
        const size_t before = hits->count;
        int status = DEARER_THAN_SCAN;
        if (radius_bits <= index->plan.radius_bits)
            status = begin(&l, index, &queries[q], radius_bits, (uint16_t)(first_query + q), hits);
        if (status == RESIGHT_OK)
            status = look_up(&l);
        if (status < 0)
            return status;
        if (status == DEARER_THAN_SCAN) {
            hits->count = before; /* what was found is found again */
            given_up |= (uint32_t)1 << q;
        }
    }
    return scan_for(index, queries, count, radius_bits, first_query, given_up, hits);
}

static int query_all(const resight_index *index, const resight_hash *queries, uint32_t count, unsigned radius_bits,
                     uint16_t first_query, resight_hits *hits) {
    if (radius_bits > 256 || resight_index_plan_check(&index->plan) != RESIGHT_OK)
        return RESIGHT_E_ARG;
    const size_t before = hits->count;
    int status = RESIGHT_OK;
    for (uint32_t q = 0; status == RESIGHT_OK && q < count; q += TOGETHER)
        status = query_some(index, queries + q, count - q < TOGETHER ? count - q : TOGETHER, radius_bits,
                            (uint16_t)(first_query + q), hits);
    if (status != RESIGHT_OK)
        hits->count = before;
    return status;
}

int resight_index_query(const resight_index *index, const resight_hash *query, unsigned radius_bits,
                        uint16_t query_number, resight_hits *hits) {
    return query_all(index, query, 1, radius_bits, query_number, hits);
}

int resight_index_query_batch(const resight_index *index, const resight_hash *queries, uint32_t query_count,
                              unsigned radius_bits, resight_hits *hits) {
    return query_count < 1 || query_count > UINT16_MAX ? RESIGHT_E_ARG
                                                       : query_all(index, queries, query_count, radius_bits, 0, hits);
}
