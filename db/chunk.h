/* SPDX-License-Identifier: Apache-2.0 */
/* The patches of an entry, from the chunks that they lie in. */
#ifndef RESIGHT_DB_CHUNK_H
#define RESIGHT_DB_CHUNK_H

#include "env.h"
#include "schema.h"

#include <string.h>

/* The patches of one chunk where they lie; there are chunk_patches() of them. RESIGHT_E_DAMAGED when they do not. */
int chunk_read(const resight_db *db, MDB_txn *txn, const entry_view *entry, uint32_t chunk, const uint8_t **patches,
               resight_error *error);

/* All patches of an entry; out[entry->patch_count]. */
int chunk_read_all(const resight_db *db, MDB_txn *txn, const entry_view *entry, resight_patch *out,
                   resight_error *error);

static inline resight_patch patch_at(const uint8_t *patches, uint32_t number) {
    resight_patch out;
    memcpy(&out, patches + number * sizeof out, sizeof out);
    return out;
}

#endif
