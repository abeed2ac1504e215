/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging: the tail becomes a segment, eight segments of a size become one, a segment that is half dead is made again.
 *
 * One process merges at a time (a lock on a file that the system drops with the process). A new segment is stored part
 * by part while others read and write; then one transaction puts it into the manifest in place of what it replaces. A
 * merge that dies leaves extents that no manifest names, and the next one deletes them.
 */
#include "pages.h"
#include "segment.h"
#include "writer.h"

#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

/* Segments of about the same size that become one: each hash is rewritten once for every factor of eight. */
#define FAN_IN 8
/* Of two milliseconds each, before a segment is stored: a tenth of a second, when a reader is stuck. */
#define READER_PAUSES 50

/* One step, chosen and collected from one snapshot, so that what was removed since can be told at the end. */
typedef struct merge_job {
    db_manifest list;
    db_state state;
    uint64_t stray;    /* a segment to delete, or 0 */
    uint32_t from, to; /* items to replace, */
    bool tail;         /* and the tail after them; */
    bool due;          /* false: there is nothing to replace */
    uint64_t covered;  /* by the manifest that will have the new segment */
    segment_source source;
} merge_job;

static unsigned level_of(const resight_db *db, db_amount held) {
    unsigned level = 0;
    for (uint64_t tails = amount_size(held) / db->tail_limit; tails >= FAN_IN; tails /= FAN_IN)
        level++;
    return level;
}

static db_amount live_in(const manifest_item *item) {
    return amount_less(item->held, item->dead);
}

static const db_amount segment_most = {SEGMENT_MAX_HASHES, SEGMENT_MAX_PATCHES};

/* The start of the run of newest segments that are no larger, by level, than the newest of all; `tail` is one of them.
 */
static uint32_t run_start(const resight_db *db, const merge_job *job, db_amount tail) {
    const db_manifest *list = &job->list;
    uint32_t from = list->count;
    db_amount sum = tail;
    if (amount_size(tail) == 0 && from > 0)
        sum = live_in(&list->item[--from]);
    const unsigned level = level_of(db, sum);
    while (from > 0 && level_of(db, live_in(&list->item[from - 1])) <= level &&
           amount_within(amount_sum(sum, live_in(&list->item[from - 1])), segment_most))
        sum = amount_sum(sum, live_in(&list->item[--from]));
    return from;
}

static bool find_half_dead(merge_job *job) {
    for (uint32_t i = 0; i < job->list.count; i++)
        if (amount_size(job->list.item[i].dead) > amount_size(job->list.item[i].held) / 2) {
            job->from = i;
            job->to = i + 1;
            return true;
        }
    return false;
}

/* No room in the manifest for another segment: the smallest two neighbours make it. */
static void find_smallest_pair(merge_job *job) {
    uint64_t smallest = UINT64_MAX;
    for (uint32_t i = 0; i + 1 < job->list.count; i++) {
        const db_amount both = amount_sum(live_in(&job->list.item[i]), live_in(&job->list.item[i + 1]));
        const uint64_t sum = amount_size(both);
        if (sum >= smallest)
            continue;
        smallest = sum;
        job->from = i;
        job->to = i + 2;
    }
    job->tail = false;
}

/* What to do next; false when there is nothing. */
static bool choose(const resight_db *db, merge_job *job) {
    const uint32_t count = job->list.count;
    job->tail = amount_size(job->state.tail) >= db->tail_limit;
    job->from = run_start(db, job, job->tail ? job->state.tail : (db_amount){0});
    job->to = count;
    if (count - job->from + job->tail >= FAN_IN)
        return true;
    job->from = count;
    if (job->tail && count == RESIGHT_MAX_SEGMENTS)
        find_smallest_pair(job);
    return job->tail || job->from < job->to || find_half_dead(job);
}

static int miscounted(const resight_db *db, const char *what, resight_error *error) {
    return resight_fail(error, RESIGHT_E_DAMAGED, "%s: %s does not count what is there; run verify", db->dir, what);
}

static int collect_segments(resight_db *db, MDB_txn *txn, merge_job *job, resight_error *error) {
    const db_manifest *list = &job->list;
    if (job->from == job->to)
        return RESIGHT_OK;
    const int status = segment_collect(db, txn, list->item[job->from].first_entry, list->item[job->to - 1].last_entry,
                                       segment_most, &job->source, error);
    return status == RESIGHT_E_LIMIT ? miscounted(db, "the manifest", error) : status; /* they fit by choice */
}

/* All of the tail, or as much as fits: the rest stays for the next step. */
static int collect_tail(resight_db *db, MDB_txn *txn, merge_job *job, resight_error *error) {
    const uint64_t last = job->state.next_entry - 1;
    const db_amount before = source_amount(&job->source);
    job->covered = job->list.covered_entry;
    if (!job->tail)
        return RESIGHT_OK;
    const int status = segment_collect(db, txn, job->covered + 1, last, segment_most, &job->source, error);
    const db_amount taken = amount_less(source_amount(&job->source), before);
    if (status == RESIGHT_OK && !amount_same(taken, job->state.tail))
        return miscounted(db, "the state", error);
    if (status == RESIGHT_E_LIMIT && amount_size(taken) == 0)
        job->tail = false;
    else
        job->covered = status == RESIGHT_OK ? last : job->source.last_entry;
    return status == RESIGHT_E_LIMIT ? RESIGHT_OK : status;
}

