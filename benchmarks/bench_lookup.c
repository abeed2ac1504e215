/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking up an hour of video: 3,600 frames, one a second, in a database of frame hashes.
 *
 *     bench_lookup [HASHES...]      default: 1e6; 1e7 needs 2 GB under TMPDIR
 *
 * The known videos have 600 random frames each. Ten minutes of the hour are one of them, up to 10 bits off; the rest is
 * random. Asked are the frames as they stand, 3,600 hashes; and everything that `resight match` asks of them: each
 * frame turned in eight ways, reduced as well, and as a negative, 115,200 hashes, and the time that the two videos
 * share. All with warm data, by the time of one core. The bench fails when the ten minutes are not found where they
 * are.
 */
#include "measure.h"

#include <resight/cpu.h>
#include <resight/match.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S 1000000
#define KNOWN_FRAMES 600
#define QUERY_FRAMES 3600
#define PLANTED_FROM 1200 /* in the query */
#define PLANTED_BITS 10
#define VIEWS 2
#define ROUNDS 3
#define GROUP 100 /* videos in a transaction */

static void must(int status, const resight_error *error) {
    if (status == RESIGHT_OK || status == RESIGHT_EXISTS)
        return;
    fprintf(stderr, "bench_lookup: %s: %s\n", resight_status_name(status), error->text);
    exit(1);
}

static resight_hash random_hash(void) {
    return (resight_hash){{next(), next(), next(), next()}};
}

static resight_hash turned(resight_hash hash, unsigned most_bits) {
    for (uint64_t flips = next() % (most_bits + 1); flips > 0; flips--)
        hash.w[next() % 4] ^= (uint64_t)1 << next() % 64;
    return hash;
}

typedef struct bank {
    char root[64], dir[80];
    resight_db *db;
    resight_mark planted[KNOWN_FRAMES]; /* of the video in the middle */
    uint64_t planted_id;
} bank;

static void add_videos(bank *b, uint32_t from, uint32_t count, uint32_t planted) {
    resight_writer *writer = NULL;
    resight_error error = {""};
    must(resight_writer_begin(b->db, &writer, &error), &error);
    for (uint32_t i = from; i < from + count; i++) {
        char name[32];
        uint64_t id = 0;
        resight_mark marks[KNOWN_FRAMES];
        for (int32_t f = 0; f < KNOWN_FRAMES; f++)
            marks[f] = (resight_mark){.hash = random_hash(),
                                      .time_us = (int64_t)f * S,
                                      .frame_number = 25 * f,
                                      .quality = 100,
                                      .dialect = RESIGHT_PDQ};
        snprintf(name, sizeof name, "videos/%08u.mp4", i);
        const resight_entry entry = {.bank = 1,
                                     .kind = RESIGHT_VIDEO,
                                     .name = name,
                                     .duration_us = (int64_t)KNOWN_FRAMES * S,
                                     .marks = marks,
                                     .mark_count = KNOWN_FRAMES};
        must(resight_writer_add(writer, &entry, &id, &error), &error);
        if (i == planted) {
            memcpy(b->planted, marks, sizeof marks);
            b->planted_id = id;
        }
    }
    must(resight_writer_commit(&writer, &error), &error);
}

static void make(bank *b, uint32_t videos) {
    resight_error error = {""};
    const char *base = getenv("TMPDIR");
    const resight_db_options options = {.create = true};
    const resight_bank one = {.name = "bench", .polarity = RESIGHT_POSITIVE, .radius_bits = 31, .min_quality = 50};
    resight_writer *writer = NULL;
    snprintf(b->root, sizeof b->root, "%s/resight-bench-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(b->root))
        exit(1);
    snprintf(b->dir, sizeof b->dir, "%s/db", b->root);
    must(resight_db_open(b->dir, &options, &b->db, &error), &error);
    must(resight_writer_begin(b->db, &writer, &error), &error);
    must(resight_writer_put_bank(writer, &one, NULL, &error), &error);
    must(resight_writer_commit(&writer, &error), &error);
    const double start = now_us();
    for (uint32_t i = 0; i < videos; i += GROUP)
        add_videos(b, i, videos - i < GROUP ? videos - i : GROUP, videos / 2);
    const double added = now_us();
    must(resight_db_merge(b->db, &error), &error);
    printf("%u hashes in %u videos: added in %.1f s, merged in %.1f s\n", videos * KNOWN_FRAMES, videos,
           (added - start) * 1e-6, (now_us() - added) * 1e-6);
}

static void destroy(bank *b) {
    char path[128];
    static const char *const files[] = {"data.mdb", "lock.mdb", "merge.lock"};
    resight_db_close(&b->db);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", b->dir, files[i]);
        unlink(path);
    }
    rmdir(b->dir);
    rmdir(b->root);
}

