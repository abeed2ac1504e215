/* SPDX-License-Identifier: Apache-2.0 */
/* `resight explain`: why a file matches one known item, in words and as a picture. */
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "explain/explanation.h"
#include "found.h"
#include "json.h"
#include "media.h"
#include "single.h"
#include "text.h"
#include <string.h>
#include <unistd.h>

typedef struct explain_run {
    const settings *set;
    const char *query;
    uint64_t entry;
    const char *known_path; /* where the known picture can be had; NULL: nowhere */
} explain_run;

/* ---- Words ----------------------------------------------------------------------------------- */

static const char *meaning_of(resight_evidence evidence) {
    switch (evidence) {
    case RESIGHT_BY_FILE: return "the two files are the same, byte for byte";
    case RESIGHT_BY_FRAME: return "the pictures are near each other as they are";
    case RESIGHT_BY_TRIMMED: return "the pictures are near each other without borders and bars";
    case RESIGHT_BY_RECTANGLE: return "a rectangle inside the query is near the known picture";
    case RESIGHT_BY_PATCHES: return "small squares of both pictures look alike and agree on where the known one lies";
    }
    return "unknown";
}

/* "lies at 10.0,12.5 90.0,12.5 ..." */
static void print_corners(const resight_found *item) {
    fputs("  where: its corners, from the top left clockwise, lie at", stdout);
    for (int i = 0; i < 4; i++)
        printf(" %.1f,%.1f", 100 * item->where.x[i], 100 * item->where.y[i]);
    puts(" % of the query's width and height");
}

static void print_explanation(const explain_run *run, const resight_subject *what, const resight_answer *got,
                              const resight_found *item) {
    print_found(stdout, run->query, item, what, got, NULL);
    printf("  evidence: %s; %s\n", resight_evidence_name(item->evidence), meaning_of(item->evidence));
    printf("  confidence: %s; %s\n", resight_confidence_name(item->confidence),
           item->confidence == RESIGHT_CERTAIN ? "hardly ever does a picture that shares nothing come so near"
                                               : "worth a look, now and then it is another picture that looks alike");
    print_corners(item);
    if (item->agreement.count > 0)
        printf("  patches: %zu agree on one place\n", item->agreement.count);
    if (what->kind == RESIGHT_VIDEO && item->kind == RESIGHT_VIDEO)
        printf("  time: %.1f %% of the query and %.1f %% of the known video\n", 100 * item->coverage.query,
               100 * item->coverage.known);
    if (run->set->out) {
        fputs("  picture: ", stdout);
        print_name(stdout, run->set->out);
        putchar('\n');
    }
}

/* The same record as `match` prints, of this one entry. item: NULL when it was not found. */
static void print_record(const explain_run *run, const resight_subject *what, const resight_answer *got,
                         const resight_found *item) {
    json_t *record = json_object(), *matches = json_array();
    json_object_set_new(record, "query", json_name(run->query));
    json_object_set_new(record, "kind", json_string(resight_media_kind_name(what->kind)));
    json_object_set_new(record, "entry", json_integer((json_int_t)run->entry));
    if (item) {
        json_t *match = json_found(item, what);
        json_object_set_new(match, "agreeing_patches", json_integer((json_int_t)item->agreement.count));
        json_object_set_new(match, "frame_pairs", json_integer((json_int_t)item->frame_pair_count));
        json_array_append_new(matches, match);
    }
    json_object_set_new(record, "matches", matches);
    if (got->suppressor_count > 0)
        json_object_set_new(record, "suppressed_by", json_suppressors(got));
    json_object_set_new(record, "picture", item && run->set->out ? json_name(run->set->out) : json_null());
    print_json(stdout, record);
}

static void print_nothing(const explain_run *run, const resight_entry *known, const resight_answer *got,
                          uint32_t min_quality) {
    print_nothing_found(stdout, run->query, got, min_quality);
    fputs("  it does not show ", stdout);
    print_name(stdout, known->name);
    printf(", entry %llu\n", (unsigned long long)run->entry);
}

/* ---- Drawing --------------------------------------------------------------------------------- */

/* One line on stderr for what went wrong with a file. */
static int media_trouble(const char *path, int status, const resight_error *error) {
    if (status != RESIGHT_OK)
        complain(path, "%s", error->text);
    return status;
}