/* The live entries of the job's range. */
static int collect(resight_db *db, MDB_txn *txn, merge_job *job, resight_error *error) {
    const int status = collect_segments(db, txn, job, error);
    return status == RESIGHT_OK ? collect_tail(db, txn, job, error) : status;
}

/* What tail entries have in the source, split by whether they are still there. */
static int count_tail(resight_writer *writer, const segment_source *source, db_amount *live, db_amount *dead,
                      resight_error *error) {
    for (size_t i = source->entry_count; i-- > 0 && source->entry[i] > writer->manifest.covered_entry;) {
        MDB_val key = val_of(&source->entry[i], sizeof source->entry[i]), value;
        const db_amount held = {source->first[i + 1] - source->first[i],
                                source->first_key[i + 1] - source->first_key[i]};
        const int code = mdb_get(writer->txn, writer->db->entry, &key, &value);
        if (code != 0 && code != MDB_NOTFOUND)
            return writer_fail(writer, code, "read an entry", error);
        db_amount *sum = code == 0 ? live : dead;
        *sum = amount_sum(*sum, held);
    }
    return RESIGHT_OK;
}

/* In the replaced segments, of entries that were removed after the snapshot: dead from the start in the new one. */
static db_amount died_since(const db_manifest *now, const merge_job *job) {
    db_amount died = {0};
    for (uint32_t i = job->from; i < job->to; i++)
        died = amount_sum(died, amount_less(now->item[i].dead, job->list.item[i].dead));
    return died;
}

/* Only merges change the set of segments, and only one merges: the list is the one that the job was chosen from. */
static bool same_segments(const db_manifest *now, const merge_job *job) {
    return now->generation == job->list.generation && now->covered_entry == job->list.covered_entry &&
           now->count == job->list.count;
}

/* Items [from, to) out, the new one in, unless it is empty. */
static void replace(db_manifest *list, const merge_job *job, const manifest_item *item) {
    const uint32_t in = amount_size(item->held) > 0;
    memmove(&list->item[job->from + in], &list->item[job->to], (list->count - job->to) * sizeof *list->item);
    if (in)
        list->item[job->from] = *item;
    list->count = list->count - (job->to - job->from) + in;
    list->generation++;
}

static int flip_in(resight_writer *writer, const merge_job *job, uint64_t segment, resight_error *error) {
    const segment_source *source = &job->source;
    db_amount live = {0}, dead = {0};
    if (!same_segments(&writer->manifest, job))
        return resight_fail(error, RESIGHT_E_BUSY, "%s: another process has merged meanwhile", writer->db->dir);
    const int status = job->tail ? count_tail(writer, source, &live, &dead, error) : RESIGHT_OK;
    if (status != RESIGHT_OK)
        return status;
    manifest_item item = {.segment = segment, .held = source_amount(source)};
    item.dead = amount_sum(dead, died_since(&writer->manifest, job));
    if (source->entry_count > 0) {
        item.first_entry = source->entry[0];
        item.last_entry = source->entry[source->entry_count - 1];
    }
    replace(&writer->manifest, job, &item);
    writer->manifest.covered_entry = job->covered;
    writer->state.tail = amount_less(writer->state.tail, live);
    writer->manifest_changed = writer->state_changed = true;
    return RESIGHT_OK;
}

static int flip(resight_db *db, const merge_job *job, uint64_t segment, resight_error *error) {
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    int status = resight_writer_begin(db, &writer, error);
    if (status == RESIGHT_OK)
        status = flip_in(writer, job, segment, error);
    return status == RESIGHT_OK ? resight_writer_commit(&writer, error) : status;
}

/* Do snapshots keep more than an eighth of what is in use from being taken again? */
static bool readers_keep_much(resight_db *db) {
    CLEANUP(db_view_close) db_view view = {0};
    db_pages pages;
    return db_view_open(db, &view, NULL) == RESIGHT_OK && db_pages_count(db, view.txn, &pages) == 0 &&
           pages.kept > (pages.all - pages.free) / 8;
}

/* A segment that is stored before readers have left the last one grows the file. Most move on within a millisecond or
 * when they are given the processor; those that do not must not keep a merge from its work. */
static void let_readers_move_on(resight_db *db) {
    static const struct timespec pause = {0, 2000000};
    for (int tries = 0; tries < READER_PAUSES && readers_keep_much(db); tries++)
        nanosleep(&pause, NULL);
}

static int run(resight_db *db, const merge_job *job, resight_error *error) {
    uint64_t segment = 0;
    int status = RESIGHT_OK;
    let_readers_move_on(db);
    if (job->source.entry_count > 0)
        status = segment_build(db, &job->source, &segment, error);
    return status == RESIGHT_OK ? flip(db, job, segment, error) : status;
}

