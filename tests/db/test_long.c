/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long differential run: random additions, removals, merges and lookups of hashes and patches, on contents with the
 * skew of real ones and on contents without any, each lookup held against brute force. 200,000 operations each, or
 * RESIGHT_OPERATIONS=N of them:
 *
 *     RESIGHT_OPERATIONS=10000000 RESIGHT_SEED=7 build/tests/db/test_db_long
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TAIL is small, so that there are always several segments, and levels of them. */
enum { MOST = 4000, TAIL = 300, FAMILIES = 12, CHANGES = 250, QUERIES = 8, KEYS = 12 };

/* One live entry: a hash, and up to three patches. */
typedef struct item {
    uint64_t id;
    resight_hash hash;
    uint32_t key_count;
    uint64_t key[3];
} item;

typedef struct run {
    test_place place;
    resight_db *db;
    resight_reader *reader;
    uint32_t bank;
    random_source random;
    item live[MOST];
    uint32_t count;
    bool growing, uniform;
    resight_hash family[FAMILIES];
    uint64_t key_family[FAMILIES];
    uint64_t adds, removals, lookups, hits, merges;
} run;

/* As pictures have it: 128 bits set. */
static resight_hash balanced(random_source *random) {
    const resight_hash none = {{0}};
    return random_near(random, &none, 128);
}

/* A half in families of near copies, of which the first is a still scene of thousands of frames. */
static resight_hash draw_hash(run *it) {
    const uint32_t kind = it->uniform ? 0 : random_below(&it->random, 8);
    if (kind < 2)
        return random_hash(&it->random);
    if (kind < 4)
        return balanced(&it->random);
    const uint32_t family = kind < 6 ? 0 : random_below(&it->random, FAMILIES);
    return random_near(&it->random, &it->family[family], random_below(&it->random, kind < 6 ? 6 : 45));
}

static uint64_t draw_key(run *it) {
    const uint32_t kind = it->uniform ? 0 : random_below(&it->random, 4);
    uint64_t key =
        kind == 0 ? random_next(&it->random) : it->key_family[kind == 1 ? 0 : random_below(&it->random, FAMILIES)];
    for (uint32_t flips = random_below(&it->random, kind == 1 ? 3 : 13); flips > 0; flips--)
        key ^= (uint64_t)1 << random_below(&it->random, 64);
    return key;
}

static void add(run *it, resight_writer *writer) {
    resight_error error;
    item *added = &it->live[it->count++];
    added->hash = draw_hash(it);
    added->key_count = random_below(&it->random, 4);
    resight_patch patches[3];
    resight_patch_set set[1];
    const resight_mark mark = mark_of(&added->hash);
    resight_entry entry = image_of(it->bank, &mark);
    give_patches(&entry, patches, set, added->key_count, 3, 0);
    for (uint32_t k = 0; k < added->key_count; k++)
        added->key[k] = patches[k].key = draw_key(it);
    assert_ok(resight_writer_add(writer, &entry, &added->id, &error));
    it->adds++;
}

static void take_out(run *it, resight_writer *writer) {
    resight_error error;
    item *gone = &it->live[random_below(&it->random, it->count)];
    assert_ok(resight_writer_remove(writer, gone->id, &error));
    *gone = it->live[--it->count];
    it->removals++;
}

/* Mostly additions until it is full, then mostly removals until it is nearly empty. */
static void change(run *it) {
    resight_writer *writer = NULL;
    resight_error error;
    assert_ok(resight_writer_begin(it->db, &writer, &error));
    for (uint32_t n = 1 + random_below(&it->random, 2 * CHANGES); n > 0; n--) {
        if (it->count == MOST || it->count == 0)
            it->growing = it->count == 0;
        if (it->count == 0 || (it->count < MOST && random_below(&it->random, 4) < (it->growing ? 3 : 1)))
            add(it, writer);
        else
            take_out(it, writer);
    }
    assert_ok(resight_writer_commit(&writer, &error));
    if (random_below(&it->random, 3) == 0) {
        assert_ok(resight_db_merge(it->db, &error));
        it->merges++;
    }
    assert_ok(resight_reader_renew(it->reader, &error));
}

/* An answer as one number that does not depend on its order, and how many matches it has. */
typedef struct sum {
    uint64_t mixed;
    size_t count;
} sum;

static void sum_add(sum *to, uint64_t entry, uint64_t part, uint64_t query, uint64_t distance_bits) {
    random_source mixer = {entry * 1000003 + part * 10007 + query * 101 + distance_bits};
    to->mixed += random_next(&mixer);
    to->count++;
}

/* Where nothing is near anything, every second query is made near something. */
static resight_hash draw_query(run *it) {
    if (!it->uniform || it->count == 0 || random_below(&it->random, 2))
        return draw_hash(it);
    return random_near(&it->random, &it->live[random_below(&it->random, it->count)].hash,
                       random_below(&it->random, 36));
}

