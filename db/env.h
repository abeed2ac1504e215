/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open environment: its tables, its transactions, and the one place where LMDB's codes become statuses.
 */
#ifndef RESIGHT_DB_ENV_H
#define RESIGHT_DB_ENV_H

#include <lmdb.h>
#include <pthread.h>
#include <resight/db.h>
#include <sys/types.h>

struct resight_db {
    MDB_env *env;
    MDB_dbi meta, entry, patch, digest, segment;
    char *dir;
    bool read_only;
    uint32_t radius_bits, tail_limit, page_bytes;

    pthread_mutex_t lock;        /* over what follows */
    unsigned transactions;       /* live ones: the map moves only when there are none */
    struct db_segment *segments; /* that snapshots of this process use */
    bool writing;                /* by the thread that has begun, to refuse a second writer there */
    pthread_t writer_thread;

    /* in the list of databases that are open in this process */
    dev_t device;
    ino_t inode;
    pid_t process; /* a child after fork() has not opened what its parent has */
    resight_db *next;
};

/* The status of one of LMDB's codes, or of an errno that it handed through. */
int status_of_lmdb(int code);

/* Fill the error with what was being done and LMDB's own words. A short write is called "no room" when it was. */
int db_fail(const resight_db *db, int code, const char *doing, resight_error *error);

/* Begin a transaction, follow a map that another process has grown, clear readers that have died. */
int db_begin(resight_db *db, unsigned flags, MDB_txn **out, resight_error *error);
/* The same for a read transaction that was reset. */
int db_renew(resight_db *db, MDB_txn *txn, resight_error *error);
/* To be called once for each success of the two above, after the transaction has ended or was reset. */
void db_ended(resight_db *db);

/* Begin a transaction for reading, and abort it by CLEANUP: the two together. */
typedef struct db_view {
    resight_db *db;
    MDB_txn *txn; /* NULL: none */
} db_view;
int db_view_open(resight_db *db, db_view *out, resight_error *error);
void db_view_close(db_view *view);

static inline MDB_val val_of(const void *bytes, size_t size) {
    return (MDB_val){size, (void *)(uintptr_t)bytes};
}

#endif
