/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a worker may make. Any other ends it at once (SIGSYS). No call here opens anything, makes a
 * process, sends to anything but the channel, or makes memory executable.
 */
#include "isolate/task.h"
#include "isolate/worker/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

/* With any arguments. */
static const int plain_calls[] = {
    SCMP_SYS(pread64), /* the file at hand; no other descriptor can be read */
    SCMP_SYS(close),         SCMP_SYS(brk),
    SCMP_SYS(munmap),        SCMP_SYS(mremap),
    SCMP_SYS(madvise),       SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), /* processor time: not in the vDSO */
    SCMP_SYS(getrandom),     SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), /* abort() */
    SCMP_SYS(gettid),        SCMP_SYS(getpid),
    SCMP_SYS(exit),          SCMP_SYS(exit_group),
};

/* A stream is handed to those alone that have a demuxer. It and the channel are all there is to read. */
static const int stream_calls[] = {SCMP_SYS(read)};

/* libde265 under libheif decodes on threads, whatever it is told. */
static const int thread_calls[] = {
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
};

/* Refused, not fatal: what large libraries ask for by the way and do without. FFmpeg turns the names of TV channels
 * into UTF-8, and libc looks for a file on the alphabet. */
static const int vain_calls[] = {
    SCMP_SYS(openat),    SCMP_SYS(open),       SCMP_SYS(newfstatat), SCMP_SYS(stat),       SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),   SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
};

#ifdef RESIGHT_SANITIZED
static const int sanitizer_calls[] = {SCMP_SYS(sigaltstack), SCMP_SYS(sched_yield), SCMP_SYS(getrusage)};
#endif

static bool rule_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (seccomp_rule_add(filter, action, calls[i], 0) != 0)
            return false;
    return true;
}
#define ALLOW_ALL(filter, calls) rule_all(filter, SCMP_ACT_ALLOW, calls, sizeof(calls) / sizeof *(calls))
#define REFUSE_ALL(filter, calls) rule_all(filter, SCMP_ACT_ERRNO(EACCES), calls, sizeof(calls) / sizeof *(calls))

static bool allow_channel(scmp_filter_ctx filter) {
    const struct scmp_arg_cmp channel = SCMP_A0_64(SCMP_CMP_EQ, WORKER_CHANNEL);
    const struct scmp_arg_cmp error = SCMP_A0_64(SCMP_CMP_EQ, STDERR_FILENO); /* which is nothing: process.c */
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1, channel) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, channel) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, error) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(writev), 1, error) == 0;
}

static bool allow_memory(scmp_filter_ctx filter) {
    const struct scmp_arg_cmp not_executable = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp anonymous = SCMP_A3_64(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, not_executable, anonymous) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable) == 0;
}

/* abort() signals itself, and nobody else. */
static bool allow_abort(scmp_filter_ctx filter) {
    const struct scmp_arg_cmp self = SCMP_A0_64(SCMP_CMP_EQ, (scmp_datum_t)getpid());
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self) == 0;
}

/* Threads, not processes. The arguments of clone3() lie in memory, where a filter cannot look: "not there", and glibc
 * takes clone(). */
static bool allow_threads(scmp_filter_ctx filter) {
    const scmp_datum_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    const struct scmp_arg_cmp is_thread = SCMP_A0_64(SCMP_CMP_MASKED_EQ, thread, thread);
    return ALLOW_ALL(filter, thread_calls) &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, is_thread) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

bool sandbox_filter(sandbox_needs needs) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return false;
    bool good = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
                seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && /* a tree, not a list */
                ALLOW_ALL(filter, plain_calls) && allow_channel(filter) && allow_memory(filter) && allow_abort(filter);
    if (needs == SANDBOX_ALL_DECODERS)
        good = good && allow_threads(filter) && ALLOW_ALL(filter, stream_calls) && REFUSE_ALL(filter, vain_calls);
#ifdef RESIGHT_SANITIZED
    good = good && ALLOW_ALL(filter, sanitizer_calls);
#endif
    good = good && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good;
}
