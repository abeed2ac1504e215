/* SPDX-License-Identifier: Apache-2.0 */
/* Entries in a write transaction: adding and removing one, with its digest and the counts that it belongs to. */
#include "writer.h"

#include <string.h>

static int find_digest(resight_writer *writer, const resight_entry *entry, uint64_t *id, resight_error *error) {
    digest_key key = digest_key_of(entry->sha256, entry->bank);
    MDB_val name = val_of(&key, sizeof key), value;
    const int code = mdb_get(writer->txn, writer->db->digest, &name, &value);
    if (code == MDB_NOTFOUND)
        return RESIGHT_OK;
    if (code != 0)
        return writer_fail(writer, code, "look up a digest", error);
    if (value.mv_size != sizeof *id)
        return writer_damaged(writer, error, "a digest in bank", entry->bank);
    memcpy(id, value.mv_data, sizeof *id);
    return RESIGHT_EXISTS;
}

static int put_digest(resight_writer *writer, const resight_entry *entry, resight_error *error) {
    digest_key key = digest_key_of(entry->sha256, entry->bank);
    MDB_val name = val_of(&key, sizeof key), value = val_of(&entry->id, sizeof entry->id);
    const int code = mdb_put(writer->txn, writer->db->digest, &name, &value, 0);
    return code == 0 ? RESIGHT_OK : writer_fail(writer, code, "store a digest", error);
}

/* Ids rise, so a record always goes to the end of the tree; it is packed in the page that LMDB will write. */
static int put_record(resight_writer *writer, const resight_entry *entry, size_t size, resight_error *error) {
    MDB_val key = val_of(&entry->id, sizeof entry->id), value = {size, NULL};
    const int code = mdb_put(writer->txn, writer->db->entry, &key, &value, MDB_RESERVE | MDB_APPEND);
    if (code == MDB_KEYEXIST)
        return writer_damaged(writer, error, "the number of the next entry,", entry->id);
    if (code != 0)
        return writer_fail(writer, code, "store an entry", error);
    entry_pack(entry, value.mv_data, size);
    return RESIGHT_OK;
}

/* Chunks are in the order of their entries, so they go to the end of their tree too. */
static int put_patches(resight_writer *writer, const resight_entry *entry, resight_error *error) {
    for (uint32_t chunk = 0; chunk < CHUNK_COUNT(entry->patch_count); chunk++) {
        const uint64_t number = CHUNK_KEY(entry->id, chunk);
        const uint32_t count = chunk_patches(entry->patch_count, chunk);
        MDB_val key = val_of(&number, sizeof number), value = {CHUNK_BYTES(count), NULL};
        const int code = mdb_put(writer->txn, writer->db->patch, &key, &value, MDB_RESERVE | MDB_APPEND);
        if (code == MDB_KEYEXIST)
            return writer_damaged(writer, error, "the table of patches, before those of entry", entry->id);
        if (code != 0)
            return writer_fail(writer, code, "store patches", error);
        chunk_pack(entry->patches + (size_t)chunk * CHUNK_PATCHES, count, value.mv_data);
    }
    return RESIGHT_OK;
}

static void count_added(resight_writer *writer, writer_bank *bank, const resight_entry *entry) {
    bank->record.bank.entries++;
    bank->record.videos += entry->kind == RESIGHT_VIDEO;
    const db_amount added = {entry->mark_count, entry->patch_count};
    bank->record.held = amount_sum(bank->record.held, added);
    bank->changed = true;
    writer->state.next_entry++;
    writer->state.tail = amount_sum(writer->state.tail, added);
    writer->state_changed = true;
}

int resight_writer_add(resight_writer *writer, const resight_entry *entry, uint64_t *id, resight_error *error) {
    size_t size = 0;
    int status = entry_check(entry, &size, error);
    if (status != RESIGHT_OK)
        return status;
    writer_bank *bank = writer_find_bank(writer, entry->bank, &status, error);
    if (!bank)
        return status == RESIGHT_NOT_FOUND ? resight_fail(error, RESIGHT_E_ARG, "no bank %u", entry->bank) : status;
    if (entry->has_sha256 && (status = find_digest(writer, entry, id, error)) != RESIGHT_OK)
        return status;
    resight_entry stored = *entry;
    stored.id = writer->state.next_entry;
    if (stored.added_us == 0)
        stored.added_us = now_us();
    status = put_record(writer, &stored, size, error);
    if (status == RESIGHT_OK)
        status = put_patches(writer, &stored, error);
    if (status == RESIGHT_OK && entry->has_sha256)
        status = put_digest(writer, &stored, error);
    if (status != RESIGHT_OK)
        return status;
    count_added(writer, bank, &stored);
    *id = stored.id;
    return RESIGHT_OK;
}

