/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers that die, and readers and a writer for a long time: the file stays within 2.5 times what is used.
 *
 *     RESIGHT_SECONDS=3600 RESIGHT_READERS=1000 build/tests/db/test_db_soak --timeout 0
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIVE = 6000, TAIL = 1000, GROUP = 100, PATCHES = 20 };

static resight_hash numbered(uint64_t n) {
    random_source random = {n * 1000003};
    return random_hash(&random);
}

static pid_t start(int (*run)(const test_place *place, int report), const test_place *place, int report) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(run(place, report));
    }
    return child;
}

/* Entries (last - LIVE, last] stay: each addition pushes one out. */
static void add_group(resight_db *db, uint64_t *last, uint32_t count) {
    resight_writer *writer = NULL;
    resight_error error;
    uint64_t id = 0;
    resight_patch patches[PATCHES];
    resight_patch_set set[1];
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (uint32_t i = 0; i < count; i++) {
        const resight_hash hash = numbered(++*last);
        const resight_mark mark = mark_of(&hash);
        resight_entry entry = image_of(1, &mark);
        give_patches(&entry, patches, set, (uint32_t)(*last % PATCHES), PATCHES, *last * PATCHES);
        assert_ok(resight_writer_add(writer, &entry, &id, &error));
        cr_assert_eq(id, *last);
        if (*last > LIVE)
            assert_ok(resight_writer_remove(writer, *last - LIVE, &error));
    }
    assert_ok(resight_writer_commit(&writer, &error));
}

static resight_db_stats *stats_of(resight_db *db) {
    resight_reader *reader = NULL;
    resight_error error;
    resight_db_stats *stats = calloc(1, sizeof *stats);
    cr_assert_not_null(stats);
    assert_ok(resight_reader_new(db, &reader, &error));
    assert_ok(resight_reader_stats(reader, stats, &error));
    resight_reader_free(&reader);
    return stats;
}

/* Takes a snapshot, says so, and keeps it until it is killed. */
static int hold(const test_place *place, int report) {
    resight_db *db = NULL;
    resight_reader *reader = NULL;
    if (resight_db_open(place->db, NULL, &db, NULL) != RESIGHT_OK ||
        resight_reader_new(db, &reader, NULL) != RESIGHT_OK || write(report, "", 1) != 1)
        return 1;
    for (;;)
        pause();
}

/* Renews its snapshot, as a service does between batches, until it is killed. */
static int read_along(const test_place *place, int report) {
    resight_db *db = NULL;
    resight_reader *reader = NULL;
    resight_matches found = {0};
    random_source random = {5};
    if (resight_db_open(place->db, NULL, &db, NULL) != RESIGHT_OK ||
        resight_reader_new(db, &reader, NULL) != RESIGHT_OK || write(report, "", 1) != 1)
        return 1;
    for (;;) {
        const resight_hash hash = numbered(1 + random_below(&random, 100000));
        if (resight_reader_renew(reader, NULL) != RESIGHT_OK ||
            resight_reader_query(reader, &hash, 1, NULL, &found, NULL) != RESIGHT_OK)
            return 2;
    }
}

static void wait_for(int report) {
    char byte;
    cr_assert_eq(read(report, &byte, 1), 1);
}

static void end(pid_t child) {
    int status = 0;
    cr_assert_eq(waitpid(child, &status, WNOHANG), 0, "a reader ended by itself");
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, &status, 0), child);
}

/* Add and merge for a while; how many times what is used the file then is. */
static double churn(resight_db *db, uint64_t *last, int64_t seconds, const char *what) {
    const time_t until = time(NULL) + seconds;
    resight_error error;
    uint64_t groups = 0;
    while (groups < 2 * LIVE / GROUP || time(NULL) < until) {
        add_group(db, last, GROUP);
        assert_ok(resight_db_merge(db, &error));
        groups++;
    }
    resight_db_stats *stats = stats_of(db);
    fprintf(stderr, "%s: %llu groups, file %llu KiB, used %llu KiB, %.2f times\n", what, (unsigned long long)groups,
            (unsigned long long)stats->file_bytes / 1024, (unsigned long long)stats->used_bytes / 1024,
            (double)stats->file_bytes / (double)stats->used_bytes);
    const double times = (double)stats->file_bytes / (double)stats->used_bytes;
    free(stats);
    return times;
}

Test(soak, a_reader_and_a_writer, .timeout = 86400) {
    test_place place = place_make();
    int report[2];
    uint64_t last = 0;
    resight_db *db = open_new(&place, TAIL);
    put_bank(db, "a", 31, 0);
    resight_db_close(&db);
    cr_assert_eq(pipe(report), 0);
    const pid_t reader = start(read_along, &place, report[1]);
    wait_for(report[0]);
    db = open_again(&place, TAIL);
    cr_expect_leq(churn(db, &last, (int64_t)number_from("RESIGHT_SECONDS", 3), "a reader and a writer"), 2.5);
    end(reader);
    assert_sound(db, 20);
    resight_db_close(&db);
    place_free(&place);
}

/* Each held a snapshot when it died: neither its slot nor its pages may be kept. */
Test(soak, killed_readers, .timeout = 86400) {
    const uint64_t count = number_from("RESIGHT_READERS", 126);
    test_place place = place_make();
    pid_t *readers = calloc(count, sizeof *readers);
    int report[2];
    uint64_t last = 0;
    resight_db *db = open_new(&place, TAIL);
    put_bank(db, "a", 31, 0);
    add_group(db, &last, LIVE);
    resight_db_close(&db); /* an open database does not survive fork() */
    cr_assert_eq(pipe(report), 0);
    for (uint64_t i = 0; i < count; i++) {
        readers[i] = start(hold, &place, report[1]);
        wait_for(report[0]);
    }
    db = open_again(&place, TAIL); /* while they live: its own opening clears none of them */
    for (uint64_t i = 0; i < count; i++)
        end(readers[i]);
    cr_expect_leq(churn(db, &last, 0, "after the readers were killed"), 2.5);
    assert_sound(db, 20);
    resight_db_close(&db);
    free(readers);
    place_free(&place);
}
