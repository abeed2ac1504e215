/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file before it is mapped. LMDB trusts its file: in a file that was cut short, touching a lost page raises SIGBUS.
 * So the length is held against what the newest meta page says.
 *
 * A sound file may be shorter than that: pages that one transaction took at the end and gave back are counted but never
 * written. They stand in LMDB's list of free pages, so when pages are missing the list is read here, page by page, and
 * every missing one has to be in it.
 *
 * Source: the file layout of LMDB 0.9 (mdb.c: MDB_meta, MDB_page, MDB_node, mdb_freelist_save).
 */
#include "preflight.h"

#include "base/cleanup.h"
#include "creation.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* Offsets in a page and its nodes. */
enum { PAGE_NUMBER = 0, PAGE_FLAGS = 10, PAGE_LOWER = 12, PAGE_HEAD = 16, NODE_HEAD = 8 };
enum { P_BRANCH = 0x01, P_LEAF = 0x02, P_OVERFLOW = 0x04, P_META = 0x08, F_BIGDATA = 0x01 };
/* Offsets in a meta page: the page's head, then MDB_meta. */
enum {
    META_MAGIC = 16,
    META_VERSION = 20,
    META_PAGE_SIZE = 40,
    META_FREE_ROOT = 80,
    META_LAST_PAGE = 136,
    META_TXN = 144
};
#define META_BYTES 152
#define LMDB_MAGIC 0xbeefc0deu
#define LMDB_VERSION 1
#define MAX_PAGE_BYTES 0x8000
#define NO_PAGE UINT64_MAX
/* Deeper than any tree of LMDB (CURSOR_STACK). */
#define MAX_DEPTH 32

bool preflight_is_network(long fs_type) {
    /* linux/magic.h and the headers of the file systems that are not in it */
    static const uint32_t types[] = {0x6969 /* NFS */,
                                     0xff534d42 /* CIFS */,
                                     0xfe534d42 /* SMB2 */,
                                     0x517b /* SMB */,
                                     0x65735546 /* FUSE */,
                                     0x01021997 /* 9P */,
                                     0x00c36400 /* Ceph */,
                                     0x5346414f /* AFS */,
                                     0x6b414653 /* kAFS */,
                                     0x73757245 /* Coda */,
                                     0x0bd00bd0 /* Lustre */,
                                     0x47504653 /* GPFS */,
                                     0x01161970 /* GFS2 */,
                                     0x7461636f /* OCFS2 */,
                                     0x564c /* NCP */,
                                     0xaad7aaea /* PanFS */,
                                     0x786f4256 /* vboxsf */};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if ((uint32_t)fs_type == types[i])
            return true;
    return false;
}

