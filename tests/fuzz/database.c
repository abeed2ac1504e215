/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged database. The target makes a small sound one; an input says how it is damaged: in the bytes of its file, as
 * a disk would, or in its records under good checksums, as a liar would. Whatever verify then calls sound answers every
 * query as a comparison with all of its entries does.
 *
 * LMDB trusts its file, so bytes are damaged in front of a child, which LMDB may take down with it (db.h says so at
 * resight_db_verify); our own code may not, nor may it run for ever. Records are damaged in this process.
 */
#include "base/cleanup.h"
#include "crc32c.h"
#include "env.h"
#include "fuzz.h"
#include "schema.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IMAGES = 20, VIDEO_MARKS = 12, TAIL = 8, SECONDS = 20 };

static char folder[256], file[288], lock_file[288], merge_file[288];
static uint8_t *sound_bytes;
static size_t sound_size;

static void remove_folder(void) {
    unlink(file);
    unlink(lock_file);
    unlink(merge_file);
    rmdir(folder);
}

static resight_hash hash_of(uint64_t n) {
    resight_hash hash;
    for (int i = 0; i < 4; i++) {
        n = (n ^ n >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + 1;
        hash.w[i] = n ^ n >> 32;
    }
    return hash;
}

static resight_mark mark_of(uint64_t n, int64_t time_us) {
    return (resight_mark){.hash = hash_of(n), .time_us = time_us, .quality = 100, .dialect = RESIGHT_PDQ};
}

static void add(resight_db *db, const resight_entry *entry) {
    resight_writer *writer = NULL;
    uint64_t id = 0;
    PROPERTY(resight_writer_begin(db, &writer, NULL) == RESIGHT_OK);
    PROPERTY(resight_writer_add(writer, entry, &id, NULL) == RESIGHT_OK);
    PROPERTY(resight_writer_commit(&writer, NULL) == RESIGHT_OK);
    PROPERTY(resight_db_merge(db, NULL) == RESIGHT_OK);
}

static void put_banks(resight_db *db) {
    resight_writer *writer = NULL;
    resight_bank banks[] = {{.name = "one", .polarity = RESIGHT_POSITIVE, .radius_bits = 31, .min_quality = 50},
                            {.name = "two", .polarity = RESIGHT_NEGATIVE, .radius_bits = 20}};
    PROPERTY(resight_writer_begin(db, &writer, NULL) == RESIGHT_OK);
    for (int i = 0; i < 2; i++)
        PROPERTY(resight_writer_put_bank(writer, &banks[i], NULL, NULL) == RESIGHT_OK);
    PROPERTY(resight_writer_commit(&writer, NULL) == RESIGHT_OK);
}

/* Segments, a tail, a removed entry, digests, labels. */
static void fill(resight_db *db) {
    put_banks(db);
    for (uint32_t n = 1; n <= IMAGES; n++) {
        const resight_mark mark = mark_of(n, 0);
        const resight_label label = {"key", "value"};
        resight_entry entry = {.bank = 1 + n % 2, .kind = RESIGHT_IMAGE, .name = "image", .added_us = 1};
        entry.marks = &mark;
        entry.mark_count = 1;
        entry.labels = &label;
        entry.label_count = n % 3 == 0;
        entry.has_sha256 = n % 4 == 0;
        memcpy(entry.sha256, &mark.hash, 32);
        add(db, &entry);
    }
    resight_mark marks[VIDEO_MARKS];
    for (uint32_t i = 0; i < VIDEO_MARKS; i++)
        marks[i] = mark_of(1000 + i, i * 1000);
    add(db,
        &(resight_entry){
            .bank = 1, .kind = RESIGHT_VIDEO, .name = "v", .added_us = 1, .marks = marks, .mark_count = VIDEO_MARKS});
    resight_writer *writer = NULL;
    PROPERTY(resight_writer_begin(db, &writer, NULL) == RESIGHT_OK);
    PROPERTY(resight_writer_remove(writer, 5, NULL) == RESIGHT_OK);
    PROPERTY(resight_writer_commit(&writer, NULL) == RESIGHT_OK);
    const resight_mark last = mark_of(IMAGES + 1, 0);
    add(db,
        &(resight_entry){.bank = 2, .kind = RESIGHT_IMAGE, .name = "", .added_us = 1, .marks = &last, .mark_count = 1});
}

static void keep_sound_bytes(void) {
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat info;
    PROPERTY(fd >= 0 && fstat(fd, &info) == 0);
    sound_size = (size_t)info.st_size;
    sound_bytes = malloc(sound_size);
    PROPERTY(sound_bytes && read(fd, sound_bytes, sound_size) == (ssize_t)sound_size);
    close(fd);
}

static void make_sound(void) {
    resight_db *db = NULL;
    const resight_db_options options = {.create = true, .tail_hashes = TAIL};
    const char *base = getenv("TMPDIR");
    if (!base)
        base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/resight-fuzz-XXXXXX", base);
    PROPERTY(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/data.mdb", folder);
    snprintf(lock_file, sizeof lock_file, "%s/lock.mdb", folder);
    snprintf(merge_file, sizeof merge_file, "%s/merge.lock", folder);
    atexit(remove_folder);
    PROPERTY(resight_db_open(folder, &options, &db, NULL) == RESIGHT_OK);
    fill(db);
    resight_db_close(&db);
    keep_sound_bytes();
}

static void write_file(const uint8_t *bytes, size_t size_bytes) {
    const int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    PROPERTY(fd >= 0 && write(fd, bytes, size_bytes) == (ssize_t)size_bytes);
    close(fd);
}

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

/* Matches that a comparison with every mark of every entry finds. */
static size_t count_matches(resight_reader *reader, const resight_hash *query, uint64_t *sum) {
    resight_entry entry;
    size_t found = 0;
    for (uint64_t id = 0; resight_reader_next_entry(reader, id, 0, &entry, NULL) == RESIGHT_OK; id = entry.id) {
        resight_bank bank = {0}, next;
        for (uint32_t b = 0; resight_reader_next_bank(reader, b, &next, NULL) == RESIGHT_OK; b = next.id)
            bank = next.id == entry.bank ? next : bank;
        for (uint32_t i = 0; i < entry.mark_count; i++) {
            const unsigned bits = resight_hash_distance(query, &entry.marks[i].hash);
            if (bits > bank.radius_bits || entry.marks[i].quality < bank.min_quality)
                continue;
            *sum += entry.id * 31 + i * 7 + bits;
            found++;
        }
    }
    return found;
}

static void check_answers(resight_reader *reader, bool is_sound) {
    resight_matches found = {0};
    for (uint64_t n = 0; n < IMAGES + 6; n++) {
        resight_hash query = hash_of(n < IMAGES ? n + 1 : 1000 + n - IMAGES);
        query.w[n % 4] ^= n % 5 == 0 ? 0 : UINT64_C(0x1111) << n;
        uint64_t expected_sum = 0, sum = 0;
        const int status = resight_reader_query(reader, &query, 1, NULL, &found, NULL);
        for (size_t i = 0; i < found.count; i++)
            sum += found.items[i].entry * 31 + found.items[i].mark * 7 + found.items[i].distance_bits;
        const size_t expected = is_sound ? count_matches(reader, &query, &expected_sum) : 0;
        PROPERTY(!is_sound || (status == RESIGHT_OK && expected == found.count && sum == expected_sum));
    }
    resight_matches_free(&found);
}

static void check_reading(resight_db *db, bool is_sound) {
    resight_reader *reader = NULL;
    resight_db_stats *stats = calloc(1, sizeof *stats);
    const int status = resight_reader_new(db, &reader, NULL);
    PROPERTY(!is_sound || status == RESIGHT_OK);
    if (status == RESIGHT_OK) {
        check_answers(reader, is_sound);
        const int counted = resight_reader_stats(reader, stats, NULL);
        PROPERTY(!is_sound || counted == RESIGHT_OK);
    }
    resight_reader_free(&reader);
    free(stats);
}

static void examine(resight_db *db) {
    resight_verify_report report;
    resight_error error = {""};
    const int status = resight_db_verify(db, 10, NULL, NULL, &report, &error);
    PROPERTY(status == RESIGHT_OK ? report.faults == 0 : error.text[0] != '\0');
    check_reading(db, status == RESIGHT_OK);
}

/* ---- Damage to bytes -------------------------------------------------------------------------------------------- */

static void examine_file(void) {
    CLEANUP(resight_db_close) resight_db *db = NULL;
    resight_error error = {""};
    const int status = resight_db_open(folder, &(resight_db_options){.tail_hashes = TAIL}, &db, &error);
    PROPERTY(status == RESIGHT_OK || error.text[0] != '\0');
    if (status == RESIGHT_OK)
        examine(db);
}

/* The signals that LMDB dies of are dealt with by the system again, and not by a sanitizer. */
static _Noreturn void child(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    alarm(SECONDS);
    examine_file();
    _exit(0);
}

static void damage_bytes(fuzz_input *in) {
    uint8_t *bytes = malloc(sound_size), where[3];
    size_t size_bytes = sound_size;
    PROPERTY(bytes);
    memcpy(bytes, sound_bytes, sound_size);
    while (in->left >= 4) {
        take(in, where, sizeof where);
        bytes[((size_t)where[0] << 16 | (size_t)where[1] << 8 | where[2]) % sound_size] ^= take8(in);
    }
    if (in->left > 0) /* what is left over cuts the file short */
        size_bytes -= (size_t)take16(in) * 16 % sound_size;
    write_file(bytes, size_bytes);
    free(bytes);
    const pid_t pid = fork();
    PROPERTY(pid >= 0);
    if (pid == 0)
        child();
    int how = 0;
    while (waitpid(pid, &how, 0) < 0)
        PROPERTY(errno == EINTR);
    if (WIFSIGNALED(how))
        PROPERTY(WTERMSIG(how) == SIGSEGV || WTERMSIG(how) == SIGBUS || WTERMSIG(how) == SIGABRT ||
                 WTERMSIG(how) == SIGFPE);
    else
        PROPERTY(WEXITSTATUS(how) == 0);
}

/* ---- Damage to records ------------------------------------------------------------------------------------------ */

typedef struct place {
    MDB_dbi dbi;
    MDB_val key, value;
} place;

/* The n-th record of a table, counted around its end. */
static bool find(MDB_txn *txn, MDB_dbi dbi, unsigned n, place *out) {
    MDB_stat stat;
    MDB_cursor *cursor = NULL;
    if (mdb_stat(txn, dbi, &stat) != 0 || stat.ms_entries == 0 || mdb_cursor_open(txn, dbi, &cursor) != 0)
        return false;
    int code = mdb_cursor_get(cursor, &out->key, &out->value, MDB_FIRST);
    for (n %= (unsigned)stat.ms_entries; n > 0 && code == 0; n--)
        code = mdb_cursor_get(cursor, &out->key, &out->value, MDB_NEXT);
    mdb_cursor_close(cursor);
    out->dbi = dbi;
    return code == 0;
}

/* One to four bytes of a record are changed, or it is cut, or goes; all but digests are sealed again. */
static void damage_record(fuzz_input *in, MDB_txn *txn, const place *at, bool sealed) {
    enum { CHANGE = 0, CUT = 1, REMOVE = 2, COPY = 3 };
    const uint8_t how = take8(in);
    const uint16_t offset = take16(in);
    uint8_t key[40], *copy = malloc(at->value.mv_size + 1);
    MDB_val name = val_of(key, at->key.mv_size), value = val_of(copy, at->value.mv_size);
    PROPERTY(copy && at->key.mv_size <= sizeof key);
    memcpy(key, at->key.mv_data, at->key.mv_size);
    memcpy(copy, at->value.mv_data, at->value.mv_size);
    switch (how % 4) {
    case CUT: value.mv_size = offset % (value.mv_size + 1); break;
    case COPY: key[offset % name.mv_size] ^= take8(in); break;
    default:
        for (int i = 0; i <= how >> 6 && value.mv_size > 0; i++)
            copy[(offset + (size_t)i) % value.mv_size] ^= take8(in);
    }
    if (sealed && value.mv_size >= 4) {
        const uint32_t crc = crc32c(copy + 4, value.mv_size - 4);
        memcpy(copy, &crc, sizeof crc);
    }
    const int code = how % 4 == REMOVE ? mdb_del(txn, at->dbi, &name, NULL) : mdb_put(txn, at->dbi, &name, &value, 0);
    PROPERTY(code == 0 || code == MDB_BAD_VALSIZE);
    free(copy);
}

static void damage_records(fuzz_input *in) {
    resight_db *db = NULL;
    MDB_txn *txn = NULL;
    write_file(sound_bytes, sound_size);
    PROPERTY(resight_db_open(folder, &(resight_db_options){.tail_hashes = TAIL}, &db, NULL) == RESIGHT_OK);
    const MDB_dbi tables[] = {db->meta,    db->meta,  db->entry,   db->digest,
                              db->segment, db->entry, db->segment, db->segment};
    PROPERTY(mdb_txn_begin(db->env, NULL, 0, &txn) == 0);
    for (int n = 0; in->left >= 4 && n < 32; n++) {
        place at;
        const uint8_t which = take8(in);
        const unsigned table = which % 8, number = which >> 3;
        if (find(txn, tables[table], number, &at))
            damage_record(in, txn, &at, table != 3);
    }
    PROPERTY(mdb_txn_commit(txn) == 0);
    examine(db);
    resight_db_close(&db);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    if (!sound_bytes)
        make_sound();
    if (take8(&in) % 2 == 0)
        damage_records(&in);
    else
        damage_bytes(&in);
    return 0;
}
