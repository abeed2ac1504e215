/* SPDX-License-Identifier: Apache-2.0 */
/* What goes in comes out: entries, banks, digests, their rules and their counts. */
#include "crc32c.h"
#include "harness.h"
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Test(store, checksum_is_crc32c) {
    static const uint8_t zeros[32];
    cr_assert_eq(crc32c("123456789", 9), 0xe3069283); /* RFC 3720 and everywhere */
    cr_assert_eq(crc32c(zeros, 32), 0x8a9136aa);      /* RFC 3720 B.4 */
    uint8_t bytes[300];
    random_source random = {1};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)random_next(&random);
    for (size_t from = 0; from < 16; from++)
        for (size_t count = 0; count + from <= sizeof bytes; count++)
            cr_assert_eq(crc32c(bytes + from, count), crc32c_portable(bytes + from, count));
}

static resight_mark video_mark(random_source *random, uint32_t i) {
    return (resight_mark){.hash = random_hash(random),
                          .time_us = (int64_t)i * 40000,
                          .frame_number = (int32_t)i * 3,
                          .quality = (uint8_t)(i % 101),
                          .dialect = (uint8_t)(1 + i % 2),
                          .transform = (uint8_t)(i % RESIGHT_TRANSFORMS),
                          .view = RESIGHT_VIEW_ON_BLACK};
}

static void fill_sha(resight_entry *entry, uint64_t number) {
    entry->has_sha256 = true;
    memset(entry->sha256, 0, sizeof entry->sha256);
    memcpy(entry->sha256, &number, sizeof number);
}

/* From nothing at all to a video of more marks than fit a page. */
Test(store, every_field_comes_back) {
    enum { MARKS = 500 };
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    resight_error error;
    random_source random = {2};
    const uint32_t bank = put_bank(db, "a", 31, 0);
    resight_mark marks[MARKS];
    for (uint32_t i = 0; i < MARKS; i++)
        marks[i] = video_mark(&random, i);
    char long_name[RESIGHT_NAME_MAX + 1], *long_value = malloc(65536);
    memset(long_name, 'n', RESIGHT_NAME_MAX);
    long_name[RESIGHT_NAME_MAX] = 0;
    memset(long_value, 'v', 65535);
    long_value[65535] = 0;
    const resight_label labels[] = {{"source", "list = 7"}, {"empty", ""}, {"source", long_value}};
    resight_entry entries[] = {
        {.bank = bank, .kind = RESIGHT_IMAGE, .name = "", .added_us = 1},
        {.bank = bank, .kind = RESIGHT_IMAGE, .name = long_name, .added_us = -5, .marks = marks, .mark_count = 1},
        {.bank = bank,
         .kind = RESIGHT_VIDEO,
         .name = "vidéo",
         .added_us = 7,
         .duration_us = INT64_MAX,
         .marks = marks,
         .mark_count = MARKS,
         .labels = labels,
         .label_count = 3},
    };
    fill_sha(&entries[1], 11);
    fill_sha(&entries[2], 12);
    resight_writer *writer = NULL;
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (size_t i = 0; i < 3; i++)
        assert_ok(resight_writer_add(writer, &entries[i], &entries[i].id, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    cr_assert_null(writer);
    resight_db_close(&db);
    cr_assert_null(db);
    db = open_again(&place, 0);
    resight_reader *reader = NULL;
    resight_entry got;
    assert_ok(resight_reader_new(db, &reader, &error));
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(entries[i].id, i + 1);
        assert_ok(resight_reader_entry(reader, entries[i].id, &got, &error));
        assert_same_entry(&got, &entries[i]);
        assert_ok(resight_reader_next_entry(reader, i, 0, &got, &error));
        assert_same_entry(&got, &entries[i]);
    }
    cr_assert_eq(resight_reader_entry(reader, 4, &got, &error), RESIGHT_NOT_FOUND);
    cr_assert_eq(resight_reader_next_entry(reader, 3, 0, &got, &error), RESIGHT_END);
    cr_assert_eq(resight_reader_next_entry(reader, UINT64_MAX, 0, &got, &error), RESIGHT_END);
    resight_reader_free(&reader);
    assert_sound(db, 100);
    resight_db_close(&db);
    free(long_value);
    place_free(&place);
}

Test(store, a_file_is_in_a_bank_once) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    resight_error error;
    const uint32_t first = put_bank(db, "first", 31, 0), second = put_bank(db, "second", 31, 0);
    resight_entry entry = {.bank = second, .kind = RESIGHT_IMAGE};
    resight_writer *writer = NULL;
    uint64_t ids[3], id = 0;
    fill_sha(&entry, 99);
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_add(writer, &entry, &ids[0], &error));
    cr_assert_eq(resight_writer_add(writer, &entry, &id, &error), RESIGHT_EXISTS);
    cr_assert_eq(id, ids[0]);
    entry.bank = first;
    assert_ok(resight_writer_add(writer, &entry, &ids[1], &error));
    assert_ok(resight_writer_commit(&writer, &error));
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    assert_ok(resight_reader_find_sha256(reader, entry.sha256, 0, &id, &error));
    cr_assert_eq(id, ids[0]);
    assert_ok(resight_reader_find_sha256(reader, entry.sha256, id, &id, &error));
    cr_assert_eq(id, ids[1]);
    cr_assert_eq(resight_reader_find_sha256(reader, entry.sha256, id, &id, &error), RESIGHT_END);
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_remove(writer, ids[1], &error));
    cr_assert_eq(resight_writer_remove(writer, ids[1], &error), RESIGHT_NOT_FOUND);
    assert_ok(resight_writer_add(writer, &entry, &ids[2], &error));
    cr_assert_gt(ids[2], ids[1]); /* never used again */
    assert_ok(resight_writer_commit(&writer, &error));
    assert_ok(resight_reader_renew(reader, &error));
    assert_ok(resight_reader_find_sha256(reader, entry.sha256, ids[0], &id, &error));
    cr_assert_eq(id, ids[2]);
    resight_reader_free(&reader);
    assert_sound(db, 0);
    resight_db_close(&db);
    place_free(&place);
}

