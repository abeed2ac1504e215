/* SPDX-License-Identifier: Apache-2.0 */
/* No room: a limit on file sizes, a full map. The failure has its own status and costs only what was not committed. */
#include "env.h"
#include "harness.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

static resight_hash numbered(uint64_t n) {
    random_source random = {n * 7919};
    return random_hash(&random);
}

enum { MOST_PATCHES = 50 };

/* Image n, with up to two chunks of patches. */
static int add_numbered(resight_writer *writer, uint64_t n) {
    uint64_t id = 0;
    resight_patch patches[MOST_PATCHES];
    resight_patch_set set[1];
    const resight_hash hash = numbered(n);
    const resight_mark mark = mark_of(&hash);
    resight_entry entry = image_of(1, &mark);
    give_patches(&entry, patches, set, (uint32_t)(n * 7 % MOST_PATCHES), MOST_PATCHES, n * MOST_PATCHES);
    return resight_writer_add(writer, &entry, &id, NULL);
}

static void check_numbered(resight_reader *reader, uint64_t n) {
    resight_entry entry;
    resight_error error;
    const resight_hash hash = numbered(n);
    assert_ok(resight_reader_entry(reader, n, &entry, &error));
    cr_assert_arr_eq(&entry.marks[0].hash, &hash, sizeof hash);
    cr_assert_eq(entry.patch_count, n * 7 % MOST_PATCHES);
    for (uint32_t i = 0; i < entry.patch_count; i++) {
        const resight_patch patch = patch_of(n * MOST_PATCHES + i);
        cr_assert_arr_eq(&entry.patches[i], &patch, sizeof patch);
    }
}

/* Add groups of 50 until it fails; the number of groups that were acknowledged. */
static int fill(resight_db *db, uint64_t *groups) {
    for (;;) {
        resight_writer *writer = NULL;
        int status = resight_writer_begin(db, &writer, NULL);
        for (uint64_t i = 0; status == RESIGHT_OK && i < 50; i++)
            status = add_numbered(writer, *groups * 50 + i + 1);
        if (status != RESIGHT_OK) {
            const int commit = writer ? resight_writer_commit(&writer, NULL) : status;
            return commit == status ? status : RESIGHT_E_ARG; /* a spoilt writer says so again */
        }
        status = resight_writer_commit(&writer, NULL);
        if (status == RESIGHT_OK)
            status = resight_db_merge(db, NULL);
        if (status != RESIGHT_OK)
            return status;
        ++*groups;
    }
}

static void check_filled(const test_place *place, uint64_t groups) {
    resight_error error;
    resight_reader *reader = NULL;
    resight_db *db = open_again(place, 64);
    assert_ok(resight_reader_new(db, &reader, &error));
    for (uint64_t id = 1; id <= groups * 50; id++)
        check_numbered(reader, id);
    resight_reader_free(&reader);
    assert_sound(db, 50);
    const resight_hash hash = numbered(0);
    add_hash(db, 1, &hash); /* with room again, it goes on */
    resight_db_close(&db);
}

typedef struct limited {
    test_place place;
    rlim_t bytes;
    int report[2];
} limited;

static int fill_under_limit(void *user) {
    const limited *self = user;
    const struct rlimit limit = {self->bytes, self->bytes};
    const resight_db_options options = {.tail_hashes = 64};
    resight_db *db = NULL;
    uint64_t groups = 0;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || resight_db_open(self->place.db, &options, &db, NULL) != RESIGHT_OK)
        return 100;
    const int status = fill(db, &groups);
    if (write(self->report[1], &groups, sizeof groups) != (ssize_t)sizeof groups)
        return 101;
    resight_db_close(&db);
    return -status;
}

Test(full, limits_on_the_file_at_many_places) {
    for (rlim_t pages = 300; pages < 900; pages += 47) {
        limited self = {.place = place_make(), .bytes = pages * 4096 + pages % 5 * 512};
        uint64_t groups = 0;
        resight_db *db = open_new(&self.place, 64);
        put_bank(db, "a", 31, 0);
        resight_db_close(&db);
        cr_assert_eq(pipe(self.report), 0);
        cr_expect_eq(in_child(fill_under_limit, &self), -RESIGHT_E_FULL, "at %lu pages", (unsigned long)pages);
        cr_assert_eq(read(self.report[0], &groups, sizeof groups), (ssize_t)sizeof groups);
        cr_expect_gt(groups, 0);
        check_filled(&self.place, groups);
        close(self.report[0]);
        close(self.report[1]);
        place_free(&self.place);
    }
}

/* A file system of 2 MiB, seen by this child alone. 77: this machine does not let us make one. */
static int fill_small_disk(void *user) {
    const limited *self = user;
    const resight_db_options options = {.create = true, .tail_hashes = 64};
    resight_db *db = NULL;
    uint64_t groups = 0;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", self->place.root, "tmpfs", 0, "size=2m") != 0)
        return 77;
    if (resight_db_open(self->place.db, &options, &db, NULL) != RESIGHT_OK)
        return 78;
    put_bank(db, "a", 31, 0);
    const int status = fill(db, &groups);
    resight_db_close(&db);
    if (status != RESIGHT_E_FULL || groups == 0)
        return 79;
    cr_assert_eq(mount(NULL, self->place.root, NULL, MS_REMOUNT, "size=8m"), 0);
    check_filled(&self->place, groups);
    return 0;
}

