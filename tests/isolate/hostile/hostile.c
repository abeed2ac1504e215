/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker that does what a file tells it: a decoder that was taken over. The bytes of the file are a command and its
 * argument, after three bytes of JPEG when the image worker is meant. What succeeds is answered RESIGHT_OK, what the
 * system refuses RESIGHT_E_IO.
 */
#include "isolate/worker/worker.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static bool poisoned;

typedef struct order {
    char text[512]; /* the command, and after a space: */
    const char *argument;
    int fd; /* of the file itself */
} order;

/* ---- Escapes: true when it worked -------------------------------------------------------------- */

static bool open_file(const order *o) {
    return open(o->argument, O_RDONLY) >= 0;
}

static bool write_file(const order *o) {
    return open(o->argument, O_WRONLY | O_CREAT, 0666) >= 0;
}

static bool delete_file(const order *o) {
    return unlink(o->argument) == 0;
}

static bool connect_out(const order *o) {
    (void)o;
    const struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&there, sizeof there) == 0 && send(fd, "x", 1, 0) == 1;
}

static bool run_program(const order *o) {
    char *const arguments[] = {(char *)(uintptr_t)o->argument, NULL};
    execv(o->argument, arguments);
    return false;
}

static bool make_process(const order *o) {
    (void)o;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static pid_t parent_of(const order *o) {
    return (pid_t)atoi(o->argument);
}

static bool trace_parent(const order *o) {
    return ptrace(PTRACE_SEIZE, parent_of(o), NULL, NULL) == 0;
}

static bool read_parent(const order *o) {
    char *space = strchr(o->argument, ' '), byte;
    const struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)strtoull(space, NULL, 16), 1};
    return process_vm_readv(parent_of(o), &here, 1, &there, 1, 0) == 1;
}

static bool kill_parent(const order *o) {
    return kill(parent_of(o), SIGTERM) == 0;
}

static bool signal_group(const order *o) {
    (void)o;
    return kill(-1, SIGCONT) == 0;
}

