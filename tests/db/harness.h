/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the database share: a directory that goes away, a seeded sequence, entries made of numbers. */
#ifndef TESTS_DB_HARNESS_H
#define TESTS_DB_HARNESS_H

#include <criterion/criterion.h>
#include <resight/db.h>
#include <sys/types.h>

/* A fresh directory under TMPDIR, with room for a database "db" and others; removed by place_free(). */
typedef struct test_place {
    char root[128];
    char db[160];
} test_place;
test_place place_make(void);
void place_free(test_place *place);

/* A number from the environment, for the long forms of tests. */
uint64_t number_from(const char *name, uint64_t otherwise);

/* SplitMix64: every test names its seed. */
typedef struct random_source {
    uint64_t state;
} random_source;
uint64_t random_next(random_source *random);
uint32_t random_below(random_source *random, uint32_t limit);
resight_hash random_hash(random_source *random);
/* The hash with exactly `bits` bits changed. */
resight_hash random_near(random_source *random, const resight_hash *hash, unsigned bits);

/* Open or fail the test; tail_hashes as in resight_db_options. */
resight_db *open_new(const test_place *place, uint32_t tail_hashes);
resight_db *open_again(const test_place *place, uint32_t tail_hashes);

/* Each in a writer of its own, or failing the test. */
uint32_t put_bank(resight_db *db, const char *name, uint32_t radius_bits, uint32_t min_quality);
uint64_t add_hash(resight_db *db, uint32_t bank, const resight_hash *hash);

/* An image of one mark of quality 100. */
resight_mark mark_of(const resight_hash *hash);
resight_entry image_of(uint32_t bank, const resight_mark *mark);

/* Patch number `n` of a sequence, the same each time. */
resight_patch patch_of(uint64_t n);
/* Give the entry `count` patches, from `first` on, in sets of up to `each`; both arrays belong to the caller. */
void give_patches(resight_entry *entry, resight_patch *patches, resight_patch_set *sets, uint32_t count, uint32_t each,
                  uint64_t first);

/* Verify or fail the test, with every line that verify says. */
void assert_sound(resight_db *db, uint32_t lookups);

/* Run a function in a child; its exit code, or -signal. */
int in_child(int (*run)(void *user), void *user);

/* Compare the contents of two entries. */
void assert_same_entry(const resight_entry *a, const resight_entry *b);

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        error.text[0] = 0;                                                                                             \
        const int status_ = (call);                                                                                    \
        cr_assert_eq(status_, RESIGHT_OK, "%s: %s: %s", #call, resight_status_name(status_), error.text);              \
    } while (0)

#endif
