/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search for local patches in a database: the time to add and to merge, the bytes of a known picture, and the time of
 * one query picture, which asks for all of its keys at once.
 *
 *     bench_patch_search [PICTURES...]      default: 1000 10000; 100000 needs 0.5 GB under TMPDIR
 *
 * A known picture has one hash and 100 patches. A query picture has 280 keys, those of 140 patches as they are and
 * mirrored: half of them lie 0 to 8 bits from a stored key, the others are drawn as the stored ones are. Two kinds of
 * keys: uniform, and skewed, where one key in two is a prototype with some bits turned, and one in fifty is all but the
 * same, as text and flat corners are. Queries are timed alone, one after another, with warm data, by the time of one
 * core that they take. The bench fails when a planted neighbour is not found.
 */
#include "measure.h"

#include <resight/cpu.h>
#include <resight/db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATCHES 100
#define KEYS 280
#define QUERIES 100
#define ROUNDS 3 /* the median of these is printed */
#define GROUP 1000
/* Keys that are near more patches than this are given up, in the second measurement. */
#define COMMON 1000
/* And pictures with fewer matches than this are left out, in the third: as resight_match() asks. */
#define LEAST 2

static void must(int status, const resight_error *error) {
    if (status == RESIGHT_OK || status == RESIGHT_EXISTS)
        return;
    fprintf(stderr, "bench_patch_search: %s: %s\n", resight_status_name(status), error->text);
    exit(1);
}

static uint64_t turned(uint64_t key, unsigned most_bits) {
    for (uint64_t flips = next() % (most_bits + 1); flips > 0; flips--)
        key ^= (uint64_t)1 << next() % 64;
    return key;
}

/* How keys are drawn. */
typedef struct key_source {
    const char *name;
    uint64_t *prototypes;
    uint32_t count; /* 0: uniform */
} key_source;

/* Of a hundred skewed keys, 48 are a prototype with up to 12 bits turned, 2 one of the first four with up to 3. */
static uint64_t draw(const key_source *source) {
    const uint64_t kind = next() % 100;
    if (source->count == 0 || kind >= 50)
        return next();
    return kind < 2 ? turned(source->prototypes[next() % 4], 3)
                    : turned(source->prototypes[next() % source->count], 12);
}

typedef struct bank {
    char root[64], dir[80];
    resight_db *db;
    uint32_t pictures;
    uint64_t *some_keys; /* [pictures]: one stored key of each */
} bank;

static void add_pictures(bank *b, uint32_t from, uint32_t count, const key_source *source) {
    resight_writer *writer = NULL;
    resight_error error = {""};
    resight_patch patches[PATCHES];
    must(resight_writer_begin(b->db, &writer, &error), &error);
    for (uint32_t i = from; i < from + count; i++) {
        char name[32];
        uint64_t id = 0;
        resight_mark mark = {.quality = 100, .dialect = RESIGHT_PDQ};
        for (size_t k = 0; k < 4; k++)
            mark.hash.w[k] = next();
        for (size_t p = 0; p < PATCHES; p++)
            patches[p] = (resight_patch){draw(source), (uint16_t)next(), (uint16_t)next(), 900, (uint16_t)next()};
        b->some_keys[i] = patches[next() % PATCHES].key;
        snprintf(name, sizeof name, "pictures/%08u.jpg", i);
        const resight_patch_set set = {.count = PATCHES, .width_px = 512, .height_px = 384};
        resight_entry entry = {.bank = 1,
                               .kind = RESIGHT_IMAGE,
                               .name = name,
                               .has_sha256 = true,
                               .marks = &mark,
                               .mark_count = 1,
                               .patch_sets = &set,
                               .patch_set_count = 1,
                               .patches = patches,
                               .patch_count = PATCHES};
        memcpy(entry.sha256, &mark.hash, sizeof entry.sha256);
        must(resight_writer_add(writer, &entry, &id, &error), &error);
    }
    must(resight_writer_commit(&writer, &error), &error);
}