Test(store, names_of_banks) {
    static const struct {
        const char *name;
        int good;
    } names[] = {{"a", 1},   {"A-Z_0.9", 1}, {"", 0},  {".a", 0}, {"a b", 0}, {"a/b", 0}, {"a,b", 0}, {"\xc3\xa9", 0},
                 {"a\n", 0}, {"@", 0},       {"[", 0}, {"`", 0},  {"{", 0},   {":", 0},   {"-.-", 1}, {"a=b", 0}};
    char longest[RESIGHT_BANK_NAME_MAX + 2];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_eq(resight_bank_name_ok(names[i].name), names[i].good, "\"%s\"", names[i].name);
    memset(longest, 'x', sizeof longest);
    longest[RESIGHT_BANK_NAME_MAX + 1] = 0;
    cr_expect_eq(resight_bank_name_ok(longest), 0);
    longest[RESIGHT_BANK_NAME_MAX] = 0;
    cr_expect_eq(resight_bank_name_ok(longest), 1);
}

Test(store, banks_and_their_counts) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    resight_error error;
    random_source random = {3};
    resight_bank bank = {.name = "one", .polarity = RESIGHT_NEGATIVE, .radius_bits = 256, .min_quality = 100}, got;
    const resight_bank good = bank;
    uint32_t id = 0, again = 0;
    resight_writer *writer = NULL;
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_put_bank(writer, &bank, &id, &error));
    bank.radius_bits = 12;
    cr_assert_eq(resight_writer_put_bank(writer, &bank, &again, &error), RESIGHT_EXISTS);
    cr_assert_eq(id, again);
    const resight_bank bad[] = {{.name = "", .polarity = RESIGHT_POSITIVE},
                                {.name = "x", .polarity = (resight_polarity)3},
                                {.name = "x", .polarity = RESIGHT_POSITIVE, .radius_bits = 257},
                                {.name = "x", .polarity = RESIGHT_POSITIVE, .min_quality = 101}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(resight_writer_put_bank(writer, &bad[i], NULL, &error), RESIGHT_E_ARG, "bank %zu", i);
    assert_ok(resight_writer_commit(&writer, &error));
    const uint32_t two = put_bank(db, "two", 31, 50);
    resight_hash hash = random_hash(&random);
    add_hash(db, id, &hash);
    const uint64_t second = add_hash(db, two, &hash);
    add_hash(db, id, &hash);
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    assert_ok(resight_reader_bank(reader, "one", &got, &error));
    cr_assert_eq(got.id, id);
    cr_assert_eq(got.polarity, good.polarity);
    cr_assert_eq(got.radius_bits, 12);
    cr_assert_eq(got.min_quality, 100);
    cr_assert_eq(got.entries, 2);
    assert_ok(resight_reader_next_bank(reader, id, &got, &error));
    cr_assert_str_eq(got.name, "two");
    cr_assert_eq(resight_reader_next_bank(reader, two, &got, &error), RESIGHT_END);
    cr_assert_eq(resight_reader_bank(reader, "three", &got, &error), RESIGHT_NOT_FOUND);
    resight_entry entry;
    assert_ok(resight_reader_next_entry(reader, 0, two, &entry, &error));
    cr_assert_eq(entry.id, second);
    cr_assert_eq(resight_reader_next_entry(reader, second, two, &entry, &error), RESIGHT_END);
    assert_ok(resight_writer_begin(db, &writer, &error));
    assert_ok(resight_writer_remove_bank(writer, id, &error));
    cr_assert_eq(resight_writer_remove_bank(writer, id, &error), RESIGHT_NOT_FOUND);
    assert_ok(resight_writer_put_bank(writer, &good, &again, &error));
    cr_assert_gt(again, two);
    assert_ok(resight_writer_remove_bank(writer, again, &error)); /* made by this very writer */
    assert_ok(resight_writer_commit(&writer, &error));
    assert_ok(resight_reader_renew(reader, &error));
    cr_assert_eq(resight_reader_bank(reader, "one", &got, &error), RESIGHT_NOT_FOUND);
    resight_db_stats *stats = calloc(1, sizeof *stats);
    assert_ok(resight_reader_stats(reader, stats, &error));
    cr_assert_eq(stats->banks, 1);
    cr_assert_eq(stats->entries, 1);
    cr_assert_eq(stats->images, 1);
    cr_assert_eq(stats->hashes, 1);
    cr_assert_eq(stats->tail_hashes, 1);
    cr_assert_eq(stats->readers, 1);
    cr_assert_leq(stats->used_bytes, stats->file_bytes);
    cr_assert_geq(stats->map_bytes, stats->file_bytes);
    free(stats);
    resight_reader_free(&reader);
    assert_sound(db, 10);
    resight_db_close(&db);
    place_free(&place);
}

