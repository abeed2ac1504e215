/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are cut short or have flipped bits, and contents that contradict themselves under good checksums. */
#include "env.h"
#include "sample.h"
#include "schema.h"
#include "segment.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The sample's file, and a directory for damaged copies of it. */
typedef struct patient {
    test_place place;
    char path[200];
    uint8_t *bytes;
    size_t size;
    uint64_t digest;
} patient;

static patient patient_make(void) {
    patient it = {.place = place_make()};
    sample_make(&it.place);
    resight_db *db = open_again(&it.place, 0);
    it.digest = sample_digest(db);
    cr_assert_neq(it.digest, 0);
    resight_db_close(&db);
    snprintf(it.path, sizeof it.path, "%s/data.mdb", it.place.db);
    it.bytes = file_read(it.path, &it.size);
    return it;
}

static void patient_free(patient *it) {
    free(it->bytes);
    place_free(&it->place);
}

static int open_only(void *user) {
    const patient *it = user;
    resight_db *db = NULL;
    const int status = resight_db_open(it->place.db, NULL, &db, NULL);
    resight_db_close(&db);
    return status < 0 ? 50 - status : status;
}

Test(damage, a_file_cut_short_is_refused) {
    patient it = patient_make();
    random_source random = {31};
    for (int i = 0; i < 300; i++) {
        size_t size = i < 20 ? it.size - 1 - (size_t)i * 512 : random_below(&random, (uint32_t)it.size);
        size = i >= 20 && i < 60 ? (size_t)(i - 20) * 307 : size;
        file_write(it.path, it.bytes, size);
        const int code = in_child(open_only, &it);
        if (size == 0)
            cr_expect_eq(code, RESIGHT_NOT_FOUND);
        else
            cr_expect(code == 50 - RESIGHT_E_DAMAGED, "cut to %zu of %zu: %d", size, it.size, code);
    }
    patient_free(&it);
}

enum { UNHARMED = 0, REFUSED = 1, WRONG = 2 };

static int examine(void *user) {
    const patient *it = user;
    resight_verify_report report;
    resight_db *db = NULL;
    alarm(20);
    if (resight_db_open(it->place.db, NULL, &db, NULL) != RESIGHT_OK ||
        resight_db_verify(db, 20, NULL, NULL, &report, NULL) != RESIGHT_OK)
        return REFUSED;
    return sample_digest(db) == it->digest ? UNHARMED : WRONG;
}

/* LMDB may fall over a damaged tree, but verify must not call it sound when an answer has changed. */
Test(damage, flipped_bits_anywhere) {
    patient it = patient_make();
    random_source random = {32};
    int counts[3] = {0}, killed = 0;
    for (int i = 0; i < 400; i++) {
        const size_t at = i < 150 ? random_below(&random, 16 * 4096) : random_below(&random, (uint32_t)it.size);
        const uint8_t bit = (uint8_t)(1u << random_below(&random, 8));
        it.bytes[at] ^= bit;
        file_write(it.path, it.bytes, it.size);
        const int code = in_child(examine, &it);
        cr_expect_neq(code, WRONG, "bit %u of byte %zu", bit, at);
        cr_expect_neq(code, -SIGALRM, "bit %u of byte %zu: no end", bit, at);
        it.bytes[at] ^= bit;
        killed += code < 0;
        counts[code > 0 ? REFUSED : UNHARMED] += code >= 0;
    }
    cr_log_info("400 flips: %d refused, %d without effect, %d killed the child", counts[REFUSED], counts[UNHARMED],
                killed);
    cr_expect_gt(counts[REFUSED], 100);
    patient_free(&it);
}

/* Every place where a byte string stands. */
static size_t find_all(const patient *it, const void *needle, size_t length, size_t *at, size_t most) {
    size_t found = 0;
    for (const uint8_t *p = it->bytes, *end = it->bytes + it->size;
         found < most && (p = memmem(p, (size_t)(end - p), needle, length)); p++)
        at[found++] = (size_t)(p - it->bytes);
    return found;
}