static bool map_code(const order *o) {
    (void)o;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool change_input(const order *o) {
    return fchmod(o->fd, 0777) == 0 || ftruncate(o->fd, 0) == 0 || pwrite(o->fd, "x", 1, 0) == 1;
}

static bool leave_namespaces(const order *o) {
    (void)o;
    return unshare(CLONE_NEWUSER) == 0;
}

static const struct escape {
    const char *name;
    bool (*attempt)(const order *o);
} escapes[] = {
    {"open", open_file},           {"write", write_file},      {"delete", delete_file}, {"connect", connect_out},
    {"exec", run_program},         {"fork", make_process},     {"trace", trace_parent}, {"peek", read_parent},
    {"kill", kill_parent},         {"kill-all", signal_group}, {"code", map_code},      {"input", change_input},
    {"unshare", leave_namespaces},
};

/* ---- Other mischief ---------------------------------------------------------------------------- */

static const resight_mark plain_mark = {.quality = 100, .dialect = RESIGHT_PDQ};

static void send_bytes(const void *bytes, size_t size_bytes) {
    if (send(WORKER_CHANNEL, bytes, size_bytes, MSG_NOSIGNAL) != (ssize_t)size_bytes)
        _exit(1);
}

static void send_header(uint32_t kind, uint32_t size_bytes) {
    const uint32_t header[2] = {kind, size_bytes};
    send_bytes(header, sizeof header);
}

static void say_marks(size_t count) {
    record r = {.kind = RECORD_MARK, .mark = plain_mark};
    for (size_t i = 0; i < count && worker_say(&r) == RESIGHT_OK; i++) {
        r.mark.time_us++;
        r.mark.frame_number++;
    }
}

static void crash(void) {
    /* Not raise(): the first process of a namespace may pass over its own signals. A fault it cannot. */
    *(volatile char *)mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
}

static void loop_for_ever(void) {
    for (volatile unsigned spin = 0;; spin++)
        ;
}

static void hang(void) {
    int word = 0;
    syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void hang_up(void) {
    close(WORKER_CHANNEL);
    hang();
}

static void send_garbage(void) {
    char bytes[4096];
    memset(bytes, 0xa5, sizeof bytes);
    send_bytes(bytes, sizeof bytes);
    hang();
}

static void send_oversize(void) {
    send_header(RECORD_THUMBNAIL, 1u << 30);
    hang();
}

static void die_inside_record(void) {
    send_header(RECORD_MARK, sizeof plain_mark);
    send_bytes(&plain_mark, sizeof plain_mark / 2);
    _exit(0);
}

static void flood(void) {
    say_marks(SIZE_MAX);
}

static void give_unasked_picture(void) {
    static const uint8_t px[1];
    say_marks(1);
    worker_say(&(record){.kind = RECORD_THUMBNAIL, .thumbnail = {.image = {px, 1, 1, 1, RESIGHT_GRAY8}}});
}

static void end_twice(void) {
    say_marks(1);
    worker_say(&(record){.kind = RECORD_END, .end = {.status = RESIGHT_E_FORMAT}});
}

static void end_badly(void) {
    exit(3); /* which does more than _exit(), and is not allowed to */
}

static void poison(void) {
    poisoned = true;
    say_marks(1);
}

static void eat(void) {
    for (volatile char *piece; (piece = malloc(1 << 20));)
        for (size_t i = 0; i < 1 << 20; i += 4096)
            piece[i] = 1;
}

static void behave(void) {
    say_marks(1);
}

static const struct mischief {
    const char *name;
    void (*act)(void);
    int status;
} mischiefs[] = {
    {"crash", crash, 0},
    {"abort", abort, 0},
    {"loop", loop_for_ever, 0},
    {"hang", hang, 0},
    {"hang-up", hang_up, 0},
    {"garbage", send_garbage, 0},
    {"oversize", send_oversize, 0},
    {"break-off", die_inside_record, 0},
    {"flood", flood, 0},
    {"picture", give_unasked_picture, 0},
    {"twice", end_twice, 0},
    {"exit", end_badly, 0},
    {"poison", poison, 0},
    {"eat", eat, RESIGHT_E_NOMEM},
    {"behave", behave, 0},
};

/* ---- The trade --------------------------------------------------------------------------------- */

static int read_order(const worker_task *task, int fd, order *o) {
    static const char jpeg[] = "\xff\xd8\xff";
    const size_t most = task->size_bytes < sizeof o->text - 1 ? task->size_bytes : sizeof o->text - 1;
    const ssize_t got = pread(fd, o->text, most, 0);
    if (got < 0)
        return RESIGHT_E_IO;
    o->text[got] = 0;
    if (memcmp(o->text, jpeg, 3) == 0)
        memmove(o->text, o->text + 3, (size_t)got - 2);
    char *space = strchr(o->text, ' ');
    o->argument = space ? space + 1 : "";
    if (space)
        *space = 0;
    o->fd = fd;
    return RESIGHT_OK;
}

static int obey(const order *o) {
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (strcmp(o->text, escapes[i].name) == 0) {
            const bool worked = escapes[i].attempt(o);
            say_marks(worked);
            return worked ? RESIGHT_OK : RESIGHT_E_IO;
        }
    for (size_t i = 0; i < sizeof mischiefs / sizeof *mischiefs; i++)
        if (strcmp(o->text, mischiefs[i].name) == 0) {
            mischiefs[i].act();
            return mischiefs[i].status;
        }
    return RESIGHT_E_ARG;
}

static void work(void *user, const worker_task *task, int fd, record_end *end) {
    order o = {0};
    (void)user;
    if (poisoned)
        crash();
    end->status = read_order(task, fd, &o);
    if (end->status == RESIGHT_OK)
        end->status = obey(&o);
    if (end->status == RESIGHT_OK)
        end->info = (resight_media_info){
            .kind = RESIGHT_IMAGE, .format = RESIGHT_FORMAT_JPEG, .codec = "none", .width_px = 1, .height_px = 1};
    else
        snprintf(end->error.text, sizeof end->error.text, "refused: %s", strerror(errno));
}

static int prepare(void *user, const worker_setup *setup) {
    (void)user;
    (void)setup;
    return RESIGHT_OK;
}

int main(void) {
    const worker_trade trade = {RESIGHT_WORKER_NEEDS, prepare, work, NULL};
    _exit(worker_serve(&trade));
}