static bool is_current(const db_manifest *list, uint64_t segment) {
    for (uint32_t i = 0; i < list->count; i++)
        if (list->item[i].segment == segment)
            return true;
    return false;
}

/* The first segment with extents but without a place in the manifest, or 0: replaced, or left by a merge that died. */
static int find_stray(resight_db *db, MDB_txn *txn, const db_manifest *list, uint64_t *stray, resight_error *error) {
    MDB_cursor *cursor = NULL;
    uint64_t number = 0, segment = 0;
    int code = mdb_cursor_open(txn, db->segment, &cursor);
    if (code != 0)
        return db_fail(db, code, "read the segments", error);
    MDB_val key = val_of(&number, sizeof number), value;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)) == 0) {
        memcpy(&number, key.mv_data, sizeof number);
        segment = EXTENT_KEY_SEGMENT(number);
        if (!is_current(list, segment))
            break;
        number = EXTENT_KEY(segment + 1, 0);
        key = val_of(&number, sizeof number);
    }
    mdb_cursor_close(cursor);
    *stray = code == 0 ? segment : 0;
    return code == 0 || code == MDB_NOTFOUND ? RESIGHT_OK : db_fail(db, code, "read the segments", error);
}

static int delete_extents(resight_writer *writer, uint64_t segment, resight_error *error) {
    MDB_cursor *cursor = NULL;
    uint64_t number = EXTENT_KEY(segment, 0);
    MDB_val key = val_of(&number, sizeof number), value;
    int code = mdb_cursor_open(writer->txn, writer->db->segment, &cursor);
    if (code != 0)
        return writer_fail(writer, code, "delete a segment", error);
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)) == 0) {
        memcpy(&number, key.mv_data, sizeof number);
        if (EXTENT_KEY_SEGMENT(number) != segment || (code = mdb_cursor_del(cursor, 0)) != 0)
            break;
        key = val_of(&number, sizeof number);
    }
    mdb_cursor_close(cursor);
    return code == 0 || code == MDB_NOTFOUND ? RESIGHT_OK : writer_fail(writer, code, "delete a segment", error);
}

static int sweep_one(resight_db *db, uint64_t segment, resight_error *error) {
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    int status = resight_writer_begin(db, &writer, error);
    if (status == RESIGHT_OK)
        status = delete_extents(writer, segment, error);
    return status == RESIGHT_OK ? resight_writer_commit(&writer, error) : status;
}

static int look_in(resight_db *db, MDB_txn *txn, merge_job *job, resight_error *error) {
    int status = meta_read_state(db, txn, &job->state, error);
    if (status == RESIGHT_OK)
        status = meta_read_manifest(db, txn, &job->list, error);
    if (status == RESIGHT_OK)
        status = find_stray(db, txn, &job->list, &job->stray, error);
    if (status != RESIGHT_OK || job->stray != 0)
        return status;
    job->due = choose(db, job);
    return job->due ? collect(db, txn, job, error) : RESIGHT_OK;
}

static int look(resight_db *db, merge_job *job, resight_error *error) {
    CLEANUP(db_view_close) db_view view = {0};
    const int status = db_view_open(db, &view, error);
    return status == RESIGHT_OK ? look_in(db, view.txn, job, error) : status;
}

static void job_free(merge_job **work) {
    if (*work)
        segment_source_free(&(*work)->source);
    free(*work);
}

/* RESIGHT_END when nothing is left to do. */
static int step(resight_db *db, resight_error *error) {
    CLEANUP(job_free) merge_job *job = calloc(1, sizeof *job);
    if (!job)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", db->dir);
    const int status = look(db, job, error);
    if (status != RESIGHT_OK)
        return status;
    if (job->stray != 0)
        return sweep_one(db, job->stray, error);
    return job->due ? run(db, job, error) : RESIGHT_END;
}

/* RESIGHT_OK, RESIGHT_E_BUSY when another merge is running, RESIGHT_E_IO */
static int lock_merge(const resight_db *db, int *fd, resight_error *error) {
    CLEANUP_FREE char *path = NULL;
    if (asprintf(&path, "%s/merge.lock", db->dir) < 0) {
        path = NULL;
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", db->dir);
    }
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return RESIGHT_OK;
    if (*fd >= 0 && errno == EWOULDBLOCK)
        return RESIGHT_E_BUSY;
    return resight_fail(error, RESIGHT_E_IO, "%s: %s", path, strerror(errno));
}

int resight_db_merge(resight_db *db, resight_error *error) {
    CLEANUP_FD int lock = -1;
    int dead = 0;
    if (db->read_only)
        return resight_fail(error, RESIGHT_E_ARG, "%s: opened read only", db->dir);
    int status = lock_merge(db, &lock, error);
    if (status == RESIGHT_E_BUSY)
        return RESIGHT_OK;
    mdb_reader_check(db->env, &dead); /* a process that died reading would keep what a merge frees for ever */
    while (status == RESIGHT_OK)
        status = step(db, error);
    return status == RESIGHT_END ? RESIGHT_OK : status;
}
