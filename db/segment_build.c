/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New segments: the hashes of a range of entries, from their records, to the parts of a multi-index. Everything is
 * computed outside the write lock; a transaction only copies finished arrays in.
 */
#include "array.h"
#include "segment.h"
#include "writer.h"

#include "base/cleanup.h"
#include <string.h>

/* A transaction keeps what it writes in memory until it commits: more than this only when one part alone is larger. */
#define TRANSACTION_BYTES ((size_t)64 << 20)
/* So many hashes are put into a band in about a millisecond. */
#define SMALL_HASHES 131072

void segment_source_free(segment_source *source) {
    free(source->hashes);
    free(source->entry);
    free(source->first);
    *source = (segment_source){0};
}

static int no_memory(const resight_db *db, resight_error *error) {
    return resight_fail(error, RESIGHT_E_NOMEM, "%s: no memory to build a segment", db->dir);
}

static bool append_entry(segment_source *source, const entry_view *entry) {
    const size_t count = source->entry_count;
    if (!array_reserve(&source->hashes, &source->hash_capacity, source->hash_count, entry->mark_count) ||
        !array_reserve(&source->entry, &source->entry_capacity, count, 1) ||
        !array_reserve(&source->first, &source->first_capacity, count, 2))
        return false;
    source->first[count] = (uint32_t)source->hash_count;
    source->entry[count] = entry->id;
    for (uint32_t i = 0; i < entry->mark_count; i++)
        source->hashes[source->hash_count++] = entry_mark(entry, i).hash;
    source->first[count + 1] = (uint32_t)source->hash_count;
    source->entry_count++;
    return true;
}

static int take_entry(resight_db *db, MDB_val value, uint64_t id, uint32_t max_hashes, segment_source *source,
                      resight_error *error) {
    entry_view entry;
    if (entry_unpack(value.mv_data, value.mv_size, id, &entry) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_DAMAGED, "%s: the record of entry %llu does not hold; run verify", db->dir,
                            (unsigned long long)id);
    if (source->hash_count + entry.mark_count > max_hashes)
        return RESIGHT_E_LIMIT;
    if (entry.mark_count > 0 && !append_entry(source, &entry))
        return no_memory(db, error);
    source->last_entry = id;
    return RESIGHT_OK;
}

static int collect(resight_db *db, MDB_cursor *cursor, uint64_t from, uint64_t to, uint32_t max_hashes,
                   segment_source *source, resight_error *error) {
    MDB_val key = val_of(&from, sizeof from), value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; code == 0; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        uint64_t id = 0;
        memcpy(&id, key.mv_data, sizeof id);
        if (id > to)
            return RESIGHT_OK;
        const int status = take_entry(db, value, id, max_hashes, source, error);
        if (status != RESIGHT_OK)
            return status;
    }
    return code == MDB_NOTFOUND ? RESIGHT_OK : db_fail(db, code, "read the entries", error);
}

int segment_collect(resight_db *db, MDB_txn *txn, uint64_t from, uint64_t to, uint32_t max_hashes,
                    segment_source *source, resight_error *error) {
    MDB_cursor *cursor = NULL;
    const int code = mdb_cursor_open(txn, db->entry, &cursor);
    if (code != 0)
        return db_fail(db, code, "read the entries", error);
    const int status = collect(db, cursor, from, to, max_hashes, source, error);
    mdb_cursor_close(cursor);
    return status;
}

/* Stores parts one after the other and commits now and then. */
typedef struct part_store {
    resight_db *db;
    resight_writer *writer; /* NULL between transactions */
    size_t pending_bytes;
    part_head head;
} part_store;

static void part_store_close(part_store *store) {
    resight_writer_abort(&store->writer);
}

static int commit_pending(part_store *store, resight_error *error) {
    store->pending_bytes = 0;
    return store->writer ? resight_writer_commit(&store->writer, error) : RESIGHT_OK;
}

/* The first transaction takes a number that no other segment has or had. */
static int begin_pending(part_store *store, resight_error *error) {
    if (store->writer)
        return RESIGHT_OK;
    const int status = resight_writer_begin(store->db, &store->writer, error);
    if (status != RESIGHT_OK || store->head.segment != 0)
        return status;
    store->head.segment = store->writer->state.next_segment++;
    store->writer->state_changed = true;
    return RESIGHT_OK;
}

