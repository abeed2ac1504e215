/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of bytes: a file by path or descriptor, a pipe read to its end or as it comes, memory. The first stop of
 * every file. */
#include "decode/source.h"

#include "base/cleanup.h"
#include "base/size.h"
#include "decode/stream.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIPE_STEP_BYTES ((size_t)64 * 1024)

struct resight_source {
    const uint8_t *bytes; /* in memory; NULL: read through fd */
    uint8_t *owned_bytes; /* what a pipe held; else NULL */
    uint64_t size_bytes;
    int fd;         /* -1: none */
    int owned_fd;   /* -1: borrowed or none */
    bool is_stream; /* read through this: */
    stream stream;
};

static int source_new(resight_source **out, resight_error *error) {
    resight_source *source = calloc(1, sizeof *source);
    if (!source)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a source");
    source->fd = source->owned_fd = -1;
    *out = source;
    return RESIGHT_OK;
}

void resight_source_free(resight_source **source) {
    if (!*source)
        return;
    cleanup_fd(&(*source)->owned_fd);
    free((*source)->owned_bytes);
    free(*source);
    *source = NULL;
}

static const char *kind_name(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR: return "a directory";
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    case S_IFCHR: return "a character device";
    case S_IFBLK: return "a block device";
    }
    return "of an unknown kind";
}

/* Without O_NONBLOCK the opening of a FIFO waits for a writer, for ever. */
static int open_regular(const char *path, int *out, uint64_t *size_bytes, resight_error *error) {
    CLEANUP_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 && errno == ENXIO)
        return resight_fail(error, RESIGHT_E_IO, "a socket or an absent device, not a regular file");
    if (fd < 0 || fstat(fd, &info) != 0)
        return resight_fail(error, RESIGHT_E_IO, "%s", strerror(errno));
    if (!S_ISREG(info.st_mode))
        return resight_fail(error, RESIGHT_E_IO, "%s, not a regular file", kind_name(info.st_mode));
    *size_bytes = (uint64_t)info.st_size;
    *out = fd;
    fd = -1;
    return RESIGHT_OK;
}

int resight_source_open_path(const char *path, resight_source **out, resight_error *error) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    int status = source_new(&source, error);
    if (status != RESIGHT_OK)
        return status;
    status = open_regular(path, &source->owned_fd, &source->size_bytes, error);
    if (status != RESIGHT_OK)
        return status;
    source->fd = source->owned_fd;
    *out = STEAL(source);
    return RESIGHT_OK;
}

/* Room for one more step, doubling. */
static int grow(resight_source *source, size_t *capacity, resight_error *error) {
    size_t wanted = 0;
    if (source->size_bytes + PIPE_STEP_BYTES <= *capacity)
        return RESIGHT_OK;
    uint8_t *grown = size_add(*capacity, *capacity, &wanted) && size_add(wanted, PIPE_STEP_BYTES, &wanted)
                         ? realloc(source->owned_bytes, wanted)
                         : NULL;
    if (!grown)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for more than %" PRIu64 " bytes of input",
                            source->size_bytes);
    source->owned_bytes = grown;
    *capacity = wanted;
    return RESIGHT_OK;
}

static int refuse_length(const resight_source *source, uint64_t max_bytes, resight_error *error) {
    return resight_fail(error, RESIGHT_E_LIMIT,
                        "%" PRIu64 " bytes or more: over the limit of %" PRIu64 " bytes (--max-bytes)%s",
                        source->size_bytes, max_bytes,
                        probe_is_iso(source->stream.head, stream_head_bytes(&source->stream))
                            ? " of what is read whole, as an MP4 has to be whose index comes last"
                            : "");
}

static int read_to_end(resight_source *source, uint64_t max_bytes, resight_error *error) {
    size_t capacity = 0, got_bytes = 1;
    while (got_bytes > 0) {
        int status = grow(source, &capacity, error);
        if (status == RESIGHT_OK)
            status = stream_read(&source->stream, source->size_bytes, source->owned_bytes + source->size_bytes,
                                 PIPE_STEP_BYTES, &got_bytes, error);
        if (status != RESIGHT_OK)
            return status;
        source->size_bytes += got_bytes;
        if (max_bytes != 0 && source->size_bytes > max_bytes)
            return refuse_length(source, max_bytes, error);
    }
    source->bytes = source->owned_bytes;
    return RESIGHT_OK;
}

/* A regular file is sought in; anything else is to be read through source->stream. */
static int open_fd(int fd, int stop_fd, resight_source **out, resight_error *error) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    struct stat info;
    const int status = source_new(&source, error);
    if (status != RESIGHT_OK)
        return status;
    if (fstat(fd, &info) != 0)
        return resight_fail(error, RESIGHT_E_IO, "descriptor %d: %s", fd, strerror(errno));
    source->is_stream = !S_ISREG(info.st_mode);
    source->stream = (stream){.fd = fd, .stop_fd = stop_fd};
    source->fd = fd;
    source->size_bytes = source->is_stream ? 0 : (uint64_t)info.st_size;
    *out = STEAL(source);
    return RESIGHT_OK;
}

static int take_in(resight_source *source, uint64_t max_bytes, resight_error *error) {
    source->is_stream = false;
    source->fd = -1;
    return read_to_end(source, max_bytes, error);
}

