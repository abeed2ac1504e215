/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: taking one, moving it on, and finding entries and banks in it. */
#include "reader.h"

#include "array.h"
#include "base/cleanup.h"
#include <string.h>

int reader_damaged(const resight_reader *reader, resight_error *error, const char *what, uint64_t id) {
    return resight_fail(error, RESIGHT_E_DAMAGED, "%s: %s %llu does not hold; run verify", reader->db->dir, what,
                        (unsigned long long)id);
}

static int no_memory(const resight_reader *reader, resight_error *error) {
    return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", reader->db->dir);
}

static int take_bank(resight_reader *reader, MDB_val key, MDB_val value, resight_error *error) {
    const uint32_t id = bank_key_id(key.mv_data);
    bank_record bank;
    if (bank_unpack(value.mv_data, value.mv_size, &bank) != RESIGHT_OK || bank.bank.id != id)
        return reader_damaged(reader, error, "the record of bank", id);
    if (!array_reserve(&reader->banks, &reader->bank_capacity, reader->bank_count, 1))
        return no_memory(reader, error);
    reader->banks[reader->bank_count++] = bank;
    return RESIGHT_OK;
}

static int read_banks(resight_reader *reader, resight_error *error) {
    MDB_cursor *cursor = NULL;
    bank_key first = bank_key_of(0);
    MDB_val key = val_of(&first, sizeof first), value;
    int code = mdb_cursor_open(reader->txn, reader->db->meta, &cursor), status = RESIGHT_OK;
    if (code != 0)
        return db_fail(reader->db, code, "read the banks", error);
    reader->bank_count = 0;
    code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; code == 0 && is_bank_key(key.mv_data, key.mv_size) && status == RESIGHT_OK;
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
        status = take_bank(reader, key, value, error);
    mdb_cursor_close(cursor);
    return status != RESIGHT_OK || code == 0 || code == MDB_NOTFOUND
               ? status
               : db_fail(reader->db, code, "read the banks", error);
}

static void drop_segments(resight_reader *reader, const db_segment **segments) {
    for (size_t i = 0; segments && segments[i]; i++)
        segment_drop(reader->db, segments[i]);
    free(segments);
}

/* Those that stay are held again before they are let go, so that they stay mapped. */
static int find_segments(resight_reader *reader, resight_error *error) {
    const db_manifest *list = &reader->manifest;
    int status = RESIGHT_OK;
    if (reader->segments && reader->segments_generation == list->generation)
        return RESIGHT_OK;
    const db_segment **found = calloc(list->count + 1, sizeof *found);
    if (!found)
        return no_memory(reader, error);
    for (uint32_t i = 0; status == RESIGHT_OK && i < list->count; i++)
        status = segment_hold(reader->db, reader->txn, &list->item[i], &found[i], error);
    drop_segments(reader, status == RESIGHT_OK ? reader->segments : found);
    if (status != RESIGHT_OK)
        return status;
    reader->segments = found;
    reader->segments_generation = list->generation;
    return RESIGHT_OK;
}

static int follow(resight_reader *reader, resight_error *error) {
    int status = meta_read_state(reader->db, reader->txn, &reader->state, error);
    if (status == RESIGHT_OK)
        status = meta_read_manifest(reader->db, reader->txn, &reader->manifest, error);
    if (status == RESIGHT_OK)
        status = read_banks(reader, error);
    if (status == RESIGHT_OK)
        status = find_segments(reader, error);
    return status == RESIGHT_OK
               ? tail_renew(&reader->tail, reader->db, reader->txn, &reader->manifest, &reader->state, error)
               : status;
}

static void let_go(resight_reader *reader) {
    if (!reader->live)
        return;
    mdb_txn_reset(reader->txn);
    db_ended(reader->db);
    reader->live = false;
}

static int take_snapshot(resight_reader *reader, resight_error *error) {
    int status =
        reader->txn ? db_renew(reader->db, reader->txn, error) : db_begin(reader->db, MDB_RDONLY, &reader->txn, error);
    if (status != RESIGHT_OK)
        return status;
    reader->live = true;
    const uint64_t id = mdb_txn_id(reader->txn);
    if (id == reader->txn_id)
        return RESIGHT_OK;
    reader->txn_id = 0;
    status = follow(reader, error);
    if (status == RESIGHT_OK)
        reader->txn_id = id;
    return status;
}

int resight_reader_renew(resight_reader *reader, resight_error *error) {
    let_go(reader);
    const int status = take_snapshot(reader, error);
    if (status != RESIGHT_OK)
        let_go(reader);
    return status;
}

void resight_reader_free(resight_reader **reader) {
    resight_reader *r = *reader;
    if (!r)
        return;
    if (r->txn)
        mdb_txn_abort(r->txn);
    if (r->live)
        db_ended(r->db);
    drop_segments(r, r->segments);
    free(r->banks);
    segment_source_free(&r->tail.held);
    resight_hits_free(&r->hits);
    free(r->answer.marks);
    free(r->answer.labels);
    free(r->answer.sets);
    free(r->answer.patches);
    free(r);
    *reader = NULL;
}

int resight_reader_new(resight_db *db, resight_reader **out, resight_error *error) {
    CLEANUP(resight_reader_free) resight_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", db->dir);
    reader->db = db;
    const int status = take_snapshot(reader, error);
    if (status == RESIGHT_OK)
        *out = STEAL(reader);
    return status;
}

/* A snapshot that could not be renewed is none. */
int reader_ready(const resight_reader *reader, resight_error *error) {
    return reader->live
               ? RESIGHT_OK
               : resight_fail(error, RESIGHT_E_ARG, "%s: the reader has no snapshot: renew failed", reader->db->dir);
}

const bank_record *reader_bank_of(const resight_reader *reader, uint32_t id) {
    size_t from = 0, to = reader->bank_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (reader->banks[middle].bank.id < id)
            from = middle + 1;
        else
            to = middle;
    }
    return from < reader->bank_count && reader->banks[from].bank.id == id ? &reader->banks[from] : NULL;
}

int resight_reader_bank(resight_reader *reader, const char *name, resight_bank *out, resight_error *error) {
    const int status = reader_ready(reader, error);
    if (status != RESIGHT_OK)
        return status;
    for (size_t i = 0; i < reader->bank_count; i++)
        if (strcmp(reader->banks[i].bank.name, name) == 0) {
            *out = reader->banks[i].bank;
            return RESIGHT_OK;
        }
    return resight_fail(error, RESIGHT_NOT_FOUND, "no bank \"%.64s\"", name);
}

int resight_reader_next_bank(resight_reader *reader, uint32_t after, resight_bank *out, resight_error *error) {
    const int status = reader_ready(reader, error);
    if (status != RESIGHT_OK)
        return status;
    for (size_t i = 0; i < reader->bank_count; i++)
        if (reader->banks[i].bank.id > after) {
            *out = reader->banks[i].bank;
            return RESIGHT_OK;
        }
    return RESIGHT_END;
}
