/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of the file: how many are in use, free, or kept by snapshots. */
#ifndef RESIGHT_DB_PAGES_H
#define RESIGHT_DB_PAGES_H

#include "env.h"

typedef struct db_pages {
    uint64_t all, free;
    uint64_t kept; /* of the free ones, those that a snapshot in use is older than: not to be taken before it ends */
} db_pages;

/* As the snapshot of a transaction sees them; an LMDB code. */
int db_pages_count(const resight_db *db, MDB_txn *txn, db_pages *out);

#endif
