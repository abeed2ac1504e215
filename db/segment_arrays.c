/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arrays of a segment in the address space. In the file they lie in extents, because LMDB can only place a large
 * value where so many free pages stand side by side: one value for each array left three quarters of the file unused.
 * Here the pages of the extents are mapped one after the other, so that a search sees arrays in one piece and nothing
 * is copied.
 *
 * LMDB writes its file through the same page cache, and the pages of a current segment are never written again.
 */
#include "segment.h"

#include "base/cleanup.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

typedef struct extent_walk {
    resight_db *db;
    MDB_cursor *cursor;
    uint64_t segment, key;
    const uint8_t *value;
    size_t size;
    extent_head head;
} extent_walk;

static void walk_close(extent_walk *walk) {
    if (walk->cursor)
        mdb_cursor_close(walk->cursor);
}

static int contradiction(const extent_walk *walk, resight_error *error) {
    return resight_fail(error, RESIGHT_E_DAMAGED, "%s: segment %llu: extent %u does not hold; run verify",
                        walk->db->dir, (unsigned long long)walk->segment, (unsigned)(uint16_t)walk->key);
}

/* The extent with the walk's key. */
static int read_extent(extent_walk *walk, MDB_cursor_op how, resight_error *error) {
    MDB_val key = val_of(&walk->key, sizeof walk->key), value;
    const size_t before = extent_first_bytes(walk->db->page_bytes);
    const int code = mdb_cursor_get(walk->cursor, &key, &value, how);
    if (code != 0 && code != MDB_NOTFOUND)
        return db_fail(walk->db, code, "read a segment", error);
    if (code != 0 || memcmp(key.mv_data, &walk->key, sizeof walk->key) != 0 || value.mv_size <= before ||
        (value.mv_size - before) % walk->db->page_bytes != 0 ||
        extent_unpack(value.mv_data, value.mv_size, walk->key, &walk->head) != RESIGHT_OK)
        return contradiction(walk, error);
    walk->value = value.mv_data;
    walk->size = value.mv_size;
    return RESIGHT_OK;
}

static int walk_open(extent_walk *walk, MDB_txn *txn, resight_error *error) {
    const int code = mdb_cursor_open(txn, walk->db->segment, &walk->cursor);
    if (code != 0)
        return db_fail(walk->db, code, "read a segment", error);
    walk->key = EXTENT_KEY(walk->segment, 0);
    return read_extent(walk, MDB_SET_KEY, error);
}

static int walk_next(extent_walk *walk, resight_error *error) {
    walk->key++;
    return read_extent(walk, MDB_NEXT, error);
}

static size_t pages_bytes(const extent_walk *walk) {
    return walk->size - extent_first_bytes(walk->db->page_bytes);
}

/* The page of the file where an extent begins. LMDB keeps the number of a page in the page's first eight bytes (mdb.c:
 * MDB_page), and nowhere else that a program could ask. */
static uint64_t first_page(const extent_walk *walk) {
    uint64_t number;
    memcpy(&number, walk->value - LMDB_PAGE_HEAD_BYTES, sizeof number);
    return number;
}

/* A number that is wrong must not lead out of the file: touching that is SIGBUS. A wrong one within is for verify. */
static bool in_file(const extent_walk *walk, int fd) {
    struct stat file;
    if (fstat(fd, &file) != 0)
        return false;
    const uint64_t pages = (uint64_t)file.st_size / walk->db->page_bytes, first = first_page(walk);
    return first < pages && pages_bytes(walk) / walk->db->page_bytes < pages - first;
}

static int map_failed(const resight_db *db, resight_error *error) {
    return resight_fail(error, RESIGHT_E_NOMEM, "%s: no addresses, or too many mappings, for a segment", db->dir);
}

