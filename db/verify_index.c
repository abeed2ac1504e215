/* SPDX-License-Identifier: Apache-2.0 */
/* Verify, second part: segments by themselves, and records in segments. */
#include "verify.h"

#include <string.h>

static bool extents_intact(verify *run, const db_segment *segment) {
    const int64_t extent = segment_arrays_damaged(run->db, run->reader->txn, &segment->arrays);
    if (extent >= 0)
        verify_fault(run, "segment %llu: the checksum of extent %lld does not hold", (unsigned long long)segment->id,
                     (long long)extent);
    return extent < 0;
}

/* Ids rise within the manifest's range; what they have follows without a gap from 0 to the last, and none has nothing.
 */
static bool entries_in_order(const db_segment *segment, const manifest_item *item) {
    const uint32_t *first = segment->first, *first_key = segment->first_key, entries = segment->entries;
    if (first[0] != 0 || first[entries] != segment->index.count || first_key[0] != 0 ||
        first_key[entries] != segment->keys.count || segment->entry[0] != item->first_entry ||
        segment->entry[entries - 1] != item->last_entry)
        return false;
    for (uint32_t k = 0; k < entries; k++)
        if (first[k] > first[k + 1] || first_key[k] > first_key[k + 1] ||
            (first[k] == first[k + 1] && first_key[k] == first_key[k + 1]) ||
            (k > 0 && segment->entry[k] <= segment->entry[k - 1]))
            return false;
    return true;
}

static void check_bands(verify *run, const db_segment *segment) {
    const resight_index *index = &segment->index;
    if (index->count > 0 && index->plan.radius_bits < run->db->radius_bits)
        verify_fault(run, "segment %llu: guarantees %u bits, the database %u", (unsigned long long)segment->id,
                     index->plan.radius_bits, run->db->radius_bits);
    for (uint32_t b = 0; b < index->plan.band_count; b++)
        if (resight_band_check(&index->plan.band[b], index->hashes, index->count, index->offsets[b],
                               index->postings[b]) != RESIGHT_OK)
            verify_fault(run, "segment %llu: the tables of band %u contradict its hashes",
                         (unsigned long long)segment->id, b);
}

static void check_key_bands(verify *run, const db_segment *segment) {
    const resight_key_index *keys = &segment->keys;
    if (keys->plan.band_count > 0 && keys->plan.radius_bits < RESIGHT_PATCH_RADIUS_BITS)
        verify_fault(run, "segment %llu: guarantees %u bits of patches, expected %d", (unsigned long long)segment->id,
                     keys->plan.radius_bits, RESIGHT_PATCH_RADIUS_BITS);
    for (uint32_t b = 0; b < keys->plan.band_count; b++)
        if (resight_key_band_check(&keys->plan.band[b], keys->keys, keys->count, keys->offsets[b], keys->postings[b]) !=
            RESIGHT_OK)
            verify_fault(run, "segment %llu: the tables of band %u contradict its patches",
                         (unsigned long long)segment->id, b);
}

void verify_segments(verify *run) {
    for (uint32_t i = 0; i < run->reader->manifest.count; i++) {
        const db_segment *segment = run->reader->segments[i];
        const manifest_item *item = &run->reader->manifest.item[i];
        run->report.segments++;
        if (!extents_intact(run, segment))
            continue;
        if (!entries_in_order(segment, item)) {
            verify_fault(run, "segment %llu: its table of entries does not hold", (unsigned long long)segment->id);
            continue;
        }
        run->sound[i] = 1;
        check_bands(run, segment);
        check_key_bands(run, segment);
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

static bool same_keys(const db_segment *segment, uint32_t at, const entry_view *entry, const resight_patch *patches) {
    const uint32_t first = segment->first_key[at];
    if (segment->first_key[at + 1] - first != entry->patch_count)
        return false;
    for (uint32_t i = 0; i < entry->patch_count; i++)
        if (patches[i].key != segment->keys.keys[first + i])
            return false;
    return true;
}

void verify_indexed(verify *run, const entry_view *entry, const resight_patch *patches) {
    const db_manifest *list = &run->reader->manifest;
    uint32_t i = 0;
    while (i < list->count && list->item[i].last_entry < entry->id)
        i++;
    if (i < list->count && !run->sound[i])
        return;
    const db_segment *segment = run->reader->segments[i];
    const uint32_t at = i < list->count ? place_of(segment, entry->id) : 0;
    if (i == list->count || at == segment->entries)
        verify_fault(run, "entry %llu: no segment has it", (unsigned long long)entry->id);
    else if (!same_hashes(segment, at, entry) || !same_keys(segment, at, entry, patches))
        verify_fault(run, "entry %llu: segment %llu has other hashes or patches", (unsigned long long)entry->id,
                     (unsigned long long)segment->id);
    else
        run->live[i] = amount_sum(run->live[i], entry_amount(entry));
}

void verify_dead(verify *run) {
    for (uint32_t i = 0; i < run->reader->manifest.count; i++) {
        const manifest_item *item = &run->reader->manifest.item[i];
        const db_amount dead = amount_less(item->held, run->live[i]);
        if (run->sound[i] && !amount_same(dead, item->dead))
            verify_fault(
                run, "segment %llu: removed entries have %llu hashes and %llu patches, the manifest says others",
                (unsigned long long)item->segment, (unsigned long long)dead.hashes, (unsigned long long)dead.patches);
    }
}
