/* SPDX-License-Identifier: Apache-2.0 */
/* A database with something of everything in it. */
#include "sample.h"

#include "crc32c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GROUPS = 12, GROUP = 40, TAIL = 100 };

/* Image n of the sample; every seventh is removed, every fifth has a digest, every second up to three chunks of
 * patches.
 */
static resight_hash hash_of(uint64_t n) {
    random_source random = {n * 104729};
    return random_hash(&random);
}

resight_hash sample_hash(uint32_t n) {
    return hash_of(7 * (uint64_t)(n % 60) + 1);
}

static uint32_t patches_of(uint64_t n) {
    return n % 2 ? 0 : (uint32_t)(n * 13 % 75);
}

resight_patch sample_patch(uint32_t n) {
    uint64_t image = 7 * (uint64_t)(n % 30) * 2 + 2;
    while (image % 7 == 0 || patches_of(image) == 0)
        image += 2;
    return patch_of(1000 * image + n % patches_of(image));
}

static void add_image(resight_writer *writer, uint32_t bank, uint64_t n) {
    resight_error error;
    uint64_t id = 0;
    char name[64];
    const resight_hash hash = hash_of(n);
    const resight_mark mark = mark_of(&hash);
    const resight_label label = {"number", name};
    resight_patch patches[75];
    resight_patch_set set[1];
    resight_entry entry = image_of(bank, &mark);
    give_patches(&entry, patches, set, patches_of(n), 75, 1000 * n);
    snprintf(name, sizeof name, "path/to/%llu.jpg", (unsigned long long)n);
    entry.name = name;
    entry.added_us = (int64_t)n;
    entry.labels = &label;
    entry.label_count = n % 3 == 0;
    entry.has_sha256 = n % 5 == 0;
    memcpy(entry.sha256, &hash, 32);
    assert_ok(resight_writer_add(writer, &entry, &id, &error));
}

static void add_video(resight_writer *writer, uint32_t bank, uint64_t n) {
    resight_error error;
    resight_mark marks[150];
    uint64_t id = 0;
    for (uint32_t i = 0; i < 150; i++) {
        const resight_hash hash = hash_of(1000000 * n + i);
        marks[i] = mark_of(&hash);
        marks[i].time_us = i;
    }
    resight_patch patches[100];
    resight_patch_set sets[9];
    resight_entry entry = {
        .bank = bank, .kind = RESIGHT_VIDEO, .name = "v", .added_us = 1, .marks = marks, .mark_count = 150};
    give_patches(&entry, patches, sets, 100, 12, 777);
    assert_ok(resight_writer_add(writer, &entry, &id, &error));
}

static void fill(resight_db *db) {
    resight_error error;
    const uint32_t first = put_bank(db, "first", 31, 50), second = put_bank(db, "second", 20, 0);
    uint64_t n = 1;
    for (int group = 0; group < GROUPS; group++) {
        resight_writer *writer = NULL;
        assert_ok(resight_writer_begin(db, &writer, &error));
        for (int i = 0; i < GROUP; i++, n++)
            add_image(writer, n % 2 ? first : second, n);
        assert_ok(resight_writer_commit(&writer, &error));
        assert_ok(resight_db_merge(db, &error));
    }
    resight_writer *writer = NULL;
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (uint64_t id = 7; id < n; id += 7)
        assert_ok(resight_writer_remove(writer, id, &error));
    add_video(writer, second, 1);
    assert_ok(resight_writer_commit(&writer, &error));
}

void sample_make(const test_place *place) {
    char original[200], path[256];
    resight_error error;
    resight_db *db = open_new(place, TAIL);
    fill(db);
    assert_sound(db, 100);
    snprintf(original, sizeof original, "%s/original", place->root);
    snprintf(path, sizeof path, "%s/copy", place->root);
    assert_ok(resight_db_backup(db, path, &error));
    resight_db_close(&db);
    cr_assert_eq(rename(place->db, original), 0);
    cr_assert_eq(rename(path, place->db), 0);
}

static uint64_t mix(uint64_t digest, const void *bytes, size_t count) {
    return (digest ^ crc32c(bytes, count)) * UINT64_C(0x100000001b3) + count;
}

