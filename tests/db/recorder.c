/* SPDX-License-Identifier: Apache-2.0 */
/* The calls by which LMDB writes, taken note of and handed to the kernel. */

/* With it, the C library's headers would give pwrite() and its like the names that end in 64, which LMDB does not call;
 * off_t has 64 bits all the same on the machines that the format is for. */
#undef _FILE_OFFSET_BITS
#include "recorder.h"

#include "harness.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* An executable's symbols go before those of its libraries, when they can be seen. */
#define IN_FRONT __attribute__((visibility("default")))

static struct {
    bool on;
    recorder_flushes flushes;
    char dir[PATH_MAX], parent[PATH_MAX], file[PATH_MAX + 16];
    recording log;
} recorder;

void recorder_start(const char *dir, recorder_flushes flushes) {
    snprintf(recorder.dir, sizeof recorder.dir, "%s", dir);
    snprintf(recorder.parent, sizeof recorder.parent, "%.*s", (int)(strrchr(dir, '/') - dir), dir);
    snprintf(recorder.file, sizeof recorder.file, "%s/data.mdb", dir);
    recorder.flushes = flushes;
    recorder.on = true;
}

recording recorder_stop(void) {
    const recording log = recorder.log;
    recorder.log = (recording){0};
    recorder.on = false;
    recorder.flushes = RECORDER_HONEST;
    return log;
}

size_t recorder_position(void) {
    return recorder.log.count;
}

void recorder_idle(void) {
    recorder.on = false;
    recorder.flushes = RECORDER_IDLE;
}

void recording_free(recording *log) {
    for (size_t i = 0; i < log->count; i++)
        free(log->items[i].bytes);
    free(log->items);
    *log = (recording){0};
}

static void append(record item) {
    recording *log = &recorder.log;
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 256;
        log->items = realloc(log->items, log->capacity * sizeof *log->items);
        cr_assert_not_null(log->items);
    }
    log->items[log->count++] = item;
}

static bool is_path(int fd, const char *path) {
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, target, sizeof target - 1);
    return size > 0 && (size_t)size == strlen(path) && memcmp(target, path, (size_t)size) == 0;
}

static void note_write(int fd, const void *bytes, ssize_t size, off_t at) {
    if (!recorder.on || size <= 0 || !is_path(fd, recorder.file))
        return;
    uint8_t *copy = malloc((size_t)size);
    cr_assert_not_null(copy);
    memcpy(copy, bytes, (size_t)size);
    append((record){RECORD_WRITE, (uint64_t)at, (size_t)size, copy});
    if (recorder.flushes == RECORDER_HONEST && (fcntl(fd, F_GETFL) & O_DSYNC))
        append((record){.kind = RECORD_FLUSH_LAST});
}

static void note_vector(int fd, const struct iovec *parts, int count, ssize_t size, off_t at) {
    for (int i = 0; i < count && size > 0; i++) {
        const ssize_t part = (size_t)size < parts[i].iov_len ? size : (ssize_t)parts[i].iov_len;
        note_write(fd, parts[i].iov_base, part, at);
        size -= part;
        at += part;
    }
}

static void note_flush(int fd) {
    if (!recorder.on || recorder.flushes != RECORDER_HONEST)
        return;
    if (is_path(fd, recorder.file))
        append((record){.kind = RECORD_FLUSH});
    else if (is_path(fd, recorder.dir))
        append((record){.kind = RECORD_FLUSH_NAMES});
    else if (is_path(fd, recorder.parent))
        append((record){.kind = RECORD_FLUSH_PARENT});
}

IN_FRONT ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    const ssize_t done = syscall(SYS_pwrite64, fd, bytes, size, at);
    note_write(fd, bytes, done, at);
    return done;
}

IN_FRONT ssize_t write(int fd, const void *bytes, size_t size) {
    const off_t at = recorder.on ? lseek(fd, 0, SEEK_CUR) : 0;
    const ssize_t done = syscall(SYS_write, fd, bytes, size);
    note_write(fd, bytes, done, at);
    return done;
}

IN_FRONT ssize_t writev(int fd, const struct iovec *parts, int count) {
    const off_t at = recorder.on ? lseek(fd, 0, SEEK_CUR) : 0;
    const ssize_t done = syscall(SYS_writev, fd, parts, count);
    note_vector(fd, parts, count, done, at);
    return done;
}

IN_FRONT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    const ssize_t done = syscall(SYS_pwritev, fd, parts, count, at, 0);
    note_vector(fd, parts, count, done, at);
    return done;
}

/* LMDB does neither without MDB_WRITEMAP, which is never used: a model that does not know them must not meet them. */
IN_FRONT int ftruncate(int fd, off_t size) {
    if (recorder.on && is_path(fd, recorder.file))
        abort();
    return (int)syscall(SYS_ftruncate, fd, size);
}

IN_FRONT int msync(void *at, size_t size, int flags) {
    if (recorder.on)
        abort();
    return (int)syscall(SYS_msync, at, size, flags);
}

IN_FRONT int fdatasync(int fd) {
    note_flush(fd);
    return recorder.flushes == RECORDER_HONEST ? (int)syscall(SYS_fdatasync, fd) : 0;
}

IN_FRONT int fsync(int fd) {
    note_flush(fd);
    return recorder.flushes == RECORDER_HONEST ? (int)syscall(SYS_fsync, fd) : 0;
}
