/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New segments: the hashes and patches of a range of entries, from their records, to the arrays of two multi-indexes.
 * Everything is computed outside the write lock; a transaction only copies finished arrays in.
 */
#include "array.h"
#include "chunk.h"
#include "segment_store.h"

#include "base/cleanup.h"
#include <string.h>

/* So many hashes or keys are put into a band in about a millisecond. */
#define SMALL_COUNT 131072

void segment_source_free(segment_source *source) {
    free(source->hashes);
    free(source->keys);
    free(source->first_key);
    free(source->entry);
    free(source->first);
    *source = (segment_source){0};
}

static int no_memory(const resight_db *db, resight_error *error) {
    return resight_fail(error, RESIGHT_E_NOMEM, "%s: no memory to build a segment", db->dir);
}

/* Room for one more entry and what it brings. */
static bool make_room(segment_source *source, db_amount more) {
    const size_t count = source->entry_count;
    return array_reserve(&source->hashes, &source->hash_capacity, source->hash_count, (size_t)more.hashes) &&
           array_reserve(&source->keys, &source->key_capacity, source->key_count, (size_t)more.patches) &&
           array_reserve(&source->entry, &source->entry_capacity, count, 1) &&
           array_reserve(&source->first, &source->first_capacity, count, 2) &&
           array_reserve(&source->first_key, &source->first_key_capacity, count, 2);
}

/* The keys of an entry's patches, from its chunks. */
static int append_keys(resight_db *db, MDB_txn *txn, const entry_view *entry, segment_source *source,
                       resight_error *error) {
    for (uint32_t chunk = 0; chunk < CHUNK_COUNT(entry->patch_count); chunk++) {
        const uint8_t *patches = NULL;
        const int status = chunk_read(db, txn, entry, chunk, &patches, error);
        if (status != RESIGHT_OK)
            return status;
        for (uint32_t i = 0; i < chunk_patches(entry->patch_count, chunk); i++)
            source->keys[source->key_count++] = patch_at(patches, i).key;
    }
    return RESIGHT_OK;
}

static int append_entry(resight_db *db, MDB_txn *txn, const entry_view *entry, segment_source *source,
                        resight_error *error) {
    const size_t count = source->entry_count, keys_before = source->key_count;
    if (!make_room(source, entry_amount(entry)))
        return no_memory(db, error);
    const int status = append_keys(db, txn, entry, source, error);
    if (status != RESIGHT_OK) {
        source->key_count = keys_before;
        return status;
    }
    source->first[count] = (uint32_t)source->hash_count;
    source->first_key[count] = (uint32_t)keys_before;
    source->entry[count] = entry->id;
    for (uint32_t i = 0; i < entry->mark_count; i++)
        source->hashes[source->hash_count++] = entry_mark(entry, i).hash;
    source->first[count + 1] = (uint32_t)source->hash_count;
    source->first_key[count + 1] = (uint32_t)source->key_count;
    source->entry_count++;
    return RESIGHT_OK;
}

static int take_entry(resight_db *db, MDB_txn *txn, MDB_val value, uint64_t id, db_amount most, segment_source *source,
                      resight_error *error) {
    entry_view entry;
    if (entry_unpack(value.mv_data, value.mv_size, id, &entry) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_DAMAGED, "%s: the record of entry %llu does not hold; run verify", db->dir,
                            (unsigned long long)id);
    const db_amount more = entry_amount(&entry);
    if (!amount_within(amount_sum(source_amount(source), more), most))
        return RESIGHT_E_LIMIT;
    const int status = amount_size(more) > 0 ? append_entry(db, txn, &entry, source, error) : RESIGHT_OK;
    if (status == RESIGHT_OK)
        source->last_entry = id;
    return status;
}

static int collect(resight_db *db, MDB_cursor *cursor, uint64_t from, uint64_t to, db_amount most,
                   segment_source *source, resight_error *error) {
    MDB_val key = val_of(&from, sizeof from), value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; code == 0; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        uint64_t id = 0;
        memcpy(&id, key.mv_data, sizeof id);
        if (id > to)
            return RESIGHT_OK;
        const int status = take_entry(db, mdb_cursor_txn(cursor), value, id, most, source, error);
        if (status != RESIGHT_OK)
            return status;
    }
    return code == MDB_NOTFOUND ? RESIGHT_OK : db_fail(db, code, "read the entries", error);
}

int segment_collect(resight_db *db, MDB_txn *txn, uint64_t from, uint64_t to, db_amount most, segment_source *source,
                    resight_error *error) {
    MDB_cursor *cursor = NULL;
    const int code = mdb_cursor_open(txn, db->entry, &cursor);
    if (code != 0)
        return db_fail(db, code, "read the entries", error);
    const int status = collect(db, cursor, from, to, most, source, error);
    mdb_cursor_close(cursor);
    return status;
}

/* A segment being built: what of, how, and where to. */
typedef struct segment_draft {
    const segment_source *source;
    segment_plan plan;
    segment_layout layout;
    segment_store store;
} segment_draft;

static void draft_close(segment_draft *draft) {
    segment_store_close(&draft->store);
}

