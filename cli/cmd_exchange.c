/* SPDX-License-Identifier: Apache-2.0 */
/* `resight import` and `export`: other people's hash lists into banks, and banks as lists. */
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "lines.h"
#include "memory.h"
#include "text.h"
#include <openssl/evp.h>
#include <resight/exchange.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#define GROUP_ROWS 4096 /* written in one transaction */

/* ---- import ---------------------------------------------------------------------------------- */

typedef struct import_run {
    const settings *set;
    resight_db *db;
    resight_reader *reader;
    resight_matches matches;
    uint32_t bank;
    resight_label *labels;
    void *hashes, *items;            /* sets: hashes looked up, and what is known of them */
    resight_entry group[GROUP_ROWS]; /* marks and names are owned */
    size_t group_count;
    unsigned long long added, existed, refused;
} import_run;

static void free_group(import_run *run) {
    for (size_t i = 0; i < run->group_count; i++) {
        free((void *)(uintptr_t)run->group[i].name);
        free((void *)(uintptr_t)run->group[i].marks);
    }
    run->group_count = 0;
}

static void import_run_free(import_run **run) {
    if (!*run)
        return;
    free_group(*run);
    resight_reader_free(&(*run)->reader);
    resight_matches_free(&(*run)->matches);
    resight_db_close(&(*run)->db);
    tdestroy((*run)->hashes, free);
    tdestroy((*run)->items, free);
    free((*run)->labels);
    free(*run);
    *run = NULL;
}

/* Write the group in one transaction. */
static int write_group(import_run *run) {
    resight_error error = {0};
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    int status = run->group_count ? resight_writer_begin(run->db, &writer, &error) : RESIGHT_OK;
    for (size_t i = 0; status >= 0 && i < run->group_count; i++) {
        uint64_t id;
        status = resight_writer_add(writer, &run->group[i], &id, &error);
    }
    if (status >= 0 && writer)
        status = resight_writer_commit(&writer, &error);
    if (status >= 0)
        run->added += run->group_count;
    free_group(run);
    if (status >= 0)
        status = resight_db_merge(run->db, &error);
    if (status >= 0)
        status = resight_reader_renew(run->reader, &error);
    return status < 0 ? database_trouble(run->set, status, &error) : RESIGHT_OK;
}

/* ---- What is known already: sets of 32-byte keys, so that a list costs its length, whatever repeats in it ---- */

#define KEY_BYTES 32

static int by_key(const void *left, const void *right) {
    return memcmp(left, right, KEY_BYTES);
}

/* True when the key was not in the set; it is now. */
static bool set_add(void **set, const void *key) {
    uint8_t *copy = must_have(1, KEY_BYTES);
    memcpy(copy, key, KEY_BYTES);
    void *const *node = tsearch(copy, set, by_key);
    if (!node)
        must_fail();
    const bool added = *node == copy;
    if (!added)
        free(copy);
    return added;
}

/* An entry's name and marks, as a key. */
static void item_key(const resight_entry *entry, uint8_t key[KEY_BYTES]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) ||
        !EVP_DigestUpdate(context, entry->marks, entry->mark_count * sizeof *entry->marks) ||
        !EVP_DigestUpdate(context, entry->name, strlen(entry->name)) || !EVP_DigestFinal_ex(context, key, NULL))
        must_fail();
    EVP_MD_CTX_free(context);
}

/* Note the entries of the bank that hold this hash, the first time that it is met. */
static int note_stored(import_run *run, const resight_hash *hash, resight_error *error) {
    if (!set_add(&run->hashes, hash))
        return RESIGHT_OK;
    const resight_query_options exact = {.has_radius = true, .has_min_quality = true, .bank = run->bank};
    int status = resight_reader_query(run->reader, hash, 1, &exact, &run->matches, error);
    for (size_t i = 0; status == RESIGHT_OK && i < run->matches.count; i++) {
        resight_entry present;
        uint8_t key[KEY_BYTES];
        status = resight_reader_entry(run->reader, run->matches.items[i].entry, &present, error);
        if (status != RESIGHT_OK)
            break;
        item_key(&present, key);
        set_add(&run->items, key);
    }
    return status;
}

/* Is an entry with this name and these marks in the bank, or in the list before? 1, 0, or a failure. */
static int is_known(import_run *run, const resight_entry *entry, resight_error *error) {
    uint8_t key[KEY_BYTES];
    const int status = note_stored(run, &entry->marks[0].hash, error);
    if (status != RESIGHT_OK)
        return status;
    item_key(entry, key);
    return !set_add(&run->items, key);
}

