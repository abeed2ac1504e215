/* SPDX-License-Identifier: Apache-2.0 */
/* Queries are exact: against a plain array of everything added, after any sequence of changes. */
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BANKS 3
#define MAX_ENTRIES 4000
#define MAX_MARKS 6

/* What the database should hold: as simple as it gets. */
typedef struct model_entry {
    uint64_t id;
    uint32_t bank, mark_count;
    bool live;
    resight_mark marks[MAX_MARKS];
} model_entry;

typedef struct test_model {
    resight_bank bank[BANKS];
    model_entry entry[MAX_ENTRIES];
    uint32_t count;
    resight_hash centre[20]; /* hashes cluster around these */
} test_model;

static int by_distance(const void *left, const void *right) {
    const resight_match *a = left, *b = right;
    if (a->distance_bits != b->distance_bits)
        return a->distance_bits < b->distance_bits ? -1 : 1;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    if (a->mark != b->mark)
        return a->mark < b->mark ? -1 : 1;
    return (a->query > b->query) - (a->query < b->query);
}

static size_t model_query(const test_model *model, const resight_hash *queries, uint32_t count,
                          const resight_query_options *options, resight_match *out) {
    size_t found = 0;
    for (uint32_t e = 0; e < model->count; e++) {
        const model_entry *entry = &model->entry[e];
        const resight_bank *bank = &model->bank[entry->bank - 1];
        const uint32_t radius = options->has_radius ? options->radius_bits : bank->radius_bits;
        const uint32_t quality = options->has_min_quality ? options->min_quality : bank->min_quality;
        if (!entry->live || (options->bank != 0 && options->bank != entry->bank))
            continue;
        for (uint32_t m = 0; m < entry->mark_count; m++)
            for (uint32_t q = 0; q < count; q++) {
                const unsigned distance = resight_hash_distance(&entry->marks[m].hash, &queries[q]);
                if (distance > radius || entry->marks[m].quality < quality)
                    continue;
                out[found++] = (resight_match){.entry = entry->id,
                                               .bank = entry->bank,
                                               .distance_bits = (uint16_t)distance,
                                               .query = (uint16_t)q,
                                               .mark = m,
                                               .known = entry->marks[m]};
            }
    }
    qsort(out, found, sizeof *out, by_distance);
    return found;
}

static resight_hash clustered(test_model *model, random_source *random) {
    return random_near(random, &model->centre[random_below(random, 20)], random_below(random, 40));
}

static void compare(test_model *model, resight_reader *reader, random_source *random, resight_match *expected) {
    resight_query_options options = {.has_radius = random_below(random, 2) == 0,
                                     .radius_bits = (uint32_t[]){0, 5, 31, 31, 32, 50}[random_below(random, 6)],
                                     .has_min_quality = random_below(random, 3) == 0,
                                     .min_quality = random_below(random, 101),
                                     .bank = random_below(random, BANKS + 1)};
    resight_hash queries[4];
    resight_matches got = {0};
    resight_error error;
    const uint32_t count = 1 + random_below(random, 4);
    for (uint32_t q = 0; q < count; q++)
        queries[q] = clustered(model, random);
    const size_t found = model_query(model, queries, count, &options, expected);
    assert_ok(resight_reader_query(reader, queries, count, &options, &got, &error));
    cr_assert_eq(got.count, found, "%zu matches, expected %zu", got.count, found);
    for (size_t i = 0; i < found; i++) {
        cr_assert_eq(by_distance(&got.items[i], &expected[i]), 0, "match %zu", i);
        cr_assert_eq(got.items[i].bank, expected[i].bank);
        cr_assert_arr_eq(&got.items[i].known, &expected[i].known, sizeof(resight_mark));
    }
    resight_matches_free(&got);
}

static void add_some(test_model *model, resight_writer *writer, random_source *random) {
    resight_error error;
    for (uint32_t n = random_below(random, 60); n > 0 && model->count < MAX_ENTRIES; n--) {
        model_entry *entry = &model->entry[model->count++];
        *entry = (model_entry){.bank = 1 + random_below(random, BANKS), .live = true};
        entry->mark_count = random_below(random, 4) == 0 ? random_below(random, MAX_MARKS + 1) : 1;
        for (uint32_t m = 0; m < entry->mark_count; m++) {
            const resight_hash hash = clustered(model, random);
            entry->marks[m] = mark_of(&hash);
            entry->marks[m].quality = (uint8_t)random_below(random, 101);
            entry->marks[m].time_us = m;
        }
        const resight_entry added = {.bank = entry->bank,
                                     .kind = entry->mark_count > 1 ? RESIGHT_VIDEO : RESIGHT_IMAGE,
                                     .marks = entry->marks,
                                     .mark_count = entry->mark_count};
        assert_ok(resight_writer_add(writer, &added, &entry->id, &error));
    }
}

