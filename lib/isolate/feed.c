/* SPDX-License-Identifier: Apache-2.0 */
/* From a stream to a socket, one piece at a time, and never waiting for one of them alone. */
#include "isolate/feed.h"

#include "base/cleanup.h"
#include "decode/source.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

int feed_new(resight_source *source, feed **out, int *theirs, resight_error *error) {
    int ends[2];
    feed *f = malloc(sizeof *f);
    if (!f)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory to hand a stream on");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(f);
        return resight_fail(error, RESIGHT_E_IO, "no socket to hand a stream on: %s", strerror(errno));
    }
    shutdown(ends[1], SHUT_WR); /* it reads and does nothing else */
    f->source = source;
    f->to = ends[0];
    f->at = f->from = f->end = 0;
    f->status = RESIGHT_OK;
    *theirs = ends[1];
    *out = f;
    return RESIGHT_OK;
}

void feed_free(feed **f) {
    if (!*f)
        return;
    cleanup_fd(&(*f)->to);
    free(*f);
    *f = NULL;
}

static void end(feed *f) {
    cleanup_fd(&f->to);
    f->to = -1;
}

/* Its worker may be gone: that is heard on the channel. */
static void hand_on(feed *f) {
    const ssize_t sent = send(f->to, f->bytes + f->from, f->end - f->from, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
        f->from += (size_t)sent;
    else if (errno != EINTR && errno != EAGAIN)
        end(f);
}

static void take_in(feed *f) {
    size_t got_bytes = 0;
    f->status = source_read_some(f->source, f->at, f->bytes, sizeof f->bytes, &got_bytes, &f->failure);
    f->from = 0;
    f->end = got_bytes;
    f->at += got_bytes;
    if (f->status != RESIGHT_OK || got_bytes == 0)
        end(f);
}

void feed_step(feed *f, int channel, int most_ms) {
    const bool open = f->to >= 0, full = f->from < f->end;
    struct pollfd of[] = {
        {.fd = channel, .events = POLLIN}, {.fd = -1, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    if (open && full) {
        of[1] = (struct pollfd){.fd = f->to, .events = POLLOUT};
    } else if (open && f->at < resight_source_size(f->source)) {
        take_in(f); /* the head of the source came before, and no descriptor tells of it */
        return;
    } else if (open) {
        of[1].fd = source_descriptor(f->source);
        of[2].fd = source_stop_descriptor(f->source);
    }
    if (poll(of, sizeof of / sizeof *of, most_ms) <= 0 || !(of[1].revents | of[2].revents))
        return;
    if (full)
        hand_on(f);
    else
        take_in(f);
}
