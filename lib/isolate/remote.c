/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's end of the channel: a task goes out, checked records come in, and a clock runs. */
#include "isolate/remote.h"

#include "base/cleanup.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The longest record, and as much as a worker sends at once. */
#define INCOMING_BYTES (RECORD_BYTES_MAX + 64 * 1024)
/* Between two looks at the processor time of a worker. */
#define LOOK_NS 200000000
/* The worker holds itself to the limit, and says it better: it is given this much more. */
#define GRACE_NS 1000000000
/* To load and prepare all decoders, on a machine with much else to do. */
#define READY_SECONDS 60

#define NS_PER_S INT64_C(1000000000)

/* When the file began, on the wall. The worker's processor time is first asked for when it has said nothing for a
 * while, which for most files is never. */
typedef struct watch {
    const patience *most;
    int64_t started_ns;
    bool looked;
    int64_t worker_ns; /* of processor time at the first look */
} watch;

static int64_t wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static watch watch_start(const patience *most) {
    return (watch){.most = most, .started_ns = wall_ns()};
}

static int check_time(const remote *r, watch *w, resight_error *error) {
    const patience *most = w->most;
    const int64_t gone_ns = wall_ns() - w->started_ns;
    if (gone_ns < LOOK_NS)
        return RESIGHT_OK;
    const int64_t used_ns = process_time_ns(&r->process);
    if (!w->looked)
        w->worker_ns = used_ns;
    w->looked = true;
    if (most->seconds && used_ns - w->worker_ns > most->seconds * NS_PER_S + GRACE_NS)
        return resight_fail(error, RESIGHT_E_LIMIT,
                            "the decoder did not end: over the limit of %u seconds of processor time (--max-seconds)",
                            most->seconds);
    if (most->wall_seconds && gone_ns > most->wall_seconds * NS_PER_S)
        return resight_fail(error, RESIGHT_E_LIMIT,
                            "no answer within %u seconds: the decoder hangs, or the disk is slow (--max-wall-seconds)",
                            most->wall_seconds);
    return RESIGHT_OK;
}

/* ---- Ends -------------------------------------------------------------------------------------- */

void remote_stop(remote *r) {
    process_stop(&r->process);
    r->from = r->end = 0;
}

void remote_free(remote *r) {
    remote_stop(r);
    free(r->bytes);
    *r = NO_REMOTE;
}

/* The worker has gone: why? */
static int tell_crash(remote *r, resight_error *error) {
    const process_end end = process_finish(&r->process);
    r->crashed = true;
    r->from = r->end = 0;
    if (end.killed)
        return resight_fail(error, RESIGHT_E_FORMAT, "the decoder fell silent: the file is damaged or hostile");
    if (end.signal == SIGSYS)
        return resight_fail(error, RESIGHT_E_FORMAT,
                            "the decoder asked the system for what it may not have (signal %d): the file is hostile",
                            end.signal);
    if (end.signal == SIGKILL)
        return resight_fail(error, RESIGHT_E_NOMEM, "the decoder was killed from outside (signal %d): is memory short?",
                            end.signal);
    if (end.signal)
        return resight_fail(error, RESIGHT_E_FORMAT,
                            "the decoder crashed (signal %d, %s): the file is damaged or hostile", end.signal,
                            strsignal(end.signal));
    return resight_fail(error, RESIGHT_E_FORMAT, "the decoder ended (exit code %d): the file is damaged or hostile",
                        end.exit_code);
}

static int tell_nonsense(remote *r, const resight_error *what, resight_error *error) {
    remote_stop(r);
    return resight_fail(error, RESIGHT_E_FORMAT, "the decoder was taken over: it sent %s; the file is hostile",
                        what->text);
}

/* ---- The channel ------------------------------------------------------------------------------- */

/* A message, and a descriptor beside it unless that is -1. False when nobody is there. */
static bool say(const remote *r, const void *message, size_t size_bytes, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {(void *)(uintptr_t)message, size_bytes};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        control.align =
            (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
        header.msg_control = control.bytes;
        header.msg_controllen = sizeof control.bytes;
    }
    ssize_t done;
    while ((done = sendmsg(r->process.channel, &header, MSG_NOSIGNAL)) < 0 && errno == EINTR)
        ;
    return done == (ssize_t)size_bytes; /* which is far less than a socket holds */
}

/* Waits for bytes, not for ever. The bytes of a stream are moved while there is nothing to hear. */
static ssize_t hear(remote *r) {
    if (r->feed)
        feed_step(r->feed, r->process.channel, LOOK_NS / 1000000);
    return recv(r->process.channel, r->bytes + r->end, INCOMING_BYTES - r->end, r->feed ? MSG_DONTWAIT : 0);
}

/* More bytes, waited for while there is time. RESIGHT_OK, RESIGHT_END when the worker has gone, RESIGHT_E_LIMIT. */
static int receive(remote *r, watch *w, resight_error *error) {
    memmove(r->bytes, r->bytes + r->from, r->end - r->from);
    r->end -= r->from;
    r->from = 0;
    for (;;) {
        const ssize_t got = hear(r);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return RESIGHT_END;
        const int status = check_time(r, w, error); /* of one that says nothing, and of one that talks for ever */
        if (status != RESIGHT_OK)
            return status;
        if (got > 0) {
            r->end += (size_t)got;
            return RESIGHT_OK;
        }
    }
}

