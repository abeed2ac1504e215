/* SPDX-License-Identifier: Apache-2.0 */
/* The program as it is used, with no decoder in it: for --isolate=off it hands over to the one that has them. */
#include "isolation.h"

#include "text.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

bool isolation_leave(char **argv) {
    char program[PATH_MAX];
    if (isolation_program("resight-unisolated", program))
        execv(program, argv);
    complain("--isolate=off", "%s: %s", program, strerror(errno));
    return false;
}