static uint16_t u16_at(const uint8_t *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint32_t u32_at(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint64_t u64_at(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

typedef struct meta_page {
    uint64_t free_root, last_page, txn;
    uint32_t page_bytes;
} meta_page;

/* RESIGHT_OK, RESIGHT_E_VERSION, RESIGHT_E_DAMAGED */
static int read_meta(int fd, off_t at, meta_page *out) {
    uint8_t bytes[META_BYTES];
    if (pread(fd, bytes, sizeof bytes, at) != (ssize_t)sizeof bytes)
        return RESIGHT_E_DAMAGED;
    if (u32_at(bytes + META_MAGIC) != LMDB_MAGIC || u32_at(bytes + META_VERSION) != LMDB_VERSION)
        return RESIGHT_E_VERSION;
    *out = (meta_page){.free_root = u64_at(bytes + META_FREE_ROOT),
                       .last_page = u64_at(bytes + META_LAST_PAGE),
                       .txn = u64_at(bytes + META_TXN),
                       .page_bytes = u32_at(bytes + META_PAGE_SIZE)};
    const uint32_t size = out->page_bytes;
    const bool size_good = size >= 512 && size <= MAX_PAGE_BYTES && (size & (size - 1)) == 0;
    const bool is_meta = u16_at(bytes + PAGE_FLAGS) & P_META;
    return size_good && is_meta && out->last_page < UINT64_MAX / size - 1 ? RESIGHT_OK : RESIGHT_E_DAMAGED;
}

/* The meta page of the last commit. Both must be sound: LMDB writes them in turn, each within one sector. */
static int newest_meta(int fd, meta_page *out) {
    meta_page first, second;
    int status = read_meta(fd, 0, &first);
    if (status != RESIGHT_OK)
        return status;
    if (read_meta(fd, (off_t)first.page_bytes, &second) != RESIGHT_OK || second.page_bytes != first.page_bytes)
        return RESIGHT_E_DAMAGED;
    *out = first.txn >= second.txn ? first : second;
    return RESIGHT_OK;
}

/* A walk over the tree of free pages. */
typedef struct free_walk {
    int fd;
    uint32_t page_bytes;
    uint64_t pages;   /* whole ones in the file */
    uint64_t missing; /* counted by LMDB, past the end of the file */
    uint64_t pages_read;
    bool no_memory; /* then nothing is known of the file */
    uint8_t *seen;  /* [missing]: 1 when the list of free pages has it */
} free_walk;

static bool read_page(free_walk *walk, uint64_t number, uint8_t *out) {
    return number < walk->pages && walk->pages_read++ < walk->pages &&
           pread(walk->fd, out, walk->page_bytes, (off_t)(number * walk->page_bytes)) == (ssize_t)walk->page_bytes &&
           u64_at(out + PAGE_NUMBER) == number;
}

static void note(free_walk *walk, uint64_t number) {
    if (number >= walk->pages && number - walk->pages < walk->missing)
        walk->seen[number - walk->pages] = 1;
}

/* A list that lies in pages of its own: a count, then the numbers of free pages. */
static bool walk_big(free_walk *walk, uint64_t number, uint32_t size) {
    const uint64_t from = number * walk->page_bytes + PAGE_HEAD, end = walk->pages * walk->page_bytes;
    if (number >= walk->pages || size > end - from || size % 8 != 0 || size == 0)
        return false;
    CLEANUP_FREE uint8_t *list = malloc(size);
    walk->no_memory |= !list;
    if (!list || pread(walk->fd, list, size, (off_t)from) != (ssize_t)size || u64_at(list) > size / 8 - 1)
        return false;
    for (uint64_t i = 1; i <= u64_at(list); i++)
        note(walk, u64_at(list + i * 8));
    return true;
}

static bool walk_list(free_walk *walk, const uint8_t *node, size_t room) {
    const uint32_t size = (uint32_t)u16_at(node) | (uint32_t)u16_at(node + 2) << 16;
    const size_t data = NODE_HEAD + (size_t)u16_at(node + 6);
    if (u16_at(node + 4) & F_BIGDATA)
        return data + 8 <= room && walk_big(walk, u64_at(node + data), size);
    if (data + size > room || size < 8 || u64_at(node + data) > size / 8 - 1)
        return false;
    for (uint64_t i = 1; i <= u64_at(node + data); i++)
        note(walk, u64_at(node + data + i * 8));
    return true;
}

static uint64_t child_of(const uint8_t *node) {
    return (uint64_t)u16_at(node) | (uint64_t)u16_at(node + 2) << 16 | (uint64_t)u16_at(node + 4) << 32;
}

static bool walk_page(free_walk *walk, uint64_t number, int depth) {
    CLEANUP_FREE uint8_t *page = malloc(walk->page_bytes);
    walk->no_memory |= !page;
    if (depth > MAX_DEPTH || !page || !read_page(walk, number, page))
        return false;
    const bool branch = u16_at(page + PAGE_FLAGS) & P_BRANCH;
    const size_t lower = u16_at(page + PAGE_LOWER);
    if (lower < PAGE_HEAD || lower > walk->page_bytes)
        return false;
    for (size_t slot = PAGE_HEAD; slot + 2 <= lower; slot += 2) {
        const size_t at = u16_at(page + slot);
        if (at < lower || at + NODE_HEAD > walk->page_bytes)
            return false;
        const bool good = branch ? walk_page(walk, child_of(page + at), depth + 1)
                                 : walk_list(walk, page + at, walk->page_bytes - at);
        if (!good)
            return false;
    }
    return true;
}

/* Is every page past the end of the file a free one? RESIGHT_OK, RESIGHT_E_DAMAGED, RESIGHT_E_NOMEM */
static int missing_are_free(int fd, const meta_page *meta, uint64_t pages) {
    free_walk walk = {.fd = fd, .page_bytes = meta->page_bytes, .pages = pages, .missing = meta->last_page + 1 - pages};
    if (walk.missing >= UINT32_MAX || meta->free_root == NO_PAGE)
        return RESIGHT_E_DAMAGED;
    CLEANUP_FREE uint8_t *seen = calloc(1, walk.missing);
    walk.seen = seen;
    if (!seen)
        return RESIGHT_E_NOMEM;
    if (!walk_page(&walk, meta->free_root, 0))
        return walk.no_memory ? RESIGHT_E_NOMEM : RESIGHT_E_DAMAGED;
    return memchr(seen, 0, walk.missing) ? RESIGHT_E_DAMAGED : RESIGHT_OK;
}

/* RESIGHT_OK, RESIGHT_E_VERSION, RESIGHT_E_DAMAGED, RESIGHT_E_IO, RESIGHT_E_NOMEM; meta and pages as they were when
 * looked at. */
static int look(int fd, meta_page *meta, uint64_t *pages) {
    struct stat file;
    const int status = newest_meta(fd, meta);
    if (status != RESIGHT_OK)
        return status;
    if (fstat(fd, &file) != 0)
        return RESIGHT_E_IO;
    *pages = (uint64_t)file.st_size / meta->page_bytes;
    return *pages > meta->last_page ? RESIGHT_OK : missing_are_free(fd, meta, *pages);
}

/* Another process may commit while we look and use again what was free: what stays wrong after some looks is wrong. */
#define LOOKS 5

static int check_length(int fd, const char *path, resight_error *error) {
    meta_page meta = {0};
    uint64_t pages = 0;
    int status = RESIGHT_E_DAMAGED;
    for (int i = 0; i < LOOKS && status == RESIGHT_E_DAMAGED; i++)
        status = look(fd, &meta, &pages);
    if (status == RESIGHT_E_VERSION)
        return resight_fail(error, status, "%s: not an LMDB file of this version and architecture", path);
    if (status == RESIGHT_E_IO)
        return resight_fail(error, status, "%s: %s", path, strerror(errno));
    if (status == RESIGHT_E_NOMEM)
        return resight_fail(error, status, "%s: out of memory", path);
    if (status == RESIGHT_E_DAMAGED && pages > 0)
        return resight_fail(error, status, "%s: cut short: %llu pages of %llu", path, (unsigned long long)pages,
                            (unsigned long long)meta.last_page + 1);
    return status == RESIGHT_OK ? status : resight_fail(error, status, "%s: broken header", path);
}

int preflight_file(const char *path, resight_error *error) {
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat file;
    if (fd < 0 && errno == ENOENT)
        return RESIGHT_NOT_FOUND;
    if (fd < 0 || fstat(fd, &file) != 0)
        return resight_fail(error, RESIGHT_E_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(file.st_mode))
        return resight_fail(error, RESIGHT_E_VERSION, "%s: not a regular file", path);
    if (file.st_size == 0)
        return RESIGHT_NOT_FOUND;
    const int status = check_length(fd, path, error);
    return status != RESIGHT_OK && creation_was_cut_off(fd) ? RESIGHT_NOT_FOUND : status;
}
