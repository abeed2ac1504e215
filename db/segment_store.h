/* SPDX-License-Identifier: Apache-2.0 */
/* Storing the arrays of a new segment, one after the other, as extents in transactions of bounded size. */
#ifndef RESIGHT_DB_SEGMENT_STORE_H
#define RESIGHT_DB_SEGMENT_STORE_H

#include "segment.h"
#include "writer.h"

typedef struct segment_store {
    resight_db *db;
    resight_writer *writer; /* NULL between transactions */
    extent_head head;       /* of the next extent; no segment until there is a transaction */
    uint8_t *extent;
    size_t first_bytes, room; /* of the extent: before its arrays, and for them */
    size_t filled;            /* of the room */
    size_t stored_bytes;      /* of arrays, with what is in the extent */
    size_t pending_bytes;
} segment_store;

/* All zero but db is closed. */
int segment_store_open(segment_store *store, const segment_plan *plan, const extent_head *head, resight_error *error);
void segment_store_close(segment_store *store);

/* An array at its place in the layout, which is not before the end of the one stored last. */
int segment_store_put(segment_store *store, size_t at, const void *array, size_t bytes, resight_error *error);
/* Commit what there is, so that others can write for a while. */
int segment_store_flush(segment_store *store, resight_error *error);
/* When all arrays are there: the rest, and a last commit. */
int segment_store_finish(segment_store *store, resight_error *error);

#endif