static uint64_t mix_entry(uint64_t digest, const resight_entry *entry) {
    const int64_t numbers[] = {(int64_t)entry->id, entry->bank,        entry->kind,       entry->has_sha256,
                               entry->added_us,    entry->duration_us, entry->mark_count, entry->label_count};
    digest = mix(digest, numbers, sizeof numbers);
    digest = mix(digest, entry->name, strlen(entry->name));
    digest = mix(digest, entry->sha256, 32);
    digest = mix(digest, entry->marks, entry->mark_count * sizeof *entry->marks);
    digest = mix(digest, entry->patch_sets, entry->patch_set_count * sizeof *entry->patch_sets);
    digest = mix(digest, entry->patches, entry->patch_count * sizeof *entry->patches);
    for (uint32_t i = 0; i < entry->label_count; i++) {
        digest = mix(digest, entry->labels[i].key, strlen(entry->labels[i].key));
        digest = mix(digest, entry->labels[i].value, strlen(entry->labels[i].value));
    }
    return digest;
}

static int digest_entries(resight_reader *reader, uint64_t *digest) {
    resight_entry entry;
    resight_bank bank;
    int status;
    for (uint32_t id = 0; (status = resight_reader_next_bank(reader, id, &bank, NULL)) == RESIGHT_OK; id = bank.id) {
        const uint64_t numbers[] = {bank.id, bank.polarity, bank.radius_bits, bank.min_quality, bank.entries};
        *digest = mix(mix(*digest, numbers, sizeof numbers), bank.name, strlen(bank.name));
    }
    if (status != RESIGHT_END)
        return status;
    for (uint64_t id = 0; (status = resight_reader_next_entry(reader, id, 0, &entry, NULL)) == RESIGHT_OK;
         id = entry.id)
        *digest = mix_entry(*digest, &entry);
    return status == RESIGHT_END ? RESIGHT_OK : status;
}

static int digest_queries(resight_reader *reader, uint64_t *digest) {
    resight_matches found = {0};
    random_source random = {77};
    int status = RESIGHT_OK;
    for (uint32_t n = 0; status == RESIGHT_OK && n < 60; n++) {
        const resight_hash exact = sample_hash(n), query = random_near(&random, &exact, n % 32);
        status = resight_reader_query(reader, &query, 1, NULL, &found, NULL);
        for (size_t i = 0; status == RESIGHT_OK && i < found.count; i++) {
            const uint64_t numbers[] = {found.items[i].entry, found.items[i].distance_bits, found.items[i].mark};
            *digest = mix(*digest, numbers, sizeof numbers);
        }
    }
    resight_matches_free(&found);
    return status;
}

static int digest_patch_queries(resight_reader *reader, uint64_t *digest) {
    resight_patch_hits found = {0};
    uint64_t keys[60];
    for (uint32_t n = 0; n < 60; n++)
        keys[n] = sample_patch(n).key ^ (UINT64_C(0xff) >> n % 9);
    const int status = resight_reader_query_patches(reader, keys, 60, NULL, &found, NULL);
    for (size_t i = 0; status == RESIGHT_OK && i < found.count; i++) {
        const resight_patch_hit *match = &found.items[i];
        const uint64_t numbers[] = {match->entry, match->bank, match->set, match->patch, match->query};
        *digest = mix(mix(*digest, numbers, sizeof numbers), &match->known, sizeof match->known);
    }
    const bool none = status == RESIGHT_OK && found.count < 60;
    resight_patch_hits_free(&found);
    return none ? RESIGHT_E_DAMAGED : status;
}

uint64_t contents_digest(resight_db *db) {
    resight_reader *reader = NULL;
    uint64_t digest = 1;
    int status = resight_reader_new(db, &reader, NULL);
    if (status == RESIGHT_OK)
        status = digest_entries(reader, &digest);
    resight_reader_free(&reader);
    return status == RESIGHT_OK ? digest : 0;
}

uint64_t sample_digest(resight_db *db) {
    resight_reader *reader = NULL;
    uint64_t digest = 1;
    int status = resight_reader_new(db, &reader, NULL);
    if (status == RESIGHT_OK)
        status = digest_entries(reader, &digest);
    if (status == RESIGHT_OK)
        status = digest_queries(reader, &digest);
    if (status == RESIGHT_OK)
        status = digest_patch_queries(reader, &digest);
    resight_reader_free(&reader);
    return status == RESIGHT_OK ? digest : 0;
}

uint8_t *file_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size);
    cr_assert_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

void file_write(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert(size == 0 || fwrite(bytes, 1, size, file) == size);
    fclose(file);
}