/* A hash stands in its record and in its segment: a flipped bit in either is found, each time. */
Test(damage, flipped_bits_in_hashes_are_found) {
    patient it = patient_make();
    random_source random = {33};
    for (uint32_t n = 0; n < 40; n++) {
        const resight_hash hash = sample_hash(n);
        size_t at[4];
        const size_t found = find_all(&it, &hash, sizeof hash, at, 4);
        cr_assert_geq(found, 1);
        for (size_t i = 0; i < found; i++) {
            const size_t byte = at[i] + random_below(&random, 32);
            it.bytes[byte] ^= (uint8_t)(1u << random_below(&random, 8));
            file_write(it.path, it.bytes, it.size);
            cr_expect_eq(in_child(examine, &it), REFUSED, "hash %u, copy %zu", n, i);
            it.bytes[byte] = 0;
            size_t size = 0;
            free(it.bytes);
            it.bytes = file_read(it.path, &size);
            it.bytes[byte] = ((const uint8_t *)&hash)[byte - at[i]];
        }
    }
    patient_free(&it);
}

/* So does the key of a patch; where the patch lies stands in its record alone, under the checksum. */
Test(damage, flipped_bits_in_patches_are_found) {
    patient it = patient_make();
    random_source random = {35};
    for (uint32_t n = 0; n < 40; n++) {
        const resight_patch patch = sample_patch(n);
        const size_t length = n % 2 ? sizeof patch : sizeof patch.key;
        size_t at[4];
        const size_t found = find_all(&it, &patch, length, at, 4);
        cr_assert_geq(found, n % 2 ? 1 : 2);
        for (size_t i = 0; i < found; i++) {
            const size_t byte = at[i] + random_below(&random, (uint32_t)length);
            const uint8_t bit = (uint8_t)(1u << random_below(&random, 8));
            it.bytes[byte] ^= bit;
            file_write(it.path, it.bytes, it.size);
            cr_expect_eq(in_child(examine, &it), REFUSED, "patch %u, copy %zu", n, i);
            it.bytes[byte] ^= bit;
        }
    }
    patient_free(&it);
}

/* ---- Contradictions under good checksums ------------------------------------------------------------------------ */

static MDB_txn *begin_raw(resight_db *db) {
    MDB_txn *txn = NULL;
    cr_assert_eq(mdb_txn_begin(db->env, NULL, 0, &txn), 0);
    return txn;
}

static MDB_val get_raw(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t size) {
    MDB_val name = val_of(key, size), value;
    cr_assert_eq(mdb_get(txn, dbi, &name, &value), 0);
    return value;
}

static void put_raw(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t key_size, const void *bytes, size_t size) {
    MDB_val name = val_of(key, key_size), value = val_of(bytes, size);
    cr_assert_eq(mdb_put(txn, dbi, &name, &value, 0), 0);
}

static void del_raw(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t size) {
    MDB_val name = val_of(key, size);
    cr_assert_eq(mdb_del(txn, dbi, &name, NULL), 0);
}

static void lose_record(resight_db *db, MDB_txn *txn) {
    const uint64_t id = 1;
    del_raw(txn, db->entry, &id, sizeof id);
}

static void lose_digest(resight_db *db, MDB_txn *txn) {
    const uint64_t id = 5;
    entry_view entry;
    const MDB_val value = get_raw(txn, db->entry, &id, sizeof id);
    cr_assert_eq(entry_unpack(value.mv_data, value.mv_size, id, &entry), RESIGHT_OK);
    const digest_key key = digest_key_of(entry.sha256, entry.bank);
    del_raw(txn, db->digest, &key, sizeof key);
}

static void add_digest(resight_db *db, MDB_txn *txn) {
    const uint8_t sha256[32] = {1, 2, 3};
    const uint64_t id = 1;
    const digest_key key = digest_key_of(sha256, 1);
    put_raw(txn, db->digest, &key, sizeof key, &id, sizeof id);
}

static void swap_records(resight_db *db, MDB_txn *txn) {
    const uint64_t one = 1, two = 2;
    const MDB_val value = get_raw(txn, db->entry, &one, sizeof one);
    uint8_t copy[4096];
    memcpy(copy, value.mv_data, value.mv_size);
    put_raw(txn, db->entry, &two, sizeof two, copy, value.mv_size);
}