int resight_source_open_fd(int fd, uint64_t max_bytes, resight_source **out, resight_error *error) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    int status = open_fd(fd, -1, &source, error);
    if (status == RESIGHT_OK && source->is_stream)
        status = take_in(source, max_bytes, error);
    if (status == RESIGHT_OK)
        *out = STEAL(source);
    return status;
}

int resight_source_open_stream(int fd, int stop_fd, uint64_t max_bytes, resight_source **out, resight_error *error) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    int status = open_fd(fd, stop_fd, &source, error);
    if (status == RESIGHT_OK && source->is_stream) {
        status = stream_fill_head(&source->stream, error);
        if (status == RESIGHT_OK && !probe_streams(source->stream.head, stream_head_bytes(&source->stream)))
            status = take_in(source, max_bytes, error);
    }
    if (status == RESIGHT_OK)
        *out = STEAL(source);
    return status;
}

bool resight_source_is_stream(const resight_source *source) {
    return source->is_stream;
}

int source_open_pipe(int fd, resight_source **out, resight_error *error) {
    resight_source *source = NULL;
    const int status = source_new(&source, error);
    if (status != RESIGHT_OK)
        return status;
    source->is_stream = true;
    source->stream = (stream){.fd = fd, .stop_fd = -1};
    source->fd = fd;
    *out = source;
    return RESIGHT_OK;
}

int source_stop_descriptor(const resight_source *source) {
    return source->is_stream ? source->stream.stop_fd : -1;
}

int source_open_descriptor(int fd, uint64_t size_bytes, resight_source **out, resight_error *error) {
    resight_source *source = NULL;
    const int status = source_new(&source, error);
    if (status != RESIGHT_OK)
        return status;
    source->fd = fd;
    source->size_bytes = size_bytes;
    *out = source;
    return RESIGHT_OK;
}

int source_descriptor(const resight_source *source) {
    return source->bytes ? -1 : source->fd;
}

const uint8_t *source_bytes(const resight_source *source) {
    return source->bytes;
}

int resight_source_open_memory(const void *bytes, size_t size_bytes, resight_source **out, resight_error *error) {
    resight_source *source = NULL;
    const int status = source_new(&source, error);
    if (status != RESIGHT_OK)
        return status;
    source->bytes = size_bytes ? bytes : (const uint8_t *)"";
    source->size_bytes = size_bytes;
    *out = source;
    return RESIGHT_OK;
}

uint64_t resight_source_size(const resight_source *source) {
    return source->is_stream ? source->stream.came_bytes : source->size_bytes;
}

static int read_descriptor(int fd, uint64_t offset, uint8_t *to, size_t size_bytes, size_t *got_bytes,
                           resight_error *error) {
    size_t done = 0;
    while (done < size_bytes) {
        const ssize_t got = pread(fd, to + done, size_bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return resight_fail(error, RESIGHT_E_IO, "reading at byte %" PRIu64 ": %s", offset + done, strerror(errno));
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *got_bytes = done;
    return RESIGHT_OK;
}

static int read_stream(resight_source *source, uint64_t offset, uint8_t *to, size_t size_bytes, size_t *got_bytes,
                       resight_error *error) {
    size_t done = 0, got = 1;
    int status = RESIGHT_OK;
    while (status == RESIGHT_OK && got > 0 && done < size_bytes) {
        status = stream_read(&source->stream, offset + done, to + done, size_bytes - done, &got, error);
        done += status == RESIGHT_OK ? got : 0;
    }
    if (status == RESIGHT_OK)
        *got_bytes = done;
    return status;
}

int source_read_some(resight_source *source, uint64_t offset, void *to, size_t size_bytes, size_t *got_bytes,
                     resight_error *error) {
    return source->is_stream ? stream_read(&source->stream, offset, to, size_bytes, got_bytes, error)
                             : resight_source_read(source, offset, to, size_bytes, got_bytes, error);
}

int resight_source_read(resight_source *source, uint64_t offset, void *to, size_t size_bytes, size_t *got_bytes,
                        resight_error *error) {
    if (source->is_stream)
        return read_stream(source, offset, to, size_bytes, got_bytes, error);
    const uint64_t left = offset < source->size_bytes ? source->size_bytes - offset : 0;
    const size_t wanted = left < size_bytes ? (size_t)left : size_bytes;
    if (!source->bytes)
        return read_descriptor(source->fd, offset, to, wanted, got_bytes, error);
    if (wanted)
        memcpy(to, source->bytes + offset, wanted);
    *got_bytes = wanted;
    return RESIGHT_OK;
}

int source_read_whole(resight_source *source, buffer *scratch, const uint8_t **bytes, size_t *size_bytes,
                      resight_error *error) {
    if (source->bytes) {
        *bytes = source->bytes;
        *size_bytes = (size_t)source->size_bytes;
        return RESIGHT_OK;
    }
    if (source->size_bytes > SIZE_MAX || buffer_reserve(scratch, (size_t)source->size_bytes) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for %" PRIu64 " bytes of input", source->size_bytes);
    *bytes = scratch->bytes;
    return resight_source_read(source, 0, scratch->bytes, (size_t)source->size_bytes, size_bytes, error);
}
