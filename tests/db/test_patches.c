/* SPDX-License-Identifier: Apache-2.0 */
/* Patches: stored and given back whole, refused when they contradict themselves, and found as brute force finds them.
 */
#include "harness.h"
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BANKS = 2, MOST_ENTRIES = 1500, MOST_PATCHES = 70, MOST_SETS = 8, KEYS = 40 };

typedef struct model_entry {
    uint64_t id;
    uint32_t bank, patch_count, set_count;
    bool live;
    resight_patch patches[MOST_PATCHES];
    resight_patch_set sets[MOST_PATCHES];
} model_entry;

typedef struct model {
    model_entry entry[MOST_ENTRIES];
    uint32_t count;
    uint64_t prototype[50];
    random_source random;
} model;

static uint64_t turned(random_source *random, uint64_t key, uint32_t bits) {
    uint64_t turns = 0;
    while ((uint32_t)__builtin_popcountll(turns) < bits)
        turns |= (uint64_t)1 << random_below(random, 64);
    return key ^ turns;
}

/* A third anywhere, a few all but the same, the others in families. */
static uint64_t draw(model *all) {
    const uint32_t kind = random_below(&all->random, 12);
    if (kind < 4)
        return random_next(&all->random);
    return turned(&all->random, all->prototype[kind == 4 ? 0 : random_below(&all->random, 50)],
                  kind == 4 ? random_below(&all->random, 2) : random_below(&all->random, 12));
}

static void add_one(model *all, resight_writer *writer) {
    resight_error error;
    model_entry *it = &all->entry[all->count++];
    const resight_hash hash = random_hash(&all->random);
    const resight_mark mark = mark_of(&hash);
    it->bank = 1 + random_below(&all->random, BANKS);
    it->live = true;
    resight_entry entry = image_of(it->bank, &mark);
    entry.mark_count = random_below(&all->random, 5) > 0;
    give_patches(&entry, it->patches, it->sets, random_below(&all->random, 3) * random_below(&all->random, 36),
                 1 + random_below(&all->random, 40), 0);
    for (uint32_t i = 0; i < entry.patch_count; i++)
        it->patches[i].key = draw(all);
    it->patch_count = entry.patch_count;
    it->set_count = entry.patch_set_count;
    assert_ok(resight_writer_add(writer, &entry, &it->id, &error));
}

static void change(model *all, resight_db *db) {
    resight_writer *writer = NULL;
    resight_error error;
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (uint32_t n = random_below(&all->random, 30); n > 0 && all->count < MOST_ENTRIES; n--)
        add_one(all, writer);
    for (uint32_t n = random_below(&all->random, random_below(&all->random, 8) ? 15 : 300); n > 0 && all->count; n--) {
        model_entry *it = &all->entry[random_below(&all->random, all->count)];
        cr_assert_eq(resight_writer_remove(writer, it->id, &error), it->live ? RESIGHT_OK : RESIGHT_NOT_FOUND);
        it->live = false;
    }
    assert_ok(resight_writer_commit(&writer, &error));
}

static uint32_t set_of(const model_entry *it, uint32_t patch) {
    uint32_t set = 0;
    while (patch >= it->sets[set].first + it->sets[set].count)
        set++;
    return set;
}

/* Calls `each` for every live patch within the radius of a key, in the order that a query promises. */
typedef void near_fn(const model_entry *it, uint32_t patch, uint32_t key, unsigned distance_bits, void *user);
static void each_near(const model *all, const uint64_t *keys, unsigned radius_bits, near_fn *each, void *user) {
    for (uint32_t e = 0; e < all->count; e++)
        for (uint32_t p = 0; all->entry[e].live && p < all->entry[e].patch_count; p++)
            for (uint32_t k = 0; k < KEYS; k++) {
                const unsigned distance = (unsigned)__builtin_popcountll(all->entry[e].patches[p].key ^ keys[k]);
                if (distance <= radius_bits)
                    each(&all->entry[e], p, k, distance, user);
            }
}

static void count_key(const model_entry *it, uint32_t patch, uint32_t key, unsigned distance_bits, void *user) {
    (void)it;
    (void)patch;
    (void)distance_bits;
    ((uint32_t *)user)[key]++;
}

/* An answer that is held against the model, match by match. */
typedef struct checked {
    resight_patch_query_options options;
    uint32_t near[KEYS];
    const model *all;
    uint32_t *near_entry; /* [MOST_ENTRIES], by keys that are not common */
    const resight_patch_hits *got;
    size_t next;
} checked;

static bool common(const checked *it, uint32_t key) {
    return it->options.common > 0 && it->near[key] > it->options.common;
}

static void count_entry(const model_entry *it, uint32_t patch, uint32_t key, unsigned distance_bits, void *user) {
    const checked *against = user;
    (void)patch;
    (void)distance_bits;
    against->near_entry[it - against->all->entry] += !common(against, key);
}

