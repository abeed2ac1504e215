/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments as snapshots use them. A segment never changes, so all readers of a process share one mapping of it, which
 * goes when the last of them has moved on.
 */
#include "segment.h"

#include "base/cleanup.h"
#include <string.h>

/* Each array starts on a cache line. */
#define ARRAY_ALIGN 64

static size_t place(segment_layout *layout, size_t bytes) {
    const size_t at = layout->bytes;
    layout->bytes += (bytes + ARRAY_ALIGN - 1) / ARRAY_ALIGN * ARRAY_ALIGN;
    return at;
}

/* No sum can overflow: a segment has at most SEGMENT_MAX_HASHES, and a band at most 2^28 values. */
segment_layout segment_layout_of(const segment_plan *plan, uint32_t hashes, uint32_t entries, uint32_t patches) {
    segment_layout out = {0};
    out.hashes = place(&out, (size_t)hashes * sizeof(resight_hash));
    out.entry = place(&out, (size_t)entries * sizeof(uint64_t));
    out.first = place(&out, ((size_t)entries + 1) * sizeof(uint32_t));
    out.first_key = place(&out, ((size_t)entries + 1) * sizeof(uint32_t));
    out.keys = place(&out, (size_t)patches * sizeof(uint64_t));
    for (uint32_t b = 0, of_hashes = plan->hashes.band_count; b < of_hashes + plan->keys.band_count; b++) {
        const resight_band *band = b < of_hashes ? &plan->hashes.band[b] : &plan->keys.band[b - of_hashes];
        out.offsets[b] = place(&out, resight_band_offsets(band) * sizeof(uint32_t));
        out.postings[b] = place(&out, b < of_hashes ? (size_t)hashes * sizeof(uint32_t)
                                                    : (size_t)patches * RESIGHT_KEY_POSTING_BYTES);
    }
    return out;
}

static int contradiction(const resight_db *db, uint64_t id, resight_error *error) {
    return resight_fail(error, RESIGHT_E_DAMAGED, "%s: segment %llu does not hold; run verify", db->dir,
                        (unsigned long long)id);
}

static bool counts_hold(const segment_arrays *arrays, const manifest_item *item) {
    const extent_head *head = &arrays->head;
    return head->hashes == item->held.hashes && head->patches == item->held.patches && head->entries > 0 &&
           head->entries <= amount_size(item->held) && (head->hashes == 0 || arrays->plan.hashes.band_count > 0);
}

static void find_arrays(db_segment *segment, const segment_layout *layout) {
    const uint8_t *at = segment->arrays.at;
    const segment_plan *plan = &segment->arrays.plan;
    const uint32_t of_hashes = plan->hashes.band_count;
    segment->entries = segment->arrays.head.entries;
    segment->entry = (const void *)(at + layout->entry);
    segment->first = (const void *)(at + layout->first);
    segment->first_key = (const void *)(at + layout->first_key);
    segment->index = (resight_index){
        .plan = plan->hashes, .count = segment->arrays.head.hashes, .hashes = (const void *)(at + layout->hashes)};
    segment->keys = (resight_key_index){
        .plan = plan->keys, .count = segment->arrays.head.patches, .keys = (const void *)(at + layout->keys)};
    for (uint32_t b = 0; b < of_hashes; b++) {
        segment->index.offsets[b] = (const void *)(at + layout->offsets[b]);
        segment->index.postings[b] = (const void *)(at + layout->postings[b]);
    }
    for (uint32_t b = 0; b < plan->keys.band_count; b++) {
        segment->keys.offsets[b] = (const void *)(at + layout->offsets[of_hashes + b]);
        segment->keys.postings[b] = at + layout->postings[of_hashes + b];
    }
}

static void segment_free(db_segment **segment) {
    if (*segment)
        segment_arrays_unmap(&(*segment)->arrays);
    free(*segment);
    *segment = NULL;
}

static int segment_open(resight_db *db, MDB_txn *txn, const manifest_item *item, db_segment **out,
                        resight_error *error) {
    CLEANUP(segment_free) db_segment *segment = calloc(1, sizeof *segment);
    if (!segment)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", db->dir);
    segment->id = item->segment;
    const int status = segment_arrays_map(db, txn, item->segment, &segment->arrays, error);
    if (status != RESIGHT_OK)
        return status;
    const extent_head *head = &segment->arrays.head;
    if (!counts_hold(&segment->arrays, item))
        return contradiction(db, item->segment, error);
    const segment_layout layout = segment_layout_of(&segment->arrays.plan, head->hashes, head->entries, head->patches);
    if (layout.bytes != head->array_bytes)
        return contradiction(db, item->segment, error);
    find_arrays(segment, &layout);
    *out = STEAL(segment);
    return RESIGHT_OK;
}

static db_segment *find_held(resight_db *db, uint64_t id) {
    db_segment *segment = db->segments;
    while (segment && segment->id != id)
        segment = segment->next;
    if (segment)
        segment->holders++;
    return segment;
}

/* Two that open the same one at the same time have it twice, for as long as they hold it. */
int segment_hold(resight_db *db, MDB_txn *txn, const manifest_item *item, const db_segment **out,
                 resight_error *error) {
    db_segment *opened = NULL;
    pthread_mutex_lock(&db->lock);
    const db_segment *held = find_held(db, item->segment);
    pthread_mutex_unlock(&db->lock);
    if (held) {
        *out = held;
        return RESIGHT_OK;
    }
    const int status = segment_open(db, txn, item, &opened, error);
    if (status != RESIGHT_OK)
        return status;
    opened->holders = 1;
    pthread_mutex_lock(&db->lock);
    opened->next = db->segments;
    db->segments = opened;
    pthread_mutex_unlock(&db->lock);
    *out = opened;
    return RESIGHT_OK;
}

void segment_drop(resight_db *db, const db_segment *segment) {
    db_segment *gone = NULL;
    pthread_mutex_lock(&db->lock);
    db_segment **at = &db->segments;
    while (*at != segment)
        at = &(*at)->next;
    if (--(*at)->holders == 0) {
        gone = *at;
        *at = gone->next;
    }
    pthread_mutex_unlock(&db->lock);
    segment_free(&gone);
}

uint32_t segment_entry_at(const db_segment *segment, const uint32_t *first, uint32_t at) {
    uint32_t from = 0, to = segment->entries;
    while (to - from > 1) {
        const uint32_t middle = from + (to - from) / 2;
        if (first[middle] <= at)
            from = middle;
        else
            to = middle;
    }
    const bool inside = first[from] <= at && at < first[from + 1];
    return inside ? from : segment->entries;
}
