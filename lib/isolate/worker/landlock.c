/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock with no rule at all: everything that it can forbid is forbidden. By its system calls, for libc has none, and
 * by numbers, for headers are older than kernels. Source: Documentation/userspace-api/landlock.rst of Linux 6.12.
 */
#include "isolate/worker/sandbox.h"

#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

enum { ASK_VERSION = 1 };

typedef struct ruleset {
    uint64_t files; /* the rights that are taken away; ABI 1 */
    uint64_t ports; /* ABI 4 */
    uint64_t scope; /* ABI 6 */
} ruleset;

/* The rights to files that each version of the interface added. */
static uint64_t file_rights(long version) {
    unsigned rights = 13; /* execute, write, read, read a folder, remove 2, make 7 */
    if (version >= 2)
        rights++; /* refer */
    if (version >= 3)
        rights++; /* truncate */
    if (version >= 5)
        rights++; /* ioctl of devices */
    return (UINT64_C(1) << rights) - 1;
}

static size_t ruleset_bytes(long version) {
    return version >= 6 ? sizeof(ruleset) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

bool sandbox_landlock(void) {
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    if (version < 1)
        return false;
    const ruleset none = {
        .files = file_rights(version),
        .ports = version >= 4 ? 3 : 0, /* bind, connect */
        .scope = version >= 6 ? 3 : 0, /* abstract sockets, signals */
    };
    const long fd = syscall(SYS_landlock_create_ruleset, &none, ruleset_bytes(version), 0);
    if (fd < 0)
        return false;
    const bool done = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    close((int)fd);
    return done;
}
