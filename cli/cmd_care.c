/* SPDX-License-Identifier: Apache-2.0 */
/* `resight stats`, `verify` and `backup`: looking after a database. */
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "json.h"
#include "memory.h"
#include "text.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_LOOKUPS 100

/* ---- stats ----------------------------------------------------------------------------------- */

static json_t *json_segment(const resight_segment_stats *segment) {
    json_t *record = json_object();
    json_object_set_new(record, "segment", json_integer((json_int_t)segment->id));
    json_object_set_new(record, "hashes", json_integer(segment->hashes));
    json_object_set_new(record, "patches", json_integer(segment->patches));
    json_object_set_new(record, "bands", json_integer(segment->bands));
    json_object_set_new(record, "first_entry", json_integer((json_int_t)segment->first_entry));
    json_object_set_new(record, "last_entry", json_integer((json_int_t)segment->last_entry));
    json_object_set_new(record, "size_bytes", json_integer((json_int_t)segment->bytes));
    return record;
}

static void print_stats_json(const settings *set, const resight_db_stats *stats) {
    json_t *record = json_object(), *segments = json_array();
    json_object_set_new(record, "db", json_name(database_path(set)));
    json_object_set_new(record, "format_version", json_integer(stats->format_version));
    json_object_set_new(record, "radius_bits", json_integer(stats->radius_bits));
    json_object_set_new(record, "banks", json_integer(stats->banks));
    json_object_set_new(record, "entries", json_integer((json_int_t)stats->entries));
    json_object_set_new(record, "images", json_integer((json_int_t)stats->images));
    json_object_set_new(record, "videos", json_integer((json_int_t)stats->videos));
    json_object_set_new(record, "hashes", json_integer((json_int_t)stats->hashes));
    json_object_set_new(record, "tail_hashes", json_integer((json_int_t)stats->tail_hashes));
    json_object_set_new(record, "patches", json_integer((json_int_t)stats->patches));
    json_object_set_new(record, "tail_patches", json_integer((json_int_t)stats->tail_patches));
    json_object_set_new(record, "file_bytes", json_integer((json_int_t)stats->file_bytes));
    json_object_set_new(record, "used_bytes", json_integer((json_int_t)stats->used_bytes));
    json_object_set_new(record, "map_bytes", json_integer((json_int_t)stats->map_bytes));
    json_object_set_new(record, "readers", json_integer(stats->readers));
    json_object_set_new(record, "stale_readers", json_integer(stats->stale_readers));
    for (uint32_t i = 0; i < stats->segment_count; i++)
        json_array_append_new(segments, json_segment(&stats->segment[i]));
    json_object_set_new(record, "segments", segments);
    print_json(stdout, record);
}

static void print_stats(const settings *set, const resight_db_stats *stats) {
    print_name(stdout, database_path(set));
    printf(": format %u, exact by index up to %u bits, by scan beyond\n", stats->format_version, stats->radius_bits);
    printf("  banks     %u\n", stats->banks);
    printf("  entries   %llu: %llu images, %llu videos\n", (unsigned long long)stats->entries,
           (unsigned long long)stats->images, (unsigned long long)stats->videos);
    printf("  hashes    %llu, of them %llu not yet indexed\n", (unsigned long long)stats->hashes,
           (unsigned long long)stats->tail_hashes);
    printf("  patches   %llu, of them %llu not yet indexed\n", (unsigned long long)stats->patches,
           (unsigned long long)stats->tail_patches);
    printf("  on disk   %.1f MiB, in use %.1f MiB\n", (double)stats->file_bytes / 1048576,
           (double)stats->used_bytes / 1048576);
    printf("  readers   %u (%u of them gone, cleared)\n", stats->readers, stats->stale_readers);
    for (uint32_t i = 0; i < stats->segment_count; i++) {
        const resight_segment_stats *segment = &stats->segment[i];
        printf("  segment   %llu: %u hashes in %u bands, %u patches in %u, entries %llu to %llu, %.1f MiB\n",
               (unsigned long long)segment->id, segment->hashes, segment->bands, segment->patches, segment->patch_bands,
               (unsigned long long)segment->first_entry, (unsigned long long)segment->last_entry,
               (double)segment->bytes / 1048576);
    }
}

