/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process that writes, merges, queries, verifies and decodes at once, on a thread each. A plain main: Criterion
 * does not run under the thread sanitizer, which is what this is for (tests/threads/tsan.sh); elsewhere it checks
 * answers.
 *
 *     concurrent FILE...
 */
#include <resight/db.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMITS = 60, A_COMMIT = 5, READERS = 3, DECODERS = 2, TAIL = 32 };

static resight_db *db;
static atomic_uint_fast64_t committed; /* entries whose commit has returned */
static atomic_bool ended;
static char **files;

/* Ends the process: threads that are left would hang on each other. */
#define HOLDS(condition, error)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: does not hold: %s: %s\n", __FILE__, __LINE__, #condition, (error)->text);                   \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static resight_hash hash_of(uint64_t n) {
    resight_hash hash;
    for (int i = 0; i < 4; i++) {
        n = (n ^ n >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + 1;
        hash.w[i] = n ^ n >> 32;
    }
    return hash;
}

static void *write_entries(void *nothing) {
    resight_error error = {""};
    for (uint64_t n = 0; n < COMMITS; n++) {
        resight_writer *writer = NULL;
        HOLDS(resight_writer_begin(db, &writer, &error) == RESIGHT_OK, &error);
        for (uint64_t i = 0; i < A_COMMIT; i++) {
            const resight_mark mark = {.hash = hash_of(n * A_COMMIT + i), .quality = 100, .dialect = RESIGHT_PDQ};
            const resight_entry entry = {
                .bank = 1, .kind = RESIGHT_IMAGE, .name = "entry", .marks = &mark, .mark_count = 1};
            uint64_t id = 0;
            HOLDS(resight_writer_add(writer, &entry, &id, &error) == RESIGHT_OK, &error);
        }
        HOLDS(resight_writer_commit(&writer, &error) == RESIGHT_OK, &error);
        committed += A_COMMIT;
    }
    ended = true;
    return nothing;
}

static void *merge_segments(void *nothing) {
    resight_error error = {""};
    while (!ended) {
        HOLDS(resight_db_merge(db, &error) == RESIGHT_OK, &error);
        usleep(500);
    }
    return nothing;
}

/* What was committed before the snapshot was taken is found in it. */
static void *query_entries(void *nothing) {
    resight_error error = {""};
    resight_reader *reader = NULL;
    resight_matches found = {0};
    HOLDS(resight_reader_new(db, &reader, &error) == RESIGHT_OK, &error);
    for (uint64_t round = 0; !ended || round < 20; round++) {
        const uint64_t there = committed;
        const resight_hash query = hash_of(there > 0 ? round * 7919 % there : 0);
        HOLDS(resight_reader_renew(reader, &error) == RESIGHT_OK, &error);
        HOLDS(resight_reader_query(reader, &query, 1, NULL, &found, &error) == RESIGHT_OK, &error);
        HOLDS(there == 0 || (found.count == 1 && found.items[0].distance_bits == 0), &error);
    }
    resight_matches_free(&found);
    resight_reader_free(&reader);
    return nothing;
}

static void *verify_entries(void *nothing) {
    resight_verify_report report;
    resight_error error = {""};
    for (int round = 0; !ended || round < 2; round++)
        HOLDS(resight_db_verify(db, 5, NULL, NULL, &report, &error) == RESIGHT_OK, &error);
    return nothing;
}

static int mix_mark(void *user, const resight_mark *mark) {
    uint64_t *digest = user;
    for (int i = 0; i < 4; i++)
        *digest = (*digest ^ mark->hash.w[i]) * UINT64_C(0x100000001b3);
    return RESIGHT_OK;
}

static void *decode_files(void *out) {
    resight_error error = {""};
    const resight_marking how = {.dialect = RESIGHT_PDQ, .turning = RESIGHT_TURNED};
    const resight_sink sink = {.mark = mix_mark, .user = out};
    for (char **file = files; *file; file++)
        HOLDS(resight_hash_file(*file, NULL, &how, &sink, &error) == RESIGHT_OK, &error);
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *user) {
    if (pthread_create(thread, NULL, run, user) != 0)
        abort();
}

static void run_all(void) {
    pthread_t threads[3 + READERS + DECODERS];
    uint64_t digests[DECODERS] = {0};
    size_t count = 0;
    start(&threads[count++], write_entries, NULL);
    start(&threads[count++], merge_segments, NULL);
    start(&threads[count++], verify_entries, NULL);
    for (int i = 0; i < READERS; i++)
        start(&threads[count++], query_entries, NULL);
    for (int i = 0; i < DECODERS; i++)
        start(&threads[count++], decode_files, &digests[i]);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    HOLDS(digests[0] == digests[1], &(resight_error){"two threads, two hashes"});
}

static void make_database(const char *dir) {
    resight_error error = {""};
    resight_writer *writer = NULL;
    const resight_db_options options = {.create = true, .tail_hashes = TAIL};
    const resight_bank bank = {.name = "bank", .polarity = RESIGHT_POSITIVE, .radius_bits = 10};
    HOLDS(resight_db_open(dir, &options, &db, &error) == RESIGHT_OK, &error);
    HOLDS(resight_writer_begin(db, &writer, &error) == RESIGHT_OK, &error);
    HOLDS(resight_writer_put_bank(writer, &bank, NULL, &error) == RESIGHT_OK, &error);
    HOLDS(resight_writer_commit(&writer, &error) == RESIGHT_OK, &error);
}

static void remove_database(const char *dir) {
    static const char *const names[] = {"data.mdb", "lock.mdb", "merge.lock"};
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

int main(int argc, char **argv) {
    char dir[64];
    (void)argc;
    files = argv + 1;
    snprintf(dir, sizeof dir, "%s/resight-threads-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(dir))
        return 2;
    make_database(dir);
    run_all();
    resight_db_close(&db);
    remove_database(dir);
    printf("%d commits, each found by %d readers\n", COMMITS, READERS);
    return 0;
}
