/* SPDX-License-Identifier: Apache-2.0 */
/* `resight match`: media and hashes looked up in the database. */
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "found.h"
#include "json.h"
#include "lines.h"
#include "media.h"
#include "memory.h"
#include "pipeline.h"
#include "text.h"
#include <resight/exchange.h>
#include <resight/match.h>
#include <string.h>

#define DEFAULT_TOP 10

typedef struct match_run {
    const settings *set;
    resight_db *db;
    resight_matching how;
    int64_t every_us;
    size_t top;
} match_run;

typedef struct match_worker {
    media_reader *media;
    resight_matcher *matcher;
} match_worker;

/* ---- JSON ------------------------------------------------------------------------------------ */

static void print_json_answer(FILE *out, const char *name, const char *kind, const resight_subject *what,
                              const resight_answer *got, size_t top, bool damaged) {
    json_t *record = json_object(), *matches = json_array();
    json_object_set_new(record, "query", json_name(name));
    json_object_set_new(record, "kind", json_string(kind));
    json_object_set_new(record, "quality", got->quality >= 0 ? json_integer(got->quality) : json_null());
    if (what->kind == RESIGHT_VIDEO)
        json_object_set_new(record, "frames", json_integer(got->frames));
    if (damaged)
        json_object_set_new(record, "damaged", json_true());
    for (size_t i = 0; i < got->count && i < top; i++)
        json_array_append_new(matches, json_found(&got->items[i], what));
    json_object_set_new(record, "matches", matches);
    json_object_set_new(record, "match_count", json_integer((json_int_t)got->count)); /* --top may show fewer */
    if (got->suppressor_count > 0)
        json_object_set_new(record, "suppressed_by", json_suppressors(got));
    print_json(out, record);
}

/* ---- Text ------------------------------------------------------------------------------------ */

static void print_answer(const match_run *run, FILE *out, const char *name, const char *kind,
                         const resight_subject *what, const resight_answer *got, bool damaged) {
    if (run->set->json) {
        print_json_answer(out, name, kind, what, got, run->top, damaged);
        return;
    }
    for (size_t i = 0; i < got->count && i < run->top; i++)
        print_found(out, name, &got->items[i], what, got);
    if (got->count > run->top) {
        print_name(out, name);
        fprintf(out, ": and %zu more; --top 0 prints all\n", got->count - run->top);
    }
    if (got->count == 0)
        print_nothing_found(out, name, got, run->how.min_quality);
}

/* ---- Media ----------------------------------------------------------------------------------- */

static void worker_free(void *given) {
    match_worker *worker = given;
    media_reader_free(&worker->media);
    resight_matcher_free(&worker->matcher);
    free(worker);
}

static void *worker_new(void *shared, resight_error *error) {
    const match_run *run = shared;
    match_worker *worker = must_have(1, sizeof *worker);
    worker->media = media_reader_new(run->set, run->every_us, MEDIA_QUERY, error);
    if (worker->media && resight_matcher_new(run->db, &worker->matcher, error) == RESIGHT_OK)
        return worker;
    worker_free(worker);
    return NULL;
}

/* Digest, hash and look one file up. */
static int match_file(const match_run *run, match_worker *worker, job *item, FILE *out) {
    uint8_t sha256[32];
    media got;
    CLEANUP(resight_answer_free) resight_answer answer = {0};
    int status = media_open(worker->media, item->path, &item->error);
    if (status == RESIGHT_OK)
        status = media_digest(worker->media, sha256, &item->error);
    if (status == RESIGHT_OK)
        status = media_hash(worker->media, &got, &item->error);
    if (status != RESIGHT_OK)
        return status;
    const resight_subject what = media_subject(&got, sha256, run->every_us);
    status = resight_matcher_find(worker->matcher, &what, &run->how, &answer, &item->error);
    if (status != RESIGHT_OK)
        return status;
    item->damaged = got.damaged;
    item->matched = answer.count > 0;
    print_answer(run, out, item->path, resight_media_kind_name(what.kind), &what, &answer, got.damaged);
    return RESIGHT_OK;
}

static void work(void *worker, void *shared, job *item) {
    const match_run *run = shared;
    size_t bytes = 0;
    FILE *out = must_open_text(&item->text, &bytes);
    item->status = match_file(run, worker, item, out);
    if (item->status < 0 && run->set->json)
        print_json(out, json_failure("query", item->path, item->error.text));
    fclose(out);
}

static int take(void *shared, job *item, bool idle) {
    (void)shared;
    return print_job(item, idle);
}

/* ---- Hashes ---------------------------------------------------------------------------------- */

