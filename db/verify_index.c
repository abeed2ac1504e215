/* SPDX-License-Identifier: Apache-2.0 */
/* Verify, second half: segments by themselves, records in segments, and random lookups against a full comparison. */
#include "array.h"
#include "verify.h"

#include "base/cleanup.h"
#include <string.h>

/* Queries of one pass over all records. */
#define LOOKUP_BATCH 1024

static bool parts_intact(verify *run, const db_segment *segment) {
    bool good = true;
    for (uint32_t part = 0; part < PART_BANDS + 2 * segment->index.plan.band_count; part++) {
        const uint64_t number = PART_KEY(segment->id, part);
        MDB_val key = val_of(&number, sizeof number), value;
        if (mdb_get(run->reader->txn, run->db->segment, &key, &value) == 0 && part_intact(value.mv_data, value.mv_size))
            continue;
        verify_fault(run, "segment %llu: the checksum of part %u does not hold", (unsigned long long)segment->id, part);
        good = false;
    }
    return good;
}

/* Ids rise within the manifest's range; their hashes follow each other from 0 to the last without a gap. */
static bool entries_in_order(const db_segment *segment, const manifest_item *item) {
    if (segment->first[0] != 0 || segment->first[segment->entries] != segment->index.count ||
        segment->entry[0] != item->first_entry || segment->entry[segment->entries - 1] != item->last_entry)
        return false;
    for (uint32_t k = 0; k < segment->entries; k++)
        if (segment->first[k] >= segment->first[k + 1] || (k > 0 && segment->entry[k] <= segment->entry[k - 1]))
            return false;
    return true;
}

static void check_bands(verify *run, const db_segment *segment) {
    const resight_index *index = &segment->index;
    if (index->plan.radius_bits < run->db->radius_bits)
        verify_fault(run, "segment %llu: guarantees %u bits, the database %u", (unsigned long long)segment->id,
                     index->plan.radius_bits, run->db->radius_bits);
    for (uint32_t b = 0; b < index->plan.band_count; b++)
        if (resight_band_check(&index->plan.band[b], index->hashes, index->count, index->offsets[b],
                               index->postings[b]) != RESIGHT_OK)
            verify_fault(run, "segment %llu: the tables of band %u contradict its hashes",
                         (unsigned long long)segment->id, b);
}

void verify_segments(verify *run) {
    for (uint32_t i = 0; i < run->reader->manifest.count; i++) {
        const db_segment *segment = &run->reader->segments[i];
        const manifest_item *item = &run->reader->manifest.item[i];
        run->report.segments++;
        if (!parts_intact(run, segment))
            continue;
        if (!entries_in_order(segment, item)) {
            verify_fault(run, "segment %llu: its table of entries does not hold", (unsigned long long)segment->id);
            continue;
        }
        run->sound[i] = 1;
        check_bands(run, segment);
    }
}

/* The place of an entry in the table, or segment->entries. */
static uint32_t place_of(const db_segment *segment, uint64_t id) {
    uint32_t from = 0, to = segment->entries;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (segment->entry[middle] < id)
            from = middle + 1;
        else
            to = middle;
    }
    return from < segment->entries && segment->entry[from] == id ? from : segment->entries;
}

static bool same_hashes(const db_segment *segment, uint32_t at, const entry_view *entry) {
    const uint32_t first = segment->first[at];
    if (segment->first[at + 1] - first != entry->mark_count)
        return false;
    for (uint32_t i = 0; i < entry->mark_count; i++) {
        const resight_mark mark = entry_mark(entry, i);
        if (memcmp(&mark.hash, &segment->index.hashes[first + i], sizeof mark.hash) != 0)
            return false;
    }
    return true;
}

void verify_indexed(verify *run, const entry_view *entry) {
    const db_manifest *list = &run->reader->manifest;
    uint32_t i = 0;
    while (i < list->count && list->item[i].last_entry < entry->id)
        i++;
    if (i < list->count && !run->sound[i])
        return;
    const db_segment *segment = &run->reader->segments[i];
    const uint32_t at = i < list->count ? place_of(segment, entry->id) : 0;
    if (i == list->count || at == segment->entries)
        verify_fault(run, "entry %llu: no segment has it", (unsigned long long)entry->id);
    else if (!same_hashes(segment, at, entry))
        verify_fault(run, "entry %llu: segment %llu has other hashes", (unsigned long long)entry->id,
                     (unsigned long long)segment->id);
    else
        run->live_hashes[i] += entry->mark_count;
}

void verify_dead(verify *run) {
    for (uint32_t i = 0; i < run->reader->manifest.count; i++) {
        const manifest_item *item = &run->reader->manifest.item[i];
        const uint64_t dead = item->hashes - run->live_hashes[i];
        if (run->sound[i] && dead != item->dead_hashes)
            verify_fault(run, "segment %llu: %llu hashes of removed entries, the manifest counts %u",
                         (unsigned long long)item->segment, (unsigned long long)dead, item->dead_hashes);
    }
}

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
