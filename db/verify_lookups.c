/* SPDX-License-Identifier: Apache-2.0 */
/* Verify, third part: random lookups of hashes and of patches, through the index and against a full comparison. */
#include "array.h"
#include "chunk.h"
#include "verify.h"

#include "base/cleanup.h"
#include <string.h>

/* Queries of one pass over all records. */
#define LOOKUP_BATCH 1024

/* One batch of queries and what comparing them with every record finds. */
typedef struct lookup_batch {
    resight_hash queries[LOOKUP_BATCH];
    uint32_t count, radius_bits;
    resight_matches compared, found;
} lookup_batch;

static void lookup_free(lookup_batch **lookups) {
    if (*lookups) {
        resight_matches_free(&(*lookups)->compared);
        resight_matches_free(&(*lookups)->found);
    }
    free(*lookups);
}

static int compare_mark(lookup_batch *lookup, const entry_view *entry, uint32_t number) {
    const resight_mark mark = entry_mark(entry, number);
    resight_matches *out = &lookup->compared;
    for (uint32_t q = 0; q < lookup->count; q++) {
        const unsigned distance_bits = resight_hash_distance(&lookup->queries[q], &mark.hash);
        if (distance_bits > lookup->radius_bits)
            continue;
        if (!array_reserve(&out->items, &out->capacity, out->count, 1))
            return RESIGHT_E_NOMEM;
        out->items[out->count++] = (resight_match){.entry = entry->id,
                                                   .bank = entry->bank,
                                                   .distance_bits = (uint16_t)distance_bits,
                                                   .query = (uint16_t)q,
                                                   .mark = number};
    }
    return RESIGHT_OK;
}

static int compare_record(verify *run, const entry_view *entry, void *user) {
    (void)run;
    int status = RESIGHT_OK;
    for (uint32_t i = 0; status == RESIGHT_OK && i < entry->mark_count; i++)
        status = compare_mark(user, entry, i);
    return status;
}

static int same_place(const resight_match *a, const resight_match *b) {
    return a->entry == b->entry && a->mark == b->mark && a->query == b->query && a->bank == b->bank &&
           a->distance_bits == b->distance_bits;
}

static void compare_answers(verify *run, lookup_batch *lookup) {
    const resight_matches *a = &lookup->compared, *b = &lookup->found;
    if (a->count > 1)
        qsort(a->items, a->count, sizeof *a->items, query_order);
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_place(&a->items[i], &b->items[i]);
    if (!same)
        verify_fault(run, "%u lookups: the index finds %zu hashes, comparing all of them %zu", lookup->count, b->count,
                     a->count);
}

/* As near to a stored hash as the guarantee reaches, and a little beyond it. */
static resight_hash near(verify *run, const resight_hash *hash) {
    resight_hash query = *hash;
    for (uint64_t flips = verify_random(run) % (run->db->radius_bits + 3); flips > 0; flips--) {
        const uint64_t bit = verify_random(run) % 256;
        query.w[bit / 64] ^= (uint64_t)1 << bit % 64;
    }
    return query;
}

/* An index that contradicts itself in a query is a fault like any other. */
static int ask_index(verify *run, lookup_batch *lookup, resight_error *error) {
    const resight_query_options all = {
        .has_radius = true, .radius_bits = lookup->radius_bits, .has_min_quality = true, .min_quality = 0};
    resight_error why = {""};
    const int status = resight_reader_query(run->reader, lookup->queries, lookup->count, &all, &lookup->found, &why);
    if (status == RESIGHT_OK)
        compare_answers(run, lookup);
    else if (status == RESIGHT_E_DAMAGED)
        verify_fault(run, "%s", why.text);
    else
        return resight_fail(error, status, "%s", why.text);
    return RESIGHT_OK;
}

static int run_batch(verify *run, lookup_batch *lookup, resight_error *error) {
    lookup->compared.count = 0;
    const int status = verify_walk(run, false, compare_record, lookup);
    run->report.lookups += lookup->count;
    if (status != RESIGHT_OK)
        return resight_fail(error, status, "%s: no memory to verify", run->db->dir);
    return ask_index(run, lookup, error);
}

int verify_lookups(verify *run, resight_error *error) {
    CLEANUP(lookup_free) lookup_batch *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: no memory to verify", run->db->dir);
    int status = RESIGHT_OK;
    for (uint32_t i = 0; status == RESIGHT_OK && i < run->sample_count; i += lookup->count) {
        const uint32_t left = run->sample_count - i;
        lookup->radius_bits = run->db->radius_bits;
        lookup->count = left < LOOKUP_BATCH ? left : LOOKUP_BATCH;
        for (uint32_t q = 0; q < lookup->count; q++)
            lookup->queries[q] = near(run, &run->samples[i + q]);
        status = run_batch(run, lookup, error);
    }
    return status;
}

/* ---- The same of patches ---------------------------------------------------------------------------------------- */

