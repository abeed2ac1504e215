/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting pages. LMDB never moves a page and never gives one back to the system: what a transaction has freed is taken
 * again by a later one, once no snapshot is left that may still read it.
 */
#include "pages.h"

#include <stdio.h>
#include <string.h>

/* A line of mdb_reader_list() for a slot is "process thread snapshot"; without a snapshot there is a "-", and one line
 * is a title. */
static int note_snapshot(const char *line, void *oldest) {
    unsigned long long snapshot;
    if (sscanf(line, "%*d %*x %llu", &snapshot) == 1 && snapshot < *(uint64_t *)oldest)
        *(uint64_t *)oldest = snapshot;
    return 0;
}

/* LMDB's table 0 lists free pages: under the number of each transaction that freed some, their count and numbers. */
int db_pages_count(const resight_db *db, MDB_txn *txn, db_pages *out) {
    MDB_cursor *cursor = NULL;
    MDB_envinfo info;
    MDB_val key, value;
    const uint64_t newest = mdb_txn_id(txn);
    uint64_t oldest = newest;
    mdb_reader_list(db->env, note_snapshot, &oldest);
    int code = mdb_env_info(db->env, &info);
    if (code == 0)
        code = mdb_cursor_open(txn, 0, &cursor);
    if (code != 0)
        return code;
    *out = (db_pages){.all = info.me_last_pgno + 1};
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        uint64_t number = 0, count = 0;
        if (key.mv_size != sizeof number || value.mv_size < sizeof count)
            continue;
        memcpy(&number, key.mv_data, sizeof number);
        memcpy(&count, value.mv_data, sizeof count);
        out->free += count;
        out->kept += oldest < newest && number >= oldest ? count : 0;
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? 0 : code;
}
