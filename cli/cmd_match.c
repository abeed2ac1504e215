/* SPDX-License-Identifier: Apache-2.0 */
/* `resight match`: media and hashes looked up in the database. */
#include "answer.h"
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "json.h"
#include "lines.h"
#include "live.h"
#include "media.h"
#include "memory.h"
#include "pipeline.h"
#include "text.h"
#include <resight/exchange.h>
#include <resight/match.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_TOP 10

typedef struct match_run {
    const settings *set;
    resight_db *db;
    resight_matching how;
    int64_t every_us;
    answer_style style;
    int stop_fd; /* of a stream; -1: standard input is read whole, as any file */
} match_run;

typedef struct match_worker {
    media_reader *media;
    resight_matcher *matcher;
} match_worker;

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

/* Look what is open up while it runs; the last line is as a file's. */
static int match_stream(const match_run *run, match_worker *worker, job *item, FILE *out) {
    live_result got;
    const int status =
        live_match(worker->media, worker->matcher, &run->how, run->every_us, &run->style, &got, &item->error);
    if (status != RESIGHT_OK)
        return status;
    item->damaged = got.damaged;
    item->matched = got.answer.count > 0;
    print_answer(out, &run->style, item->path, "video", &got.subject, &got.answer, NULL, got.damaged);
    resight_answer_free(&got.answer);
    return RESIGHT_OK;
}

/* Digest, hash and look up what is open. */
static int match_whole(const match_run *run, match_worker *worker, job *item, FILE *out) {
    uint8_t sha256[32];
    media got;
    CLEANUP(resight_answer_free) resight_answer answer = {0};
    int status = media_digest(worker->media, sha256, &item->error);
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
    print_answer(out, &run->style, item->path, resight_media_kind_name(what.kind), &what, &answer, NULL, got.damaged);
    return RESIGHT_OK;
}

static int match_file(const match_run *run, match_worker *worker, job *item, FILE *out) {
    const bool live = run->stop_fd >= 0 && strcmp(item->path, "-") == 0;
    const int status = live ? media_open_stream(worker->media, run->stop_fd, &item->error)
                            : media_open(worker->media, item->path, &item->error);
    if (status != RESIGHT_OK)
        return status;
    return media_is_stream(worker->media) ? match_stream(run, worker, item, out) : match_whole(run, worker, item, out);
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
    print_answer(stdout, &run->style, name, "hash", &what, &answer, NULL, false);
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

/* vPDQ's rule asks for a share of the whole; a regular file has an end. */
static bool reads_stream(const settings *set, char **operands) {
    struct stat info;
    while (*operands && strcmp(*operands, "-") != 0)
        operands++;
    return *operands && !set->vpdq_rule && fstat(STDIN_FILENO, &info) == 0 && !S_ISREG(info.st_mode);
}

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
    run.style = (answer_style){
        .json = set->json,
        .top = !set->top.given  ? DEFAULT_TOP
               : set->top.value ? (size_t)set->top.value
                                : SIZE_MAX,
        .min_quality = run.how.min_quality,
    };
    run.stop_fd = reads_stream(set, operands) ? live_interrupt() : -1;
    int code = EXIT_NOTHING;
    if (hashes)
        code = match_hashes(&run);
    if (paths) {
        const pipeline line = {&run, worker_new, worker_free, work, take, NULL};
        code = worse(code, pipeline_run(&line, set, operands));
    }
    return code;
}
