/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of the database. */
#include "harness.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

test_place place_make(void) {
    test_place place;
    const char *base = getenv("TMPDIR");
    snprintf(place.root, sizeof place.root, "%s/resight-db-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(place.root));
    snprintf(place.db, sizeof place.db, "%s/db", place.root);
    return place;
}

static void remove_tree(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) {
        unlink(path);
        return;
    }
    for (struct dirent *item; (item = readdir(dir));) {
        char child[512];
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof child, "%s/%s", path, item->d_name);
        remove_tree(child);
    }
    closedir(dir);
    rmdir(path);
}

void place_free(test_place *place) {
    remove_tree(place->root);
}

uint64_t number_from(const char *name, uint64_t otherwise) {
    const char *given = getenv(name);
    return given ? strtoull(given, NULL, 0) : otherwise;
}

uint64_t random_next(random_source *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t random_below(random_source *random, uint32_t limit) {
    return (uint32_t)(random_next(random) % limit);
}

resight_hash random_hash(random_source *random) {
    resight_hash hash;
    for (int i = 0; i < 4; i++)
        hash.w[i] = random_next(random);
    return hash;
}

resight_hash random_near(random_source *random, const resight_hash *hash, unsigned bits) {
    resight_hash near = *hash;
    while (resight_hash_distance(&near, hash) < bits) {
        const uint32_t bit = random_below(random, 256);
        near.w[bit / 64] =
            (near.w[bit / 64] & ~((uint64_t)1 << bit % 64)) | (~hash->w[bit / 64] & (uint64_t)1 << bit % 64);
    }
    return near;
}

static resight_db *open_with(const test_place *place, const resight_db_options *options) {
    resight_db *db = NULL;
    resight_error error;
    assert_ok(resight_db_open(place->db, options, &db, &error));
    return db;
}

resight_db *open_new(const test_place *place, uint32_t tail_hashes) {
    return open_with(place, &(resight_db_options){.create = true, .tail_hashes = tail_hashes});
}

resight_db *open_again(const test_place *place, uint32_t tail_hashes) {
    return open_with(place, &(resight_db_options){.tail_hashes = tail_hashes});
}

uint32_t put_bank(resight_db *db, const char *name, uint32_t radius_bits, uint32_t min_quality) {
    resight_writer *writer = NULL;
    resight_error error;
    uint32_t id = 0;
    resight_bank bank = {.polarity = RESIGHT_POSITIVE, .radius_bits = radius_bits, .min_quality = min_quality};
    snprintf(bank.name, sizeof bank.name, "%s", name);
    assert_ok(resight_writer_begin(db, &writer, &error));
    const int status = resight_writer_put_bank(writer, &bank, &id, &error);
    cr_assert(status == RESIGHT_OK || status == RESIGHT_EXISTS, "%s", error.text);
    assert_ok(resight_writer_commit(&writer, &error));
    return id;
}

resight_mark mark_of(const resight_hash *hash) {
    return (resight_mark){.hash = *hash, .quality = 100, .dialect = RESIGHT_PDQ};
}

resight_entry image_of(uint32_t bank, const resight_mark *mark) {
    return (resight_entry){.bank = bank, .kind = RESIGHT_IMAGE, .name = "image", .marks = mark, .mark_count = 1};
}

uint64_t add_hash(resight_db *db, uint32_t bank, const resight_hash *hash) {
    resight_writer *writer = NULL;
    resight_error error;
    uint64_t id = 0;
    const resight_mark mark = mark_of(hash);
    const resight_entry entry = image_of(bank, &mark);
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_add(writer, &entry, &id, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    return id;
}

resight_patch patch_of(uint64_t n) {
    random_source random = {n * 7919 + 17};
    const uint64_t key = random_next(&random), place = random_next(&random);
    return (resight_patch){key, (uint16_t)place, (uint16_t)(place >> 16), (uint16_t)(place >> 32),
                           (uint16_t)(place >> 48)};
}

void give_patches(resight_entry *entry, resight_patch *patches, resight_patch_set *sets, uint32_t count, uint32_t each,
                  uint64_t first) {
    uint32_t set_count = 0;
    for (uint32_t i = 0; i < count; i++)
        patches[i] = patch_of(first + i);
    for (uint32_t from = 0; from < count; from += each, set_count++)
        sets[set_count] = (resight_patch_set){.time_us = set_count,
                                              .first = from,
                                              .count = count - from < each ? count - from : each,
                                              .width_px = (uint16_t)(100 + set_count),
                                              .height_px = 77,
                                              .view = (uint8_t)(set_count % 2)};
    entry->patches = patches;
    entry->patch_count = count;
    entry->patch_sets = sets;
    entry->patch_set_count = set_count;
}

static void say_line(void *user, const char *line) {
    (void)user;
    fprintf(stderr, "verify: %s\n", line);
}

void assert_sound(resight_db *db, uint32_t lookups) {
    resight_verify_report report;
    resight_error error;
    assert_ok(resight_db_verify(db, lookups, say_line, NULL, &report, &error));
    cr_assert_eq(report.faults, 0);
}

int in_child(int (*run)(void *user), void *user) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        for (int number = SIGSEGV; number; number = number == SIGSEGV ? SIGBUS : number == SIGBUS ? SIGABRT : 0)
            signal(number, SIG_DFL);
        _exit(run(user));
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void assert_same_entry(const resight_entry *a, const resight_entry *b) {
    cr_assert_eq(a->id, b->id);
    cr_assert_eq(a->bank, b->bank);
    cr_assert_eq(a->kind, b->kind);
    cr_assert_str_eq(a->name, b->name);
    cr_assert_eq(a->has_sha256, b->has_sha256);
    cr_assert(!a->has_sha256 || memcmp(a->sha256, b->sha256, 32) == 0);
    cr_assert_eq(a->added_us, b->added_us);
    cr_assert_eq(a->duration_us, b->duration_us);
    cr_assert_eq(a->mark_count, b->mark_count);
    cr_assert(a->mark_count == 0 || memcmp(a->marks, b->marks, a->mark_count * sizeof *a->marks) == 0);
    cr_assert_eq(a->patch_set_count, b->patch_set_count);
    cr_assert(a->patch_set_count == 0 ||
              memcmp(a->patch_sets, b->patch_sets, a->patch_set_count * sizeof *a->patch_sets) == 0);
    cr_assert_eq(a->patch_count, b->patch_count);
    cr_assert(a->patch_count == 0 || memcmp(a->patches, b->patches, a->patch_count * sizeof *a->patches) == 0);
    cr_assert_eq(a->label_count, b->label_count);
    for (uint32_t i = 0; i < a->label_count; i++) {
        cr_assert_str_eq(a->labels[i].key, b->labels[i].key);
        cr_assert_str_eq(a->labels[i].value, b->labels[i].value);
    }
}