/* Put an item into the group; takes its name and marks. */
static int take_item(import_run *run, resight_entry entry) {
    resight_error error = {0};
    entry.bank = run->bank;
    entry.labels = run->labels;
    entry.label_count = (uint32_t)run->set->labels.count;
    const int known = is_known(run, &entry, &error);
    if (known == 0) {
        run->group[run->group_count++] = entry;
        return run->group_count == GROUP_ROWS ? write_group(run) : RESIGHT_OK;
    }
    free((void *)(uintptr_t)entry.name);
    free((void *)(uintptr_t)entry.marks);
    run->existed += known == 1;
    return known < 0 ? database_trouble(run->set, known, &error) : RESIGHT_OK;
}

static void refuse_row(import_run *run, const lines *list, const resight_error *error) {
    complain(list->path, "line %lu: %s", list->number, error->text);
    run->refused++;
}

static int import_pdq(import_run *run, lines *list) {
    int status = RESIGHT_OK;
    while (status >= 0 && lines_next(list)) {
        resight_error error = {0};
        resight_list_row row;
        list->text[strcspn(list->text, "\r")] = 0;
        int parsed = resight_list_parse(list->text, &row, &error);
        if (parsed == RESIGHT_OK && row.metadata && strlen(row.metadata) > RESIGHT_NAME_MAX)
            parsed = resight_fail(&error, RESIGHT_E_FORMAT, "more than %d bytes after the hash", RESIGHT_NAME_MAX);
        if (parsed < 0)
            refuse_row(run, list, &error);
        if (parsed != RESIGHT_OK)
            continue;
        resight_mark *mark = must_have(1, sizeof *mark);
        *mark = (resight_mark){.hash = row.hash, .quality = 100, .dialect = (uint8_t)run->set->dialect};
        status = take_item(run, (resight_entry){.kind = RESIGHT_IMAGE,
                                                .name = must_copy(row.metadata ? row.metadata : ""),
                                                .marks = mark,
                                                .mark_count = 1});
    }
    return status;
}

/* The frames of one video on their way in. */
typedef struct frame_list {
    char *name;
    resight_mark *marks;
    size_t count;
} frame_list;

static void frame_list_free(frame_list *frames) {
    free(frames->name);
    free(frames->marks);
    *frames = (frame_list){0};
}

static int by_time(const void *left, const void *right) {
    const resight_mark *a = left, *b = right;
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    return (a->frame_number > b->frame_number) - (a->frame_number < b->frame_number);
}

/* Hand the frames over as one video, under its name; then begin the next. */
static int take_video(import_run *run, frame_list *frames, const char *next_name) {
    int status = RESIGHT_OK;
    if (frames->count > RESIGHT_MARKS_MAX) {
        complain(frames->name, "more than %d frames", RESIGHT_MARKS_MAX);
        run->refused++;
    } else if (frames->count > 0) {
        qsort(frames->marks, frames->count, sizeof *frames->marks, by_time);
        const resight_entry video = {.kind = RESIGHT_VIDEO,
                                     .name = frames->name,
                                     .marks = frames->marks,
                                     .mark_count = (uint32_t)frames->count,
                                     .duration_us = frames->marks[frames->count - 1].time_us};
        *frames = (frame_list){0};
        status = take_item(run, video);
    }
    frame_list_free(frames);
    frames->name = must_copy(next_name);
    return status;
}

/* One video, or several when a line `# name` goes before each, as export writes them. */
static int import_vpdq(import_run *run, lines *list) {
    CLEANUP(frame_list_free) frame_list frames = {.name = must_copy(list->path)};
    const unsigned long long refused = run->refused;
    bool any = false;
    int status = RESIGHT_OK;
    while (status >= 0 && lines_next(list)) {
        resight_error error = {0};
        resight_mark mark;
        list->text[strcspn(list->text, "\r")] = 0;
        if (strncmp(list->text, "# ", 2) == 0 && strlen(list->text) - 2 <= RESIGHT_NAME_MAX) {
            status = take_video(run, &frames, list->text + 2);
            continue;
        }
        const int parsed = resight_vpdq_parse(list->text, &mark, &error);
        if (parsed < 0)
            refuse_row(run, list, &error);
        if (parsed != RESIGHT_OK)
            continue;
        any = true;
        mark.dialect = (uint8_t)run->set->dialect;
        if (mark.time_us < 0)
            mark.time_us = 0; /* the three-field form has no times */
        must_grow(&frames.marks, frames.count, sizeof *frames.marks);
        frames.marks[frames.count++] = mark;
    }
    if (!any && run->refused == refused && !list->failed) {
        complain(list->path, "no frames: a line FRAME,QUALITY,HASH,SECONDS was expected");
        run->refused++;
    }
    return status < 0 ? status : take_video(run, &frames, "");
}

