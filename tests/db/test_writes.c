/* SPDX-License-Identifier: Apache-2.0 */
/* What one durable addition costs the device: flushes, and bytes written. */
#include "harness.h"
#include "recorder.h"

#include <stdio.h>
#include <string.h>

/* A database of some size, so that its trees are as deep as they are in use. */
enum { FILLED = 50000, PATCHES = 100, ADDITIONS = 40 };

typedef struct cost {
    uint32_t flushes;
    size_t bytes;
} cost;

static cost cost_of(const recording *log) {
    cost sum = {0};
    for (size_t i = 0; i < log->count; i++) {
        sum.flushes += log->items[i].kind == RECORD_FLUSH || log->items[i].kind == RECORD_FLUSH_LAST;
        sum.bytes += log->items[i].size;
    }
    return sum;
}

static void add_images(resight_db *db, random_source *random, uint32_t count, uint32_t patch_count) {
    resight_writer *writer = NULL;
    resight_error error;
    uint64_t id = 0;
    resight_patch patches[PATCHES];
    resight_patch_set set[1];
    assert_ok(resight_writer_begin(db, &writer, &error));
    for (uint32_t i = 0; i < count; i++) {
        const resight_hash hash = random_hash(random);
        const resight_mark mark = mark_of(&hash);
        resight_entry entry = image_of(1, &mark);
        give_patches(&entry, patches, set, patch_count, PATCHES, random_next(random) >> 8);
        entry.has_sha256 = true;
        memcpy(entry.sha256, &hash, sizeof entry.sha256);
        assert_ok(resight_writer_add(writer, &entry, &id, &error));
    }
    assert_ok(resight_writer_commit(&writer, &error));
}

static cost dearest_addition(const test_place *place, resight_db *db, random_source *random, uint32_t patch_count) {
    cost most = {0};
    size_t sum = 0;
    for (int i = 0; i < ADDITIONS; i++) {
        recorder_start(place->db, RECORDER_HONEST);
        add_images(db, random, 1, patch_count);
        recording log = recorder_stop();
        const cost now = cost_of(&log);
        sum += now.bytes;
        most.bytes = now.bytes > most.bytes ? now.bytes : most.bytes;
        most.flushes = now.flushes > most.flushes ? now.flushes : most.flushes;
        recording_free(&log);
    }
    fprintf(stderr, "%u patches: at most %zu bytes and %u flushes, on average %zu bytes\n", patch_count, most.bytes,
            most.flushes, sum / ADDITIONS);
    return most;
}

Test(writes, one_addition) {
    test_place place = place_make();
    random_source random = {91};
    resight_error error;
    resight_db *db = open_new(&place, 0);
    put_bank(db, "a", 31, 0);
    for (int i = 0; i < 5; i++)
        add_images(db, &random, FILLED / 5, i == 0 ? 20 : 0);
    assert_ok(resight_db_merge(db, &error));
    cr_expect_eq(dearest_addition(&place, db, &random, 0).flushes, 2);
    cr_expect_eq(dearest_addition(&place, db, &random, PATCHES).flushes, 2);
    resight_db_close(&db);
    place_free(&place);
}
