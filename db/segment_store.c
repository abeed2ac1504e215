/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extents of a new segment. They are small beside the segment, so that each finds room among the pages that older ones
 * have left; and not so small that their heads, a page each, would count.
 */
#include "segment_store.h"

#include <stdlib.h>
#include <string.h>

/* A transaction keeps what it writes in memory until it commits, and others wait for it. */
#define TRANSACTION_BYTES ((size_t)16 << 20)
/* Pages of arrays in an extent: so many, or as many as make about EXTENTS of them. Simulated by LMDB alone, with
 * entries that come and go and a reader, a file stays within 2.2 times its live data with 8 pages or 256 extents, 2.4
 * with 16 pages, 2.8 with 128 extents and 3.1 with 64; each extent is one mapping of a few microseconds. */
#define EXTENT_PAGES 8
#define EXTENTS 256

static size_t extent_pages(const segment_store *store) {
    size_t pages = EXTENT_PAGES;
    while (pages * store->db->page_bytes * EXTENTS < store->head.array_bytes)
        pages *= 2;
    return pages;
}

int segment_store_open(segment_store *store, const segment_plan *plan, const extent_head *head, resight_error *error) {
    store->head = *head;
    store->first_bytes = extent_first_bytes(store->db->page_bytes);
    store->room = extent_pages(store) * store->db->page_bytes;
    store->extent = calloc(1, store->first_bytes + store->room);
    if (!store->extent)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: no memory to store a segment", store->db->dir);
    plan_pack(plan, store->extent + EXTENT_HEAD_BYTES);
    return RESIGHT_OK;
}

void segment_store_close(segment_store *store) {
    resight_writer_abort(&store->writer);
    free(store->extent);
    store->extent = NULL;
}

int segment_store_flush(segment_store *store, resight_error *error) {
    store->pending_bytes = 0;
    return store->writer ? resight_writer_commit(&store->writer, error) : RESIGHT_OK;
}

/* The first transaction takes a number that no other segment has or had. */
static int begin(segment_store *store, resight_error *error) {
    if (store->writer)
        return RESIGHT_OK;
    const int status = resight_writer_begin(store->db, &store->writer, error);
    if (status != RESIGHT_OK || store->head.segment != 0)
        return status;
    store->head.segment = store->writer->state.next_segment++;
    store->writer->state_changed = true;
    return RESIGHT_OK;
}

static int put_extent(segment_store *store, resight_error *error) {
    const size_t page = store->db->page_bytes;
    const int status = begin(store, error);
    if (status != RESIGHT_OK)
        return status;
    const uint64_t number = EXTENT_KEY(store->head.segment, store->head.number);
    const size_t size = store->first_bytes + (store->filled + page - 1) / page * page;
    MDB_val key = val_of(&number, sizeof number), value = val_of(store->extent, size);
    extent_seal(&store->head, store->extent, size);
    const int code = mdb_put(store->writer->txn, store->db->segment, &key, &value, MDB_NOOVERWRITE);
    if (code != 0)
        return writer_fail(store->writer, code == MDB_KEYEXIST ? MDB_CORRUPTED : code, "store a segment", error);
    memset(store->extent, 0, size);
    store->filled = 0;
    store->head.number++;
    store->pending_bytes += size;
    return store->pending_bytes < TRANSACTION_BYTES ? RESIGHT_OK : segment_store_flush(store, error);
}

/* The extent is zero where it was not filled, so what lies between arrays need only be counted. */
static int append(segment_store *store, const uint8_t *bytes, size_t size, resight_error *error) {
    int status = RESIGHT_OK;
    while (status == RESIGHT_OK && size > 0) {
        const size_t left = store->room - store->filled, part = size < left ? size : left;
        if (bytes) {
            memcpy(store->extent + store->first_bytes + store->filled, bytes, part);
            bytes += part;
        }
        size -= part;
        store->filled += part;
        store->stored_bytes += part;
        if (store->filled == store->room)
            status = put_extent(store, error);
    }
    return status;
}

int segment_store_put(segment_store *store, size_t at, const void *array, size_t bytes, resight_error *error) {
    const int status = append(store, NULL, at - store->stored_bytes, error);
    return status == RESIGHT_OK && bytes > 0 ? append(store, array, bytes, error) : status;
}

int segment_store_finish(segment_store *store, resight_error *error) {
    int status = append(store, NULL, store->head.array_bytes - store->stored_bytes, error);
    if (status == RESIGHT_OK && store->filled > 0)
        status = put_extent(store, error);
    return status == RESIGHT_OK ? segment_store_flush(store, error) : status;
}
