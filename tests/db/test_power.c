/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails: a scripted run is recorded, and from every moment of it images of the disk are made as they may be
 * found. What was flushed is there; of what was written since, any part, in pieces of 512 or 4096 bytes, in any order.
 * Each image must open, hold what was acknowledged, pass verify, and take an addition.
 *
 * 400 images, or RESIGHT_IMAGES=N of them:
 *
 *     TMPDIR=/dev/shm RESIGHT_IMAGES=20000 RESIGHT_SEED=7 build/tests/db/test_db_power --timeout 0
 *
 * Without flushes, and on a device that lies about them, the same must fail: else it proves nothing.
 */
#include "env.h"
#include "harness.h"
#include "recorder.h"
#include "sample.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* TAIL is small, so that a run of STEPS makes and merges segments. */
enum { STEPS = 90, TAIL = 24, GROUP = 12, MOST_PATCHES = 100 };

/* One call that was acknowledged: after `acknowledged` records, with these contents. */
typedef struct step {
    size_t acknowledged;
    uint64_t digest;
} step;

/* A run and its record. */
typedef struct story {
    test_place place;
    resight_db *db;
    random_source random;
    uint64_t added;
    step steps[STEPS];
    uint32_t step_count;
    recording log;
} story;

static void add(story *it, resight_writer *writer) {
    resight_error error;
    resight_patch patches[MOST_PATCHES];
    resight_patch_set sets[4];
    const resight_hash hash = random_hash(&it->random);
    const resight_mark mark = mark_of(&hash);
    resight_entry entry = image_of(1 + (uint32_t)(it->added % 2), &mark);
    give_patches(&entry, patches, sets, random_below(&it->random, 2) * random_below(&it->random, MOST_PATCHES), 30,
                 it->added * MOST_PATCHES);
    entry.added_us = (int64_t)++it->added;
    entry.has_sha256 = it->added % 3 == 0;
    memcpy(entry.sha256, &hash, sizeof entry.sha256);
    uint64_t id = 0;
    assert_ok(resight_writer_add(writer, &entry, &id, &error));
}

/* Some of those asked for are gone already. */
static void take_out(story *it, resight_writer *writer) {
    for (uint32_t n = 1 + random_below(&it->random, 6); n > 0; n--) {
        const int status = resight_writer_remove(writer, 1 + random_below(&it->random, (uint32_t)it->added), NULL);
        cr_assert(status == RESIGHT_OK || status == RESIGHT_NOT_FOUND);
    }
}

static void change(story *it, uint32_t kind) {
    resight_writer *writer = NULL;
    resight_error error;
    assert_ok(resight_writer_begin(it->db, &writer, &error));
    for (uint32_t n = kind < 3 ? 1 : kind < 6 ? GROUP : 0; n > 0; n--)
        add(it, writer);
    if (kind >= 6)
        take_out(it, writer);
    assert_ok(resight_writer_commit(&writer, &error));
}

static void act(story *it, uint32_t number) {
    resight_error error;
    const uint32_t kind = random_below(&it->random, 10);
    char name[16];
    snprintf(name, sizeof name, "bank-%u", number);
    if (number <= 2 || number % 25 == 0)
        put_bank(it->db, name, 31, 0);
    else if (kind < 8 || it->added == 0)
        change(it, it->added == 0 ? 5 : kind);
    else
        assert_ok(resight_db_merge(it->db, &error));
}

static void acknowledge(story *it) {
    const uint64_t digest = contents_digest(it->db);
    cr_assert_neq(digest, 0);
    it->steps[it->step_count++] = (step){recorder_position(), digest};
}

/* The first step is the creation. */
static void tell(story *it, recorder_flushes flushes, unsigned lmdb_flags) {
    it->place = place_make();
    it->random.state = number_from("RESIGHT_SEED", 71);
    recorder_start(it->place.db, flushes);
    it->db = open_new(&it->place, TAIL);
    if (lmdb_flags)
        cr_assert_eq(mdb_env_set_flags(it->db->env, lmdb_flags, 1), 0);
    acknowledge(it);
    while (it->step_count < STEPS) {
        act(it, it->step_count);
        acknowledge(it);
    }
    it->log = recorder_stop();
    resight_db_close(&it->db);
}

static void forget(story *it) {
    recording_free(&it->log);
    place_free(&it->place);
}

/* The device after some records: `bytes` are on it, and the writes [first_pending, position) may be. */
typedef struct device {
    const recording *log;
    size_t position;
    uint8_t *bytes, *image;
    size_t room, size, image_size;
    size_t *pending, pending_count;
    bool named, parent_named;
} device;

static device device_new(const recording *log) {
    device it = {.log = log};
    for (size_t i = 0; i < log->count; i++)
        if (log->items[i].at + log->items[i].size > it.room)
            it.room = log->items[i].at + log->items[i].size;
    it.bytes = calloc(1, it.room);
    it.image = calloc(1, it.room);
    it.pending = calloc(log->count, sizeof *it.pending);
    cr_assert(it.bytes && it.image && it.pending);
    return it;
}