static int map_pages(extent_walk *walk, int fd, segment_arrays *arrays, size_t at, resight_error *error) {
    const size_t size = pages_bytes(walk);
    if (size > arrays->bytes - at || !in_file(walk, fd))
        return contradiction(walk, error);
    arrays->file_bytes += walk->size + LMDB_PAGE_HEAD_BYTES;
    const off_t from = (off_t)((first_page(walk) + 1) * walk->db->page_bytes); /* the first is the head's */
    return mmap(arrays->at + at, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, from) == MAP_FAILED
               ? map_failed(walk->db, error)
               : RESIGHT_OK;
}

/* Addresses for all of it, which is no more than there is in the file. */
static int reserve(extent_walk *walk, int fd, segment_arrays *arrays, resight_error *error) {
    struct stat file;
    const size_t page = walk->db->page_bytes;
    arrays->head = walk->head;
    if (fstat(fd, &file) != 0 || walk->head.array_bytes == 0 || walk->head.array_bytes > (uint64_t)file.st_size ||
        plan_unpack(walk->value + EXTENT_HEAD_BYTES, extent_first_bytes(page) - EXTENT_HEAD_BYTES, &arrays->plan) !=
            RESIGHT_OK)
        return contradiction(walk, error);
    const size_t bytes = (walk->head.array_bytes + page - 1) / page * page;
    void *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return map_failed(walk->db, error);
    arrays->at = at;
    arrays->bytes = bytes;
    return RESIGHT_OK;
}

static bool same_segment(const extent_head *a, const extent_head *b) {
    return a->array_bytes == b->array_bytes && a->hashes == b->hashes && a->entries == b->entries &&
           a->patches == b->patches;
}

static int map_all(extent_walk *walk, int fd, segment_arrays *arrays, resight_error *error) {
    int status = reserve(walk, fd, arrays, error);
    for (size_t at = 0; status == RESIGHT_OK && at < arrays->bytes;) {
        status = map_pages(walk, fd, arrays, at, error);
        at += pages_bytes(walk);
        if (status == RESIGHT_OK && at < arrays->bytes)
            status = walk_next(walk, error);
        if (status == RESIGHT_OK && !same_segment(&walk->head, &arrays->head))
            return contradiction(walk, error);
    }
    return status;
}

int segment_arrays_map(resight_db *db, MDB_txn *txn, uint64_t segment, segment_arrays *out, resight_error *error) {
    CLEANUP(segment_arrays_unmap) segment_arrays arrays = {0};
    CLEANUP(walk_close) extent_walk walk = {.db = db, .segment = segment};
    mdb_filehandle_t fd;
    const int code = mdb_env_get_fd(db->env, &fd);
    if (code != 0)
        return db_fail(db, code, "read a segment", error);
    int status = walk_open(&walk, txn, error);
    if (status == RESIGHT_OK)
        status = map_all(&walk, fd, &arrays, error);
    if (status != RESIGHT_OK)
        return status;
    *out = arrays;
    arrays.at = NULL;
    return RESIGHT_OK;
}

void segment_arrays_unmap(segment_arrays *arrays) {
    if (arrays->at)
        munmap(arrays->at, arrays->bytes);
    *arrays = (segment_arrays){0};
}

int64_t segment_arrays_damaged(resight_db *db, MDB_txn *txn, const segment_arrays *arrays) {
    CLEANUP(walk_close) extent_walk walk = {.db = db, .segment = arrays->head.segment};
    const size_t before = extent_first_bytes(db->page_bytes);
    int status = walk_open(&walk, txn, NULL);
    for (size_t at = 0; at < arrays->bytes; at += pages_bytes(&walk)) {
        if (at > 0)
            status = walk_next(&walk, NULL);
        if (status != RESIGHT_OK || !extent_intact(walk.value, walk.size) || pages_bytes(&walk) > arrays->bytes - at ||
            memcmp(arrays->at + at, walk.value + before, pages_bytes(&walk)) != 0)
            return (uint16_t)walk.key;
    }
    return -1;
}