static uint64_t draw_key_query(run *it) {
    const item *known = &it->live[random_below(&it->random, MOST)];
    if (!it->uniform || known >= &it->live[it->count] || known->key_count == 0)
        return draw_key(it);
    uint64_t key = known->key[0];
    for (uint32_t flips = random_below(&it->random, RESIGHT_PATCH_RADIUS_BITS + 2); flips > 0; flips--)
        key ^= (uint64_t)1 << random_below(&it->random, 64);
    return key;
}

static void look_up_hashes(run *it) {
    resight_error error;
    resight_hash queries[QUERIES];
    resight_matches got = {0};
    sum expected = {0}, found = {0};
    for (uint32_t q = 0; q < QUERIES; q++)
        queries[q] = draw_query(it);
    const resight_query_options options = {.has_radius = true, .radius_bits = random_below(&it->random, 36)};
    assert_ok(resight_reader_query(it->reader, queries, QUERIES, &options, &got, &error));
    for (size_t i = 0; i < got.count; i++)
        sum_add(&found, got.items[i].entry, got.items[i].mark, got.items[i].query, got.items[i].distance_bits);
    for (uint32_t i = 0; i < it->count; i++)
        for (uint32_t q = 0; q < QUERIES; q++) {
            const unsigned distance = resight_hash_distance(&it->live[i].hash, &queries[q]);
            if (distance <= options.radius_bits)
                sum_add(&expected, it->live[i].id, 0, q, distance);
        }
    cr_assert(found.count == expected.count && found.mixed == expected.mixed, "%zu hashes found, there are %zu",
              found.count, expected.count);
    it->lookups += QUERIES;
    it->hits += found.count;
    resight_matches_free(&got);
}

static void look_up_patches(run *it) {
    resight_error error;
    uint64_t keys[KEYS];
    resight_patch_hits got = {0};
    sum expected = {0}, found = {0};
    for (uint32_t q = 0; q < KEYS; q++)
        keys[q] = draw_key_query(it);
    assert_ok(resight_reader_query_patches(it->reader, keys, KEYS, NULL, &got, &error));
    for (size_t i = 0; i < got.count; i++)
        sum_add(&found, got.items[i].entry, got.items[i].patch, got.items[i].query, got.items[i].distance_bits);
    for (uint32_t i = 0; i < it->count; i++)
        for (uint32_t k = 0; k < it->live[i].key_count; k++)
            for (uint32_t q = 0; q < KEYS; q++) {
                const unsigned distance = (unsigned)__builtin_popcountll(it->live[i].key[k] ^ keys[q]);
                if (distance <= RESIGHT_PATCH_RADIUS_BITS)
                    sum_add(&expected, it->live[i].id, k, q, distance);
            }
    cr_assert(found.count == expected.count && found.mixed == expected.mixed, "%zu patches found, there are %zu",
              found.count, expected.count);
    it->lookups += KEYS;
    it->hits += found.count;
    resight_patch_hits_free(&got);
}

static void go(bool uniform) {
    const uint64_t operations = number_from("RESIGHT_OPERATIONS", 200000);
    resight_error error;
    run *it = calloc(1, sizeof *it);
    it->place = place_make();
    it->random.state = number_from("RESIGHT_SEED", 61);
    it->growing = true;
    it->uniform = uniform;
    it->db = open_new(&it->place, TAIL);
    it->bank = put_bank(it->db, "a", 31, 0);
    assert_ok(resight_reader_new(it->db, &it->reader, &error));
    for (uint32_t f = 0; f < FAMILIES; f++) {
        it->family[f] = balanced(&it->random);
        it->key_family[f] = random_next(&it->random);
    }
    for (uint64_t next_check = 0; it->adds + it->removals + it->lookups < operations;) {
        change(it);
        for (uint32_t n = 0; n < 4; n++) {
            look_up_hashes(it);
            look_up_patches(it);
        }
        if (it->adds + it->removals < next_check)
            continue;
        assert_sound(it->db, 10);
        next_check = 2 * (it->adds + it->removals) + 20000;
    }
    assert_sound(it->db, 100);
    cr_log_info("%llu additions, %llu removals, %llu merges, %llu lookups with %llu hits", (unsigned long long)it->adds,
                (unsigned long long)it->removals, (unsigned long long)it->merges, (unsigned long long)it->lookups,
                (unsigned long long)it->hits);
    resight_reader_free(&it->reader);
    resight_db_close(&it->db);
    place_free(&it->place);
    free(it);
}

Test(long_run, equals_brute_force, .timeout = 86400) {
    go(false);
}

Test(long_run, equals_brute_force_on_uniform_contents, .timeout = 86400) {
    go(true);
}
