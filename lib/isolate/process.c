/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and ending a worker. Its end sends no SIGCHLD and no wait() of the host program's finds it: a library has no
 * business in the signals of its host.
 */
#include "isolate/process.h"

#include "base/cleanup.h"
#include "isolate/task.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Descriptors are made above those that the child is to have, so that moving one there never closes another. */
#define LOW_DESCRIPTORS 16
/* For a process that closed its socket to have ended: milliseconds, or something is wrong. */
#define ENDING_MS 1000

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWCGROUP)

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* ---- In the child: system calls alone, for the parent may have had threads ---------------------- */

static void close_from(unsigned first) {
    struct rlimit files = {0};
    if (syscall(SYS_close_range, first, ~0u, 0u) == 0)
        return;
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &files); /* before Linux 5.9 */
    for (rlim_t fd = first; fd < files.rlim_cur; fd++)
        close((int)fd);
}

/* nothing: an empty file that cannot be written, for standard input, output and error. */
static _Noreturn void become(const char *program, int channel, int nothing) {
    char *const arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)WORKER_VERSION, NULL},
                *const environment[] = {NULL};
    setsid(); /* the terminal's signals are for the parent */
    const bool moved = dup2(nothing, STDIN_FILENO) >= 0 && dup2(nothing, STDOUT_FILENO) >= 0 &&
#ifndef RESIGHT_SANITIZED /* whose reports would be lost */
                       dup2(nothing, STDERR_FILENO) >= 0 &&
#endif
                       dup2(channel, WORKER_CHANNEL) >= 0;
    close_from(WORKER_CHANNEL + 1);
    if (moved)
        execve(program, arguments, environment);
    _exit(WORKER_NOT_EXECUTED);
}

/* ---- In the parent ------------------------------------------------------------------------------ */

/* As fork(), without a signal at its end, and with a descriptor for it. The raw call takes the same arguments in this
 * order on every architecture but s390. */
static pid_t split(unsigned long namespaces, int *pidfd) {
    return (pid_t)syscall(SYS_clone, namespaces | CLONE_PIDFD, NULL, pidfd, NULL, 0);
}

/* The child starts with every signal blocked: no handler of the host program runs in it. */
static pid_t spawn(unsigned long namespaces, const char *program, int channel, int nothing, int *pidfd) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = split(namespaces, pidfd);
    if (pid == 0)
        become(program, channel, nothing);
    const int why = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return pid;
}

static int raised(int fd) {
    const int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LOW_DESCRIPTORS);
    if (fd >= 0)
        close(fd);
    return high;
}

static int nothing_open(void) {
    const int fd = raised(memfd_create("nothing", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd >= 0)
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return fd;
}

static int socket_pair(int *ours, int *theirs) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    *ours = ends[0];
    *theirs = raised(ends[1]);
    return *theirs < 0 ? -1 : 0;
}

/* With namespaces: its own users' where that is allowed to everybody, else without, which is allowed to root; else
 * with none. */
static int spawn_anyhow(const char *program, int channel, int nothing, process *p) {
    static const unsigned long attempts[] = {NAMESPACES | CLONE_NEWUSER, NAMESPACES, 0};
    p->pid = -1;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts && p->pid < 0; i++) {
        p->pid = spawn(attempts[i], program, channel, nothing, &p->pidfd);
        p->walls = attempts[i] ? RESIGHT_WALL_NAMESPACES : 0;
        if (p->pid < 0 && (errno == ENOMEM || errno == EAGAIN))
            break;
    }
    return p->pid < 0 || clock_getcpuclockid(p->pid, &p->clock) != 0 ? -1 : 0;
}

static void stop_if_any(process *p) {
    process_stop(p);
}

int process_start(const char *program, process *out, resight_error *error) {
    CLEANUP(stop_if_any) process p = NO_PROCESS;
    CLEANUP_FD int theirs = -1;
    CLEANUP_FD int nothing = nothing_open();
    if (access(program, X_OK) != 0)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "the worker program %s: %s", program, strerror(errno));
    if (nothing < 0 || socket_pair(&p.channel, &theirs) != 0 || spawn_anyhow(program, theirs, nothing, &p) != 0)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "the worker program %s cannot be started: %s", program,
                            strerror(errno));
    *out = p;
    p = NO_PROCESS;
    return RESIGHT_OK;
}

/* By descriptor, for a number may have been taken by another process if the host program waited for ours; by number
 * where the call is kept from us. */
static void kill_now(const process *p) {
    if (syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0) != 0 && (errno == ENOSYS || errno == EPERM))
        kill(p->pid, SIGKILL);
}

static process_end reap(process *p) {
    process_end end = {0};
    siginfo_t info = {0};
    while (waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | __WALL) != 0 && errno == EINTR)
        ;
    if (info.si_code == CLD_EXITED)
        end.exit_code = info.si_status;
    else
        end.signal = info.si_status;
    cleanup_fd(&p->channel);
    cleanup_fd(&p->pidfd);
    *p = NO_PROCESS;
    return end;
}

void process_stop(process *p) {
    if (p->pidfd >= 0) {
        kill_now(p);
        reap(p);
    }
    cleanup_fd(&p->channel);
    *p = NO_PROCESS;
}

process_end process_finish(process *p) {
    struct pollfd exited = {.fd = p->pidfd, .events = POLLIN};
    int ready;
    while ((ready = poll(&exited, 1, ENDING_MS)) < 0 && errno == EINTR)
        ;
    if (ready <= 0)
        kill_now(p);
    process_end end = reap(p);
    end.killed = ready <= 0;
    return end;
}

int64_t process_time_ns(const process *p) {
    struct timespec used = {0};
    clock_gettime(p->clock, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}
