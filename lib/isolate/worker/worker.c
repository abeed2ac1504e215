/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's end of the channel: tasks with their descriptors in, records out in large pieces. */
#include "isolate/worker/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEARD = 0, SILENT = 1, BROKEN = 2 };

/* Records that wait to be sent: most files have a handful, which go out in one piece. */
#define PIECE_BYTES (64 * 1024)
static struct {
    uint8_t bytes[PIECE_BYTES + RECORD_BYTES_MAX];
    size_t used;
} outgoing;

int worker_flush(void) {
    for (size_t sent = 0; sent < outgoing.used;) {
        const ssize_t done = send(WORKER_CHANNEL, outgoing.bytes + sent, outgoing.used - sent, MSG_NOSIGNAL);
        if (done < 0 && errno != EINTR)
            return RESIGHT_E_IO;
        sent += done > 0 ? (size_t)done : 0;
    }
    outgoing.used = 0;
    return RESIGHT_OK;
}

int worker_say(const record *what) {
    outgoing.used += record_write(what, outgoing.bytes + outgoing.used);
    return outgoing.used < PIECE_BYTES ? RESIGHT_OK : worker_flush();
}

/* One whole message; fd: of the file beside it, -1 when there is none. */
static int hear(void *message, size_t size_bytes, int *fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {message, size_bytes};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got;
    while ((got = recvmsg(WORKER_CHANNEL, &header, MSG_WAITALL)) < 0 && errno == EINTR)
        ;
    if (got != (ssize_t)size_bytes)
        return got == 0 ? SILENT : BROKEN;
    *fd = -1;
    const struct cmsghdr *beside = CMSG_FIRSTHDR(&header);
    if (beside && beside->cmsg_type == SCM_RIGHTS && beside->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(beside), sizeof *fd);
    return HEARD;
}

static int greet(unsigned walls) {
    const record hello = {.kind = RECORD_HELLO, .hello = {.walls = walls}};
    return worker_say(&hello) == RESIGHT_OK ? worker_flush() : RESIGHT_E_IO;
}

static int serve_one(const worker_trade *trade) {
    worker_task task;
    int fd = -1;
    const int heard = hear(&task, sizeof task, &fd);
    if (heard != HEARD || fd < 0)
        return heard == SILENT ? SILENT : BROKEN;
    record end = {.kind = RECORD_END};
    trade->work(trade->user, &task, fd, &end.end);
    close(fd);
    return worker_say(&end) == RESIGHT_OK && worker_flush() == RESIGHT_OK ? HEARD : SILENT;
}

int worker_serve(const worker_trade *trade) {
    worker_setup setup;
    int none = -1, served;
    sandbox_begin();
    if (hear(&setup, sizeof setup, &none) != HEARD || trade->prepare(trade->user, &setup) != RESIGHT_OK ||
        greet(sandbox_close(trade->needs, setup.max_bytes)) != RESIGHT_OK)
        return EXIT_FAILURE;
    while ((served = serve_one(trade)) == HEARD)
        ;
    return served == SILENT ? EXIT_SUCCESS : EXIT_FAILURE;
}
