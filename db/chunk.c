/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the patches of an entry: chunk by chunk, each with its own checksum. */
#include "chunk.h"

int chunk_read(const resight_db *db, MDB_txn *txn, const entry_view *entry, uint32_t chunk, const uint8_t **patches,
               resight_error *error) {
    const uint64_t number = CHUNK_KEY(entry->id, chunk);
    MDB_val key = val_of(&number, sizeof number), value;
    const int code = mdb_get(txn, db->patch, &key, &value);
    if (code != 0 && code != MDB_NOTFOUND)
        return db_fail(db, code, "read patches", error);
    if (code == 0)
        *patches = chunk_unpack(value.mv_data, value.mv_size, chunk_patches(entry->patch_count, chunk));
    if (code != 0 || !*patches)
        return resight_fail(error, RESIGHT_E_DAMAGED, "%s: the patches of entry %llu do not hold; run verify", db->dir,
                            (unsigned long long)entry->id);
    return RESIGHT_OK;
}

int chunk_read_all(const resight_db *db, MDB_txn *txn, const entry_view *entry, resight_patch *out,
                   resight_error *error) {
    for (uint32_t chunk = 0; chunk < CHUNK_COUNT(entry->patch_count); chunk++) {
        const uint8_t *patches = NULL;
        const int status = chunk_read(db, txn, entry, chunk, &patches, error);
        if (status != RESIGHT_OK)
            return status;
        memcpy(out + (size_t)chunk * CHUNK_PATCHES, patches, chunk_patches(entry->patch_count, chunk) * sizeof *out);
    }
    return RESIGHT_OK;
}