Test(store, wrong_entries_are_refused) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    resight_error error;
    random_source random = {4};
    const uint32_t bank = put_bank(db, "a", 31, 0);
    const resight_hash hash = random_hash(&random);
    resight_mark marks[2] = {mark_of(&hash), mark_of(&hash)};
    const resight_entry good = image_of(bank, marks);
    char name[RESIGHT_NAME_MAX + 2], key[257];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    memset(key, 'k', sizeof key);
    key[256] = 0;
    const resight_label labels[] = {{"", "v"}, {"a=b", "v"}, {key, "v"}, {NULL, "v"}, {"k", NULL}};
    resight_entry bad[12];
    for (size_t i = 0; i < 12; i++)
        bad[i] = good;
    bad[0].bank = bank + 1;
    bad[1].kind = (resight_media_kind)3;
    bad[2].name = name;
    bad[3].label_count = 1;
    bad[4].marks = NULL;
    bad[5].mark_count = RESIGHT_MARKS_MAX + 1;
    bad[6].label_count = RESIGHT_LABELS_MAX + 1;
    for (size_t i = 0; i < 5; i++) {
        bad[7 + i].labels = &labels[i];
        bad[7 + i].label_count = 1;
    }
    resight_writer *writer = NULL;
    uint64_t id = 77;
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (size_t i = 0; i < 12; i++)
        cr_expect_eq(resight_writer_add(writer, &bad[i], &id, &error), RESIGHT_E_ARG, "entry %zu", i);
    resight_mark wrong[6] = {marks[0], marks[0], marks[0], marks[0], marks[0], marks[0]};
    wrong[0].quality = 101;
    wrong[1].dialect = 0;
    wrong[2].transform = 8;
    wrong[3].view = RESIGHT_VIEWS;
    wrong[4].time_us = -1;
    wrong[5].view = RESIGHT_VIEW_APPROXIMATE;
    resight_entry entry = good;
    for (size_t i = 0; i < 6; i++) {
        marks[1] = wrong[i];
        entry.mark_count = 2;
        cr_expect_eq(resight_writer_add(writer, &entry, &id, &error), RESIGHT_E_ARG, "mark %zu", i);
    }
    cr_expect_eq(id, 77);
    assert_ok(resight_writer_commit(&writer, &error)); /* refusals change nothing and spoil nothing */
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    cr_assert_eq(resight_reader_next_entry(reader, 0, 0, &entry, &error), RESIGHT_END);
    resight_reader_free(&reader);
    resight_db_close(&db);
    place_free(&place);
}

Test(store, an_aborted_writer_leaves_nothing) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    resight_error error;
    resight_writer *writer = NULL, *other = NULL;
    resight_entry entry = {.bank = put_bank(db, "a", 31, 0), .kind = RESIGHT_IMAGE};
    uint64_t id = 0;
    assert_ok(resight_writer_begin(db, &writer, &error));
    cr_assert_eq(resight_writer_begin(db, &other, &error), RESIGHT_E_BUSY); /* it would wait for itself */
    assert_ok(resight_writer_add(writer, &entry, &id, &error));
    resight_writer_abort(&writer);
    cr_assert_null(writer);
    resight_writer_abort(&writer);
    resight_reader *reader = NULL;
    assert_ok(resight_reader_new(db, &reader, &error));
    cr_assert_eq(resight_reader_entry(reader, id, &entry, &error), RESIGHT_NOT_FOUND);
    resight_reader_free(&reader);
    resight_db_close(&db);
    place_free(&place);
}

Test(store, files_are_for_the_owner_only) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 1);
    struct stat dir, data;
    char path[200];
    snprintf(path, sizeof path, "%s/data.mdb", place.db);
    cr_assert_eq(stat(place.db, &dir), 0);
    cr_assert_eq(stat(path, &data), 0);
    cr_assert_eq(dir.st_mode & 0777, 0700);
    cr_assert_eq(data.st_mode & 0777, 0600);
    resight_db_close(&db);
    place_free(&place);
}
