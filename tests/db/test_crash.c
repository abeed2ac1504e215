/* SPDX-License-Identifier: Apache-2.0 */
/* Many processes, and processes that die: what was acknowledged is there, and what is there is whole. */
#include "harness.h"
#include "segment.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The hash of the n-th entry; known to every process without asking. */
static resight_hash numbered(uint64_t n) {
    random_source random = {n * 1000003};
    return random_hash(&random);
}

/* What survives a killed child, in memory that parent and child share. */
typedef struct ledger {
    _Atomic uint64_t added;        /* entries 1..added are acknowledged */
    _Atomic uint64_t removed_upto; /* entries 1..removed_upto are acknowledged as removed */
    _Atomic uint64_t removing_upto;
    _Atomic uint64_t merges, copies; /* finished */
    _Atomic int stop;
} ledger;

static ledger *ledger_new(void) {
    void *shared = mmap(NULL, sizeof(ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(shared, MAP_FAILED);
    return shared;
}

typedef struct actor {
    test_place place;
    ledger *ledger;
    uint32_t tail_hashes;
    uint64_t seed;
} actor;

/* Entry `id` has up to two chunks of patches. */
static uint32_t patches_of(uint64_t id) {
    return (uint32_t)(id * 7 % 50);
}

static bool add_group(resight_db *db, ledger *shared, uint32_t count) {
    resight_writer *writer = NULL;
    uint64_t id = shared->added;
    if (resight_writer_begin(db, &writer, NULL) != RESIGHT_OK)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const resight_hash hash = numbered(id + 1);
        const resight_mark mark = mark_of(&hash);
        resight_entry entry = image_of(1, &mark);
        resight_patch patches[50];
        resight_patch_set set[1];
        give_patches(&entry, patches, set, patches_of(id + 1), 50, 64 * (id + 1));
        entry.has_sha256 = true;
        memcpy(entry.sha256, &hash, 32);
        if (resight_writer_add(writer, &entry, &id, NULL) != RESIGHT_OK)
            return false;
    }
    if (resight_writer_commit(&writer, NULL) != RESIGHT_OK)
        return false;
    shared->added = id;
    return true;
}

static bool remove_group(resight_db *db, ledger *shared, uint32_t count) {
    resight_writer *writer = NULL;
    const uint64_t from = shared->removed_upto + 1, upto = shared->removed_upto + count;
    if (upto > shared->added)
        return true;
    shared->removing_upto = upto;
    if (resight_writer_begin(db, &writer, NULL) != RESIGHT_OK)
        return false;
    for (uint64_t id = from; id <= upto; id++)
        if (resight_writer_remove(writer, id, NULL) != RESIGHT_OK)
            return false;
    if (resight_writer_commit(&writer, NULL) != RESIGHT_OK)
        return false;
    shared->removed_upto = upto;
    return true;
}

static bool copy(resight_db *db, const actor *self, uint64_t number) {
    char path[256];
    snprintf(path, sizeof path, "%s/copy-%llx", self->place.root, (unsigned long long)number);
    if (resight_db_backup(db, path, NULL) != RESIGHT_OK)
        return false;
    self->ledger->copies++;
    return true;
}

/* Adds, removes, merges and copies compactly until it is killed; exits only when something goes wrong. */
static void work_until_killed(const actor *self) {
    random_source random = {self->seed};
    resight_db *db = NULL;
    const resight_db_options options = {.tail_hashes = self->tail_hashes};
    if (resight_db_open(self->place.db, &options, &db, NULL) != RESIGHT_OK)
        _exit(2);
    if (random_below(&random, 8) == 0 && !copy(db, self, random_next(&random)))
        _exit(6);
    for (;;) {
        if (!add_group(db, self->ledger, 1 + random_below(&random, 30)))
            _exit(3);
        if (random_below(&random, 4) == 0 && !remove_group(db, self->ledger, 1 + random_below(&random, 20)))
            _exit(4);
        if (random_below(&random, 3) == 0) {
            if (resight_db_merge(db, NULL) != RESIGHT_OK)
                _exit(5);
            self->ledger->merges++;
        }
        if (random_below(&random, 80) == 0 && !copy(db, self, random_next(&random)))
            _exit(6);
    }
}

static void sleep_us(uint32_t us) {
    nanosleep(&(struct timespec){us / 1000000, (long)(us % 1000000) * 1000}, NULL);
}

static void kill_after(const actor *self, uint32_t us) {
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails must not leave children behind */
        work_until_killed(self);
    }
    sleep_us(us);
    kill(child, SIGKILL);
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %d", WEXITSTATUS(status));
}

