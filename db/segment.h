/* SPDX-License-Identifier: Apache-2.0 */
/* A segment: an immutable multi-index of hashes, and one of the keys of patches, in the map and used where they lie. */
#ifndef RESIGHT_DB_SEGMENT_H
#define RESIGHT_DB_SEGMENT_H

#include "env.h"
#include "schema.h"

/* Where each array of a segment lies among all of them, in bytes from the first. */
typedef struct segment_layout {
    size_t hashes, entry, first, first_key, keys;
    size_t offsets[SEGMENT_MAX_BANDS], postings[SEGMENT_MAX_BANDS]; /* bands of the hashes, then those of the keys */
    size_t bytes;
} segment_layout;
segment_layout segment_layout_of(const segment_plan *plan, uint32_t hashes, uint32_t entries, uint32_t patches);

/* All arrays of a segment in one piece: its extents, wherever they are in the file, one after the other in the address
 * space. */
typedef struct segment_arrays {
    uint8_t *at;
    size_t bytes;        /* whole pages */
    uint64_t file_bytes; /* with what is not arrays */
    extent_head head;    /* of the first extent */
    segment_plan plan;
} segment_arrays;
int segment_arrays_map(resight_db *db, MDB_txn *txn, uint64_t segment, segment_arrays *out, resight_error *error);
void segment_arrays_unmap(segment_arrays *arrays);
/* The first extent whose checksum does not hold, or that is not what stands in the arrays; -1: none. */
int64_t segment_arrays_damaged(resight_db *db, MDB_txn *txn, const segment_arrays *arrays);

/* One segment in use, by every snapshot that has it. */
typedef struct db_segment {
    uint64_t id;
    segment_arrays arrays;
    resight_index index; /* not to be asked when it has no hashes: then there is no plan */
    resight_key_index keys;
    uint32_t entries;
    const uint64_t *entry; /* [entries], rising */
    const uint32_t *first; /* [entries + 1]: entry k has the hashes first[k] .. first[k + 1], in order of its marks */
    const uint32_t *first_key; /* [entries + 1]: the same of its patches */
    uint32_t holders;          /* under the lock of the database, as the list is */
    struct db_segment *next;
} db_segment;

/* The segment that a snapshot's manifest names, mapped once for all who hold it. Heads and lengths are checked;
 * checksums are left to verify. */
int segment_hold(resight_db *db, MDB_txn *txn, const manifest_item *item, const db_segment **out, resight_error *error);
void segment_drop(resight_db *db, const db_segment *segment);

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