static void miscount_bank(resight_db *db, MDB_txn *txn) {
    const bank_key id = bank_key_of(1);
    bank_record bank;
    uint8_t bytes[BANK_BYTES];
    const MDB_val value = get_raw(txn, db->meta, &id, sizeof id);
    cr_assert_eq(bank_unpack(value.mv_data, value.mv_size, &bank), RESIGHT_OK);
    bank.held.hashes++;
    put_raw(txn, db->meta, &id, sizeof id, bytes, bank_pack(&bank, bytes));
}

static void lose_bank(resight_db *db, MDB_txn *txn) {
    const bank_key id = bank_key_of(2);
    del_raw(txn, db->meta, &id, sizeof id);
}

static void change_state(resight_db *db, MDB_txn *txn, void (*change)(db_state *state)) {
    db_state state;
    uint8_t bytes[STATE_BYTES];
    const MDB_val value = get_raw(txn, db->meta, KEY_STATE, strlen(KEY_STATE));
    cr_assert_eq(state_unpack(value.mv_data, value.mv_size, &state), RESIGHT_OK);
    change(&state);
    state_pack(&state, bytes);
    put_raw(txn, db->meta, KEY_STATE, strlen(KEY_STATE), bytes, sizeof bytes);
}

static void tail_plus_one(db_state *state) {
    state->tail.hashes++;
}

static void next_entry_again(db_state *state) {
    state->next_entry -= 2;
}

static void miscount_tail(resight_db *db, MDB_txn *txn) {
    change_state(db, txn, tail_plus_one);
}

static void repeat_ids(resight_db *db, MDB_txn *txn) {
    change_state(db, txn, next_entry_again);
}

static void miscount_dead(resight_db *db, MDB_txn *txn) {
    static db_manifest list;
    static uint8_t bytes[MANIFEST_BYTES(RESIGHT_MAX_SEGMENTS)];
    const MDB_val value = get_raw(txn, db->meta, KEY_MANIFEST, strlen(KEY_MANIFEST));
    cr_assert_eq(manifest_unpack(value.mv_data, value.mv_size, &list), RESIGHT_OK);
    cr_assert_gt(list.count, 0);
    list.item[0].dead.hashes++;
    manifest_pack(&list, bytes);
    put_raw(txn, db->meta, KEY_MANIFEST, strlen(KEY_MANIFEST), bytes, MANIFEST_BYTES(list.count));
}

static uint64_t first_segment(resight_db *db, MDB_txn *txn) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint64_t first = 0;
    cr_assert_eq(mdb_cursor_open(txn, db->segment, &cursor), 0);
    cr_assert_eq(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    memcpy(&first, key.mv_data, sizeof first);
    mdb_cursor_close(cursor);
    return EXTENT_KEY_SEGMENT(first);
}

/* Where the arrays of the first segment lie among all of them. */
static segment_layout first_layout(resight_db *db, MDB_txn *txn) {
    const uint64_t number = EXTENT_KEY(first_segment(db, txn), 0);
    const MDB_val value = get_raw(txn, db->segment, &number, sizeof number);
    extent_head head;
    segment_plan plan;
    cr_assert_eq(extent_unpack(value.mv_data, value.mv_size, number, &head), RESIGHT_OK);
    cr_assert_eq(plan_unpack((uint8_t *)value.mv_data + EXTENT_HEAD_BYTES, PLAN_BYTES(SEGMENT_MAX_BANDS), &plan),
                 RESIGHT_OK);
    return segment_layout_of(&plan, head.hashes, head.entries, head.patches);
}

/* A segment is mapped by the numbers that its pages have of themselves: a wrong one leads elsewhere in the file, where
 * something else lies, or out of it.
 */