/* What the next writer finds becomes the new ledger: the last group may be there without having been acknowledged. */
static void settle(resight_reader *reader, ledger *shared) {
    resight_entry entry;
    resight_error error;
    uint64_t last = 0, removed = shared->removed_upto;
    for (uint64_t id = shared->added; resight_reader_next_entry(reader, id, 0, &entry, &error) == RESIGHT_OK;)
        id = last = entry.id;
    if (last > shared->added)
        shared->added = last;
    if (shared->removing_upto > removed &&
        resight_reader_entry(reader, removed + 1, &entry, &error) == RESIGHT_NOT_FOUND)
        shared->removed_upto = shared->removing_upto;
}

static void check_entries(resight_reader *reader, const ledger *shared) {
    resight_entry entry;
    resight_error error;
    for (uint64_t id = 1; id <= shared->added; id++) {
        const int status = resight_reader_entry(reader, id, &entry, &error);
        cr_assert_eq(status, id > shared->removed_upto ? RESIGHT_OK : RESIGHT_NOT_FOUND, "entry %llu: %s",
                     (unsigned long long)id, resight_status_name(status));
        const resight_hash hash = numbered(id);
        if (status != RESIGHT_OK)
            continue;
        cr_assert_arr_eq(&entry.marks[0].hash, &hash, sizeof hash);
        cr_assert_eq(entry.patch_count, patches_of(id));
        for (uint32_t i = 0; i < entry.patch_count; i++) {
            const resight_patch patch = patch_of(64 * id + i);
            cr_assert_arr_eq(&entry.patches[i], &patch, sizeof patch);
        }
    }
}

