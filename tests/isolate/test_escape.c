/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that were taken over try to get out. Each attempt is made, and each is stopped. */
#include "asking.h"
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char database[] = "/tmp/resight-escape-XXXXXX";
static char inside[64], present[64];
static volatile int secret = 42;

static void make_database(void) {
    cr_assert_not_null(mkdtemp(database));
    chmod(database, 0777); /* what stops the worker is not the permission */
    snprintf(inside, sizeof inside, "%s/new", database);
    snprintf(present, sizeof present, "%s/present", database);
    FILE *file = fopen(present, "w");
    cr_assert_not_null(file);
    fputs("kept", file);
    fclose(file);
    chmod(present, 0666);
}

static void remove_database(void) {
    unlink(inside);
    unlink(present);
    rmdir(database);
}

TestSuite(escape, .init = make_database, .fini = remove_database);

/* The orders, with what they need of this process. */
static void order_of(const char *name, char order[256]) {
    const char *of[][2] = {{"open", "/etc/passwd"}, {"write", inside}, {"delete", present}, {"exec", "/bin/true"}};
    snprintf(order, 256, "%s", name);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (strcmp(name, of[i][0]) == 0)
            snprintf(order, 256, "%s %s", name, of[i][1]);
    if (strcmp(name, "trace") == 0 || strcmp(name, "kill") == 0)
        snprintf(order, 256, "%s %d", name, (int)getpid());
    if (strcmp(name, "peek") == 0)
        snprintf(order, 256, "%s %d %llx", name, (int)getpid(), (unsigned long long)(uintptr_t)&secret);
}

static unsigned walls_of(resight_pool *pool) {
    unsigned walls = 0;
    cr_assert_eq(resight_pool_walls(pool, &walls, NULL), RESIGHT_OK);
    return walls;
}

static void expect_stopped(resight_pool *pool, bool image, const char *name) {
    char order[256];
    order_of(name, order);
    const asked a = ask_order(pool, image, order);
    const bool killed = a.status == RESIGHT_E_FORMAT && strstr(a.error.text, "may not have");
    const bool refused = a.status == RESIGHT_E_IO && strstr(a.error.text, "refused");
    cr_expect(killed || refused, "%s by the %s worker: status %d, %s", name, image ? "image" : "media", a.status,
              a.error.text);
    const asked next = ask_order(pool, image, "behave");
    cr_expect_eq(next.status, RESIGHT_OK, "after %s: %s", name, next.error.text);
    cr_expect(access(inside, F_OK) != 0 && access(present, F_OK) == 0, "%s changed the database", name);
}

Test(escape, no_system_call_leads_out_of_the_filter) {
    static const char *const names[] = {"open", "write", "delete",   "connect", "exec",  "fork",   "trace",
                                        "peek", "kill",  "kill-all", "code",    "input", "unshare"};
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, NULL);
    if (!(walls_of(pool) & RESIGHT_WALL_FILTER))
        cr_skip_test("a build without libseccomp");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        expect_stopped(pool, true, names[i]);
        expect_stopped(pool, false, names[i]);
    }
    resight_pool_free(&pool);
}

/* The image worker is killed for each of them: nothing that it could do is refused in silence. */
Test(escape, the_image_worker_dies_of_any_attempt) {
    static const char *const names[] = {"open", "connect", "exec", "fork", "kill", "code"};
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, NULL);
    char order[256];
    if (!(walls_of(pool) & RESIGHT_WALL_FILTER))
        cr_skip_test("a build without libseccomp");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        order_of(names[i], order);
        const asked a = ask_order(pool, true, order);
        cr_expect(a.status == RESIGHT_E_FORMAT && strstr(a.error.text, "(signal 31)"), "%s: %s", names[i],
                  a.error.text);
    }
    resight_pool_free(&pool);
}

/* Asked of the kernel itself, so that a wall which does not rise where it could is a failure. */
static bool kernel_has(unsigned wall) {
    if (wall == RESIGHT_WALL_LANDLOCK)
        return syscall(444, NULL, 0, 1) >= 1; /* landlock_create_ruleset(): its version */
    const pid_t child = fork();
    if (child == 0)
        _exit(unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID) != 0);
    int ended = -1;
    waitpid(child, &ended, 0);
    return ended == 0;
}

static void expect_stopped_by(unsigned wall, const char *const *names, size_t count) {
    resight_pool *pool = ask_whom(UNFILTERED_WORKERS, NULL);
    const unsigned walls = walls_of(pool);
    cr_expect_eq(walls & RESIGHT_WALL_FILTER, 0);
    cr_expect(walls & wall || !kernel_has(wall)); /* root has namespaces where others have none */
    if (!(walls & wall))
        cr_skip_test("a kernel that has no %s", resight_wall_name((resight_wall)wall));
    for (size_t i = 0; i < count; i++)
        expect_stopped(pool, true, names[i]);
    resight_pool_free(&pool);
}

Test(escape, landlock_alone_keeps_files_shut) {
    static const char *const names[] = {"open", "write", "delete", "exec"};
    expect_stopped_by(RESIGHT_WALL_LANDLOCK, names, sizeof names / sizeof *names);
}

Test(escape, namespaces_alone_keep_the_network_and_other_processes_away) {
    static const char *const names[] = {"connect", "trace", "peek", "kill", "kill-all"};
    expect_stopped_by(RESIGHT_WALL_NAMESPACES, names, sizeof names / sizeof *names);
}

/* The walls are what stops it, not the attempt: with no wall at all these orders work. */
Test(escape, the_attempts_are_real) {
    resight_pool *pool = ask_whom(UNFILTERED_WORKERS, NULL);
    const asked a = ask_order(pool, true, "code");
    cr_expect_eq(a.status, RESIGHT_OK, "%s", a.error.text);
    resight_pool_free(&pool);
}
