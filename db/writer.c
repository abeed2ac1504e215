/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write transaction: begin, commit, abort. The state, the manifest and the banks are held unpacked and stored once,
 * at the commit, however many entries were added.
 */
#include "writer.h"

#include "base/cleanup.h"
#include <string.h>

int writer_fail(resight_writer *writer, int code, const char *doing, resight_error *error) {
    const int status = db_fail(writer->db, code, doing, error);
    if (status < 0 && writer->failed == RESIGHT_OK)
        writer->failed = status;
    return status;
}

int writer_damaged(resight_writer *writer, resight_error *error, const char *what, uint64_t id) {
    writer->failed = RESIGHT_E_DAMAGED;
    return resight_fail(error, RESIGHT_E_DAMAGED, "%s: %s %llu does not hold; run verify", writer->db->dir, what,
                        (unsigned long long)id);
}

static int meta_read(resight_db *db, MDB_txn *txn, const char *name, MDB_val *value, resight_error *error) {
    MDB_val key = val_of(name, strlen(name));
    const int code = mdb_get(txn, db->meta, &key, value);
    if (code == MDB_NOTFOUND)
        return resight_fail(error, RESIGHT_E_DAMAGED, "%s: no %s record", db->dir, name);
    return code == 0 ? RESIGHT_OK : db_fail(db, code, name, error);
}

int meta_read_state(resight_db *db, MDB_txn *txn, db_state *out, resight_error *error) {
    MDB_val value;
    const int status = meta_read(db, txn, KEY_STATE, &value, error);
    if (status == RESIGHT_OK && state_unpack(value.mv_data, value.mv_size, out) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_DAMAGED, "%s: the state record does not hold", db->dir);
    return status;
}

int meta_read_manifest(resight_db *db, MDB_txn *txn, db_manifest *out, resight_error *error) {
    MDB_val value;
    const int status = meta_read(db, txn, KEY_MANIFEST, &value, error);
    if (status == RESIGHT_OK && manifest_unpack(value.mv_data, value.mv_size, out) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_DAMAGED, "%s: the manifest does not hold", db->dir);
    return status;
}

/* LMDB's write lock is not recursive: the thread that has it would wait for itself. */
static bool take_thread(resight_db *db) {
    pthread_mutex_lock(&db->lock);
    const bool own = db->writing && pthread_equal(db->writer_thread, pthread_self());
    pthread_mutex_unlock(&db->lock);
    return !own;
}

static void mark_thread(resight_db *db, bool writing) {
    pthread_mutex_lock(&db->lock);
    db->writing = writing;
    db->writer_thread = pthread_self();
    pthread_mutex_unlock(&db->lock);
}

static int begin(resight_writer *writer, resight_error *error) {
    resight_db *db = writer->db;
    if (db->read_only)
        return resight_fail(error, RESIGHT_E_ARG, "%s: opened read only", db->dir);
    if (!take_thread(db))
        return resight_fail(error, RESIGHT_E_BUSY, "%s: this thread is writing already", db->dir);
    int status = db_begin(db, 0, &writer->txn, error);
    if (status != RESIGHT_OK)
        return status;
    mark_thread(db, true);
    status = meta_read_state(db, writer->txn, &writer->state, error);
    return status == RESIGHT_OK ? meta_read_manifest(db, writer->txn, &writer->manifest, error) : status;
}

int resight_writer_begin(resight_db *db, resight_writer **out, resight_error *error) {
    CLEANUP(resight_writer_abort) resight_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", db->dir);
    writer->db = db;
    const int status = begin(writer, error);
    if (status == RESIGHT_OK)
        *out = STEAL(writer);
    return status;
}

static void release(resight_writer **writer) {
    free((*writer)->banks);
    free(*writer);
    *writer = NULL;
}

/* The mark goes before the lock does: after that it may belong to another thread. */
void resight_writer_abort(resight_writer **writer) {
    if (!*writer)
        return;
    if ((*writer)->txn) {
        mark_thread((*writer)->db, false);
        mdb_txn_abort((*writer)->txn);
        db_ended((*writer)->db);
    }
    release(writer);
}

static int put(resight_writer *writer, MDB_dbi dbi, MDB_val key, MDB_val value, resight_error *error) {
    const int code = mdb_put(writer->txn, dbi, &key, &value, 0);
    return code == 0 ? RESIGHT_OK : writer_fail(writer, code, "store", error);
}

static int put_state(resight_writer *writer, resight_error *error) {
    uint8_t bytes[STATE_BYTES];
    if (!writer->state_changed)
        return RESIGHT_OK;
    state_pack(&writer->state, bytes);
    return put(writer, writer->db->meta, val_of(KEY_STATE, strlen(KEY_STATE)), val_of(bytes, sizeof bytes), error);
}

static int put_manifest(resight_writer *writer, resight_error *error) {
    uint8_t bytes[MANIFEST_BYTES(RESIGHT_MAX_SEGMENTS)];
    if (!writer->manifest_changed)
        return RESIGHT_OK;
    manifest_pack(&writer->manifest, bytes);
    return put(writer, writer->db->meta, val_of(KEY_MANIFEST, strlen(KEY_MANIFEST)),
               val_of(bytes, MANIFEST_BYTES(writer->manifest.count)), error);
}

static int put_banks(resight_writer *writer, resight_error *error) {
    uint8_t bytes[BANK_BYTES];
    for (size_t i = 0; i < writer->bank_count; i++) {
        const writer_bank *bank = &writer->banks[i];
        const bank_key key = bank_key_of(bank->record.bank.id);
        if (!bank->changed)
            continue;
        const int status = put(writer, writer->db->meta, val_of(&key, sizeof key),
                               val_of(bytes, bank_pack(&bank->record, bytes)), error);
        if (status != RESIGHT_OK)
            return status;
    }
    return RESIGHT_OK;
}

static int store(resight_writer *writer, resight_error *error) {
    if (writer->failed != RESIGHT_OK)
        return resight_fail(error, writer->failed, "%s: nothing stored: an earlier step of this writer failed (%s)",
                            writer->db->dir, resight_status_name(writer->failed));
    int status = put_banks(writer, error);
    if (status == RESIGHT_OK)
        status = put_manifest(writer, error);
    return status == RESIGHT_OK ? put_state(writer, error) : status;
}

int resight_writer_commit(resight_writer **writer, resight_error *error) {
    resight_writer *w = *writer;
    int status = store(w, error);
    if (status != RESIGHT_OK) {
        resight_writer_abort(writer);
        return status;
    }
    mark_thread(w->db, false);
    const int code = mdb_txn_commit(w->txn);
    db_ended(w->db);
    if (code != 0)
        status = db_fail(w->db, code, "commit", error);
    release(writer);
    return status;
}
