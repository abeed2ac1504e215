/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `resight add`: media into a bank. Workers hash; the main thread writes whatever gathered while the last commit was
 * being flushed, as one transaction, and only then prints: a printed entry is on disk.
 */
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "json.h"
#include "media.h"
#include "memory.h"
#include "pipeline.h"
#include "text.h"
#include <string.h>

#define GROUP_ENTRIES 512
#define GROUP_MARKS 65536

/* A file that was hashed and waits to be written, or that failed and waits to be reported in its turn. */
typedef struct addition {
    char *path;
    char *failure;       /* its text, or NULL */
    resight_entry entry; /* marks and patches are owned; name is path */
    uint64_t id;
    bool existed, damaged;
} addition;

typedef struct add_run {
    const settings *set;
    resight_db *db;
    resight_bank bank;
    resight_label *labels;
    addition *group[GROUP_ENTRIES];
    size_t group_count, group_marks;
    uint64_t added, existed, hashes;
} add_run;

typedef struct add_worker {
    media_reader *media;
    resight_reader *reader;
} add_worker;

static void free_addition(addition **item) {
    if (!*item)
        return;
    free((*item)->path);
    free((*item)->failure);
    free((void *)(uintptr_t)(*item)->entry.marks);
    free((void *)(uintptr_t)(*item)->entry.patch_sets);
    free((void *)(uintptr_t)(*item)->entry.patches);
    free(*item);
    *item = NULL;
}

static void drop(void *made) {
    addition *item = made;
    free_addition(&item);
}

/* ---- Workers --------------------------------------------------------------------------------- */

static void worker_free(void *given) {
    add_worker *worker = given;
    media_reader_free(&worker->media);
    resight_reader_free(&worker->reader);
    free(worker);
}

static void *worker_new(void *shared, resight_error *error) {
    const add_run *run = shared;
    add_worker *worker = must_have(1, sizeof *worker);
    worker->media = media_reader_new(run->set, KNOWN_EVERY_US, MEDIA_KEEP, error);
    if (worker->media && resight_reader_new(run->db, &worker->reader, error) == RESIGHT_OK)
        return worker;
    worker_free(worker);
    return NULL;
}

/* Is that file in the bank already? RESIGHT_OK: *id has it; RESIGHT_END: no. */
static int find_existing(const add_run *run, add_worker *worker, const uint8_t sha256[32], uint64_t *id,
                         resight_error *error) {
    int status = resight_reader_renew(worker->reader, error);
    for (*id = 0; status == RESIGHT_OK;) {
        resight_entry entry;
        status = resight_reader_find_sha256(worker->reader, sha256, *id, id, error);
        if (status != RESIGHT_OK)
            return status;
        status = resight_reader_entry(worker->reader, *id, &entry, error);
        if (status == RESIGHT_OK && entry.bank == run->bank.id)
            return RESIGHT_OK;
    }
    return status;
}

static int hash_file(add_worker *worker, addition *item, resight_error *error) {
    media got;
    const int status = media_hash(worker->media, &got, error);
    if (status != RESIGHT_OK)
        return status;
    item->entry.kind = got.info.kind;
    item->entry.duration_us = got.duration_us;
    item->entry.marks = must_copy_array(got.marks, got.mark_count, sizeof *got.marks);
    item->entry.mark_count = (uint32_t)got.mark_count;
    item->entry.patch_sets = must_copy_array(got.patches.sets, got.patches.set_count, sizeof *got.patches.sets);
    item->entry.patch_set_count = (uint32_t)got.patches.set_count;
    item->entry.patches = must_copy_array(got.patches.items, got.patches.count, sizeof *got.patches.items);
    item->entry.patch_count = (uint32_t)got.patches.count;
    item->damaged = got.damaged;
    return RESIGHT_OK;
}