/* A finished merge leaves no extents but those of current segments, whatever died before it. */
static void assert_no_strays(resight_db *db) {
    static db_manifest list;
    db_view view = {0};
    MDB_cursor *cursor = NULL;
    MDB_val key = val_of(KEY_MANIFEST, strlen(KEY_MANIFEST)), value;
    resight_error error;
    assert_ok(db_view_open(db, &view, &error));
    cr_assert_eq(mdb_get(view.txn, db->meta, &key, &value), 0);
    cr_assert_eq(manifest_unpack(value.mv_data, value.mv_size, &list), RESIGHT_OK);
    cr_assert_eq(mdb_cursor_open(view.txn, db->segment, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        uint64_t number = 0;
        bool current = false;
        memcpy(&number, key.mv_data, sizeof number);
        for (uint32_t i = 0; i < list.count; i++)
            current |= list.item[i].segment == EXTENT_KEY_SEGMENT(number);
        cr_assert(current, "extent %llu of segment %llu is left over", (unsigned long long)number & 0xffff,
                  (unsigned long long)EXTENT_KEY_SEGMENT(number));
    }
    mdb_cursor_close(cursor);
    db_view_close(&view);
}

/* A copy that has its name is whole; one that was cut off has only the name of a draft. */
static void check_copy(const test_place *copy, const ledger *shared) {
    resight_db *db = open_again(copy, 64);
    resight_reader *reader = NULL;
    resight_entry entry;
    resight_error error;
    uint64_t last = 0;
    assert_sound(db, 20);
    assert_ok(resight_reader_new(db, &reader, &error));
    while (resight_reader_next_entry(reader, last, 0, &entry, &error) == RESIGHT_OK)
        last = entry.id;
    cr_assert_leq(last, shared->added);
    resight_reader_free(&reader);
    resight_db_close(&db);
}

/* Every copy that there is, which is then removed. Returns how many were drafts. */
static uint64_t check_copies(const actor *self) {
    uint64_t drafts = 0;
    DIR *root = opendir(self->place.root);
    for (struct dirent *item; (item = readdir(root));) {
        test_place copy;
        if (strncmp(item->d_name, "copy-", 5) != 0)
            continue;
        const int length = snprintf(copy.root, sizeof copy.root, "%s/%s", self->place.root, item->d_name);
        cr_assert_lt(length, (int)sizeof copy.root);
        snprintf(copy.db, sizeof copy.db, "%s", copy.root);
        if (strchr(item->d_name, '.'))
            drafts++;
        else
            check_copy(&copy, self->ledger);
        place_free(&copy);
    }
    closedir(root);
    return drafts;
}

/* 60 kills, or RESIGHT_KILLS=N of them, at random moments of adding, removing, merging and copying; after each,
 * everything acknowledged is there.
 */
Test(crash, kill_at_any_moment, .timeout = 86400) {
    const uint64_t kills = number_from("RESIGHT_KILLS", 60);
    actor self = {.place = place_make(), .ledger = ledger_new(), .tail_hashes = 64};
    random_source random = {number_from("RESIGHT_SEED", 21)};
    resight_error error;
    uint64_t drafts = 0;
    resight_db *db = open_new(&self.place, 64);
    put_bank(db, "a", 31, 0);
    resight_db_close(&db);
    for (uint64_t i = 0; i < kills; i++) {
        self.seed = random_next(&random);
        kill_after(&self, 2000 + random_below(&random, i % 4 == 3 ? 240000 : 60000)); /* now and then a merge ends */
        db = open_again(&self.place, 64);
        resight_reader *reader = NULL;
        assert_ok(resight_reader_new(db, &reader, &error));
        settle(reader, self.ledger);
        check_entries(reader, self.ledger);
        resight_reader_free(&reader);
        assert_sound(db, 20);
        drafts += check_copies(&self);
        if (i % 10 == 9) {
            assert_ok(resight_db_merge(db, &error));
            assert_no_strays(db);
        }
        resight_db_close(&db);
    }
    cr_assert(self.ledger->merges > 0 && self.ledger->copies + drafts > 0);
    fprintf(
        stderr,
        "%llu kills, %llu entries and %llu removals acknowledged, %llu merges and %llu copies finished, %llu copies "
        "cut off\n",
        (unsigned long long)kills, (unsigned long long)self.ledger->added,
        (unsigned long long)self.ledger->removed_upto, (unsigned long long)self.ledger->merges,
        (unsigned long long)self.ledger->copies, (unsigned long long)drafts);
    place_free(&self.place);
}

/* Every fifth entry is removed some time after it was added; readers ask for the one before. */
static uint64_t kept(uint64_t id) {
    return id % 5 == 0 ? id - 1 : id;
}

/* While merges run, so that entries vanish between the snapshot that a merge reads and its end. */
static bool remove_fifths(resight_db *db, uint64_t from, uint64_t upto) {
    for (uint64_t id = from + 5 - from % 5; id <= upto; id += 5) {
        resight_writer *writer = NULL;
        if (resight_writer_begin(db, &writer, NULL) != RESIGHT_OK ||
            resight_writer_remove(writer, id, NULL) != RESIGHT_OK || resight_writer_commit(&writer, NULL) != RESIGHT_OK)
            return false;
    }
    return true;
}

/* Another process than the writer finds each entry at its next query after the commit. */
static int read_along(void *user) {
    const actor *self = user;
    resight_db *db = NULL;
    resight_reader *reader = NULL;
    resight_matches found = {0};
    random_source random = {self->seed};
    if (resight_db_open(self->place.db, NULL, &db, NULL) != RESIGHT_OK ||
        resight_reader_new(db, &reader, NULL) != RESIGHT_OK)
        return 2;
    while (!self->ledger->stop) {
        const uint64_t last = self->ledger->added;
        if (resight_reader_renew(reader, NULL) != RESIGHT_OK)
            return 3;
        const uint64_t id =
            kept(random_below(&random, 3) ? last : 1 + random_below(&random, (uint32_t)last + 1) % last);
        const resight_hash exact = numbered(id), query = random_near(&random, &exact, random_below(&random, 32));
        if (resight_reader_query(reader, &query, 1, NULL, &found, NULL) != RESIGHT_OK)
            return 4;
        if (found.count != 1 || found.items[0].entry != id)
            return 5;
    }
    resight_matches_free(&found);
    resight_reader_free(&reader);
    resight_db_close(&db);
    return 0;
}

static int merge_along(void *user) {
    const actor *self = user;
    resight_db *db = NULL;
    const resight_db_options options = {.tail_hashes = self->tail_hashes};
    if (resight_db_open(self->place.db, &options, &db, NULL) != RESIGHT_OK)
        return 2;
    while (!self->ledger->stop)
        if (resight_db_merge(db, NULL) != RESIGHT_OK)
            return 3;
    resight_db_close(&db);
    return 0;
}

static pid_t start(int (*run)(void *user), void *user) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(run(user));
    }
    return child;
}