typedef struct patch_batch {
    uint64_t keys[LOOKUP_BATCH];
    uint32_t count;
    resight_hits hits;
    resight_patch_hits compared, found;
} patch_batch;

static void patch_batch_free(patch_batch **batch) {
    if (*batch) {
        resight_hits_free(&(*batch)->hits);
        resight_patch_hits_free(&(*batch)->compared);
        resight_patch_hits_free(&(*batch)->found);
    }
    free(*batch);
}

static int by_index(const void *left, const void *right) {
    const resight_hit *a = left, *b = right;
    return a->index != b->index ? (a->index > b->index) - (a->index < b->index)
                                : (a->query > b->query) - (a->query < b->query);
}

/* The patches of one chunk, of which the first is number `first` of the entry. */
static int compare_chunk(patch_batch *batch, const entry_view *entry, const uint8_t *patches, uint32_t count,
                         uint32_t first) {
    uint64_t keys[CHUNK_PATCHES];
    resight_patch_hits *out = &batch->compared;
    resight_hits *hits = &batch->hits;
    for (uint32_t i = 0; i < count; i++)
        keys[i] = patch_at(patches, i).key;
    hits->count = 0;
    if (resight_key_scan(keys, count, batch->keys, batch->count, RESIGHT_PATCH_RADIUS_BITS, 0, hits) != RESIGHT_OK ||
        !array_reserve(&out->items, &out->capacity, out->count, hits->count))
        return RESIGHT_E_NOMEM;
    if (hits->count > 1)
        qsort(hits->items, hits->count, sizeof *hits->items, by_index);
    for (size_t i = 0; i < hits->count; i++)
        out->items[out->count++] = (resight_patch_hit){.entry = entry->id,
                                                       .bank = entry->bank,
                                                       .patch = first + hits->items[i].index,
                                                       .query = hits->items[i].query,
                                                       .distance_bits = hits->items[i].distance_bits,
                                                       .known = patch_at(patches, hits->items[i].index)};
    return RESIGHT_OK;
}

/* Records in order of their entries, patches in theirs, keys in theirs: the order that a query promises. */
static int compare_patches(verify *run, const entry_view *entry, void *user) {
    for (uint32_t chunk = 0; chunk < CHUNK_COUNT(entry->patch_count); chunk++) {
        const uint8_t *patches = NULL;
        int status = chunk_read(run->db, run->reader->txn, entry, chunk, &patches, NULL);
        if (status == RESIGHT_OK)
            status =
                compare_chunk(user, entry, patches, chunk_patches(entry->patch_count, chunk), chunk * CHUNK_PATCHES);
        if (status != RESIGHT_OK)
            return status;
    }
    return RESIGHT_OK;
}

static bool same_patch(const resight_patch_hit *a, const resight_patch_hit *b) {
    return a->entry == b->entry && a->bank == b->bank && a->patch == b->patch && a->query == b->query &&
           a->distance_bits == b->distance_bits && memcmp(&a->known, &b->known, sizeof a->known) == 0;
}

static void compare_patch_answers(verify *run, const patch_batch *batch) {
    const resight_patch_hits *a = &batch->compared, *b = &batch->found;
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_patch(&a->items[i], &b->items[i]);
    if (!same)
        verify_fault(run, "%u lookups: the index finds %zu patches, comparing all of them %zu", batch->count, b->count,
                     a->count);
}

static int run_patch_batch(verify *run, patch_batch *batch, resight_error *error) {
    resight_error why = {""};
    batch->compared.count = 0;
    int status = verify_walk(run, false, compare_patches, batch);
    run->report.lookups += batch->count;
    if (status == RESIGHT_OK)
        status = resight_reader_query_patches(run->reader, batch->keys, batch->count, NULL, &batch->found, &why);
    if (status == RESIGHT_OK)
        compare_patch_answers(run, batch);
    else if (status == RESIGHT_E_DAMAGED)
        verify_fault(run, "%s", why.text);
    else
        return resight_fail(error, status, "%s: no memory to verify", run->db->dir);
    return RESIGHT_OK;
}

static uint64_t near_key(verify *run, uint64_t key) {
    for (uint64_t flips = verify_random(run) % (RESIGHT_PATCH_RADIUS_BITS + 3); flips > 0; flips--)
        key ^= (uint64_t)1 << verify_random(run) % 64;
    return key;
}

int verify_patch_lookups(verify *run, resight_error *error) {
    CLEANUP(patch_batch_free) patch_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: no memory to verify", run->db->dir);
    int status = RESIGHT_OK;
    for (uint32_t i = 0; status == RESIGHT_OK && i < run->key_sample_count; i += batch->count) {
        const uint32_t left = run->key_sample_count - i;
        batch->count = left < LOOKUP_BATCH ? left : LOOKUP_BATCH;
        for (uint32_t q = 0; q < batch->count; q++)
            batch->keys[q] = near_key(run, run->key_samples[i + q]);
        status = run_patch_batch(run, batch, error);
    }
    return status;
}
