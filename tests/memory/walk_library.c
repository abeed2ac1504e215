/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every request for memory that the libraries make, refused once, and refused together with all that follow it: hashing
 * a file of each kind, and the life of a database. The call that met it returns RESIGHT_E_NOMEM, or did without;
 * nothing crashes, and LeakSanitizer finds nothing left.
 */
#include "refuse.h"

#include <dirent.h>
#include <resight/db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a run came to; equal digests are equal results. */
typedef struct result {
    int status;
    uint64_t digest;
    resight_error error;
} result;

typedef result scenario(const char *path);

static uint64_t mix(uint64_t digest, const void *bytes, size_t size) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ p[i]) * UINT64_C(0x100000001b3);
    return digest;
}

/* ---- Scenarios -------------------------------------------------------------------------------------------------- */

static int mix_mark(void *user, const resight_mark *mark) {
    uint64_t *digest = user;
    *digest = mix(*digest, mark, sizeof *mark);
    return RESIGHT_OK;
}

static result hash_file(const char *path) {
    result out = {0};
    const resight_marking how = {.dialect = RESIGHT_PDQ512, .turning = RESIGHT_TURNED, .reduced = true};
    resight_decode_options options = resight_decode_options_default();
    options.alpha = RESIGHT_ALPHA_VIEWS;
    const resight_sink sink = {.mark = mix_mark, .user = &out.digest};
    out.status = resight_hash_file(path, &options, &how, &sink, &out.error);
    return out;
}

static void remove_database(const char *dir) {
    static const char *const names[] = {"data.mdb", "lock.mdb", "merge.lock"};
    char path[600];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static int add_entries(resight_db *db, resight_error *error) {
    enum { ENTRIES = 12 };
    resight_writer *writer = NULL;
    const resight_bank bank = {.name = "bank", .polarity = RESIGHT_POSITIVE, .radius_bits = 31};
    int status = resight_writer_begin(db, &writer, error);
    if (status == RESIGHT_OK)
        status = resight_writer_put_bank(writer, &bank, NULL, error);
    for (uint64_t n = 1; status == RESIGHT_OK && n <= ENTRIES; n++) {
        const resight_mark mark = {.hash = {{n * 7919, n << 40, ~n, n}}, .quality = 100, .dialect = RESIGHT_PDQ};
        const resight_label label = {"key", "value"};
        const resight_entry entry = {.bank = 1,
                                     .kind = RESIGHT_IMAGE,
                                     .name = "name",
                                     .added_us = 1,
                                     .labels = &label,
                                     .label_count = 1,
                                     .marks = &mark,
                                     .mark_count = 1};
        uint64_t id = 0;
        status = resight_writer_add(writer, &entry, &id, error);
    }
    if (status == RESIGHT_OK)
        return resight_writer_commit(&writer, error);
    resight_writer_abort(&writer);
    return status;
}

static int read_all(resight_db *db, uint64_t *digest, resight_error *error) {
    resight_reader *reader = NULL;
    resight_matches found = {0};
    const resight_hash queries[] = {{{7919, UINT64_C(1) << 40, ~UINT64_C(1), 1}}, {{1, 2, 3, 4}}};
    resight_entry entry;
    int status = resight_reader_new(db, &reader, error);
    if (status == RESIGHT_OK)
        status = resight_reader_query(reader, queries, 2, NULL, &found, error);
    for (size_t i = 0; status == RESIGHT_OK && i < found.count; i++)
        *digest = mix(*digest, &found.items[i].entry, sizeof found.items[i].entry);
    for (uint64_t id = 0; status == RESIGHT_OK; id = entry.id) {
        status = resight_reader_next_entry(reader, id, 0, &entry, error);
        if (status == RESIGHT_OK)
            *digest = mix(*digest, entry.marks, entry.mark_count * sizeof *entry.marks);
    }
    resight_matches_free(&found);
    resight_reader_free(&reader);
    return status == RESIGHT_END ? RESIGHT_OK : status;
}

static result use_database(const char *dir) {
    result out = {0};
    resight_db *db = NULL;
    resight_verify_report report = {0};
    char copy[512];
    const resight_db_options options = {.create = true, .tail_hashes = 8};
    snprintf(copy, sizeof copy, "%s-copy", dir);
    out.status = resight_db_open(dir, &options, &db, &out.error);
    if (out.status == RESIGHT_OK)
        out.status = add_entries(db, &out.error);
    if (out.status == RESIGHT_OK)
        out.status = resight_db_merge(db, &out.error);
    if (out.status == RESIGHT_OK)
        out.status = read_all(db, &out.digest, &out.error);
    if (out.status == RESIGHT_OK)
        out.status = resight_db_verify(db, 10, NULL, NULL, &report, &out.error);
    if (out.status == RESIGHT_OK)
        out.status = resight_db_backup(db, copy, &out.error);
    out.digest = mix(out.digest, &report, sizeof report);
    resight_db_close(&db);
    remove_database(dir);
    remove_database(copy);
    return out;
}

static result open_again(const char *dir) {
    result out = {0};
    resight_db *db = NULL;
    out.status = resight_db_open(dir, &(resight_db_options){.read_only = true}, &db, &out.error);
    resight_db_close(&db);
    return out;
}

/* ---- The walk --------------------------------------------------------------------------------------------------- */

static unsigned faults;
static uint64_t sites, runs;

static void fault(const char *what, const char *path, uint64_t n, bool ever, const result *got) {
    faults++;
    printf("%s: %s%llu: %s: %s (%s)\n", path, ever ? "from " : "", (unsigned long long)n, what,
           resight_status_name(got->status), got->error.text);
}

static void walk(scenario *run, const char *path, bool ever) {
    refuse_at(0, false);
    const result sound = run(path);
    if (sound.status != RESIGHT_OK) {
        fault("fails with all the memory it asks for", path, 0, ever, &sound);
        return;
    }
    for (uint64_t n = 1;; n++, runs++) {
        refuse_at(n, ever);
        const result got = run(path);
        const bool over = refuse_refused() == 0;
        refuse_at(0, false);
        if (over) {
            sites += ever ? 0 : n - 1;
            return;
        }
        if (got.status == RESIGHT_OK && got.digest != sound.digest)
            fault("another result", path, n, ever, &got);
        else if (got.status != RESIGHT_OK && got.status != RESIGHT_E_NOMEM)
            fault("expected out of memory", path, n, ever, &got);
        else if (got.status != RESIGHT_OK && got.error.text[0] == '\0')
            fault("no text", path, n, ever, &got);
    }
}

static void walk_both(scenario *run, const char *path) {
    walk(run, path, false);
    walk(run, path, true);
}

static int is_visible(const struct dirent *item) {
    return item->d_name[0] != '.' && !strstr(item->d_name, "crash") && !strstr(item->d_name, "find");
}

static void walk_folder(const char *folder) {
    struct dirent **items = NULL;
    const int count = scandir(folder, &items, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, items[i]->d_name);
        walk_both(hash_file, path);
        free(items[i]);
    }
    free(items);
    faults += count < 1;
}