Test(full, the_disk) {
    limited self = {.place = place_make()};
    const int code = in_child(fill_small_disk, &self);
    cr_expect(code == 0 || code == 77, "%d", code);
    place_free(&self.place);
}

Test(full, the_map) {
    test_place place = place_make();
    uint64_t groups = 0;
    resight_db *db = open_new(&place, 64);
    put_bank(db, "a", 31, 0);
    cr_assert_eq(mdb_env_set_mapsize(db->env, 700 * 4096), 0);
    cr_expect_eq(fill(db, &groups), RESIGHT_E_FULL);
    cr_expect_gt(groups, 0);
    resight_db_close(&db);
    check_filled(&place, groups);
    place_free(&place);
}

/* Another process with a larger map has grown the file past ours: it is followed, unless a snapshot holds the map. */
static int grow(void *user) {
    const limited *self = user;
    resight_db *db = NULL;
    if (resight_db_open(self->place.db, NULL, &db, NULL) != RESIGHT_OK)
        return 1;
    for (uint64_t n = 0; n < 3; n++) {
        resight_writer *writer = NULL;
        uint64_t id = 0;
        if (resight_writer_begin(db, &writer, NULL) != RESIGHT_OK)
            return 2;
        for (uint64_t i = 1; i <= 2000; i++) {
            const resight_hash hash = numbered(n * 2000 + i);
            const resight_mark mark = mark_of(&hash);
            const resight_entry entry = image_of(1, &mark);
            if (resight_writer_add(writer, &entry, &id, NULL) != RESIGHT_OK)
                return 3;
        }
        if (resight_writer_commit(&writer, NULL) != RESIGHT_OK)
            return 4;
    }
    resight_db_close(&db);
    return 0;
}

/* The first failure of a writer is also its last word: it must not store half of what was asked. */
Test(full, a_writer_that_failed_stores_nothing) {
    enum { MARKS = 50000 };
    test_place place = place_make();
    resight_error error;
    resight_db *db = open_new(&place, 0);
    const uint32_t bank = put_bank(db, "a", 31, 0);
    resight_mark *marks = calloc(MARKS, sizeof *marks);
    for (int i = 0; i < MARKS; i++)
        marks[i].dialect = RESIGHT_PDQ;
    resight_entry entry = image_of(bank, marks);
    resight_writer *writer = NULL;
    uint64_t id = 0;
    cr_assert_eq(mdb_env_set_mapsize(db->env, 60 * 4096), 0);
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_add(writer, &entry, &id, &error));
    entry.mark_count = MARKS;
    cr_expect_eq(resight_writer_add(writer, &entry, &id, &error), RESIGHT_E_FULL);
    cr_expect_eq(resight_writer_commit(&writer, &error), RESIGHT_E_FULL);
    cr_expect_null(writer);
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    cr_expect_eq(resight_reader_entry(reader, 1, &entry, &error), RESIGHT_NOT_FOUND);
    resight_reader_free(&reader);
    resight_db_close(&db);
    free(marks);
    place_free(&place);
}

Test(full, a_map_that_another_process_has_grown) {
    limited self = {.place = place_make()};
    resight_error error;
    resight_db *db = open_new(&self.place, 10);
    put_bank(db, "a", 31, 0);
    random_source random = {41};
    resight_hash first[10];
    for (int i = 0; i < 10; i++) {
        first[i] = random_hash(&random);
        add_hash(db, 1, &first[i]);
    }
    assert_ok(resight_db_merge(db, &error)); /* the reader's pointers into this segment have to follow the map */
    resight_db_stats *stats = calloc(1, sizeof *stats);
    resight_reader *reader = NULL, *other = NULL;
    resight_matches found = {0};
    assert_ok(resight_reader_new(db, &reader, &error));
    assert_ok(resight_reader_stats(reader, stats, &error));
    cr_assert_eq(stats->segment_count, 1);
    resight_reader_free(&reader);
    cr_assert_eq(mdb_env_set_mapsize(db->env, (size_t)stats->file_bytes + 10 * 4096), 0);
    free(stats);
    assert_ok(resight_reader_new(db, &reader, &error));
    cr_assert_eq(in_child(grow, &self), 0);
    cr_expect_eq(resight_reader_new(db, &other, &error), RESIGHT_E_BUSY);
    assert_ok(resight_reader_renew(reader, &error)); /* it is the only one: it may move the map */
    const resight_hash hash = numbered(5999);
    assert_ok(resight_reader_query(reader, &hash, 1, NULL, &found, &error));
    cr_expect_eq(found.count, 1);
    for (int i = 0; i < 10; i++) {
        assert_ok(resight_reader_query(reader, &first[i], 1, NULL, &found, &error));
        cr_expect_eq(found.count, 1);
    }
    assert_ok(resight_reader_new(db, &other, &error));
    resight_reader_free(&other);
    resight_matches_free(&found);
    resight_reader_free(&reader);
    resight_db_close(&db);
    place_free(&self.place);
}