Test(damage, wrong_page_numbers_are_found) {
    patient it = patient_make();
    resight_error error;
    resight_db *db = open_again(&it.place, 0);
    db_view view = {0};
    uint64_t page = 0;
    assert_ok(db_view_open(db, &view, &error));
    const uint64_t number = EXTENT_KEY(first_segment(db, view.txn), 0);
    const MDB_val value = get_raw(view.txn, db->segment, &number, sizeof number);
    memcpy(&page, (const uint8_t *)value.mv_data - LMDB_PAGE_HEAD_BYTES, sizeof page);
    const size_t at = page * db->page_bytes;
    db_view_close(&view);
    resight_db_close(&db);
    cr_assert_eq(memcmp(it.bytes + at, &page, sizeof page), 0);
    for (unsigned bit = 0; bit < 64; bit++) {
        it.bytes[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
        file_write(it.path, it.bytes, it.size);
        cr_expect_eq(in_child(examine, &it), REFUSED, "bit %u", bit);
        it.bytes[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    patient_free(&it);
}

/* Change one 4-byte number in the arrays of the first segment, and seal its extent again. */
static void change_array(resight_db *db, MDB_txn *txn, size_t at, uint32_t flip) {
    const size_t before = extent_first_bytes(db->page_bytes);
    uint64_t number = EXTENT_KEY(first_segment(db, txn), 0);
    MDB_val value = get_raw(txn, db->segment, &number, sizeof number);
    for (; at >= value.mv_size - before; value = get_raw(txn, db->segment, &number, sizeof number)) {
        at -= value.mv_size - before;
        number++;
    }
    extent_head head;
    uint32_t word;
    cr_assert_eq(extent_unpack(value.mv_data, value.mv_size, number, &head), RESIGHT_OK);
    uint8_t *copy = malloc(value.mv_size);
    memcpy(copy, value.mv_data, value.mv_size);
    memcpy(&word, copy + before + at, sizeof word);
    word ^= flip;
    memcpy(copy + before + at, &word, sizeof word);
    extent_seal(&head, copy, value.mv_size);
    put_raw(txn, db->segment, &number, sizeof number, copy, value.mv_size);
    free(copy);
}

static void change_hash(resight_db *db, MDB_txn *txn) {
    change_array(db, txn, first_layout(db, txn).hashes + 64, 1u << 31);
}

static void change_key(resight_db *db, MDB_txn *txn) {
    change_array(db, txn, first_layout(db, txn).keys + 16, 1u << 7);
}

/* The chunk of the first entry that has any, and its number. */
static MDB_val first_chunk(resight_db *db, MDB_txn *txn, uint64_t *number) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    cr_assert_eq(mdb_cursor_open(txn, db->patch, &cursor), 0);
    cr_assert_eq(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    memcpy(number, key.mv_data, sizeof *number);
    mdb_cursor_close(cursor);
    return value;
}

static void lose_chunk(resight_db *db, MDB_txn *txn) {
    uint64_t number = 0;
    first_chunk(db, txn, &number);
    del_raw(txn, db->patch, &number, sizeof number);
}

static void add_chunk(resight_db *db, MDB_txn *txn) {
    uint64_t number = 0;
    uint8_t copy[CHUNK_BYTES(CHUNK_PATCHES)];
    const MDB_val value = first_chunk(db, txn, &number);
    memcpy(copy, value.mv_data, value.mv_size);
    number = CHUNK_KEY(CHUNK_KEY_ENTRY(number), 9);
    put_raw(txn, db->patch, &number, sizeof number, copy, value.mv_size);
}

static void change_patch(resight_db *db, MDB_txn *txn) {
    uint64_t number = 0;
    resight_patch patches[CHUNK_PATCHES];
    uint8_t bytes[CHUNK_BYTES(CHUNK_PATCHES)];
    const MDB_val value = first_chunk(db, txn, &number);
    const uint32_t count = (uint32_t)(value.mv_size / sizeof *patches);
    memcpy(patches, chunk_unpack(value.mv_data, value.mv_size, count), count * sizeof *patches);
    patches[0].key ^= 2;
    chunk_pack(patches, count, bytes);
    put_raw(txn, db->patch, &number, sizeof number, bytes, CHUNK_BYTES(count));
}

static void miscount_patches(resight_db *db, MDB_txn *txn) {
    const bank_key id = bank_key_of(1);
    bank_record bank;
    uint8_t bytes[BANK_BYTES];
    const MDB_val value = get_raw(txn, db->meta, &id, sizeof id);
    cr_assert_eq(bank_unpack(value.mv_data, value.mv_size, &bank), RESIGHT_OK);
    bank.held.patches++;
    put_raw(txn, db->meta, &id, sizeof id, bytes, bank_pack(&bank, bytes));
}

static void change_entry_id(resight_db *db, MDB_txn *txn) {
    change_array(db, txn, first_layout(db, txn).entry + 16, 1u << 20);
}

static void change_offset(resight_db *db, MDB_txn *txn) {
    change_array(db, txn, first_layout(db, txn).offsets[2] + 4 * 10, 1);
}

static void change_posting(resight_db *db, MDB_txn *txn) {
    change_array(db, txn, first_layout(db, txn).postings[2], 3);
}

static void change_posting_far(resight_db *db, MDB_txn *txn) {
    change_array(db, txn, first_layout(db, txn).postings[0] + 8, 0xffff0000);
}

static void say_line(void *user, const char *line) {
    char *first = user;
    if (!*first)
        snprintf(first, 256, "%s", line);
}

Test(damage, contradictions_are_found) {
    static const struct {
        const char *name;
        void (*plant)(resight_db *db, MDB_txn *txn);
    } faults[] = {{"a record is lost", lose_record},
                  {"a digest is lost", lose_digest},
                  {"a digest too many", add_digest},
                  {"a record under another's number", swap_records},
                  {"a bank counts wrong", miscount_bank},
                  {"a bank is lost", lose_bank},
                  {"the tail is counted wrong", miscount_tail},
                  {"numbers would be given out again", repeat_ids},
                  {"the dead are counted wrong", miscount_dead},
                  {"a hash in a segment differs", change_hash},
                  {"a key in a segment differs", change_key},
                  {"a chunk of patches is lost", lose_chunk},
                  {"a chunk of patches too many", add_chunk},
                  {"a patch differs from its segment", change_patch},
                  {"a bank counts its patches wrong", miscount_patches},
                  {"an entry in a segment differs", change_entry_id},
                  {"an offset is off by one", change_offset},
                  {"a posting is wrong", change_posting},
                  {"a posting is out of range", change_posting_far}};
    patient it = patient_make();
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        file_write(it.path, it.bytes, it.size);
        resight_verify_report report = {0};
        resight_error error = {""};
        char line[256] = "";
        resight_db *db = open_again(&it.place, 0);
        MDB_txn *txn = begin_raw(db);
        faults[i].plant(db, txn);
        cr_assert_eq(mdb_txn_commit(txn), 0);
        cr_expect_eq(resight_db_verify(db, 50, say_line, line, &report, &error), RESIGHT_E_DAMAGED, "%s",
                     faults[i].name);
        cr_expect_gt(report.faults, 0);
        cr_log_info("%s: %s", faults[i].name, line);
        resight_db_close(&db);
    }
    patient_free(&it);
}

/* A count that is wrong must not keep a merge busy for ever. */
Test(damage, a_merge_says_when_the_tail_is_miscounted) {
    patient it = patient_make();
    resight_error error;
    resight_db *db = open_again(&it.place, 10);
    MDB_txn *txn = begin_raw(db);
    miscount_tail(db, txn);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    cr_expect_eq(resight_db_merge(db, &error), RESIGHT_E_DAMAGED);
    resight_db_close(&db);
    patient_free(&it);
}

/* A table whose offsets and postings are off must end in an error or the right answer, not outside the arrays. */
Test(damage, queries_survive_wrong_tables) {
    patient it = patient_make();
    random_source random = {34};
    for (int i = 0; i < 60; i++) {
        file_write(it.path, it.bytes, it.size);
        resight_db *db = open_again(&it.place, 0);
        MDB_txn *txn = begin_raw(db);
        const segment_layout layout = first_layout(db, txn);
        const uint32_t band = random_below(&random, 4);
        const size_t table = random_below(&random, 2) ? layout.offsets[band] : layout.postings[band];
        for (int n = 0; n < 20; n++)
            change_array(db, txn, table + 4 * (size_t)random_below(&random, 90), (uint32_t)random_next(&random));
        cr_assert_eq(mdb_txn_commit(txn), 0);
        sample_digest(db);
        resight_db_close(&db);
    }
    patient_free(&it);
}