static int put_part(part_store *store, uint32_t part, const MDB_val *pieces, size_t count, resight_error *error) {
    int status = begin_pending(store, error);
    if (status != RESIGHT_OK)
        return status;
    store->head.part = part;
    store->head.payload_bytes = 0;
    for (size_t i = 0; i < count; i++)
        store->head.payload_bytes += pieces[i].mv_size;
    const uint64_t number = PART_KEY(store->head.segment, part);
    MDB_val key = val_of(&number, sizeof number), value = {part_bytes(&store->head, store->db->page_bytes), NULL};
    const int code = mdb_put(store->writer->txn, store->db->segment, &key, &value, MDB_RESERVE | MDB_NOOVERWRITE);
    if (code != 0)
        return writer_fail(store->writer, code == MDB_KEYEXIST ? MDB_CORRUPTED : code, "store a segment", error);
    uint8_t *to = (uint8_t *)value.mv_data + PART_HEAD_BYTES;
    for (size_t i = 0; i < count; to += pieces[i++].mv_size)
        memcpy(to, pieces[i].mv_data, pieces[i].mv_size);
    part_seal(&store->head, value.mv_data, value.mv_size);
    store->pending_bytes += value.mv_size;
    return store->pending_bytes < TRANSACTION_BYTES ? RESIGHT_OK : commit_pending(store, error);
}

static int put_arrays(part_store *store, const segment_source *source, const resight_index_plan *plan,
                      resight_error *error) {
    uint8_t bytes[PLAN_BYTES(RESIGHT_MAX_BANDS)];
    plan_pack(plan, bytes);
    const MDB_val packed = val_of(bytes, PLAN_BYTES(plan->band_count));
    const MDB_val hashes = val_of(source->hashes, source->hash_count * sizeof *source->hashes);
    const MDB_val entries[2] = {val_of(source->entry, source->entry_count * sizeof *source->entry),
                                val_of(source->first, (source->entry_count + 1) * sizeof *source->first)};
    int status = put_part(store, PART_PLAN, &packed, 1, error);
    if (status == RESIGHT_OK)
        status = put_part(store, PART_HASHES, &hashes, 1, error);
    return status == RESIGHT_OK ? put_part(store, PART_ENTRIES, entries, 2, error) : status;
}

static int put_band(part_store *store, const segment_source *source, const resight_index_plan *plan, uint32_t number,
                    resight_error *error) {
    const resight_band *band = &plan->band[number];
    const size_t count = resight_band_offsets(band);
    CLEANUP_FREE uint32_t *offsets = calloc(count, sizeof *offsets);
    CLEANUP_FREE uint32_t *postings = calloc(source->hash_count, sizeof *postings);
    if (!offsets || !postings)
        return no_memory(store->db, error);
    /* Others write on while a large band is built; a small one costs less than a flush of the device. */
    int status = source->hash_count > SMALL_HASHES ? commit_pending(store, error) : RESIGHT_OK;
    if (status == RESIGHT_OK)
        status = resight_band_build(band, source->hashes, (uint32_t)source->hash_count, offsets, postings);
    const MDB_val first = val_of(offsets, count * sizeof *offsets);
    const MDB_val second = val_of(postings, source->hash_count * sizeof *postings);
    if (status == RESIGHT_OK)
        status = put_part(store, PART_BANDS + 2 * number, &first, 1, error);
    return status == RESIGHT_OK ? put_part(store, PART_BANDS + 2 * number + 1, &second, 1, error) : status;
}

int segment_build(resight_db *db, const segment_source *source, uint64_t *id, resight_error *error) {
    resight_index_plan plan;
    CLEANUP(part_store_close)
    part_store store = {.db = db,
                        .head = {.hashes = (uint32_t)source->hash_count, .entries = (uint32_t)source->entry_count}};
    int status = resight_index_plan_for((uint32_t)source->hash_count, db->radius_bits, &plan);
    if (status != RESIGHT_OK)
        return resight_fail(error, status, "%s: no index plan for %u bits", db->dir, db->radius_bits);
    status = put_arrays(&store, source, &plan, error);
    for (uint32_t band = 0; status == RESIGHT_OK && band < plan.band_count; band++)
        status = put_band(&store, source, &plan, band, error);
    if (status == RESIGHT_OK)
        status = commit_pending(&store, error);
    if (status == RESIGHT_OK)
        *id = store.head.segment;
    return status;
}
