/* SPDX-License-Identifier: Apache-2.0 */
/* Verify: every record, digest, bank and count of a snapshot against the rules of FORMAT.md. */
#include "verify.h"
#include "array.h"
#include "chunk.h"

#include "base/cleanup.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void verify_fault(verify *run, const char *format, ...) {
    char line[256];
    va_list args;
    run->report.faults++;
    if (!run->sink)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    run->sink(run->user, line);
}

uint64_t verify_random(verify *run) {
    uint64_t z = run->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Called for each key and value of a table. */
typedef int (*verify_pair)(verify *run, MDB_val key, MDB_val value, void *user);

/* All of one table. A tree that LMDB cannot follow, or that has lost keys, is a fault. */
static int walk_table(verify *run, MDB_dbi dbi, const char *name, verify_pair each, void *user) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    MDB_stat stat = {0};
    uint64_t keys = 0;
    int status = RESIGHT_OK, code = mdb_stat(run->reader->txn, dbi, &stat);
    if (code == 0)
        code = mdb_cursor_open(run->reader->txn, dbi, &cursor);
    while (code == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        keys++;
        status = each(run, key, value, user);
        if (status != RESIGHT_OK)
            break;
    }
    if (cursor)
        mdb_cursor_close(cursor);
    if (status == RESIGHT_OK && (code != MDB_NOTFOUND || keys != stat.ms_entries))
        verify_fault(run, "table %s: %llu keys of %llu can be read: %s", name, (unsigned long long)keys,
                     (unsigned long long)stat.ms_entries, mdb_strerror(code));
    return status;
}

typedef struct record_walk {
    bool report;
    verify_record each;
    void *user;
    uint64_t last;
} record_walk;

static int visit_record(verify *run, MDB_val key, MDB_val value, void *user) {
    record_walk *walk = user;
    uint64_t id = 0;
    entry_view entry;
    if (key.mv_size == sizeof id)
        memcpy(&id, key.mv_data, sizeof id);
    if (id > walk->last && entry_unpack(value.mv_data, value.mv_size, id, &entry) == RESIGHT_OK) {
        walk->last = id;
        return walk->each(run, &entry, walk->user);
    }
    if (walk->report)
        verify_fault(run, "entry %llu: its record does not hold", (unsigned long long)id);
    return RESIGHT_OK;
}

int verify_walk(verify *run, bool report, verify_record each, void *user) {
    record_walk walk = {report, each, user, 0};
    return walk_table(run, run->db->entry, "entry", visit_record, &walk);
}

/* Reservoir sampling: the n-th takes a place with probability limit / n. sample_limit: none. */
static uint64_t sample_place(verify *run, uint32_t *count, uint64_t seen) {
    return *count < run->sample_limit ? (*count)++ : run->sample_limit == 0 ? 0 : verify_random(run) % seen;
}

static void sample(verify *run, const entry_view *entry, const resight_patch *patches) {
    for (uint32_t i = 0; i < entry->mark_count; i++) {
        const uint64_t place = sample_place(run, &run->sample_count, ++run->report.hashes);
        if (place < run->sample_limit)
            run->samples[place] = entry_mark(entry, i).hash;
    }
    for (uint32_t i = 0; patches && i < entry->patch_count; i++) {
        const uint64_t place = sample_place(run, &run->key_sample_count, ++run->report.patches);
        if (place < run->sample_limit)
            run->key_samples[place] = patches[i].key;
    }
}

static void check_digest(verify *run, const entry_view *entry) {
    digest_key digest = digest_key_of(entry->sha256, entry->bank);
    MDB_val key = val_of(&digest, sizeof digest), value;
    run->digests++;
    if (mdb_get(run->reader->txn, run->db->digest, &key, &value) != 0 || value.mv_size != sizeof entry->id ||
        memcmp(value.mv_data, &entry->id, sizeof entry->id) != 0)
        verify_fault(run, "entry %llu: its digest does not lead to it", (unsigned long long)entry->id);
}