static void remove_some(test_model *model, resight_writer *writer, random_source *random, uint32_t tries) {
    resight_error error;
    for (; tries > 0 && model->count > 0; tries--) {
        model_entry *entry = &model->entry[random_below(random, model->count)];
        cr_assert_eq(resight_writer_remove(writer, entry->id, &error), entry->live ? RESIGHT_OK : RESIGHT_NOT_FOUND);
        entry->live = false;
    }
}

static void change(test_model *model, resight_db *db, random_source *random) {
    resight_writer *writer = NULL;
    resight_error error;
    assert_ok(resight_writer_begin(db, &writer, &error));
    add_some(model, writer, random);
    remove_some(model, writer, random, random_below(random, random_below(random, 10) == 0 ? 800 : 20));
    assert_ok(resight_writer_commit(&writer, &error));
}

static void begin_model(test_model *model, resight_db *db, random_source *random) {
    static const struct {
        uint32_t radius_bits, min_quality;
    } policy[BANKS] = {{31, 50}, {10, 0}, {40, 20}}; /* one wider than the index guarantees */
    for (uint32_t b = 0; b < BANKS; b++) {
        char name[8];
        snprintf(name, sizeof name, "bank%u", b);
        cr_assert_eq(put_bank(db, name, policy[b].radius_bits, policy[b].min_quality), b + 1);
        model->bank[b] =
            (resight_bank){.id = b + 1, .radius_bits = policy[b].radius_bits, .min_quality = policy[b].min_quality};
    }
    for (int i = 0; i < 20; i++)
        model->centre[i] = random_hash(random);
}

/* The same reader lives through it all, and a fresh one must agree with it. */
static void differential(uint64_t seed, uint32_t tail_hashes, int rounds) {
    test_place place = place_make();
    random_source random = {seed};
    resight_error error;
    test_model *all = calloc(1, sizeof *all);
    resight_match *expected = malloc((size_t)MAX_ENTRIES * MAX_MARKS * 4 * sizeof *expected);
    cr_log_info("seed %llu", (unsigned long long)seed);
    resight_db *db = open_new(&place, tail_hashes);
    begin_model(all, db, &random);
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    for (int round = 0; round < rounds; round++) {
        change(all, db, &random);
        if (random_below(&random, 3) == 0)
            assert_ok(resight_db_merge(db, &error));
        if (random_below(&random, 20) == 0) {
            resight_reader_free(&reader);
            resight_db_close(&db);
            db = open_again(&place, tail_hashes);
            assert_ok(resight_reader_new(db, &reader, &error));
        }
        assert_ok(resight_reader_renew(reader, &error));
        for (int q = 0; q < 4; q++)
            compare(all, reader, &random, expected);
        if (round % 16 == 15)
            assert_sound(db, 20);
    }
    resight_reader_free(&reader);
    resight_db_close(&db);
    free(all);
    free(expected);
    place_free(&place);
}

Test(query, equals_brute_force_with_a_tiny_tail) {
    differential(11, 7, 100);
}

Test(query, equals_brute_force_with_a_small_tail) {
    differential(12, 100, 100);
}

Test(query, equals_brute_force_without_segments) {
    differential(13, 0, 40);
}

