/* SPDX-License-Identifier: Apache-2.0 */
/* A segment: an immutable multi-index of hashes, and one of the keys of patches, in the map and used where they lie. */
#ifndef RESIGHT_DB_SEGMENT_H
#define RESIGHT_DB_SEGMENT_H

#include "env.h"
#include "schema.h"

/* One segment as a snapshot sees it. Everything points into the map. */
typedef struct db_segment {
    uint64_t id, bytes;
    resight_index index; /* not to be asked when it has no hashes: then there is no plan */
    resight_key_index keys;
    uint32_t entries;
    const uint64_t *entry; /* [entries], rising */
    const uint32_t *first; /* [entries + 1]: entry k has the hashes first[k] .. first[k + 1], in order of its marks */
    const uint32_t *first_key; /* [entries + 1]: the same of its patches */
} db_segment;

/* Find every part and check heads, lengths and alignment. Checksums are left to verify. */
int segment_open(resight_db *db, MDB_txn *txn, const manifest_item *item, db_segment *out, resight_error *error);

/* Parts from PART_BANDS on are two for each of these. */
static inline uint32_t segment_bands(const db_segment *segment) {
    return segment->index.plan.band_count + segment->keys.plan.band_count;
}

/* The place of the entry that item number `at` belongs to, by segment->first or first_key; `entries` when the table
 * contradicts itself. */
uint32_t segment_entry_at(const db_segment *segment, const uint32_t *first, uint32_t at);

/* What a new segment is made of. All zero is empty. */
typedef struct segment_source {
    resight_hash *hashes;
    size_t hash_count, hash_capacity;
    uint64_t *keys;
    size_t key_count, key_capacity;
    uint64_t *entry;
    uint32_t *first, *first_key; /* [entry_count + 1] once there is an entry */
    size_t entry_count, entry_capacity, first_capacity, first_key_capacity;
    uint64_t last_entry; /* looked at, whether it had hashes or patches or not; 0: none */
} segment_source;

void segment_source_free(segment_source *source);
static inline db_amount source_amount(const segment_source *source) {
    return (db_amount){source->hash_count, source->key_count};
}

/**
 * Append the live entries of an id range, from their records.
 *
 * @param from, to    inclusive
 * @param most        in the source, with what it has already
 * @return RESIGHT_OK        all of the range
 *         RESIGHT_E_LIMIT   stopped after source->last_entry: the next would not fit
 *         RESIGHT_E_DAMAGED, RESIGHT_E_NOMEM, RESIGHT_E_IO
 */
int segment_collect(resight_db *db, MDB_txn *txn, uint64_t from, uint64_t to, db_amount most, segment_source *source,
                    resight_error *error);

/* Build and store the parts of a new segment, in transactions of bounded size. Nothing refers to it yet. */
int segment_build(resight_db *db, const segment_source *source, uint64_t *id, resight_error *error);

#endif