/* Draw and write; the known picture is read if there is a path to it. */
static int draw(const explain_run *run, const resight_subject *query, const resight_entry *known,
                const resight_found *item) {
    resight_error error = {0};
    media got = {0};
    CLEANUP(media_reader_free) media_reader *reader = NULL;
    if (run->known_path) {
        reader = media_reader_new(run->set, KNOWN_EVERY_US, MEDIA_QUERY, &error);
        int status = reader ? media_open(reader, run->known_path, &error) : RESIGHT_E_NOMEM;
        if (status == RESIGHT_OK)
            status = media_hash(reader, &got, &error);
        if (media_trouble(run->known_path, status, &error) != RESIGHT_OK)
            return status;
    }
    const explanation what = {
        .item = item,
        .query = query,
        .known = known,
        .pictures = got.thumbnails,
        .picture_count = got.thumbnail_count,
        .blur_query = run->set->blur,
        .show_known = run->set->show,
    };
    CLEANUP(canvas_free) canvas on = explanation_draw(&what);
    return canvas_write(&on, run->set->out, run->set->force) ? RESIGHT_OK : RESIGHT_E_IO;
}

/* ---- Matching -------------------------------------------------------------------------------- */

static const resight_found *find_item(const resight_answer *got, uint64_t entry) {
    for (size_t i = 0; i < got->count; i++)
        if (got->items[i].entry == entry)
            return &got->items[i];
    return NULL;
}

/* Say what was found of the known item, and draw it. Returns an exit code. */
static int tell(const explain_run *run, const resight_subject *what, const resight_entry *known,
                const resight_answer *got, uint32_t min_quality) {
    const resight_found *item = find_item(got, run->entry);
    if (item && run->set->out && draw(run, what, known, item) != RESIGHT_OK)
        return EXIT_TROUBLE;
    if (run->set->json)
        print_record(run, what, got, item);
    else if (item)
        print_explanation(run, what, got, item);
    else
        print_nothing(run, known, got, min_quality);
    return item ? EXIT_MATCHED : EXIT_NOTHING;
}

/* Hash the query and look it up in the bank of the known item. */
static int explain(const explain_run *run, resight_db *db, const resight_entry *known) {
    resight_error error = {0};
    uint8_t sha256[32];
    media got;
    CLEANUP(media_reader_free)
    media_reader *reader = media_reader_new(run->set, QUERY_EVERY_US, MEDIA_QUERY, &error);
    int status = reader ? media_open(reader, run->query, &error) : RESIGHT_E_NOMEM;
    if (status == RESIGHT_OK)
        status = media_digest(reader, sha256, &error);
    if (status == RESIGHT_OK)
        status = media_hash(reader, &got, &error);
    if (media_trouble(run->query, status, &error) != RESIGHT_OK)
        return EXIT_TROUBLE;
    const int64_t every_us = run->set->every_us.given ? (int64_t)run->set->every_us.value : QUERY_EVERY_US;
    const resight_subject what = media_subject(&got, sha256, every_us);
    resight_matching how = database_matching(run->set, known->bank);
    how.effort = RESIGHT_EFFORT_THOROUGH;
    how.details = true;
    CLEANUP(resight_answer_free) resight_answer answer = {0};
    CLEANUP(resight_matcher_free) resight_matcher *matcher = NULL;
    status = resight_matcher_new(db, &matcher, &error);
    if (status == RESIGHT_OK)
        status = resight_matcher_find(matcher, &what, &how, &answer, &error);
    if (status != RESIGHT_OK) {
        database_trouble(run->set, status, &error);
        return EXIT_TROUBLE;
    }
    return tell(run, &what, known, &answer, how.min_quality);
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool is_number(const char *text) {
    return *text && text[strspn(text, "0123456789")] == 0;
}

/* Rather now than after an hour of video. */
static bool may_write(const settings *set) {
    if (!set->out || set->force || access(set->out, F_OK) != 0)
        return true;
    complain(set->out, "is there already; --force replaces it");
    return false;
}

int run_explain(const settings *set, char **operands) {
    explain_run run = {.set = set, .query = operands[0], .entry = 1, .known_path = set->known};
    resight_error error = {0};
    resight_entry known;
    CLEANUP(resight_db_close) resight_db *db = NULL;
    if (!may_write(set))
        return EXIT_TROUBLE;
    if (is_number(operands[1])) {
        if (!parse_entry(operands[1], &run.entry) || !(db = database_open(set, DATABASE_READ)))
            return EXIT_TROUBLE;
    } else {
        if (!run.known_path)
            run.known_path = operands[1];
        if (single_open(set, operands[1], &db) != RESIGHT_OK)
            return EXIT_TROUBLE;
    }
    CLEANUP(resight_reader_free) resight_reader *reader = database_reader(set, db);
    const int status = reader ? resight_reader_entry(reader, run.entry, &known, &error) : RESIGHT_E_IO;
    if (status == RESIGHT_NOT_FOUND)
        complain(operands[1], "there is no such entry");
    else if (reader && status != RESIGHT_OK)
        database_trouble(set, status, &error);
    return status == RESIGHT_OK ? explain(&run, db, &known) : EXIT_TROUBLE;
}
