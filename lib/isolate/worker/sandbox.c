/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a worker's walls, and the plain ones: signals, limits, capabilities. */
#include "isolate/worker/sandbox.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The channel and one file, with room for a file that arrives before the last was closed. */
#define MAX_DESCRIPTORS 8
/* Address space beyond what is written to: programs, libraries, stacks and the arenas of threads. */
#define CODE_BYTES ((uint64_t)2 << 30)

void sandbox_begin(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); /* what the parent ignored */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static bool limit(int what, uint64_t most) {
    struct rlimit now = {0};
    if (getrlimit((__rlimit_resource_t)what, &now) != 0)
        return false;
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most)
        most = now.rlim_max;
    return setrlimit((__rlimit_resource_t)what, &(struct rlimit){most, most}) == 0;
}

/* What is written to is counted (RLIMIT_DATA), not the libraries. A sanitizer's shadow would be counted too. */
static bool limit_memory(uint64_t max_bytes) {
#ifdef RESIGHT_SANITIZED
    return max_bytes != 0;
#else
    return max_bytes != 0 && limit(RLIMIT_DATA, max_bytes) && limit(RLIMIT_AS, max_bytes + CODE_BYTES);
#endif
}

/* Root's worker, where there are no namespaces, has no more rights than others'. */
static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
        ;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    syscall(SYS_capset, &header, none);
}

unsigned sandbox_close(sandbox_needs needs, uint64_t max_bytes) {
    unsigned walls = 0;
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, MAX_DESCRIPTORS);
    if (needs == SANDBOX_JPEG_PNG)
        limit(RLIMIT_NPROC, 0);
    if (limit_memory(max_bytes))
        walls |= RESIGHT_WALL_MEMORY;
    drop_capabilities();
    if (sandbox_landlock())
        walls |= RESIGHT_WALL_LANDLOCK;
    if (sandbox_filter(needs))
        walls |= RESIGHT_WALL_FILTER;
    return walls;
}
