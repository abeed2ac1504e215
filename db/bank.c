/* SPDX-License-Identifier: Apache-2.0 */
/* Banks in a write transaction: read once, changed in memory, stored at the commit. */
#include "array.h"
#include "writer.h"

#include "base/cleanup.h"
#include <string.h>

static int take_bank(resight_writer *writer, MDB_val key, MDB_val value, resight_error *error) {
    const uint32_t id = bank_key_id(key.mv_data);
    writer_bank bank = {0};
    if (bank_unpack(value.mv_data, value.mv_size, &bank.record) != RESIGHT_OK || bank.record.bank.id != id)
        return writer_damaged(writer, error, "the record of bank", id);
    if (!array_reserve(&writer->banks, &writer->bank_capacity, writer->bank_count, 1))
        return resight_fail(error, writer->failed = RESIGHT_E_NOMEM, "%s: out of memory", writer->db->dir);
    writer->banks[writer->bank_count++] = bank;
    return RESIGHT_OK;
}

int writer_read_banks(resight_writer *writer, resight_error *error) {
    bank_key first = bank_key_of(0);
    MDB_val key = val_of(&first, sizeof first), value;
    MDB_cursor *cursor = NULL;
    if (writer->banks_read)
        return RESIGHT_OK;
    int code = mdb_cursor_open(writer->txn, writer->db->meta, &cursor), status = RESIGHT_OK;
    if (code != 0)
        return writer_fail(writer, code, "read the banks", error);
    code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; code == 0 && is_bank_key(key.mv_data, key.mv_size) && status == RESIGHT_OK;
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
        status = take_bank(writer, key, value, error);
    mdb_cursor_close(cursor);
    if (status == RESIGHT_OK && code != 0 && code != MDB_NOTFOUND)
        status = writer_fail(writer, code, "read the banks", error);
    writer->banks_read = status == RESIGHT_OK;
    return status;
}

writer_bank *writer_find_bank(resight_writer *writer, uint32_t id, int *status, resight_error *error) {
    *status = writer_read_banks(writer, error);
    if (*status != RESIGHT_OK)
        return NULL;
    size_t from = 0, to = writer->bank_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (writer->banks[middle].record.bank.id < id)
            from = middle + 1;
        else
            to = middle;
    }
    if (from < writer->bank_count && writer->banks[from].record.bank.id == id)
        return &writer->banks[from];
    *status = RESIGHT_NOT_FOUND;
    return NULL;
}

static writer_bank *find_named(resight_writer *writer, const char *name) {
    for (size_t i = 0; i < writer->bank_count; i++)
        if (strcmp(writer->banks[i].record.bank.name, name) == 0)
            return &writer->banks[i];
    return NULL;
}

/* Ids rise, so a new bank stands last. */
static writer_bank *new_bank(resight_writer *writer) {
    if (writer->state.next_bank == UINT32_MAX ||
        !array_reserve(&writer->banks, &writer->bank_capacity, writer->bank_count, 1))
        return NULL;
    writer_bank *bank = &writer->banks[writer->bank_count++];
    *bank = (writer_bank){.record.bank.id = writer->state.next_bank++};
    writer->state_changed = true;
    return bank;
}

int resight_writer_put_bank(resight_writer *writer, const resight_bank *bank, uint32_t *id, resight_error *error) {
    int status = bank_check(bank, error);
    if (status == RESIGHT_OK)
        status = writer_read_banks(writer, error);
    if (status != RESIGHT_OK)
        return status;
    writer_bank *there = find_named(writer, bank->name), *put = there ? there : new_bank(writer);
    if (!put)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: no memory for a bank", writer->db->dir);
    put->record.bank = (resight_bank){.id = put->record.bank.id,
                                      .polarity = bank->polarity,
                                      .radius_bits = bank->radius_bits,
                                      .min_quality = bank->min_quality,
                                      .entries = put->record.bank.entries};
    strcpy(put->record.bank.name, bank->name);
    put->changed = true;
    if (id)
        *id = put->record.bank.id;
    return there ? RESIGHT_EXISTS : RESIGHT_OK;
}

typedef struct id_list {
    uint64_t *items;
    size_t count, capacity;
} id_list;

static void id_list_free(id_list *list) {
    free(list->items);
}

static int collect(resight_writer *writer, MDB_cursor *cursor, uint32_t bank, id_list *out, resight_error *error) {
    MDB_val key, value;
    entry_view entry;
    int code;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        uint64_t id = 0;
        memcpy(&id, key.mv_data, key.mv_size < sizeof id ? key.mv_size : sizeof id);
        if (entry_unpack(value.mv_data, value.mv_size, id, &entry) != RESIGHT_OK)
            return writer_damaged(writer, error, "the record of entry", id);
        if (entry.bank != bank)
            continue;
        if (!array_reserve(&out->items, &out->capacity, out->count, 1))
            return resight_fail(error, writer->failed = RESIGHT_E_NOMEM, "%s: out of memory", writer->db->dir);
        out->items[out->count++] = id;
    }
    return code == MDB_NOTFOUND ? RESIGHT_OK : writer_fail(writer, code, "read the entries", error);
}

static int entries_of(resight_writer *writer, uint32_t bank, id_list *out, resight_error *error) {
    MDB_cursor *cursor = NULL;
    const int code = mdb_cursor_open(writer->txn, writer->db->entry, &cursor);
    if (code != 0)
        return writer_fail(writer, code, "read the entries", error);
    const int status = collect(writer, cursor, bank, out, error);
    mdb_cursor_close(cursor);
    return status;
}

int resight_writer_remove_bank(resight_writer *writer, uint32_t bank, resight_error *error) {
    CLEANUP(id_list_free) id_list entries = {0};
    int status;
    if (!writer_find_bank(writer, bank, &status, error))
        return status == RESIGHT_NOT_FOUND ? resight_fail(error, status, "no bank %u", bank) : status;
    status = entries_of(writer, bank, &entries, error);
    for (size_t i = 0; status == RESIGHT_OK && i < entries.count; i++)
        status = resight_writer_remove(writer, entries.items[i], error);
    if (status != RESIGHT_OK)
        return status;
    bank_key name = bank_key_of(bank);
    MDB_val key = val_of(&name, sizeof name);
    const int code = mdb_del(writer->txn, writer->db->meta, &key, NULL);
    if (code != 0 && code != MDB_NOTFOUND) /* made by this writer and not stored yet */
        return writer_fail(writer, code, "remove a bank", error);
    writer_bank *gone = writer_find_bank(writer, bank, &status, error);
    memmove(gone, gone + 1, (size_t)(writer->banks + writer->bank_count - (gone + 1)) * sizeof *gone);
    writer->bank_count--;
    return RESIGHT_OK;
}