/* All patches of an entry; NULL without a status when they do not hold, which is a fault. */
static resight_patch *read_patches(verify *run, const entry_view *entry, int *status) {
    CLEANUP_FREE resight_patch *patches = calloc((size_t)entry->patch_count + 1, sizeof *patches);
    run->chunks += CHUNK_COUNT(entry->patch_count);
    if (!patches) {
        *status = RESIGHT_E_NOMEM;
        return NULL;
    }
    if (chunk_read_all(run->db, run->reader->txn, entry, patches, NULL) == RESIGHT_OK)
        return STEAL(patches);
    verify_fault(run, "entry %llu: its patches do not hold", (unsigned long long)entry->id);
    return NULL;
}

static int check_record(verify *run, const entry_view *entry, void *user) {
    (void)user;
    int status = RESIGHT_OK;
    run->report.entries++;
    CLEANUP_FREE resight_patch *patches = read_patches(run, entry, &status);
    if (status != RESIGHT_OK)
        return status;
    sample(run, entry, patches);
    const bank_record *bank = reader_bank_of(run->reader, entry->bank);
    if (bank) {
        bank_sums *sums = &run->sums[bank - run->reader->banks];
        sums->entries++;
        sums->videos += entry->kind == RESIGHT_VIDEO;
        sums->held = amount_sum(sums->held, entry_amount(entry));
    } else {
        verify_fault(run, "entry %llu: there is no bank %u", (unsigned long long)entry->id, entry->bank);
    }
    if (entry->id >= run->reader->state.next_entry)
        verify_fault(run, "entry %llu: the state gives out %llu next", (unsigned long long)entry->id,
                     (unsigned long long)run->reader->state.next_entry);
    if (entry->has_sha256)
        check_digest(run, entry);
    if (entry->id > run->reader->manifest.covered_entry)
        run->tail = amount_sum(run->tail, entry_amount(entry));
    else if (amount_size(entry_amount(entry)) > 0 && patches)
        verify_indexed(run, entry, patches);
    return RESIGHT_OK;
}

static int count_key(verify *run, MDB_val key, MDB_val value, void *seen) {
    (void)run;
    (void)key;
    (void)value;
    ++*(uint64_t *)seen;
    return RESIGHT_OK;
}

static int check_digest_key(verify *run, MDB_val key, MDB_val value, void *user) {
    (void)user;
    uint64_t id = 0;
    entry_view entry;
    const bool sized = key.mv_size == sizeof(digest_key) && value.mv_size == sizeof id;
    if (sized)
        memcpy(&id, value.mv_data, sizeof id);
    if (!sized || reader_record(run->reader, id, &entry, NULL) != RESIGHT_OK || !entry.has_sha256 ||
        memcmp(entry.sha256, key.mv_data, 32) != 0 || entry.bank != digest_key_bank(key.mv_data))
        verify_fault(run, "a digest leads to entry %llu, which does not have it", (unsigned long long)id);
    return RESIGHT_OK;
}

/* Each entry has led to a digest of its own, so equal numbers mean that there are no others; else each is looked at. */
static int check_digests(verify *run) {
    uint64_t seen = 0;
    int status = walk_table(run, run->db->digest, "digest", count_key, &seen);
    if (status != RESIGHT_OK || seen == run->digests)
        return status;
    verify_fault(run, "%llu digests for %llu entries that have one", (unsigned long long)seen,
                 (unsigned long long)run->digests);
    return walk_table(run, run->db->digest, "digest", check_digest_key, NULL);
}

static void check_chunks(verify *run) {
    MDB_stat stat = {0};
    const int code = mdb_stat(run->reader->txn, run->db->patch, &stat);
    if (code != 0 || stat.ms_entries != run->chunks)
        verify_fault(run, "%llu chunks of patches, the entries have %llu", (unsigned long long)stat.ms_entries,
                     (unsigned long long)run->chunks);
}

static void check_bank(verify *run, size_t at) {
    const bank_record *bank = &run->reader->banks[at];
    const bank_sums *sums = &run->sums[at];
    if (sums->entries != bank->bank.entries || sums->videos != bank->videos || !amount_same(sums->held, bank->held))
        verify_fault(run, "bank %s: counts %llu entries, %llu hashes and %llu patches, has %llu, %llu and %llu",
                     bank->bank.name, (unsigned long long)bank->bank.entries, (unsigned long long)bank->held.hashes,
                     (unsigned long long)bank->held.patches, (unsigned long long)sums->entries,
                     (unsigned long long)sums->held.hashes, (unsigned long long)sums->held.patches);
    if (bank->bank.id == 0 || bank->bank.id >= run->reader->state.next_bank)
        verify_fault(run, "bank %s: number %u, but the state gives out %u next", bank->bank.name, bank->bank.id,
                     run->reader->state.next_bank);
    for (size_t other = 0; other < at; other++)
        if (strcmp(run->reader->banks[other].bank.name, bank->bank.name) == 0)
            verify_fault(run, "two banks are called %s", bank->bank.name);
}