static void check_match(const model_entry *it, uint32_t patch, uint32_t key, unsigned distance_bits, void *user) {
    checked *against = user;
    if (common(against, key) || (against->options.bank != 0 && against->options.bank != it->bank) ||
        against->near_entry[it - against->all->entry] < against->options.least)
        return;
    cr_assert_lt(against->next, against->got->count, "too few matches");
    const resight_patch_hit *match = &against->got->items[against->next++];
    const uint32_t set = set_of(it, patch);
    cr_assert_eq(match->entry, it->id);
    cr_assert_eq(match->bank, it->bank);
    cr_assert_eq(match->patch, patch);
    cr_assert_eq(match->query, key);
    cr_assert_eq(match->distance_bits, distance_bits);
    cr_assert_eq(match->set, set);
    cr_assert_eq(match->width_px, it->sets[set].width_px);
    cr_assert_eq(match->height_px, it->sets[set].height_px);
    cr_assert_arr_eq(&match->known, &it->patches[patch], sizeof match->known);
}

static void compare(model *all, resight_reader *reader) {
    resight_error error;
    resight_patch_hits got = {0};
    uint64_t keys[KEYS];
    checked against = {.options = {.has_radius = random_below(&all->random, 2) == 0,
                                   .radius_bits = (uint32_t[]){0, 5, 8, 9, 20}[random_below(&all->random, 5)],
                                   .bank = random_below(&all->random, BANKS + 1),
                                   .common = (uint32_t[]){0, 0, 1, 5, 50}[random_below(&all->random, 5)],
                                   .least = (uint32_t[]){0, 0, 2, 3}[random_below(&all->random, 4)]},
                       .all = all,
                       .near_entry = calloc(MOST_ENTRIES, sizeof(uint32_t)),
                       .got = &got};
    const uint32_t radius_bits = against.options.has_radius ? against.options.radius_bits : RESIGHT_PATCH_RADIUS_BITS;
    for (uint32_t k = 0; k < KEYS; k++)
        keys[k] = draw(all);
    each_near(all, keys, radius_bits, count_key, against.near);
    each_near(all, keys, radius_bits, count_entry, &against);
    assert_ok(resight_reader_query_patches(reader, keys, KEYS, &against.options, &got, &error));
    each_near(all, keys, radius_bits, check_match, &against);
    cr_assert_eq(against.next, got.count, "%zu matches too many", got.count - against.next);
    uint32_t common_keys = 0;
    for (uint32_t k = 0; k < KEYS; k++)
        common_keys += common(&against, k);
    cr_assert_eq(got.common_keys, common_keys);
    resight_patch_hits_free(&got);
    free(against.near_entry);
}

static void differential(uint64_t seed, uint32_t tail, int rounds) {
    test_place place = place_make();
    resight_error error;
    model *all = calloc(1, sizeof *all);
    all->random.state = seed;
    for (size_t i = 0; i < 50; i++)
        all->prototype[i] = random_next(&all->random);
    resight_db *db = open_new(&place, tail);
    put_bank(db, "one", 31, 0);
    put_bank(db, "two", 31, 0);
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    for (int round = 0; round < rounds; round++) {
        change(all, db);
        if (random_below(&all->random, 3) == 0)
            assert_ok(resight_db_merge(db, &error));
        if (random_below(&all->random, 15) == 0) {
            resight_reader_free(&reader);
            resight_db_close(&db);
            db = open_again(&place, tail);
            assert_ok(resight_reader_new(db, &reader, &error));
        }
        assert_ok(resight_reader_renew(reader, &error));
        for (int q = 0; q < 3; q++)
            compare(all, reader);
        if (round % 16 == 15)
            assert_sound(db, 20);
    }
    resight_reader_free(&reader);
    resight_db_close(&db);
    free(all);
    place_free(&place);
}

Test(patches, equal_brute_force_with_a_tiny_tail, .timeout = 120) {
    differential(41, 50, 80);
}

Test(patches, equal_brute_force_with_a_small_tail, .timeout = 120) {
    differential(42, 1500, 60);
}

Test(patches, equal_brute_force_without_segments, .timeout = 120) {
    differential(43, 0, 30);
}

