/* SPDX-License-Identifier: Apache-2.0 */
/* Entries in a snapshot: by id, one after the other, by digest. */
#include "array.h"
#include "chunk.h"
#include "reader.h"

#include <string.h>

int reader_record(resight_reader *reader, uint64_t id, entry_view *out, resight_error *error) {
    MDB_val key = val_of(&id, sizeof id), value;
    const int code = mdb_get(reader->txn, reader->db->entry, &key, &value);
    if (code == MDB_NOTFOUND)
        return resight_fail(error, RESIGHT_NOT_FOUND, "no entry %llu", (unsigned long long)id);
    if (code != 0)
        return db_fail(reader->db, code, "read an entry", error);
    return entry_unpack(value.mv_data, value.mv_size, id, out) == RESIGHT_OK
               ? RESIGHT_OK
               : reader_damaged(reader, error, "the record of entry", id);
}

/* The texts are used in the map; the labels need an array of pointers, everything else an aligned copy. */
static bool fill_answer(entry_answer *answer, const entry_view *entry) {
    if (!array_reserve(&answer->marks, &answer->mark_capacity, 0, entry->mark_count) ||
        !array_reserve(&answer->labels, &answer->label_capacity, 0, entry->label_count) ||
        !array_reserve(&answer->sets, &answer->set_capacity, 0, entry->set_count) ||
        !array_reserve(&answer->patches, &answer->patch_capacity, 0, entry->patch_count))
        return false;
    if (entry->set_count > 0)
        memcpy(answer->sets, entry->sets, entry->set_count * sizeof *answer->sets);
    if (entry->mark_count > 0)
        memcpy(answer->marks, entry->marks, entry->mark_count * sizeof *answer->marks);
    const char *text = entry->labels;
    for (uint32_t i = 0; i < entry->label_count; i++) {
        answer->labels[i].key = text;
        text += strlen(text) + 1;
        answer->labels[i].value = text;
        text += strlen(text) + 1;
    }
    return true;
}

static int give(resight_reader *reader, const entry_view *entry, resight_entry *out, resight_error *error) {
    if (!fill_answer(&reader->answer, entry))
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", reader->db->dir);
    const int status = chunk_read_all(reader->db, reader->txn, entry, reader->answer.patches, error);
    if (status != RESIGHT_OK)
        return status;
    *out = (resight_entry){
        .id = entry->id,
        .bank = entry->bank,
        .kind = entry->kind,
        .name = entry->name,
        .labels = reader->answer.labels,
        .label_count = entry->label_count,
        .has_sha256 = entry->has_sha256,
        .added_us = entry->added_us,
        .duration_us = entry->duration_us,
        .marks = reader->answer.marks,
        .mark_count = entry->mark_count,
        .patch_sets = reader->answer.sets,
        .patch_set_count = entry->set_count,
        .patches = reader->answer.patches,
        .patch_count = entry->patch_count,
    };
    if (entry->has_sha256)
        memcpy(out->sha256, entry->sha256, sizeof out->sha256);
    return RESIGHT_OK;
}

int resight_reader_entry(resight_reader *reader, uint64_t id, resight_entry *out, resight_error *error) {
    entry_view entry;
    int status = reader_ready(reader, error);
    if (status == RESIGHT_OK)
        status = reader_record(reader, id, &entry, error);
    return status == RESIGHT_OK ? give(reader, &entry, out, error) : status;
}

/* The first record from an id on, in a bank or in any. */
static int find_next(resight_reader *reader, MDB_cursor *cursor, uint64_t from, uint32_t bank, entry_view *out,
                     resight_error *error) {
    MDB_val key = val_of(&from, sizeof from), value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; code == 0; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        uint64_t id = 0;
        memcpy(&id, key.mv_data, key.mv_size < sizeof id ? key.mv_size : sizeof id);
        if (entry_unpack(value.mv_data, value.mv_size, id, out) != RESIGHT_OK)
            return reader_damaged(reader, error, "the record of entry", id);
        if (bank == 0 || out->bank == bank)
            return RESIGHT_OK;
    }
    return code == MDB_NOTFOUND ? RESIGHT_END : db_fail(reader->db, code, "read the entries", error);
}

int resight_reader_next_entry(resight_reader *reader, uint64_t after, uint32_t bank, resight_entry *out,
                              resight_error *error) {
    entry_view entry;
    MDB_cursor *cursor = NULL;
    int status = reader_ready(reader, error);
    if (status != RESIGHT_OK || after == UINT64_MAX)
        return status == RESIGHT_OK ? RESIGHT_END : status;
    const int code = mdb_cursor_open(reader->txn, reader->db->entry, &cursor);
    if (code != 0)
        return db_fail(reader->db, code, "read the entries", error);
    status = find_next(reader, cursor, after + 1, bank, &entry, error);
    mdb_cursor_close(cursor);
    return status == RESIGHT_OK ? give(reader, &entry, out, error) : status;
}

/* The smallest id after one among the digest's keys, one for each bank that has it; 0: none. */
static int scan_digests(resight_reader *reader, MDB_cursor *cursor, const uint8_t sha256[32], uint64_t after,
                        uint64_t *found, resight_error *error) {
    digest_key first = digest_key_of(sha256, 0);
    MDB_val key = val_of(&first, sizeof first), value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; code == 0 && key.mv_size == sizeof first && memcmp(key.mv_data, sha256, 32) == 0;
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        uint64_t id = 0;
        if (value.mv_size != sizeof id)
            return reader_damaged(reader, error, "a digest in bank", digest_key_bank(key.mv_data));
        memcpy(&id, value.mv_data, sizeof id);
        if (id > after && (*found == 0 || id < *found))
            *found = id;
    }
    return code == 0 || code == MDB_NOTFOUND ? RESIGHT_OK : db_fail(reader->db, code, "read the digests", error);
}

int resight_reader_find_sha256(resight_reader *reader, const uint8_t sha256[32], uint64_t after, uint64_t *entry,
                               resight_error *error) {
    MDB_cursor *cursor = NULL;
    uint64_t id = 0;
    entry_view record;
    int status = reader_ready(reader, error);
    if (status != RESIGHT_OK)
        return status;
    const int code = mdb_cursor_open(reader->txn, reader->db->digest, &cursor);
    if (code != 0)
        return db_fail(reader->db, code, "read the digests", error);
    status = scan_digests(reader, cursor, sha256, after, &id, error);
    mdb_cursor_close(cursor);
    if (status != RESIGHT_OK || id == 0)
        return status == RESIGHT_OK ? RESIGHT_END : status;
    status = reader_record(reader, id, &record, error);
    if (status == RESIGHT_NOT_FOUND || (status == RESIGHT_OK && memcmp(record.sha256, sha256, 32) != 0))
        return reader_damaged(reader, error, "the digest of entry", id);
    if (status == RESIGHT_OK)
        *entry = id;
    return status;
}