static void check_state(verify *run) {
    const resight_reader *reader = run->reader;
    if (!amount_same(run->tail, reader->state.tail))
        verify_fault(run, "the state counts %llu hashes and %llu patches in the tail, there are %llu and %llu",
                     (unsigned long long)reader->state.tail.hashes, (unsigned long long)reader->state.tail.patches,
                     (unsigned long long)run->tail.hashes, (unsigned long long)run->tail.patches);
    if (reader->manifest.covered_entry >= reader->state.next_entry)
        verify_fault(run, "the manifest covers entry %llu, the state gives out %llu next",
                     (unsigned long long)reader->manifest.covered_entry, (unsigned long long)reader->state.next_entry);
    for (uint32_t i = 0; i < reader->manifest.count; i++)
        if (reader->manifest.item[i].segment >= reader->state.next_segment)
            verify_fault(run, "segment %llu: the state gives out %llu next",
                         (unsigned long long)reader->manifest.item[i].segment,
                         (unsigned long long)reader->state.next_segment);
}

static int check_all(verify *run, resight_error *error) {
    verify_segments(run);
    int status = verify_walk(run, true, check_record, NULL);
    if (status != RESIGHT_OK)
        return resight_fail(error, status, "%s: no memory to verify", run->db->dir);
    verify_dead(run);
    check_chunks(run);
    status = check_digests(run);
    for (size_t i = 0; status == RESIGHT_OK && i < run->reader->bank_count; i++)
        check_bank(run, i);
    if (status == RESIGHT_OK)
        check_state(run);
    if (status == RESIGHT_OK && run->report.faults == 0)
        status = verify_lookups(run, error);
    if (status == RESIGHT_OK && run->report.faults == 0)
        status = verify_patch_lookups(run, error);
    return status;
}

static void verify_free(verify *run) {
    resight_reader_free(&run->reader);
    free(run->sums);
    free(run->sound);
    free(run->live);
    free(run->samples);
    free(run->key_samples);
}

/* A snapshot that cannot be taken because something in it does not hold is the first fault. */
static int prepare(verify *run, uint32_t lookups, resight_error *error) {
    resight_error why = {""};
    const int status = resight_reader_new(run->db, &run->reader, &why);
    if (status == RESIGHT_E_DAMAGED)
        verify_fault(run, "%s", why.text);
    if (status != RESIGHT_OK)
        return resight_fail(error, status, "%s", why.text);
    run->sample_limit = lookups;
    run->random = mdb_txn_id(run->reader->txn);
    run->sums = calloc(run->reader->bank_count + 1, sizeof *run->sums);
    run->sound = calloc(run->reader->manifest.count + 1, sizeof *run->sound);
    run->live = calloc(run->reader->manifest.count + 1, sizeof *run->live);
    run->samples = calloc((size_t)lookups + 1, sizeof *run->samples);
    run->key_samples = calloc((size_t)lookups + 1, sizeof *run->key_samples);
    return run->sums && run->sound && run->live && run->samples && run->key_samples
               ? RESIGHT_OK
               : resight_fail(error, RESIGHT_E_NOMEM, "%s: no memory to verify", run->db->dir);
}

int resight_db_verify(resight_db *db, uint32_t lookups, resight_verify_sink sink, void *user,
                      resight_verify_report *report, resight_error *error) {
    CLEANUP(verify_free) verify run = {.db = db, .sink = sink, .user = user};
    int status = prepare(&run, lookups, error);
    if (status == RESIGHT_OK)
        status = check_all(&run, error);
    *report = run.report;
    if (status != RESIGHT_OK || run.report.faults == 0)
        return status;
    return resight_fail(error, RESIGHT_E_DAMAGED, "%s: %llu faults", db->dir, (unsigned long long)run.report.faults);
}