/* Enough patches for an index, and not a scan, in one segment. */
Test(patches, are_found_through_the_index, .timeout = 120) {
    enum { ENTRIES = 3000, EACH = 100 };
    test_place place = place_make();
    resight_error error;
    resight_writer *writer = NULL;
    resight_reader *reader = NULL;
    resight_patch_hits got = {0};
    static resight_patch patches[EACH];
    static resight_db_stats stats;
    resight_patch_set set[1];
    uint64_t id = 0, keys[500];
    random_source random = {51};
    resight_db *db = open_new(&place, 0);
    resight_entry entry = {.bank = put_bank(db, "a", 31, 0), .kind = RESIGHT_IMAGE};
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (uint64_t e = 0; e < ENTRIES; e++) {
        give_patches(&entry, patches, set, EACH, EACH, e * EACH);
        assert_ok(resight_writer_add(writer, &entry, &id, &error));
    }
    assert_ok(resight_writer_commit(&writer, &error));
    assert_ok(resight_db_merge(db, &error));
    assert_ok(resight_reader_new(db, &reader, &error));
    assert_ok(resight_reader_stats(reader, &stats, &error));
    cr_assert_eq(stats.segment_count, 1);
    cr_assert_eq(stats.segment[0].patches, ENTRIES * EACH);
    cr_assert_eq(stats.segment[0].hashes, 0);
    cr_assert_eq(stats.patches, ENTRIES * EACH);
    cr_assert_eq(stats.tail_patches, 0);
    cr_assert_gt(stats.segment[0].patch_bands, 0);
    for (uint32_t k = 0; k < 500; k++)
        keys[k] = turned(&random, patch_of(k * 599).key, k % 10);
    assert_ok(resight_reader_query_patches(reader, keys, 500, NULL, &got, &error));
    cr_assert_eq(got.count, 450, "%zu", got.count); /* those of distance 9 are too far, and chance gives none */
    for (size_t i = 0; i < got.count; i++) {
        const uint64_t n = got.items[i].query * 599u;
        cr_assert_eq((got.items[i].entry - 1) * EACH + got.items[i].patch, n);
        cr_assert_eq(got.items[i].distance_bits, got.items[i].query % 10);
    }
    resight_patch_hits_free(&got);
    resight_reader_free(&reader);
    assert_sound(db, 20);
    resight_db_close(&db);
    place_free(&place);
}

static int try_add(resight_db *db, const resight_entry *entry) {
    resight_writer *writer = NULL;
    resight_error error = {""};
    uint64_t id = 0;
    assert_ok(resight_writer_begin(db, &writer, &error));
    const int status = resight_writer_add(writer, entry, &id, &error);
    cr_assert(status == RESIGHT_OK || error.text[0]);
    resight_writer_abort(&writer);
    return status;
}

Test(patches, come_back_whole_and_contradictions_are_refused) {
    test_place place = place_make();
    resight_error error;
    resight_patch patches[200];
    resight_patch_set sets[20];
    resight_db *db = open_new(&place, 0);
    resight_writer *writer = NULL;
    resight_reader *reader = NULL;
    resight_entry entry = {.bank = put_bank(db, "a", 31, 0), .kind = RESIGHT_VIDEO, .name = "v", .added_us = 5}, got;
    give_patches(&entry, patches, sets, 200, 11, 1);
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_add(writer, &entry, &entry.id, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    assert_ok(resight_reader_new(db, &reader, &error));
    assert_ok(resight_reader_entry(reader, entry.id, &got, &error));
    assert_same_entry(&got, &entry);
    resight_reader_free(&reader);

#define REFUSED(change, back)                                                                                          \
    do {                                                                                                               \
        change;                                                                                                        \
        cr_expect_eq(try_add(db, &entry), RESIGHT_E_ARG, #change);                                                     \
        back;                                                                                                          \
        cr_expect_eq(try_add(db, &entry), RESIGHT_OK, "after " #change);                                               \
    } while (0)
    REFUSED(entry.patch_count--, entry.patch_count++);
    REFUSED(entry.patch_count = RESIGHT_ENTRY_PATCHES_MAX + 1, entry.patch_count = 200);
    REFUSED(entry.patch_set_count--, entry.patch_set_count++);
    REFUSED(entry.patches = NULL, entry.patches = patches);
    REFUSED(entry.patch_sets = NULL, entry.patch_sets = sets);
    REFUSED(sets[3].first++, sets[3].first--);
    REFUSED(sets[3].count = 0, sets[3].count = 11);
    REFUSED(sets[3].count = UINT32_MAX, sets[3].count = 11);
    REFUSED(sets[3].width_px = 0, sets[3].width_px = 103);
    REFUSED(sets[3].height_px = 0, sets[3].height_px = 77);
    REFUSED(sets[3].view = 3, sets[3].view = 1);
    REFUSED(sets[3].time_us = 1, sets[3].time_us = 3);
    resight_db_close(&db);
    place_free(&place);
}

Test(patches, options_are_checked) {
    test_place place = place_make();
    resight_error error;
    resight_db *db = open_new(&place, 0);
    resight_reader *reader = NULL;
    resight_patch_hits got = {0};
    const uint64_t key = 1;
    put_bank(db, "a", 31, 0);
    assert_ok(resight_reader_new(db, &reader, &error));
    const resight_patch_query_options wide = {.has_radius = true, .radius_bits = 65};
    cr_expect_eq(resight_reader_query_patches(reader, &key, 1, &wide, &got, &error), RESIGHT_E_ARG);
    cr_expect_eq(resight_reader_query_patches(reader, &key, 0, NULL, &got, &error), RESIGHT_E_ARG);
    cr_expect_eq(resight_reader_query_patches(reader, &key, 1, NULL, &got, &error), RESIGHT_OK);
    cr_expect_eq(got.count, 0);
    resight_patch_hits_free(&got);
    resight_reader_free(&reader);
    resight_db_close(&db);
    place_free(&place);
}