static void make(bank *b, uint32_t pictures, const key_source *source) {
    resight_error error = {""};
    const char *base = getenv("TMPDIR");
    const resight_db_options options = {.create = true};
    resight_writer *writer = NULL;
    snprintf(b->root, sizeof b->root, "%s/resight-bench-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(b->root))
        exit(1);
    snprintf(b->dir, sizeof b->dir, "%s/db", b->root);
    b->pictures = pictures;
    b->some_keys = calloc(pictures, sizeof *b->some_keys);
    must(resight_db_open(b->dir, &options, &b->db, &error), &error);
    must(resight_writer_begin(b->db, &writer, &error), &error);
    must(resight_writer_put_bank(
             writer, &(resight_bank){.name = "bench", .polarity = RESIGHT_POSITIVE, .radius_bits = 31}, NULL, &error),
         &error);
    must(resight_writer_commit(&writer, &error), &error);
    const double start = now_us();
    for (uint32_t i = 0; i < pictures; i += GROUP)
        add_pictures(b, i, pictures - i < GROUP ? pictures - i : GROUP, source);
    const double added = now_us();
    must(resight_db_merge(b->db, &error), &error);
    printf("%u pictures, %s keys: added in %.1f s, merged in %.1f s\n", pictures, source->name, (added - start) * 1e-6,
           (now_us() - added) * 1e-6);
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
    free(b->some_keys);
}

static void print_size(const bank *b, resight_reader *reader) {
    resight_error error = {""};
    static resight_db_stats stats;
    must(resight_reader_stats(reader, &stats, &error), &error);
    printf("  size         %.0f bytes a picture\n", (double)stats.used_bytes / b->pictures);
    for (uint32_t i = 0; i < stats.segment_count; i++)
        printf("  segment      %u patches in %u bands\n", stats.segment[i].patches, stats.segment[i].patch_bands);
    printf("  tail         %llu patches\n", (unsigned long long)stats.tail_patches);
}

/* The keys of one query picture; those with an even number are planted. */
static void query_keys(const bank *b, const key_source *source, uint64_t keys[KEYS]) {
    for (size_t k = 0; k < KEYS; k += 2) {
        keys[k] = turned(b->some_keys[next() % b->pictures], RESIGHT_PATCH_RADIUS_BITS);
        keys[k + 1] = draw(source);
    }
}

static void check_planted(const resight_patch_hits *found) {
    bool met[KEYS] = {false};
    for (size_t i = 0; i < found->count; i++)
        met[found->items[i].query] = true;
    for (size_t k = 0; k < KEYS; k += 2)
        if (!met[k]) {
            fprintf(stderr, "bench_patch_search: key %zu was not found\n", k);
            exit(1);
        }
}

static void time_queries(const bank *b, resight_reader *reader, const key_source *source, uint32_t common,
                         uint32_t least) {
    double p50[ROUNDS], p99[ROUNDS], matches = 0, given_up = 0;
    static double times[QUERIES];
    resight_error error = {""};
    resight_patch_hits found = {0};
    const resight_patch_query_options options = {.common = common, .least = least};
    const uint64_t seed = state;
    for (int round = -1; round < ROUNDS; round++) { /* the first only warms up */
        state = seed;
        matches = given_up = 0;
        for (size_t q = 0; q < QUERIES; q++) {
            uint64_t keys[KEYS];
            query_keys(b, source, keys);
            const double start = now_us();
            must(resight_reader_query_patches(reader, keys, KEYS, &options, &found, &error), &error);
            times[q] = now_us() - start;
            matches += (double)found.count;
            given_up += found.common_keys;
            if (common == 0 && least == 0)
                check_planted(&found);
        }
        if (round >= 0) {
            p50[round] = quantile(times, QUERIES, 0.5);
            p99[round] = quantile(times, QUERIES, 0.99);
        }
    }
    printf("  query        p50 %.2f ms, p99 %.2f ms a picture; %.0f matches, %.1f common keys%s%s\n",
           quantile(p50, ROUNDS, 0.5) * 1e-3, quantile(p99, ROUNDS, 0.5) * 1e-3, matches / QUERIES, given_up / QUERIES,
           common ? " given up" : "", least ? ", entries with one match left out" : "");
    resight_patch_hits_free(&found);
}

static void bench(uint32_t pictures, const key_source *source) {
    bank b = {.pictures = pictures};
    resight_reader *reader = NULL;
    resight_error error = {""};
    make(&b, pictures, source);
    must(resight_reader_new(b.db, &reader, &error), &error);
    print_size(&b, reader);
    time_queries(&b, reader, source, 0, 0);
    time_queries(&b, reader, source, COMMON, 0);
    time_queries(&b, reader, source, COMMON, LEAST);
    resight_reader_free(&reader);
    destroy(&b);
}

static void bench_both(uint32_t pictures) {
    const key_source uniform = {.name = "uniform"};
    key_source skewed = {.name = "skewed", .count = pictures / 10 + 4};
    skewed.prototypes = calloc(skewed.count, sizeof *skewed.prototypes);
    for (uint32_t i = 0; i < skewed.count; i++)
        skewed.prototypes[i] = next();
    bench(pictures, &uniform);
    bench(pictures, &skewed);
    free(skewed.prototypes);
}

int main(int argc, char **argv) {
    state = 20;
    setvbuf(stdout, NULL, _IOLBF, 0); /* the large ones take a while */
    printf("kernels: %s\n", resight_cpu_name(resight_cpu_best()));
    if (argc < 2) {
        bench_both(1000);
        bench_both(10000);
    }
    for (int i = 1; i < argc; i++) {
        const double pictures = strtod(argv[i], NULL);
        if (!(pictures >= 1 && pictures <= 1e7)) {
            fprintf(stderr, "bench_patch_search: %s: expected a number of pictures, 1 to 10000000\n", argv[i]);
            return 2;
        }
        bench_both((uint32_t)pictures);
    }
    return 0;
}