/* An entry of many pages that comes and goes within one commit. */
static int come_and_go(resight_db *db, resight_error *error) {
    enum { MARKS = 20000 };
    resight_writer *writer = NULL;
    resight_mark *marks = calloc(MARKS, sizeof *marks);
    const resight_entry video = {.bank = 1, .kind = RESIGHT_VIDEO, .marks = marks, .mark_count = MARKS};
    uint64_t id = 0;
    for (int i = 0; i < MARKS; i++)
        marks[i].dialect = RESIGHT_PDQ;
    int status = resight_writer_begin(db, &writer, error);
    if (status == RESIGHT_OK)
        status = resight_writer_add(writer, &video, &id, error);
    if (status == RESIGHT_OK)
        status = resight_writer_remove(writer, id, error);
    if (status == RESIGHT_OK)
        status = resight_writer_commit(&writer, error);
    free(marks);
    return status;
}

/* Pages that LMDB counts but never wrote: opening such a file reads the list of free pages, see db/preflight.c. */
static void make_database(const char *dir) {
    resight_db *db = NULL;
    resight_error error = {""};
    int status = resight_db_open(dir, &(resight_db_options){.create = true}, &db, &error);
    if (status == RESIGHT_OK)
        status = add_entries(db, &error);
    for (int i = 0; status == RESIGHT_OK && i < 3; i++)
        status = come_and_go(db, &error);
    if (status != RESIGHT_OK)
        printf("%s: %s\n", dir, error.text);
    faults += status != RESIGHT_OK;
    resight_db_close(&db);
}

int main(int argc, char **argv) {
    char folder[64], dir[80];
    for (int i = 1; i < argc; i++)
        walk_folder(argv[i]);
    snprintf(folder, sizeof folder, "%s/resight-memory-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder))
        return 2;
    snprintf(dir, sizeof dir, "%s/db", folder);
    walk_both(use_database, dir);
    make_database(dir);
    walk_both(open_again, dir);
    remove_database(dir);
    rmdir(folder);
    printf("%llu requests for memory, %llu runs, %u faults\n", (unsigned long long)sites, (unsigned long long)runs,
           faults);
    return faults > 0;
}