static int import_file(import_run *run, const char *path) {
    CLEANUP(lines_close) lines list;
    if (!lines_open(&list, path, '\n')) {
        run->refused++;
        return RESIGHT_OK;
    }
    const int status = strcmp(run->set->list_format, "vpdq") == 0 ? import_vpdq(run, &list) : import_pdq(run, &list);
    run->refused += list.failed;
    return status;
}

int run_import(const settings *set, char **operands) {
    CLEANUP(import_run_free) import_run *run = must_have(1, sizeof *run);
    run->set = set;
    run->db = database_open(set, DATABASE_CREATE);
    if (!run->db)
        return EXIT_TROUBLE;
    run->labels = labels_of(set);
    resight_bank bank;
    if (database_make_bank(set, run->db, set->bank ? set->bank : DEFAULT_BANK, &bank) != RESIGHT_OK)
        return EXIT_TROUBLE;
    run->bank = bank.id;
    run->reader = database_reader(set, run->db);
    if (!run->reader)
        return EXIT_TROUBLE;
    int status = RESIGHT_OK;
    for (; status >= 0 && *operands; operands++)
        status = import_file(run, *operands);
    if (status >= 0)
        status = write_group(run);
    fprintf(stderr, "%llu added, %llu already there, %llu not read\n", run->added, run->existed, run->refused);
    return status < 0 || run->refused ? EXIT_TROUBLE : EXIT_MATCHED;
}

/* ---- export ---------------------------------------------------------------------------------- */

/* As it is stored, so that it comes back as it went; only what would break the line is escaped. */
static void print_list_name(const char *name) {
    if (strpbrk(name, "\r\n"))
        print_name(stdout, name);
    else
        fputs(name, stdout);
}

static void export_pdq(const settings *set, const resight_entry *entry) {
    char hex[RESIGHT_HEX_LEN + 1];
    for (uint32_t i = 0; i < entry->mark_count; i++) {
        if (entry->marks[i].dialect != set->dialect || entry->marks[i].view != RESIGHT_VIEW_STORED)
            continue;
        resight_hash_to_hex(&entry->marks[i].hash, hex);
        fputs(hex, stdout);
        if (*entry->name) {
            putchar(',');
            print_list_name(entry->name);
        }
        putchar('\n');
    }
}

static void export_vpdq(const settings *set, const resight_entry *entry) {
    char line[RESIGHT_VPDQ_LINE_MAX];
    fputs("# ", stdout);
    print_list_name(entry->name);
    putchar('\n');
    for (uint32_t i = 0; i < entry->mark_count; i++) {
        if (entry->marks[i].dialect != set->dialect || entry->marks[i].view != RESIGHT_VIEW_STORED)
            continue;
        resight_vpdq_print(&entry->marks[i], line);
        puts(line);
    }
}

int run_export(const settings *set, char **operands) {
    (void)operands;
    const bool videos = strcmp(set->list_format, "vpdq") == 0;
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    CLEANUP(resight_reader_free) resight_reader *reader = db ? database_reader(set, db) : NULL;
    resight_bank bank = {0};
    if (!reader || (set->bank && database_bank(set, reader, set->bank, &bank) != RESIGHT_OK))
        return EXIT_TROUBLE;
    resight_error error = {0};
    resight_entry entry = {0};
    int status;
    while ((status = resight_reader_next_entry(reader, entry.id, bank.id, &entry, &error)) == RESIGHT_OK) {
        if (videos && entry.kind == RESIGHT_VIDEO)
            export_vpdq(set, &entry);
        else if (!videos && entry.kind == RESIGHT_IMAGE)
            export_pdq(set, &entry);
    }
    if (status == RESIGHT_END)
        return EXIT_MATCHED;
    database_trouble(set, status, &error);
    return EXIT_TROUBLE;
}