/* A worker that says nothing is looked at from time to time. */
static bool never_waits_long(const remote *r) {
    const struct timeval most = {.tv_usec = LOOK_NS / 1000};
    return setsockopt(r->process.channel, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == 0;
}

/* The next record, waited for. After anything but RESIGHT_OK the worker has been ended. */
static int next_record(remote *r, watch *w, record *out, resight_error *error) {
    resight_error what;
    size_t used_bytes = 0;
    int status;
    while ((status = record_read(r->bytes + r->from, r->end - r->from, out, &used_bytes, &what)) == RESIGHT_END) {
        status = receive(r, w, error);
        if (status == RESIGHT_END)
            return tell_crash(r, error);
        if (status != RESIGHT_OK) {
            remote_stop(r);
            return status;
        }
    }
    if (status != RESIGHT_OK)
        return tell_nonsense(r, &what, error);
    r->from += used_bytes;
    return RESIGHT_OK;
}

/* ---- Start ------------------------------------------------------------------------------------- */

static int tell_false_start(remote *r, const char *program, resight_error *error) {
    const process_end end = process_finish(&r->process);
    if (end.exit_code == WORKER_OTHER_VERSION)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "the worker program %s is not of version %s", program,
                            WORKER_VERSION);
    if (end.exit_code == WORKER_NOT_EXECUTED)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED,
                            "the worker program %s cannot be run: is a library missing? ldd tells", program);
    return resight_fail(error, RESIGHT_E_UNSUPPORTED,
                        "the worker program %s ended before it was ready (signal %d, exit code %d)", program,
                        end.signal, end.exit_code);
}

int remote_start(remote *r, const char *program, const worker_setup *setup, resight_error *error) {
    if (!r->bytes && !(r->bytes = malloc(INCOMING_BYTES)))
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a worker's answers");
    int status = process_start(program, &r->process, error);
    if (status != RESIGHT_OK)
        return status;
    const patience ready = {.wall_seconds = READY_SECONDS};
    watch w = watch_start(&ready);
    record hello;
    if (!never_waits_long(r) || !say(r, setup, sizeof *setup, -1))
        return tell_false_start(r, program, error);
    do
        status = receive(r, &w, NULL);
    while (status == RESIGHT_OK && r->end < sizeof(uint64_t) + sizeof(record_hello));
    if (status != RESIGHT_OK)
        return tell_false_start(r, program, error);
    status = next_record(r, &w, &hello, error);
    if (status != RESIGHT_OK)
        return status;
    r->walls = r->process.walls | (hello.kind == RECORD_HELLO ? hello.hello.walls : 0);
    r->files = 0;
    return RESIGHT_OK;
}

/* ---- One file ---------------------------------------------------------------------------------- */

static int deliver(const record *got, const resight_sink *sink) {
    switch (got->kind) {
    case RECORD_MARK: return sink->mark(sink->user, &got->mark);
    case RECORD_THUMBNAIL: return sink->thumbnail(sink->user, &got->thumbnail);
    case RECORD_HELLO:
    case RECORD_TMK:
    case RECORD_END: break;
    }
    return RESIGHT_OK;
}

/* The limits of a stream hold for each minute of it. */
static void watch_minute(watch *w, const answer *so_far, uint64_t *minute) {
    const uint64_t now = answer_minute(so_far);
    if (so_far->stream && now != *minute)
        w->looked = false;
    *minute = now;
}

/* Records up to the end. */
static int hear_answer(remote *r, watch *w, const resight_sink *sink, answer *so_far, record_end *end,
                       resight_error *error) {
    record got;
    resight_error what;
    uint64_t minute = 0;
    do {
        int status = next_record(r, w, &got, error);
        if (status != RESIGHT_OK)
            return status;
        status = answer_take(so_far, &got, &what);
        if (status == RESIGHT_E_FORMAT)
            return tell_nonsense(r, &what, error);
        watch_minute(w, so_far, &minute);
        if (status == RESIGHT_OK)
            status = deliver(&got, sink);
        else
            resight_fail(error, status, "%s", what.text);
        if (status != RESIGHT_OK) {
            remote_stop(r);
            return status;
        }
    } while (got.kind != RECORD_END);
    if (r->from != r->end) {
        resight_fail(&what, RESIGHT_E_FORMAT, "more after the end");
        return tell_nonsense(r, &what, error);
    }
    *end = got.end;
    return RESIGHT_OK;
}

static int hash_one(remote *r, input *in, const worker_task *task, const patience *most, const resight_sink *sink,
                    answer *so_far, record_end *end, resight_error *error) {
    watch w = watch_start(most);
    r->files++;
    r->crashed = false;
    if (!say(r, task, sizeof *task, in->fd))
        return tell_crash(r, error);
    input_handed_over(in);
    return hear_answer(r, &w, sink, so_far, end, error);
}

int remote_hash(remote *r, input *in, const worker_task *task, const patience *most, const resight_sink *sink,
                answer *so_far, record_end *end, resight_error *error) {
    r->feed = in->feed;
    const int status = hash_one(r, in, task, most, sink, so_far, end, error);
    r->feed = NULL;
    if (status != RESIGHT_OK || !in->feed || in->feed->status == RESIGHT_OK)
        return status;
    return resight_fail(error, in->feed->status, "%s", in->feed->failure.text);
}
