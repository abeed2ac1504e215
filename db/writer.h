/* SPDX-License-Identifier: Apache-2.0 */
/* A write transaction from inside: what the merge shares with adding and removing. */
#ifndef RESIGHT_DB_WRITER_H
#define RESIGHT_DB_WRITER_H

#include "env.h"
#include "schema.h"

typedef struct writer_bank {
    bank_record record;
    bool changed;
} writer_bank;

struct resight_writer {
    resight_db *db;
    MDB_txn *txn;
    int failed; /* the first failure that leaves the transaction useless, or RESIGHT_OK */
    db_state state;
    db_manifest manifest;
    bool state_changed, manifest_changed;
    bool banks_read;
    writer_bank *banks; /* in order of id */
    size_t bank_count, bank_capacity;
};

/* Note that the transaction can only be aborted now, and fill the error. */
int writer_fail(resight_writer *writer, int code, const char *doing, resight_error *error);
int writer_damaged(resight_writer *writer, resight_error *error, const char *what, uint64_t id);

/* The bank with this id among all banks, or NULL with *status RESIGHT_NOT_FOUND or a failure. */
writer_bank *writer_find_bank(resight_writer *writer, uint32_t id, int *status, resight_error *error);
int writer_read_banks(resight_writer *writer, resight_error *error);

/* Reading that snapshots need too. */
int meta_read_state(resight_db *db, MDB_txn *txn, db_state *out, resight_error *error);
int meta_read_manifest(resight_db *db, MDB_txn *txn, db_manifest *out, resight_error *error);

#endif
