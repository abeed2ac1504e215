/* SPDX-License-Identifier: Apache-2.0 */
/* Pools made from the command line's settings, their programs found beside this one, their walls told. */
#include "isolation.h"

#include "base/cleanup.h"
#include "memory.h"
#include "options.h"
#include "text.h"
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* For tests, and for a program that was moved away from its workers. */
#define FOLDER_VARIABLE "RESIGHT_WORKERS"

/* What lies beside this program: where it is not installed, it is run where it was built, in cli/. */
static bool beside(const char *installed, const char *built, char path[PATH_MAX]) {
    char own[PATH_MAX / 2];
    const ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        return false;
    own[length] = 0;
    *strrchr(own, '/') = 0;
    const char *last = strrchr(own, '/');
    const bool in_cli = last && strcmp(last, "/cli") == 0;
    return snprintf(path, PATH_MAX, "%s/%s", own, in_cli ? built : installed) < PATH_MAX;
}

bool isolation_program(const char *name, char path[PATH_MAX]) {
    char installed[PATH_MAX / 2];
    snprintf(installed, sizeof installed, "../" RESIGHT_WORKERS_FROM_BIN "/%s", name);
    return beside(installed, name, path);
}

static char *worker_folder(void) {
    const char *given = secure_getenv(FOLDER_VARIABLE);
    char folder[PATH_MAX];
    if (given)
        return must_copy(given);
    const bool found = beside("../" RESIGHT_WORKERS_FROM_BIN, "../lib/isolate/worker", folder);
    return found && access(folder, X_OK) == 0 ? must_copy(folder) : NULL; /* else where the library looks by itself */
}

resight_pool *isolation_pool(const settings *set, resight_decode_options decode, resight_error *error) {
    static atomic_flag said = ATOMIC_FLAG_INIT;
    CLEANUP_FREE char *folder = worker_folder();
    resight_pool *pool = NULL;
    resight_pool_options options = resight_pool_options_default();
    options.isolation = set->isolation;
    options.decode = decode;
    options.cpu = set->cpu;
    options.programs = folder;
    options.max_wall_seconds = set->max_wall_seconds;
    if (set->isolation == RESIGHT_ISOLATE_OFF && !atomic_flag_test_and_set(&said))
        complain("--isolate=off", "media is decoded in this process: a hostile file can take it over");
    return resight_pool_new(&options, &pool, error) == RESIGHT_OK ? pool : NULL;
}

void isolation_warn(resight_pool *pool) {
    static atomic_flag looked = ATOMIC_FLAG_INIT;
    const unsigned without = RESIGHT_WALL_FILTER | RESIGHT_WALL_LANDLOCK | RESIGHT_WALL_NAMESPACES;
    unsigned walls = 0;
    if (atomic_flag_test_and_set(&looked))
        return;
    if (resight_pool_walls(pool, &walls, NULL) == RESIGHT_OK && !(walls & without))
        complain("isolation", "this system has no filter, no landlock and no namespaces: media is decoded in a process "
                              "of its own, which has all your rights");
}

static void print_walls(unsigned walls, bool standing) {
    const char *between = "";
    for (unsigned wall = 1; wall < RESIGHT_WALLS; wall <<= 1)
        if (!(walls & wall) == !standing) {
            printf("%s %s", between, resight_wall_name((resight_wall)wall));
            between = ",";
        }
    puts(*between ? "" : " nothing");
}

void isolation_print(void) {
    const settings set = settings_default();
    CLEANUP(resight_pool_free) resight_pool *pool = NULL;
    resight_error error = {0};
    unsigned walls = 0;
    pool = isolation_pool(&set, resight_decode_options_default(), &error);
    if (!pool || resight_pool_walls(pool, &walls, &error) != RESIGHT_OK) {
        printf("isolation: none: %s\n", error.text);
        return;
    }
    fputs("isolation: workers behind", stdout);
    print_walls(walls, true);
    fputs("isolation: missing", stdout);
    print_walls(walls, false);
}
