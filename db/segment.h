/* SPDX-License-Identifier: Apache-2.0 */
/* A segment: an immutable multi-index in the map, used where it lies. */
#ifndef RESIGHT_DB_SEGMENT_H
#define RESIGHT_DB_SEGMENT_H

#include "env.h"
#include "schema.h"

/* One segment as a snapshot sees it. Everything points into the map. */
typedef struct db_segment {
    uint64_t id, bytes;
    resight_index index;
    uint32_t entries;
    const uint64_t *entry; /* [entries], rising */
    const uint32_t *first; /* [entries + 1]: entry k has the hashes first[k] .. first[k + 1], in order of its marks */
} db_segment;

/* Find every part and check heads, lengths and alignment. Checksums are left to verify. */
int segment_open(resight_db *db, MDB_txn *txn, const manifest_item *item, db_segment *out, resight_error *error);

/* The place of the entry that a hash belongs to; `entries` when the table contradicts itself. */
uint32_t segment_entry_at(const db_segment *segment, uint32_t hash);

/* What a new segment is made of. All zero is empty. */
typedef struct segment_source {
    resight_hash *hashes;
    size_t hash_count, hash_capacity;
    uint64_t *entry;
    uint32_t *first; /* [entry_count + 1] once there is an entry */
    size_t entry_count, entry_capacity, first_capacity;
    uint64_t last_entry; /* looked at, whether it had hashes or not; 0: none */
} segment_source;

void segment_source_free(segment_source *source);

/**
 * Append the live entries of an id range, from their records.
 *
 * @param from, to    inclusive
 * @param max_hashes  in the source, with those that it has already
 * @return RESIGHT_OK        all of the range
 *         RESIGHT_E_LIMIT   stopped after source->last_entry: the next would not fit
 *         RESIGHT_E_DAMAGED, RESIGHT_E_NOMEM, RESIGHT_E_IO
 */
int segment_collect(resight_db *db, MDB_txn *txn, uint64_t from, uint64_t to, uint32_t max_hashes,
                    segment_source *source, resight_error *error);

/* Build and store the parts of a new segment, in transactions of bounded size. Nothing refers to it yet. */
int segment_build(resight_db *db, const segment_source *source, uint64_t *id, resight_error *error);

#endif