static int put_arrays(segment_draft *draft, resight_error *error) {
    const segment_source *source = draft->source;
    const segment_layout *layout = &draft->layout;
    const size_t entries = source->entry_count;
    const struct {
        size_t at;
        const void *array;
        size_t bytes;
    } arrays[] = {{layout->hashes, source->hashes, source->hash_count * sizeof *source->hashes},
                  {layout->entry, source->entry, entries * sizeof *source->entry},
                  {layout->first, source->first, (entries + 1) * sizeof *source->first},
                  {layout->first_key, source->first_key, (entries + 1) * sizeof *source->first_key},
                  {layout->keys, source->keys, source->key_count * sizeof *source->keys}};
    int status = RESIGHT_OK;
    for (size_t i = 0; status == RESIGHT_OK && i < sizeof arrays / sizeof *arrays; i++)
        status = segment_store_put(&draft->store, arrays[i].at, arrays[i].array, arrays[i].bytes, error);
    return status;
}

/* Hashes or keys to be put into bands: one of the two arrays. */
typedef struct band_source {
    const resight_hash *hashes;
    const uint64_t *keys;
    uint32_t count;
} band_source;

static size_t posting_bytes(const band_source *source) {
    return source->count * (source->hashes ? sizeof(uint32_t) : (size_t)RESIGHT_KEY_POSTING_BYTES);
}

static int build_band(const band_source *source, const resight_band *band, uint32_t *offsets, void *postings) {
    return source->hashes ? resight_band_build(band, source->hashes, source->count, offsets, postings)
                          : resight_key_band_build(band, source->keys, source->count, offsets, postings);
}

static int put_band(segment_draft *draft, const band_source *source, const resight_band *band, uint32_t number,
                    resight_error *error) {
    segment_store *store = &draft->store;
    const size_t count = resight_band_offsets(band);
    CLEANUP_FREE uint32_t *offsets = calloc(count, sizeof *offsets);
    CLEANUP_FREE void *postings = calloc(posting_bytes(source), 1);
    if (!offsets || !postings)
        return no_memory(store->db, error);
    /* Others write on while a large band is built; a small one costs less than a flush of the device. */
    int status = source->count > SMALL_COUNT ? segment_store_flush(store, error) : RESIGHT_OK;
    if (status == RESIGHT_OK)
        status = build_band(source, band, offsets, postings);
    if (status == RESIGHT_OK)
        status = segment_store_put(store, draft->layout.offsets[number], offsets, count * sizeof *offsets, error);
    return status == RESIGHT_OK
               ? segment_store_put(store, draft->layout.postings[number], postings, posting_bytes(source), error)
               : status;
}

static int put_bands(segment_draft *draft, resight_error *error) {
    const segment_source *source = draft->source;
    const segment_plan *plan = &draft->plan;
    const band_source hashes = {source->hashes, NULL, (uint32_t)source->hash_count};
    const band_source keys = {NULL, source->keys, (uint32_t)source->key_count};
    int status = RESIGHT_OK;
    for (uint32_t b = 0; status == RESIGHT_OK && b < plan->hashes.band_count; b++)
        status = put_band(draft, &hashes, &plan->hashes.band[b], b, error);
    for (uint32_t b = 0; status == RESIGHT_OK && b < plan->keys.band_count; b++)
        status = put_band(draft, &keys, &plan->keys.band[b], plan->hashes.band_count + b, error);
    return status;
}

static int make_plan(const resight_db *db, const segment_source *source, segment_plan *out, resight_error *error) {
    *out = (segment_plan){0};
    int status = RESIGHT_OK;
    if (source->hash_count > 0)
        status = resight_index_plan_for((uint32_t)source->hash_count, db->radius_bits, &out->hashes);
    if (status == RESIGHT_OK)
        status = resight_key_plan_for((uint32_t)source->key_count, RESIGHT_PATCH_RADIUS_BITS, &out->keys);
    return status == RESIGHT_OK
               ? status
               : resight_fail(error, status, "%s: no index plan for %u bits", db->dir, db->radius_bits);
}

int segment_build(resight_db *db, const segment_source *source, uint64_t *id, resight_error *error) {
    CLEANUP(draft_close) segment_draft draft = {.source = source, .store.db = db};
    extent_head head = {.hashes = (uint32_t)source->hash_count,
                        .entries = (uint32_t)source->entry_count,
                        .patches = (uint32_t)source->key_count};
    int status = make_plan(db, source, &draft.plan, error);
    if (status != RESIGHT_OK)
        return status;
    draft.layout = segment_layout_of(&draft.plan, head.hashes, head.entries, head.patches);
    head.array_bytes = draft.layout.bytes;
    status = segment_store_open(&draft.store, &draft.plan, &head, error);
    if (status == RESIGHT_OK)
        status = put_arrays(&draft, error);
    if (status == RESIGHT_OK)
        status = put_bands(&draft, error);
    if (status == RESIGHT_OK)
        status = segment_store_finish(&draft.store, error);
    if (status == RESIGHT_OK)
        *id = draft.store.head.segment;
    return status;
}
