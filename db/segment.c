/* SPDX-License-Identifier: Apache-2.0 */
/* Segments as snapshots use them: parts are found once and queried where they lie in the map. */
#include "segment.h"

#include <string.h>

/* Arrays start on a cache line: LMDB's 16 bytes at the start of a page and the head's 48 see to it. */
#define ARRAY_ALIGN 64

static int contradiction(const resight_db *db, uint64_t id, uint32_t part, resight_error *error) {
    return resight_fail(error, RESIGHT_E_DAMAGED, "%s: segment %llu: part %u does not hold; run verify", db->dir,
                        (unsigned long long)id, part);
}

typedef struct part_finder {
    resight_db *db;
    MDB_txn *txn;
    const manifest_item *item;
    uint64_t bytes;
} part_finder;

/* For find_part(): a payload of any length. */
#define ANY_LENGTH SIZE_MAX

/* A part of the segment with the payload length that is expected. */
static int find_part(part_finder *finder, uint32_t part, size_t expected, part_head *head, const void **payload,
                     resight_error *error) {
    const uint64_t id = finder->item->segment, number = PART_KEY(id, part);
    MDB_val key = val_of(&number, sizeof number), value;
    const int code = mdb_get(finder->txn, finder->db->segment, &key, &value);
    if (code != 0 && code != MDB_NOTFOUND)
        return db_fail(finder->db, code, "read a segment", error);
    if (code != 0 || part_unpack(value.mv_data, value.mv_size, number, head) != RESIGHT_OK ||
        head->hashes != finder->item->held.hashes || head->patches != finder->item->held.patches ||
        (expected != ANY_LENGTH && head->payload_bytes != expected))
        return contradiction(finder->db, id, part, error);
    const uint8_t *array = (const uint8_t *)value.mv_data + PART_HEAD_BYTES;
    if ((uintptr_t)array % ARRAY_ALIGN != 0)
        return contradiction(finder->db, id, part, error);
    finder->bytes += value.mv_size;
    *payload = array;
    return RESIGHT_OK;
}

static int find_plan(part_finder *finder, db_segment *out, resight_error *error) {
    part_head head;
    segment_plan plan;
    const void *payload = NULL;
    const int status = find_part(finder, PART_PLAN, ANY_LENGTH, &head, &payload, error);
    if (status != RESIGHT_OK)
        return status;
    if (plan_unpack(payload, (size_t)head.payload_bytes, &plan) != RESIGHT_OK ||
        (head.hashes > 0 && plan.hashes.band_count == 0))
        return contradiction(finder->db, finder->item->segment, PART_PLAN, error);
    out->index.plan = plan.hashes;
    out->keys.plan = plan.keys;
    out->index.count = head.hashes;
    out->keys.count = head.patches;
    out->entries = head.entries;
    return RESIGHT_OK;
}

static int find_arrays(part_finder *finder, db_segment *out, resight_error *error) {
    part_head head;
    const void *hashes = NULL, *entries = NULL, *keys = NULL;
    int status = find_part(finder, PART_HASHES, out->index.count * sizeof(resight_hash), &head, &hashes, error);
    if (status == RESIGHT_OK)
        status = find_part(finder, PART_ENTRIES, ENTRIES_BYTES(out->entries), &head, &entries, error);
    if (status == RESIGHT_OK)
        status = find_part(finder, PART_KEYS, out->keys.count * sizeof(uint64_t), &head, &keys, error);
    if (status != RESIGHT_OK)
        return status;
    if (out->entries == 0 || out->entries > (uint64_t)out->index.count + out->keys.count)
        return contradiction(finder->db, out->id, PART_ENTRIES, error);
    out->index.hashes = hashes;
    out->keys.keys = keys;
    out->entry = entries;
    out->first = (const uint32_t *)(const void *)(out->entry + out->entries);
    out->first_key = out->first + out->entries + 1;
    return RESIGHT_OK;
}

/* Both arrays of a band, by its number among all bands. */
static int find_band(part_finder *finder, uint32_t number, const resight_band *band, size_t posting_bytes,
                     const void **offsets, const void **postings, resight_error *error) {
    part_head head;
    const size_t offset_bytes = resight_band_offsets(band) * sizeof(uint32_t);
    const int status = find_part(finder, PART_BANDS + 2 * number, offset_bytes, &head, offsets, error);
    return status == RESIGHT_OK ? find_part(finder, PART_BANDS + 2 * number + 1, posting_bytes, &head, postings, error)
                                : status;
}

static int find_bands(part_finder *finder, db_segment *out, resight_error *error) {
    int status = RESIGHT_OK;
    const void *offsets = NULL, *postings = NULL;
    const uint32_t of_hashes = out->index.plan.band_count;
    for (uint32_t b = 0; status == RESIGHT_OK && b < of_hashes; b++) {
        status = find_band(finder, b, &out->index.plan.band[b], out->index.count * sizeof(uint32_t), &offsets,
                           &postings, error);
        out->index.offsets[b] = offsets;
        out->index.postings[b] = postings;
    }
    for (uint32_t b = 0; status == RESIGHT_OK && b < out->keys.plan.band_count; b++) {
        status = find_band(finder, of_hashes + b, &out->keys.plan.band[b],
                           (size_t)out->keys.count * RESIGHT_KEY_POSTING_BYTES, &offsets, &postings, error);
        out->keys.offsets[b] = offsets;
        out->keys.postings[b] = postings;
    }
    return status;
}

int segment_open(resight_db *db, MDB_txn *txn, const manifest_item *item, db_segment *out, resight_error *error) {
    part_finder finder = {db, txn, item, 0};
    db_segment found = {.id = item->segment};
    int status = find_plan(&finder, &found, error);
    if (status == RESIGHT_OK)
        status = find_arrays(&finder, &found, error);
    if (status == RESIGHT_OK)
        status = find_bands(&finder, &found, error);
    found.bytes = finder.bytes;
    if (status == RESIGHT_OK)
        *out = found;
    return status;
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