static void work(void *given, void *shared, job *item) {
    const add_run *run = shared;
    add_worker *worker = given;
    CLEANUP(free_addition) addition *made = must_have(1, sizeof *made);
    made->path = must_copy(item->path);
    made->entry = (resight_entry){
        .bank = run->bank.id,
        .name = made->path,
        .labels = run->labels,
        .label_count = (uint32_t)run->set->labels.count,
        .has_sha256 = true,
    };
    item->status = media_open(worker->media, item->path, &item->error);
    if (item->status == RESIGHT_OK)
        item->status = media_digest(worker->media, made->entry.sha256, &item->error);
    if (item->status == RESIGHT_OK)
        item->status = find_existing(run, worker, made->entry.sha256, &made->id, &item->error);
    made->existed = item->status == RESIGHT_OK;
    if (item->status == RESIGHT_END)
        item->status = hash_file(worker, made, &item->error);
    made->failure = item->status == RESIGHT_OK ? NULL : must_copy(item->error.text);
    item->damaged = made->damaged;
    item->made = STEAL(made);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static unsigned best_quality(const resight_entry *entry) {
    unsigned best = 0;
    for (uint32_t i = 0; i < entry->mark_count; i++)
        best = entry->marks[i].quality > best ? entry->marks[i].quality : best;
    return best;
}

static void print_addition(const add_run *run, const addition *item) {
    if (item->failure) {
        if (run->set->json)
            print_json(stdout, json_failure("path", item->path, item->failure));
        return;
    }
    if (run->set->json) {
        json_t *record = json_object();
        json_object_set_new(record, "path", json_name(item->path));
        json_object_set_new(record, "bank", json_string(run->bank.name));
        json_object_set_new(record, "entry", json_integer((json_int_t)item->id));
        json_object_set_new(record, "added", json_boolean(!item->existed));
        if (!item->existed) {
            json_object_set_new(record, "kind", json_string(resight_media_kind_name(item->entry.kind)));
            json_object_set_new(record, "hashes", json_integer(item->entry.mark_count));
            json_object_set_new(record, "patches", json_integer(item->entry.patch_count));
            json_object_set_new(record, "quality", json_integer(best_quality(&item->entry)));
            json_object_set_new(record, "damaged", json_boolean(item->damaged));
        }
        json_object_set_new(record, "sha256", json_digest(item->entry.sha256));
        print_json(stdout, record);
        return;
    }
    print_name(stdout, item->path);
    if (item->existed) {
        printf(": in %s already, entry %llu\n", run->bank.name, (unsigned long long)item->id);
        return;
    }
    printf(": added to %s, entry %llu, %u hash%s", run->bank.name, (unsigned long long)item->id, item->entry.mark_count,
           item->entry.mark_count == 1 ? "" : "es");
    const unsigned quality = best_quality(&item->entry);
    if (quality < run->bank.min_quality) /* better known now than when it comes back */
        printf(" (quality %u, and the bank asks for %u: only the very same file will match)", quality,
               run->bank.min_quality);
    putchar('\n');
}

static bool is_new(const addition *item) {
    return !item->failure && !item->existed;
}

/* Write the group in one transaction. */
static int write_group(add_run *run, resight_error *error) {
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    int status = resight_writer_begin(run->db, &writer, error);
    for (size_t i = 0; status >= 0 && i < run->group_count; i++) {
        addition *item = run->group[i];
        if (!is_new(item))
            continue;
        status = resight_writer_add(writer, &item->entry, &item->id, error);
        item->existed = status == RESIGHT_EXISTS; /* another process, or the same file twice in this group */
    }
    return status < 0 ? status : resight_writer_commit(&writer, error);
}

static bool anything_new(const add_run *run) {
    for (size_t i = 0; i < run->group_count; i++)
        if (is_new(run->group[i]))
            return true;
    return false;
}

/* Commit the group, then print and forget it. */
static int flush_group(add_run *run) {
    resight_error error = {0};
    const int status = anything_new(run) ? write_group(run, &error) : RESIGHT_OK;
    if (status != RESIGHT_OK)
        database_trouble(run->set, status, &error);
    for (size_t i = 0; i < run->group_count; i++) {
        addition *item = run->group[i];
        if (status == RESIGHT_OK) {
            print_addition(run, item);
            run->added += is_new(item);
            run->existed += item->existed;
            run->hashes += is_new(item) ? item->entry.mark_count : 0;
        }
        free_addition(&item);
    }
    run->group_count = run->group_marks = 0;
    fflush(stdout);
    if (status != RESIGHT_OK)
        return status;
    const int merged = resight_db_merge(run->db, &error);
    return merged == RESIGHT_OK ? merged : database_trouble(run->set, merged, &error);
}

static int take(void *shared, job *item, bool idle) {
    add_run *run = shared;
    if (item) {
        addition *made = STEAL(item->made);
        run->group[run->group_count++] = made;
        run->group_marks += made->entry.mark_count + made->entry.patch_count;
    }
    if (run->group_count == 0 || (!idle && run->group_count < GROUP_ENTRIES && run->group_marks < GROUP_MARKS))
        return RESIGHT_OK;
    return flush_group(run);
}

/* ---- The command ----------------------------------------------------------------------------- */

int run_add(const settings *set, char **operands) {
    if (!*operands && !set->files_from) {
        complain("add", "no input; name files or folders, or - for standard input");
        return EXIT_TROUBLE;
    }
    resight_bank wanted; /* a name that cannot be is told before a database is made for it */
    if (bank_init(set->bank ? set->bank : DEFAULT_BANK, &wanted) != RESIGHT_OK)
        return EXIT_TROUBLE;
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_CREATE);
    if (!db)
        return EXIT_TROUBLE;
    CLEANUP_FREE add_run *run = must_have(1, sizeof *run);
    CLEANUP_FREE resight_label *labels = labels_of(set);
    run->set = set;
    run->db = db;
    run->labels = labels;
    if (database_make_bank(set, db, set->bank ? set->bank : DEFAULT_BANK, &run->bank) != RESIGHT_OK)
        return EXIT_TROUBLE;
    const pipeline line = {run, worker_new, worker_free, work, take, drop};
    const int code = pipeline_run(&line, set, operands);
    if (!set->json) /* for people, beside the data */
        fprintf(stderr, "%llu added (%llu hashes), %llu already there\n", (unsigned long long)run->added,
                (unsigned long long)run->hashes, (unsigned long long)run->existed);
    return code == EXIT_NOTHING ? EXIT_MATCHED : code;
}