static void print_size(resight_reader *reader) {
    resight_error error = {""};
    static resight_db_stats stats;
    must(resight_reader_stats(reader, &stats, &error), &error);
    printf("  size         %.1f MB in %u segments, %llu hashes in none\n", (double)stats.used_bytes * 1e-6,
           stats.segment_count, (unsigned long long)stats.tail_hashes);
}

/* ---- The hour ------------------------------------------------------------------------------------------------- */

typedef struct hour {
    resight_hash upright[QUERY_FRAMES];
    resight_mark marks[QUERY_FRAMES][VIEWS][RESIGHT_TRANSFORMS];
} hour;

/* The planted video as it stands; all other ways of turning and reducing a frame give hashes that nobody has. */
static void make_hour(const bank *b, hour *h) {
    for (int32_t f = 0; f < QUERY_FRAMES; f++) {
        const int32_t known = f - PLANTED_FROM;
        for (unsigned v = 0; v < VIEWS; v++)
            for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++)
                h->marks[f][v][t] = (resight_mark){.hash = random_hash(),
                                                   .time_us = (int64_t)f * S,
                                                   .frame_number = 25 * f,
                                                   .quality = 100,
                                                   .dialect = RESIGHT_PDQ,
                                                   .transform = (uint8_t)t,
                                                   .view = v ? RESIGHT_VIEW_REDUCED : RESIGHT_VIEW_STORED};
        if (known >= 0 && known < KNOWN_FRAMES)
            h->marks[f][0][0].hash = turned(b->planted[known].hash, PLANTED_BITS);
        h->upright[f] = h->marks[f][0][0].hash;
    }
}

static void wrong(const char *what) {
    fprintf(stderr, "bench_lookup: %s\n", what);
    exit(1);
}

static double time_frames(resight_reader *reader, const hour *h) {
    resight_error error = {""};
    resight_matches found = {0};
    const double start = now_us();
    must(resight_reader_query(reader, h->upright, QUERY_FRAMES, NULL, &found, &error), &error);
    const double took_us = now_us() - start;
    if (found.count < KNOWN_FRAMES)
        wrong("a planted frame was not found");
    resight_matches_free(&found);
    return took_us;
}

static double time_match(const bank *b, resight_matcher *matcher, const hour *h) {
    resight_error error = {""};
    resight_answer answer = {0};
    const resight_subject subject = {.kind = RESIGHT_VIDEO,
                                     .marks = &h->marks[0][0][0],
                                     .mark_count = sizeof h->marks / sizeof(resight_mark),
                                     .every_us = S,
                                     .duration_us = (int64_t)QUERY_FRAMES * S};
    const double start = now_us();
    must(resight_matcher_find(matcher, &subject, NULL, &answer, &error), &error);
    const double took_us = now_us() - start;
    if (answer.count < 1 || answer.items[0].entry != b->planted_id || answer.items[0].segment_count != 1 ||
        llabs(answer.items[0].segments[0].query_from_us - (int64_t)PLANTED_FROM * S) > S)
        wrong("the planted video was not found where it is");
    resight_answer_free(&answer);
    return took_us;
}

static void bench(uint32_t videos) {
    static bank b;
    static hour h;
    double frames_us[ROUNDS], match_us[ROUNDS];
    resight_reader *reader = NULL;
    resight_matcher *matcher = NULL;
    resight_error error = {""};
    make(&b, videos);
    make_hour(&b, &h);
    must(resight_reader_new(b.db, &reader, &error), &error);
    must(resight_matcher_new(b.db, &matcher, &error), &error);
    print_size(reader);
    time_frames(reader, &h); /* warms up */
    time_match(&b, matcher, &h);
    for (size_t round = 0; round < ROUNDS; round++) {
        frames_us[round] = time_frames(reader, &h);
        match_us[round] = time_match(&b, matcher, &h);
    }
    printf("  an hour      %.2f s, its frames as they stand; %.2f s, all that match asks\n",
           quantile(frames_us, ROUNDS, 0.5) * 1e-6, quantile(match_us, ROUNDS, 0.5) * 1e-6);
    resight_matcher_free(&matcher);
    resight_reader_free(&reader);
    destroy(&b);
}

int main(int argc, char **argv) {
    state = 36;
    setvbuf(stdout, NULL, _IOLBF, 0); /* the large ones take a while */
    printf("kernels: %s\n", resight_cpu_name(resight_cpu_best()));
    if (argc < 2)
        bench((uint32_t)(1e6 / KNOWN_FRAMES));
    for (int i = 1; i < argc; i++) {
        const double hashes = strtod(argv[i], NULL);
        if (!(hashes >= KNOWN_FRAMES && hashes <= 1e9)) {
            fprintf(stderr, "bench_lookup: %s: expected a number of hashes, %d to 1e9\n", argv[i], KNOWN_FRAMES);
            return 2;
        }
        bench((uint32_t)(hashes / KNOWN_FRAMES));
    }
    return 0;
}
