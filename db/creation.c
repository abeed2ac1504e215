/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first moments of a database. LMDB writes the header of a new file, two meta pages, without flushing it, and takes
 * a file that has anything but a whole one for broken. When the power fails before the first commit, a part of the
 * header may be there: nothing is lost, so that is the same as no database.
 *
 * Source: the file layout and the locks of LMDB 0.9 (mdb.c: mdb_env_init_meta, mdb_env_excl_lock).
 */
#include "creation.h"

#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* Offsets in a meta page, and what a device writes as one. */
enum { META_MAGIC = 16, META_TXN = 144, META_BYTES = 152, SECTOR = 512, MAX_PAGE_BYTES = 0x8000 };
#define LMDB_MAGIC 0xbeefc0deu

static bool is_zero(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* A sector of a header that no commit has touched: its meta page says 0, and the rest is zero. */
static bool is_unused(const uint8_t sector[SECTOR]) {
    uint32_t magic = 0;
    uint64_t txn = 0;
    memcpy(&magic, sector + META_MAGIC, sizeof magic);
    memcpy(&txn, sector + META_TXN, sizeof txn);
    return (magic == LMDB_MAGIC && txn == 0 && is_zero(sector + META_BYTES, SECTOR - META_BYTES)) ||
           is_zero(sector, SECTOR);
}

bool creation_was_cut_off(int fd) {
    uint8_t sector[SECTOR];
    struct stat file;
    if (fstat(fd, &file) != 0 || file.st_size % SECTOR != 0 || file.st_size > 2 * MAX_PAGE_BYTES)
        return false;
    for (off_t at = 0; at < file.st_size; at += SECTOR)
        if (pread(fd, sector, SECTOR, at) != SECTOR || !is_unused(sector))
            return false;
    return true;
}

static int open_in(const char *dir, const char *name) {
    CLEANUP_FD int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return at < 0 ? -1 : openat(at, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

/* Whoever has an environment open holds LMDB's lock, shared or exclusive, on the first byte of its lock file. */
static bool have_alone(int lock) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    return lock < 0 || fcntl(lock, F_SETLK, &whole) == 0;
}

/* The lock file may be gone: then nobody has the environment open, for it is made before the data are. */
int creation_clear(const char *dir, resight_error *error) {
    CLEANUP_FD int data = open_in(dir, "data.mdb"), lock = open_in(dir, "lock.mdb");
    struct stat file;
    if (data < 0 || fstat(data, &file) != 0 || file.st_size == 0 || !creation_was_cut_off(data) || !have_alone(lock))
        return RESIGHT_OK;
    if (creation_was_cut_off(data) && ftruncate(data, 0) != 0) /* it may have been used before we were alone */
        return resight_fail(error, RESIGHT_E_IO, "%s: clear what was cut off: %s", dir, strerror(errno));
    return RESIGHT_OK;
}

static void flush(int at, const char *name) {
    CLEANUP_FD int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

void creation_flush_names(const char *dir) {
    CLEANUP_FD int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return;
    flush(at, ".");
    flush(at, "..");
}