static void device_free(device *it) {
    free(it->bytes);
    free(it->image);
    free(it->pending);
}

static void settle(device *it, size_t from) {
    for (size_t i = from; i < it->pending_count; i++) {
        const record *write = &it->log->items[it->pending[i]];
        memcpy(it->bytes + write->at, write->bytes, write->size);
        if (write->at + write->size > it->size)
            it->size = write->at + write->size;
    }
    it->pending_count = from;
}

static void device_advance(device *it, size_t position) {
    for (; it->position < position; it->position++)
        switch (it->log->items[it->position].kind) {
        case RECORD_WRITE: it->pending[it->pending_count++] = it->position; break;
        case RECORD_FLUSH: settle(it, 0); break;
        case RECORD_FLUSH_LAST: settle(it, it->pending_count - 1); break;
        case RECORD_FLUSH_NAMES: it->named = true; break;
        case RECORD_FLUSH_PARENT: it->parent_named = true; break;
        }
}

/* A piece of a write that had not been flushed. */
typedef struct piece {
    uint64_t at;
    size_t size;
    const uint8_t *bytes;
} piece;

static size_t cut(const device *it, size_t sector, piece *out) {
    size_t count = 0;
    for (size_t i = 0; i < it->pending_count; i++) {
        const record *write = &it->log->items[it->pending[i]];
        for (size_t done = 0, part; done < write->size; done += part) {
            part = sector - (write->at + done) % sector;
            if (part > write->size - done)
                part = write->size - done;
            if (out)
                out[count] = (piece){write->at + done, part, write->bytes + done};
            count++;
        }
    }
    return count;
}

static void shuffle(piece *pieces, size_t count, random_source *random) {
    for (size_t i = count; i > 1; i--) {
        const size_t other = random_below(random, (uint32_t)i);
        const piece held = pieces[i - 1];
        pieces[i - 1] = pieces[other];
        pieces[other] = held;
    }
}

static void keep(device *it, const piece *kept) {
    memcpy(it->image + kept->at, kept->bytes, kept->size);
    if (kept->at + kept->size > it->image_size)
        it->image_size = kept->at + kept->size;
}

/* In eighths, how much of what was pending is kept: 0 nothing, 8 all and in its order, 9 none but the length. */
static void device_image(device *it, uint32_t eighths, random_source *random) {
    const size_t sector = random_below(random, 2) ? 512 : 4096, count = cut(it, sector, NULL);
    piece *pieces = calloc(count + 1, sizeof *pieces);
    cr_assert_not_null(pieces);
    memset(it->image, 0, it->room);
    memcpy(it->image, it->bytes, it->size);
    it->image_size = it->size;
    cut(it, sector, pieces);
    if (eighths < 8)
        shuffle(pieces, count, random);
    for (size_t i = 0; i < count; i++)
        if (eighths < 9 && random_below(random, 8) < eighths)
            keep(it, &pieces[i]);
        else if (eighths == 9 && pieces[i].at + pieces[i].size > it->image_size)
            it->image_size = pieces[i].at + pieces[i].size;
    free(pieces);
}

/* What may be found: the last step that was acknowledged, or the one under way. */
typedef struct found {
    test_place place;
    bool created; /* acknowledged */
    uint64_t expected[2];
    uint64_t seed;
} found;

/* Why an image is bad, as an exit code. */
enum { GOOD, NOT_OPENED, LOST, UNSOUND, NO_ADDITION, UNSOUND_AFTER, NO_MERGE, REASONS };

static bool add_one(resight_db *db, random_source *random) {
    resight_writer *writer = NULL;
    uint32_t bank_id = 0;
    uint64_t id = 0;
    const resight_hash hash = random_hash(random);
    const resight_mark mark = mark_of(&hash);
    const resight_bank bank = {.name = "afterwards", .polarity = RESIGHT_POSITIVE, .radius_bits = 31};
    if (resight_writer_begin(db, &writer, NULL) != RESIGHT_OK)
        return false;
    bool good = resight_writer_put_bank(writer, &bank, &bank_id, NULL) == RESIGHT_OK;
    const resight_entry entry = image_of(bank_id, &mark);
    good = good && resight_writer_add(writer, &entry, &id, NULL) == RESIGHT_OK;
    return resight_writer_commit(&writer, NULL) == RESIGHT_OK && good;
}

static bool sound(resight_db *db) {
    resight_verify_report report;
    return resight_db_verify(db, 5, NULL, NULL, &report, NULL) == RESIGHT_OK && report.faults == 0;
}

