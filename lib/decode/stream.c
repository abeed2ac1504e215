/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a pipe, a FIFO, a socket: short reads, waiting, and an end that somebody else may call. */
#include "decode/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

size_t stream_head_bytes(const stream *s) {
    return s->came_bytes < sizeof s->head ? (size_t)s->came_bytes : sizeof s->head;
}

/* Without a stop there is nothing but the bytes to wait for, and read() does that by itself. */
static bool is_stopped(const stream *s) {
    struct pollfd of[] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->stop_fd, .events = POLLIN}};
    if (s->stop_fd < 0)
        return false;
    while (poll(of, 2, -1) < 0 && errno == EINTR)
        ;
    return of[1].revents != 0;
}

static void remember(stream *s, const uint8_t *bytes, size_t size_bytes) {
    const size_t had = stream_head_bytes(s), room = sizeof s->head - had;
    memcpy(s->head + had, bytes, size_bytes < room ? size_bytes : room);
    s->came_bytes += size_bytes;
}

static int read_more(stream *s, uint8_t *to, size_t size_bytes, size_t *got_bytes, resight_error *error) {
    ssize_t got = 0;
    if (!s->ended && !is_stopped(s))
        while ((got = read(s->fd, to, size_bytes)) < 0 && errno == EINTR)
            if (is_stopped(s)) {
                got = 0;
                break;
            }
    if (got < 0)
        return resight_fail(error, RESIGHT_E_IO, "reading the input: %s", strerror(errno));
    s->ended = s->ended || got == 0;
    remember(s, to, (size_t)got);
    *got_bytes = (size_t)got;
    return RESIGHT_OK;
}

int stream_read(stream *s, uint64_t offset, uint8_t *to, size_t size_bytes, size_t *got_bytes, resight_error *error) {
    const size_t head_bytes = stream_head_bytes(s);
    *got_bytes = 0;
    if (size_bytes == 0)
        return RESIGHT_OK;
    if (offset < head_bytes) {
        const size_t left = head_bytes - (size_t)offset;
        *got_bytes = left < size_bytes ? left : size_bytes;
        memcpy(to, s->head + offset, *got_bytes);
        return RESIGHT_OK;
    }
    if (offset == s->came_bytes)
        return read_more(s, to, size_bytes, got_bytes, error);
    return resight_fail(error, RESIGHT_E_IO, "a stream at byte %" PRIu64 " cannot be read at byte %" PRIu64,
                        s->came_bytes, offset);
}

int stream_fill_head(stream *s, resight_error *error) {
    uint8_t more[PROBE_BYTES];
    int status = RESIGHT_OK;
    while (status == RESIGHT_OK && !s->ended && s->came_bytes < sizeof s->head) {
        size_t got_bytes = 0;
        status = stream_read(s, s->came_bytes, more, sizeof s->head - (size_t)s->came_bytes, &got_bytes, error);
    }
    return status;
}