/* What remains to be known of an entry once its record is gone. */
typedef struct removed {
    uint64_t id;
    uint32_t bank;
    db_amount held;
    bool video, has_sha256;
    digest_key digest;
} removed;

static int look_up(resight_writer *writer, uint64_t id, removed *out, resight_error *error) {
    MDB_val key = val_of(&id, sizeof id), value;
    entry_view entry;
    const int code = mdb_get(writer->txn, writer->db->entry, &key, &value);
    if (code == MDB_NOTFOUND)
        return resight_fail(error, RESIGHT_NOT_FOUND, "no entry %llu", (unsigned long long)id);
    if (code != 0)
        return writer_fail(writer, code, "read an entry", error);
    if (entry_unpack(value.mv_data, value.mv_size, id, &entry) != RESIGHT_OK)
        return writer_damaged(writer, error, "the record of entry", id);
    *out = (removed){id,
                     entry.bank,
                     entry_amount(&entry),
                     entry.kind == RESIGHT_VIDEO,
                     entry.has_sha256,
                     digest_key_of(entry.sha256, entry.bank)};
    return RESIGHT_OK;
}

static int take_out(resight_writer *writer, uint64_t id, MDB_dbi dbi, const void *key, size_t size,
                    resight_error *error) {
    MDB_val name = val_of(key, size);
    const int code = mdb_del(writer->txn, dbi, &name, NULL);
    if (code == MDB_NOTFOUND)
        return writer_damaged(writer, error, "a record of entry", id);
    return code == 0 ? RESIGHT_OK : writer_fail(writer, code, "remove an entry", error);
}

static int take_out_patches(resight_writer *writer, const removed *entry, resight_error *error) {
    int status = RESIGHT_OK;
    for (uint32_t chunk = 0; status == RESIGHT_OK && chunk < CHUNK_COUNT(entry->held.patches); chunk++) {
        const uint64_t number = CHUNK_KEY(entry->id, chunk);
        status = take_out(writer, entry->id, writer->db->patch, &number, sizeof number, error);
    }
    return status;
}

/* What is in a segment stays there and counts as dead until the segment is merged. */
static int count_dead(resight_writer *writer, const removed *entry, resight_error *error) {
    db_manifest *list = &writer->manifest;
    if (amount_size(entry->held) == 0)
        return RESIGHT_OK;
    if (entry->id > list->covered_entry) {
        writer->state.tail = amount_less(writer->state.tail, entry->held);
        writer->state_changed = true;
        return RESIGHT_OK;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        manifest_item *item = &list->item[i];
        if (entry->id > item->last_entry)
            continue;
        if (entry->id < item->first_entry || !amount_within(entry->held, amount_less(item->held, item->dead)))
            break;
        item->dead = amount_sum(item->dead, entry->held);
        writer->manifest_changed = true;
        return RESIGHT_OK;
    }
    return writer_damaged(writer, error, "the manifest's place for entry", entry->id);
}

static void count_removed(writer_bank *bank, const removed *entry) {
    bank->record.bank.entries--;
    bank->record.videos -= entry->video;
    bank->record.held = amount_less(bank->record.held, entry->held);
    bank->changed = true;
}

int resight_writer_remove(resight_writer *writer, uint64_t id, resight_error *error) {
    removed entry;
    int status = look_up(writer, id, &entry, error);
    if (status != RESIGHT_OK)
        return status;
    writer_bank *bank = writer_find_bank(writer, entry.bank, &status, error);
    if (!bank)
        return status == RESIGHT_NOT_FOUND ? writer_damaged(writer, error, "the bank of entry", id) : status;
    status = count_dead(writer, &entry, error);
    if (status == RESIGHT_OK)
        status = take_out(writer, id, writer->db->entry, &id, sizeof id, error);
    if (status == RESIGHT_OK)
        status = take_out_patches(writer, &entry, error);
    if (status == RESIGHT_OK && entry.has_sha256)
        status = take_out(writer, id, writer->db->digest, &entry.digest, sizeof entry.digest, error);
    if (status == RESIGHT_OK)
        count_removed(bank, &entry);
    return status;
}
