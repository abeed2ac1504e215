/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot from inside: its segments, and a copy of the tail. Both are kept from one snapshot to the next
 * and only brought up to date.
 */
#ifndef RESIGHT_DB_READER_H
#define RESIGHT_DB_READER_H

#include "env.h"
#include "schema.h"
#include "segment.h"
#include "writer.h"

/* Entries that no segment covers yet. Removed ones may still stand here: a hit is good when its record is there. */
typedef struct db_tail {
    segment_source held;
    uint64_t after; /* the manifest's covered_entry that it was made for */
    uint64_t seen;  /* the last entry looked at */
} db_tail;

/* Scratch for the answers that point into the reader. */
typedef struct entry_answer {
    resight_mark *marks;
    resight_label *labels;
    resight_patch_set *sets;
    resight_patch *patches;
    size_t mark_capacity, label_capacity, set_capacity, patch_capacity;
} entry_answer;

struct resight_reader {
    resight_db *db;
    MDB_txn *txn;
    bool live;       /* txn has a snapshot, and is not only a slot */
    uint64_t txn_id; /* of the snapshot that everything below is for; 0: of none */
    db_state state;
    db_manifest manifest;
    const db_segment **segments;  /* held; [manifest.count], and NULL at the end; NULL: none were found */
    uint64_t segments_generation; /* of the manifest that they were found for */
    bank_record *banks;           /* in order of id */
    size_t bank_count, bank_capacity;
    db_tail tail;
    resight_hits hits;
    entry_answer answer;
};

/* The record of one entry: RESIGHT_OK, RESIGHT_NOT_FOUND (removed), RESIGHT_E_DAMAGED */
int reader_record(resight_reader *reader, uint64_t id, entry_view *out, resight_error *error);
/* RESIGHT_OK, or RESIGHT_E_ARG when the last renewal failed and there is no snapshot. */
int reader_ready(const resight_reader *reader, resight_error *error);
/* NULL when there is none */
const bank_record *reader_bank_of(const resight_reader *reader, uint32_t id);
int reader_damaged(const resight_reader *reader, resight_error *error, const char *what, uint64_t id);

/* Bring the tail up to the snapshot. */
int tail_renew(db_tail *tail, resight_db *db, MDB_txn *txn, const db_manifest *list, const db_state *state,
               resight_error *error);

/* The order of answers that resight_reader_query() promises, for qsort(). */
int query_order(const void *left, const void *right);

#endif