int run_stats(const settings *set, char **operands) {
    (void)operands;
    resight_error error = {0};
    CLEANUP_FREE resight_db_stats *stats = must_have(1, sizeof *stats);
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    CLEANUP(resight_reader_free) resight_reader *reader = db ? database_reader(set, db) : NULL;
    if (!reader)
        return EXIT_TROUBLE;
    const int status = resight_reader_stats(reader, stats, &error);
    if (status != RESIGHT_OK) {
        database_trouble(set, status, &error);
        return EXIT_TROUBLE;
    }
    if (set->json)
        print_stats_json(set, stats);
    else
        print_stats(set, stats);
    return EXIT_MATCHED;
}

/* ---- verify ---------------------------------------------------------------------------------- */

static void print_fault(void *user, const char *line) {
    const settings *set = user;
    if (set->json)
        print_json(stdout, json_failure("db", database_path(set), line));
    else
        complain(database_path(set), "%s", line);
}

/* In the child: everything, and the exit code. */
static int verify(const settings *set) {
    resight_error error = {0};
    resight_verify_report report = {0};
    const uint32_t lookups = set->lookups.given ? (uint32_t)set->lookups.value : DEFAULT_LOOKUPS;
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    if (!db)
        return EXIT_TROUBLE;
    const int status = resight_db_verify(db, lookups, print_fault, (void *)(uintptr_t)set, &report, &error);
    if (status != RESIGHT_OK && status != RESIGHT_E_DAMAGED)
        database_trouble(set, status, &error);
    if (set->json) {
        json_t *record = json_object();
        json_object_set_new(record, "db", json_name(database_path(set)));
        json_object_set_new(record, "entries", json_integer((json_int_t)report.entries));
        json_object_set_new(record, "hashes", json_integer((json_int_t)report.hashes));
        json_object_set_new(record, "patches", json_integer((json_int_t)report.patches));
        json_object_set_new(record, "segments", json_integer((json_int_t)report.segments));
        json_object_set_new(record, "lookups", json_integer((json_int_t)report.lookups));
        json_object_set_new(record, "faults", json_integer((json_int_t)report.faults));
        print_json(stdout, record);
    } else {
        print_name(stdout, database_path(set));
        printf(": %llu entries, %llu hashes, %llu patches, %llu segments, %llu lookups compared: %llu faults\n",
               (unsigned long long)report.entries, (unsigned long long)report.hashes,
               (unsigned long long)report.patches, (unsigned long long)report.segments,
               (unsigned long long)report.lookups, (unsigned long long)report.faults);
    }
    return status == RESIGHT_OK ? EXIT_MATCHED : EXIT_TROUBLE;
}

/* A damaged file can make the system kill whoever reads its map: that is a finding, so a child does the reading. */
int run_verify(const settings *set, char **operands) {
    (void)operands;
    fflush(stdout);
    signal(SIGCHLD, SIG_DFL); /* a supervisor may have left it ignored: then nobody could be waited for */
    const pid_t child = fork();
    if (child < 0) {
        complain("verify", "no process could be made");
        return EXIT_TROUBLE;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int code = verify(set);
        fflush(stdout);
        _exit(code);
    }
    int how = 0;
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR) {
            complain("verify", "%s", strerror(errno));
            return EXIT_TROUBLE;
        }
    if (!WIFSIGNALED(how))
        return WEXITSTATUS(how);
    const int by = WTERMSIG(how);
    char line[128];
    snprintf(line, sizeof line, "%s: ended by signal %d (%s)",
             by == SIGBUS || by == SIGSEGV ? "damaged: the system refused a page of it" : "not verified", by,
             strsignal(by));
    print_fault((void *)(uintptr_t)set, line);
    return EXIT_TROUBLE;
}

/* ---- backup ---------------------------------------------------------------------------------- */

int run_backup(const settings *set, char **operands) {
    resight_error error = {0};
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    if (!db)
        return EXIT_TROUBLE;
    const int status = resight_db_backup(db, operands[0], &error);
    if (status == RESIGHT_OK)
        return EXIT_MATCHED;
    database_trouble(set, status, &error);
    return EXIT_TROUBLE;
}