/* Look one hash up and print the answer. Returns an exit code. */
static int match_hash(const match_run *run, resight_matcher *m, const resight_hash *hash, resight_view view,
                      const char *name) {
    const resight_mark mark = {
        .hash = *hash, .quality = 100, .dialect = (uint8_t)run->set->dialect, .view = (uint8_t)view};
    resight_error error = {0};
    CLEANUP(resight_answer_free) resight_answer answer = {0};
    const resight_subject what = {.kind = RESIGHT_IMAGE, .marks = &mark, .mark_count = 1, .every_us = run->every_us};
    resight_matching how = run->how;
    how.inverted = false;
    how.min_quality = 0; /* a hash from outside comes without its quality */
    const int status = resight_matcher_find(m, &what, &how, &answer, &error);
    if (status != RESIGHT_OK) {
        database_trouble(run->set, status, &error);
        return EXIT_TROUBLE;
    }
    answer.quality = -1;
    print_answer(run, stdout, name, "hash", &what, &answer, false);
    return answer.count > 0 ? EXIT_MATCHED : EXIT_NOTHING;
}

/* Trouble outweighs a match, a match outweighs nothing. */
static int worse(int a, int b) {
    if (a == EXIT_TROUBLE || b == EXIT_TROUBLE)
        return EXIT_TROUBLE;
    return a == EXIT_MATCHED || b == EXIT_MATCHED ? EXIT_MATCHED : EXIT_NOTHING;
}

/* Look the hashes of a list up. A row that cannot be read is one line on stderr; the others go on. */
static int match_list(const match_run *run, resight_matcher *m, const char *path) {
    CLEANUP(lines_close) lines list;
    if (!lines_open(&list, path, '\n'))
        return EXIT_TROUBLE;
    int code = EXIT_NOTHING;
    while (lines_next(&list)) {
        resight_list_row row;
        resight_error error = {0};
        char hex[RESIGHT_HEX_LEN + 1];
        const bool approximate = *list.text == RESIGHT_APPROXIMATELY;
        const int status = resight_list_parse(list.text + approximate, &row, &error);
        if (status < 0) {
            complain(path, "line %lu: %s", list.number, error.text);
            code = EXIT_TROUBLE;
        }
        if (status != RESIGHT_OK)
            continue;
        resight_hash_to_hex(&row.hash, hex);
        const resight_view view = approximate ? RESIGHT_VIEW_APPROXIMATE : RESIGHT_VIEW_STORED;
        code = worse(code, match_hash(run, m, &row.hash, view, hex));
    }
    return list.failed ? EXIT_TROUBLE : code;
}

static int match_hashes(const match_run *run) {
    resight_error error = {0};
    CLEANUP(resight_matcher_free) resight_matcher *m = NULL;
    const int status = resight_matcher_new(run->db, &m, &error);
    if (status != RESIGHT_OK) {
        database_trouble(run->set, status, &error);
        return EXIT_TROUBLE;
    }
    int code = EXIT_NOTHING;
    for (size_t i = 0; i < run->set->hashes.count; i++) {
        resight_hash hash;
        char hex[RESIGHT_HEX_LEN + 1];
        resight_hash_from_hex(run->set->hashes.items[i], &hash); /* checked when the option was read */
        resight_hash_to_hex(&hash, hex);
        code = worse(code, match_hash(run, m, &hash, RESIGHT_VIEW_STORED, hex));
    }
    if (run->set->hashes_file)
        code = worse(code, match_list(run, m, run->set->hashes_file));
    return code;
}

/* ---- The command ----------------------------------------------------------------------------- */

int run_match(const settings *set, char **operands) {
    const bool paths = *operands || set->files_from, hashes = set->hashes.count > 0 || set->hashes_file;
    if (!paths && !hashes) {
        complain("match", "no input; name files or folders, - for standard input, or --hash HEX");
        return EXIT_TROUBLE;
    }
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    if (!db)
        return EXIT_TROUBLE;
    resight_bank bank = {0};
    if (set->bank) {
        CLEANUP(resight_reader_free) resight_reader *reader = database_reader(set, db);
        if (!reader || database_bank(set, reader, set->bank, &bank) != RESIGHT_OK)
            return EXIT_TROUBLE;
    }
    match_run run = {.set = set, .db = db, .how = database_matching(set, bank.id)};
    run.every_us = set->every_us.given ? (int64_t)set->every_us.value : set->vpdq_rule ? VPDQ_EVERY_US : QUERY_EVERY_US;
    run.top = !set->top.given ? DEFAULT_TOP : set->top.value ? (size_t)set->top.value : SIZE_MAX;
    int code = EXIT_NOTHING;
    if (hashes)
        code = match_hashes(&run);
    if (paths) {
        const pipeline line = {&run, worker_new, worker_free, work, take, NULL};
        code = worse(code, pipeline_run(&line, set, operands));
    }
    return code;
}