Test(crash, one_writer_two_mergers_three_readers) {
    enum { CHILDREN = 5, GROUPS = 150 };
    actor self = {.place = place_make(), .ledger = ledger_new(), .tail_hashes = 40};
    resight_db *db = open_new(&self.place, 40);
    put_bank(db, "a", 31, 0);
    resight_db_close(&db);
    pid_t children[CHILDREN];
    db = open_again(&self.place, 40);
    cr_assert(add_group(db, self.ledger, 1));
    resight_db_close(&db); /* an open database does not survive fork() */
    for (int i = 0; i < CHILDREN; i++) {
        self.seed = 100 + (uint64_t)i;
        children[i] = start(i < 2 ? merge_along : read_along, &self);
    }
    db = open_again(&self.place, 40);
    uint64_t upto[GROUPS + 1] = {self.ledger->added};
    for (uint32_t i = 0; i < GROUPS; i++) {
        cr_assert(add_group(db, self.ledger, 1 + i % 20));
        upto[i + 1] = self.ledger->added;
        if (i % 2 == 0 && i > 0) /* the tail when a merge began, perhaps */
            cr_assert(remove_fifths(db, upto[i - 1], upto[i]));
        if (i % 2 == 0 && i >= 20) /* in a segment by now */
            cr_assert(remove_fifths(db, upto[i - 20], upto[i - 19]));
    }
    self.ledger->stop = 1;
    for (int i = 0; i < CHILDREN; i++) {
        int status = 0;
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d: %d", i, WEXITSTATUS(status));
    }
    assert_sound(db, 100);
    resight_db_close(&db);
    place_free(&self.place);
}

typedef struct removals {
    resight_db *db;
    ledger *ledger;
    _Atomic bool stop;
    _Atomic uint64_t removed;
} removals;

enum { LONG_TAIL = 20000 };

static void *remove_until_stopped(void *user) {
    removals *self = user;
    random_source random = {51};
    while (!self->stop) {
        resight_writer *writer = NULL;
        if (resight_writer_begin(self->db, &writer, NULL) != RESIGHT_OK)
            break;
        const uint64_t id = self->ledger->added - random_below(&random, LONG_TAIL);
        self->removed += resight_writer_remove(writer, id, NULL) == RESIGHT_OK;
        if (resight_writer_commit(&writer, NULL) != RESIGHT_OK)
            break;
    }
    return NULL;
}

/* A merge reads a long tail from its snapshot; what is removed before it ends is dead in the new segment. */
Test(crash, removals_while_a_long_tail_is_merged) {
    actor self = {.place = place_make(), .ledger = ledger_new()};
    resight_error error = {""};
    pthread_t thread;
    resight_db *db = open_new(&self.place, 100);
    removals work = {.db = db, .ledger = self.ledger};
    put_bank(db, "a", 31, 0);
    cr_assert(add_group(db, self.ledger, LONG_TAIL));
    cr_assert_eq(pthread_create(&thread, NULL, remove_until_stopped, &work), 0);
    int status = RESIGHT_OK;
    for (int i = 0; i < 6 && status == RESIGHT_OK; i++) {
        const uint64_t before = work.removed;
        status = add_group(db, self.ledger, LONG_TAIL) ? RESIGHT_OK : RESIGHT_E_IO;
        for (int n = 0; n < 10000 && work.removed == before; n++) /* until the other thread is under way again */
            sleep_us(100);
        if (status == RESIGHT_OK)
            status = resight_db_merge(db, &error);
    }
    work.stop = true;
    pthread_join(thread, NULL);
    cr_assert_eq(status, RESIGHT_OK, "%s", error.text);
    assert_sound(db, 0);
    resight_db_close(&db);
    place_free(&self.place);
}

/* A reader that was killed must not hold its slot, nor the pages of its snapshot, for ever. */
static int die_reading(void *user) {
    const actor *self = user;
    resight_db *db = NULL;
    resight_reader *reader = NULL;
    if (resight_db_open(self->place.db, NULL, &db, NULL) == RESIGHT_OK)
        resight_reader_new(db, &reader, NULL);
    raise(SIGKILL);
    return 0;
}

Test(crash, dead_readers_are_cleared) {
    actor self = {.place = place_make()};
    resight_error error;
    resight_db *db = open_new(&self.place, 0);
    resight_db_stats *stats = calloc(1, sizeof *stats);
    resight_reader *reader = NULL;
    resight_db_close(&db);
    /* The parent opens first: while another process has the file open, nobody resets the table of readers. */
    db = open_new(&self.place, 0);
    for (int i = 0; i < 3; i++) {
        int status = 0;
        const pid_t child = start(die_reading, &self);
        waitpid(child, &status, 0);
    }
    assert_ok(resight_reader_new(db, &reader, &error));
    assert_ok(resight_reader_stats(reader, stats, &error));
    cr_expect_geq(stats->stale_readers, 1); /* each that opens clears those before it */
    cr_expect_eq(stats->readers, 1);
    assert_ok(resight_reader_stats(reader, stats, &error));
    cr_expect_eq(stats->stale_readers, 0);
    resight_reader_free(&reader);
    free(stats);
    resight_db_close(&db);
    place_free(&self.place);
}