/* Fill in steps of one tail so that segments pile up and become fewer and larger again. */
Test(query, segments_merge_by_size_and_the_dead_are_dropped) {
    enum { TAIL = 50, STEPS = 70 };
    test_place place = place_make();
    resight_db *db = open_new(&place, TAIL);
    random_source random = {5};
    resight_error error;
    const uint32_t bank = put_bank(db, "a", 31, 0);
    uint32_t most = 0;
    resight_db_stats *stats = calloc(1, sizeof *stats);
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    resight_writer *writer = NULL;
    for (int step = 0; step < STEPS; step++) {
        assert_ok(resight_writer_begin(db, &writer, &error));
        for (int i = 0; i < TAIL; i++) {
            uint64_t id = 0;
            const resight_hash hash = random_hash(&random);
            const resight_mark mark = mark_of(&hash);
            const resight_entry entry = image_of(bank, &mark);
            assert_ok(resight_writer_add(writer, &entry, &id, &error));
        }
        assert_ok(resight_writer_commit(&writer, &error));
        assert_ok(resight_db_merge(db, &error));
        assert_ok(resight_reader_renew(reader, &error));
        assert_ok(resight_reader_stats(reader, stats, &error));
        cr_assert_eq(stats->tail_hashes, 0);
        most = stats->segment_count > most ? stats->segment_count : most;
    }
    cr_assert_leq(most, 15);
    cr_assert_eq(stats->segment_count, 70 / 64 + 6); /* one of 64 steps, none of 8, six of one */
    cr_assert_eq(stats->segment[0].hashes, 64 * TAIL);
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (uint64_t id = 1; id <= 50 * TAIL; id++)
        assert_ok(resight_writer_remove(writer, id, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    assert_sound(db, 50);
    assert_ok(resight_db_merge(db, &error));
    assert_ok(resight_reader_renew(reader, &error));
    assert_ok(resight_reader_stats(reader, stats, &error));
    cr_assert_eq(stats->segment[0].hashes, 14 * TAIL);
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_remove_bank(writer, bank, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    assert_ok(resight_db_merge(db, &error));
    assert_ok(resight_reader_renew(reader, &error));
    assert_ok(resight_reader_stats(reader, stats, &error));
    cr_assert_eq(stats->segment_count, 0);
    assert_sound(db, 0);
    resight_reader_free(&reader);
    free(stats);
    resight_db_close(&db);
    place_free(&place);
}

/* A snapshot keeps what it has seen, while merges replace everything under it. */
Test(query, a_snapshot_does_not_move_by_itself) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 4);
    random_source random = {6};
    resight_error error;
    const uint32_t bank = put_bank(db, "a", 31, 0);
    resight_hash hash[40];
    for (int i = 0; i < 20; i++) {
        hash[i] = random_hash(&random);
        add_hash(db, bank, &hash[i]);
    }
    assert_ok(resight_db_merge(db, &error));
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    resight_writer *writer = NULL;
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (uint64_t id = 1; id <= 15; id++)
        assert_ok(resight_writer_remove(writer, id, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    for (int i = 20; i < 40; i++) {
        hash[i] = random_hash(&random);
        add_hash(db, bank, &hash[i]);
        assert_ok(resight_db_merge(db, &error));
    }
    resight_matches found = {0};
    for (int i = 0; i < 40; i++) {
        assert_ok(resight_reader_query(reader, &hash[i], 1, NULL, &found, &error));
        cr_assert_eq(found.count, i < 20);
    }
    assert_ok(resight_reader_renew(reader, &error));
    for (int i = 0; i < 40; i++) {
        assert_ok(resight_reader_query(reader, &hash[i], 1, NULL, &found, &error));
        cr_assert_eq(found.count, i >= 15);
    }
    resight_matches_free(&found);
    resight_reader_free(&reader);
    resight_db_close(&db);
    place_free(&place);
}

Test(query, options_out_of_range_are_refused) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    resight_error error;
    resight_reader *reader = NULL;
    resight_matches found = {0};
    const resight_hash hash = {{0}};
    const resight_query_options wide = {.has_radius = true, .radius_bits = 257};
    const resight_query_options fine = {.has_min_quality = true, .min_quality = 101};
    assert_ok(resight_reader_new(db, &reader, &error));
    cr_expect_eq(resight_reader_query(reader, &hash, 0, NULL, &found, &error), RESIGHT_E_ARG);
    cr_expect_eq(resight_reader_query(reader, &hash, 65536, NULL, &found, &error), RESIGHT_E_ARG);
    cr_expect_eq(resight_reader_query(reader, &hash, 1, &wide, &found, &error), RESIGHT_E_ARG);
    cr_expect_eq(resight_reader_query(reader, &hash, 1, &fine, &found, &error), RESIGHT_E_ARG);
    assert_ok(resight_reader_query(reader, &hash, 1, NULL, &found, &error));
    cr_expect_eq(found.count, 0);
    resight_reader_free(&reader);
    resight_db_close(&db);
    place_free(&place);
}