static int look_at(void *user) {
    const found *self = user;
    resight_db *db = NULL;
    random_source random = {self->seed};
    const resight_db_options options = {.create = !self->created, .tail_hashes = TAIL};
    alarm(60); /* a tree that goes round in a circle */
    recorder_idle();
    if (resight_db_open(self->place.db, &options, &db, NULL) != RESIGHT_OK)
        return NOT_OPENED;
    const uint64_t digest = contents_digest(db);
    if (digest != self->expected[0] && digest != self->expected[1])
        return LOST;
    if (!sound(db))
        return UNSOUND;
    if (!add_one(db, &random) || contents_digest(db) == digest)
        return NO_ADDITION;
    if (random_below(&random, 4) == 0 && resight_db_merge(db, NULL) != RESIGHT_OK)
        return NO_MERGE;
    if (!sound(db))
        return UNSOUND_AFTER;
    resight_db_close(&db);
    return GOOD;
}

static void put_image(const device *it, const found *at, bool with_file) {
    char path[256];
    snprintf(path, sizeof path, "%s/lock.mdb", at->place.db);
    unlink(path);
    snprintf(path, sizeof path, "%s/data.mdb", at->place.db);
    unlink(path);
    if (with_file)
        file_write(path, it->image, it->image_size);
}

/* How many images were bad, and why. */
typedef struct verdict {
    uint64_t images, bad, signals;
    uint64_t reason[REASONS];
} verdict;

static void judge(verdict *sum, int code, size_t position, uint64_t number) {
    sum->images++;
    if (code == GOOD)
        return;
    if (sum->bad++ == 0)
        fprintf(stderr, "image %llu, after %zu records: code %d\n", (unsigned long long)number, position, code);
    if (code > 0 && code < REASONS)
        sum->reason[code]++;
    else
        sum->signals++;
}

static void one_image(const story *it, device *disk, found *at, uint64_t number, verdict *sum) {
    random_source random = {at->seed};
    uint32_t next = 0;
    while (next < it->step_count && it->steps[next].acknowledged <= disk->position)
        next++;
    at->created = next > 0;
    at->expected[0] = it->steps[next > 0 ? next - 1 : 0].digest;
    at->expected[1] = it->steps[next < it->step_count ? next : next - 1].digest;
    device_image(disk, number % 8 == 0 ? 0 : number % 8 == 1 ? 8 : 1 + random_below(&random, 9), &random);
    const bool with_file = (disk->named && disk->parent_named) || random_below(&random, 4) > 0;
    put_image(disk, at, with_file && (disk->size > 0 || disk->pending_count > 0));
    judge(sum, in_child(look_at, at), disk->position, number);
}

/* Images spread evenly over the record, the first before anything and the last after everything. */
static verdict judge_all(const story *it, uint64_t images) {
    verdict sum = {0};
    device disk = device_new(&it->log);
    random_source random = {it->random.state};
    found at = {.place = place_make()};
    cr_assert_eq(mkdir(at.place.db, 0700), 0);
    for (uint64_t number = 0; number < images; number++) {
        device_advance(&disk, (size_t)(number * it->log.count / (images - 1)));
        at.seed = random_next(&random);
        one_image(it, &disk, &at, number, &sum);
    }
    place_free(&at.place);
    device_free(&disk);
    fprintf(stderr,
            "%llu images of %zu records: %llu bad (%llu not opened, %llu lost, %llu unsound, %llu no addition, %llu "
            "unsound after it, %llu no merge, %llu killed by a signal)\n",
            (unsigned long long)sum.images, it->log.count, (unsigned long long)sum.bad,
            (unsigned long long)sum.reason[NOT_OPENED], (unsigned long long)sum.reason[LOST],
            (unsigned long long)sum.reason[UNSOUND], (unsigned long long)sum.reason[NO_ADDITION],
            (unsigned long long)sum.reason[UNSOUND_AFTER], (unsigned long long)sum.reason[NO_MERGE],
            (unsigned long long)sum.signals);
    return sum;
}

static verdict run(recorder_flushes flushes, unsigned lmdb_flags, uint64_t images) {
    story *it = calloc(1, sizeof *it);
    cr_assert_not_null(it);
    tell(it, flushes, lmdb_flags);
    const verdict sum = judge_all(it, images);
    forget(it);
    free(it);
    return sum;
}

Test(power, nothing_acknowledged_is_lost, .timeout = 86400) {
    const verdict sum = run(RECORDER_HONEST, 0, number_from("RESIGHT_IMAGES", 400));
    cr_expect_eq(sum.bad, 0);
}

/* The same test, without the flushes that it is about: most images must be bad. */
Test(power, without_flushes_it_fails) {
    const verdict sum = run(RECORDER_HONEST, MDB_NOSYNC, 60);
    cr_expect_gt(sum.bad, sum.images / 2);
}

Test(power, on_a_device_that_lies_it_fails) {
    const verdict sum = run(RECORDER_LYING, 0, 60);
    cr_expect_gt(sum.bad, sum.images / 2);
}
