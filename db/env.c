/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions over the environment, and LMDB's codes as statuses.
 *
 * LMDB's map may only be moved while no transaction of this process is live, so every one is counted here.
 */
#include "env.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

int status_of_lmdb(int code) {
    switch (code) {
    case MDB_SUCCESS: return RESIGHT_OK;
    case MDB_NOTFOUND: return RESIGHT_NOT_FOUND;
    case MDB_KEYEXIST: return RESIGHT_EXISTS;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return RESIGHT_E_FULL;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED: return RESIGHT_E_BUSY;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL: return RESIGHT_E_DAMAGED;
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE: return RESIGHT_E_VERSION;
    case ENOMEM: return RESIGHT_E_NOMEM;
    case MDB_BAD_VALSIZE:
    case EINVAL: return RESIGHT_E_ARG;
    default: return RESIGHT_E_IO; /* what the operating system says, and MDB_PANIC after a failed write */
    }
}

/* LMDB reports a write that was cut short as EIO; that happens when the disk or the limit on file sizes is reached. */
static bool no_room(const resight_db *db) {
    mdb_filehandle_t fd;
    struct statvfs fs;
    struct stat file;
    struct rlimit limit;
    if (mdb_env_get_fd(db->env, &fd) != 0 || fstatvfs(fd, &fs) != 0 || fstat(fd, &file) != 0 ||
        getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return false;
    const bool at_limit = limit.rlim_cur != RLIM_INFINITY && (rlim_t)file.st_size + db->page_bytes > limit.rlim_cur;
    return at_limit || fs.f_bavail * fs.f_frsize < 16 * (uint64_t)db->page_bytes;
}

int db_fail(const resight_db *db, int code, const char *doing, resight_error *error) {
    int status = status_of_lmdb(code);
    if (code == EIO && no_room(db))
        status = RESIGHT_E_FULL;
    return resight_fail(error, status, "%s: %s: %s", db->dir, doing,
                        code == EIO && status == RESIGHT_E_FULL ? "no room left on the device" : mdb_strerror(code));
}

static void db_began(resight_db *db) {
    pthread_mutex_lock(&db->lock);
    db->transactions++;
    pthread_mutex_unlock(&db->lock);
}

void db_ended(resight_db *db) {
    pthread_mutex_lock(&db->lock);
    db->transactions--;
    pthread_mutex_unlock(&db->lock);
}

/* Take on the size that another process gave the map; only when the caller's is the one transaction counted. */
static int follow_map(resight_db *db) {
    pthread_mutex_lock(&db->lock);
    int code = MDB_MAP_RESIZED;
    if (db->transactions == 1)
        code = mdb_env_set_mapsize(db->env, 0);
    pthread_mutex_unlock(&db->lock);
    return code;
}

/* Can the failure be repaired so that a second try makes sense? */
static bool repaired(resight_db *db, int code) {
    int dead = 0;
    if (code == MDB_MAP_RESIZED)
        return follow_map(db) == 0;
    return code == MDB_READERS_FULL && mdb_reader_check(db->env, &dead) == 0 && dead > 0;
}

int db_begin(resight_db *db, unsigned flags, MDB_txn **out, resight_error *error) {
    MDB_txn *txn = NULL;
    db_began(db);
    int code = mdb_txn_begin(db->env, NULL, flags, &txn);
    if (code != 0 && repaired(db, code))
        code = mdb_txn_begin(db->env, NULL, flags, &txn);
    if (code != 0) {
        db_ended(db);
        return db_fail(db, code, "begin a transaction", error);
    }
    *out = txn;
    return RESIGHT_OK;
}

int db_renew(resight_db *db, MDB_txn *txn, resight_error *error) {
    db_began(db);
    int code = mdb_txn_renew(txn);
    if (code != 0 && repaired(db, code))
        code = mdb_txn_renew(txn);
    if (code == 0)
        return RESIGHT_OK;
    db_ended(db);
    return db_fail(db, code, "renew a snapshot", error);
}

int db_view_open(resight_db *db, db_view *out, resight_error *error) {
    MDB_txn *txn = NULL;
    const int status = db_begin(db, MDB_RDONLY, &txn, error);
    if (status == RESIGHT_OK)
        *out = (db_view){db, txn};
    return status;
}

void db_view_close(db_view *view) {
    if (!view->txn)
        return;
    mdb_txn_abort(view->txn);
    db_ended(view->db);
    *view = (db_view){0};
}
