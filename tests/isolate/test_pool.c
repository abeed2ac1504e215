/* SPDX-License-Identifier: Apache-2.0 */
/* Workers say of every kind of file what the library says in process; and what a pool says when it has no workers. */
#include "asking.h"
#include "making.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The same as in process -------------------------------------------------------------------- */

static blob png_of(unsigned channels, int flags) {
    const raster r = make_waves(200, 150, channels);
    const blob b = make_png(&r, flags);
    free(r.px);
    return b;
}

static blob jpeg_of(unsigned channels, int flags) {
    const raster r = make_waves(640, 480, channels);
    const blob exif = make_exif(6, false, true);
    const blob b = make_jpeg(&r, flags, exif.bytes, exif.size_bytes);
    free(r.px);
    free(exif.bytes);
    return b;
}

static blob still_of(const char *encoder, unsigned channels, enum AVPixelFormat format) {
    const raster r = make_waves(120, 90, channels);
    const blob b = make_still(encoder, &r, format);
    free(r.px);
    return b;
}

static blob clip_of(const char *container, const char *encoder, enum AVPixelFormat format, bool sound) {
    const clip c = {.container = container,
                    .encoder = encoder,
                    .format = format,
                    .width_px = 64,
                    .height_px = 48,
                    .frames = 60,
                    .sound = sound};
    return make_clip(&c);
}

static blob shortened(blob b) {
    b.size_bytes = b.size_bytes * 2 / 3;
    return b;
}

enum { SAMPLES = 20 };
static size_t make_samples(blob samples[SAMPLES], const char *names[SAMPLES]) {
    size_t n = 0;
#define SAMPLE(make) (names[n] = #make, samples[n++] = make)
    SAMPLE(jpeg_of(3, 0));
    SAMPLE(jpeg_of(1, JPEG_PROGRESSIVE));
    SAMPLE(jpeg_of(4, JPEG_ADOBE_INVERTED));
    SAMPLE(shortened(jpeg_of(3, 0)));
    SAMPLE(png_of(3, 0));
    SAMPLE(png_of(4, PNG_INTERLACED));
    SAMPLE(png_of(2, PNG_16_BIT));
    SAMPLE(shortened(png_of(3, 0)));
    SAMPLE(still_of("bmp", 3, AV_PIX_FMT_BGR24));
    SAMPLE(still_of("tiff", 3, AV_PIX_FMT_RGB24));
    SAMPLE(still_of("libwebp", 3, AV_PIX_FMT_YUV420P));
    SAMPLE(make_animated_webp(40, 30, 8));
    SAMPLE(clip_of("apng", "apng", AV_PIX_FMT_RGB24, false));
    SAMPLE(clip_of("gif", "gif", AV_PIX_FMT_RGB8, false));
    SAMPLE(clip_of("mp4", "mpeg4", AV_PIX_FMT_YUV420P, false));
    SAMPLE(clip_of("matroska", "ffv1", AV_PIX_FMT_YUV420P, true));
    SAMPLE(clip_of("mpegts", "mpeg2video", AV_PIX_FMT_YUV420P, false));
    SAMPLE(shortened(clip_of("matroska", "mpeg4", AV_PIX_FMT_YUV420P, false)));
    SAMPLE(blob_copy("neither", 7));
    SAMPLE(blob_copy("", 0));
    return n;
}

static void expect_same(const asked *a, const asked *b, const char *name) {
    cr_expect_eq(a->status, b->status, "%s: %d and %d, %s", name, a->status, b->status, b->error.text);
    cr_expect_str_eq(a->error.text, b->error.text, "%s", name);
    cr_expect(a->marks == b->marks && a->pictures == b->pictures, "%s: %zu marks and %zu", name, a->marks, b->marks);
    const size_t marks = a->marks < ASKED_MARKS ? a->marks : ASKED_MARKS;
    cr_expect(memcmp(a->mark, b->mark, marks * sizeof *a->mark) == 0, "%s: other marks", name);
    cr_expect(memcmp(a->picture, b->picture, sizeof a->picture) == 0, "%s: other thumbnails", name);
    cr_expect(a->info.kind == b->info.kind && a->info.format == b->info.format &&
                  strcmp(a->info.codec, b->info.codec) == 0 && a->info.width_px == b->info.width_px &&
                  a->info.height_px == b->info.height_px && a->info.orientation == b->info.orientation &&
                  a->info.duration_us == b->info.duration_us &&
                  a->info.frames_per_second == b->info.frames_per_second && a->damaged == b->damaged,
              "%s: described otherwise", name);
}

static void expect_as_in_process(const resight_pool_options *options) {
    static const resight_marking hows[] = {{RESIGHT_PDQ, RESIGHT_AS_STORED, false},
                                           {RESIGHT_PDQ512, RESIGHT_TURNED, true},
                                           {RESIGHT_PDQ, RESIGHT_DERIVED, false}};
    blob samples[SAMPLES];
    const char *names[SAMPLES];
    const size_t count = make_samples(samples, names);
    resight_pool_options off = *options;
    off.isolation = RESIGHT_ISOLATE_OFF;
    resight_pool *here = ask_whom(NULL, &off), *there = ask_whom(REAL_WORKERS, options);
    for (size_t h = 0; h < sizeof hows / sizeof *hows; h++)
        for (size_t i = 0; i < count; i++) {
            const asked a = ask(here, samples[i].bytes, samples[i].size_bytes, &hows[h], h != 0);
            const asked b = ask(there, samples[i].bytes, samples[i].size_bytes, &hows[h], h != 0);
            expect_same(&a, &b, names[i]);
        }
    for (size_t i = 0; i < count; i++)
        free(samples[i].bytes);
    resight_pool_free(&here);
    resight_pool_free(&there);
}

Test(pool, workers_say_what_the_library_says) {
    resight_pool_options options = resight_pool_options_default();
    options.decode.alpha = RESIGHT_ALPHA_VIEWS;
    expect_as_in_process(&options);
}

Test(pool, every_frame_and_few_files_a_worker) {
    resight_pool_options options = resight_pool_options_default();
    options.decode.every_us = 0;
    options.files_per_worker = 3;
    expect_as_in_process(&options);
}

Test(pool, limits_are_told_in_the_same_words) {
    resight_pool_options options = resight_pool_options_default();
    options.decode.limits.max_side_px = 100;
    options.decode.limits.max_frames = 10;
    options.isolation = RESIGHT_ISOLATE_FILE;
    expect_as_in_process(&options);
}

Test(pool, strict_where_all_walls_stand) {
    resight_pool_options options = resight_pool_options_default();
    options.isolation = RESIGHT_ISOLATE_STRICT;
    resight_pool *pool = ask_whom(REAL_WORKERS, &options);
    const blob b = png_of(3, 0);
    unsigned walls = 0;
    resight_pool *lenient = ask_whom(REAL_WORKERS, NULL);
    cr_assert_eq(resight_pool_walls(lenient, &walls, NULL), RESIGHT_OK);
    const asked a = ask(pool, b.bytes, b.size_bytes, NULL, false);
    if (walls == RESIGHT_WALLS)
        cr_expect_eq(a.status, RESIGHT_OK, "%s", a.error.text);
    else
        cr_expect(a.status == RESIGHT_E_UNSUPPORTED && strstr(a.error.text, "strict isolation"), "%s", a.error.text);
    resight_pool_free(&lenient);
    resight_pool_free(&pool);

    pool = ask_whom(UNFILTERED_WORKERS, &options);
    const asked without = ask(pool, b.bytes, b.size_bytes, NULL, false);
    cr_expect(without.status == RESIGHT_E_UNSUPPORTED && strstr(without.error.text, "system call filter"), "%s",
              without.error.text);
    resight_pool_free(&pool);
    free(b.bytes);
}

/* ---- Descriptors ------------------------------------------------------------------------------- */

/* A descriptor that can write is not handed over: the worker gets one that cannot. */
Test(pool, a_file_open_for_writing) {
    char path[] = "/tmp/resight-pool-XXXXXX";
    const int fd = mkstemp(path);
    const blob b = png_of(3, 0);
    resight_source *source = NULL;
    resight_pool *pool = ask_whom(REAL_WORKERS, NULL), *hostile = ask_whom(HOSTILE_WORKERS, NULL);
    cr_assert_eq(write(fd, b.bytes, b.size_bytes), (ssize_t)b.size_bytes);
    cr_assert_eq(resight_source_open_fd(fd, 0, &source, NULL), RESIGHT_OK);
    const asked a = ask_source(pool, source, NULL, false), m = ask(pool, b.bytes, b.size_bytes, NULL, false);
    expect_same(&m, &a, "a file");
    resight_source_free(&source);
    resight_pool_free(&pool);
    resight_pool_free(&hostile);
    close(fd);
    unlink(path);
    free(b.bytes);
}

/* Shortened between the opening and the reading: no bus error, one line. */
Test(pool, a_file_that_shrinks) {
    char path[] = "/tmp/resight-pool-XXXXXX";
    const int fd = mkstemp(path);
    const blob b = png_of(3, 0);
    resight_source *source = NULL;
    resight_pool *pool = ask_whom(REAL_WORKERS, NULL);
    cr_assert_eq(write(fd, b.bytes, b.size_bytes), (ssize_t)b.size_bytes);
    cr_assert_eq(resight_source_open_path(path, &source, NULL), RESIGHT_OK);
    cr_assert_eq(ftruncate(fd, (off_t)b.size_bytes / 2), 0);
    const asked a = ask_source(pool, source, NULL, false);
    cr_expect_eq(a.status, RESIGHT_E_FORMAT, "%s", a.error.text);
    resight_source_free(&source);
    resight_pool_free(&pool);
    close(fd);
    unlink(path);
    free(b.bytes);
}

static size_t open_descriptors(void) {
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

Test(pool, nothing_is_left_behind) {
    const blob b = png_of(3, 0);
    const size_t before = open_descriptors();
    resight_pool_options options = resight_pool_options_default();
    options.isolation = RESIGHT_ISOLATE_FILE;
    resight_pool *pool = ask_whom(REAL_WORKERS, &options);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(ask(pool, b.bytes, b.size_bytes, NULL, false).status, RESIGHT_OK);
    resight_pool_free(&pool);
    cr_expect_eq(open_descriptors(), before);
    free(b.bytes);
}

/* A worker ends with the thread that started it: whoever uses the pool next has a new one, and the file is not blamed.
 */
static void *start_worker(void *pool) {
    unsigned walls;
    cr_expect_eq(resight_pool_walls(pool, &walls, NULL), RESIGHT_OK);
    return NULL;
}

Test(pool, goes_from_thread_to_thread) {
    const blob b = png_of(3, 0);
    resight_pool *pool = ask_whom(REAL_WORKERS, NULL);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, start_worker, pool), 0);
        pthread_join(thread, NULL);
        const asked a = ask(pool, b.bytes, b.size_bytes, NULL, false);
        cr_expect_eq(a.status, RESIGHT_OK, "%s", a.error.text);
    }
    resight_pool_free(&pool);
    free(b.bytes);
}

/* ---- No workers -------------------------------------------------------------------------------- */

static void expect_no_worker(const char *folder, const char *text) {
    resight_pool *pool = ask_whom(folder, NULL);
    const asked a = ask(pool, "\xff\xd8\xff", 3, NULL, false);
    cr_expect(a.status == RESIGHT_E_UNSUPPORTED && strstr(a.error.text, text), "%s", a.error.text);
    resight_pool_free(&pool);
}

static void put_program(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, 0700);
}

Test(pool, a_missing_worker_is_one_clear_line) {
    char folder[] = "/tmp/resight-pool-XXXXXX", program[128];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/resight-decode-image", folder);
    expect_no_worker(folder, "resight-decode-image: No such file or directory");
    put_program(program, "no program at all");
    expect_no_worker(folder, "cannot be run");
    put_program(program, "#!/bin/sh\nexit 64\n");
    expect_no_worker(folder, "is not of version");
    put_program(program, "#!/bin/sh\nexit 5\n");
    expect_no_worker(folder, "ended before it was ready (signal 0, exit code 5)");
    unlink(program);
    rmdir(folder);
}

Test(pool, names) {
    static const char *const names[] = {"off", "on", "file", "strict"};
    for (unsigned i = 0; i < 4; i++) {
        resight_isolation got = RESIGHT_ISOLATE_ON;
        cr_expect_str_eq(resight_isolation_name((resight_isolation)i), names[i]);
        cr_expect(resight_isolation_from_name(names[i], &got) == RESIGHT_OK && got == (resight_isolation)i);
    }
    resight_isolation got;
    cr_expect_eq(resight_isolation_from_name("sometimes", &got), RESIGHT_E_ARG);
    cr_expect_str_eq(resight_isolation_name((resight_isolation)4), "unknown");
    cr_expect_str_eq(resight_wall_name((resight_wall)16), "unknown");
    resight_pool_options off = resight_pool_options_default();
    off.isolation = RESIGHT_ISOLATE_OFF;
    resight_pool *pool = ask_whom(NULL, &off);
    unsigned walls;
    cr_expect_eq(resight_pool_walls(pool, &walls, NULL), RESIGHT_NOT_FOUND);
    resight_pool_free(&pool);
}

/* ---- TMK --------------------------------------------------------------------------------------- */

static int sign(resight_isolation isolation, const char *programs, const blob *b, resight_tmk *out,
                resight_error *error) {
    resight_pool_options options = resight_pool_options_default();
    options.isolation = isolation;
    options.decode.every_us = 0;
    resight_pool *pool = ask_whom(programs, &options);
    resight_source *source = NULL;
    bool damaged = true;
    cr_assert_eq(resight_source_open_memory(b->bytes, b->size_bytes, &source, NULL), RESIGHT_OK);
    const int status = resight_pool_tmk(pool, source, out, &damaged, error);
    cr_expect(status != RESIGHT_OK || !damaged);
    resight_source_free(&source);
    resight_pool_free(&pool);
    return status;
}

Test(pool, a_signature_is_that_of_the_library) {
    static resight_tmk here, there;
    const blob b = png_of(3, 0);
    const blob half = {.bytes = b.bytes, .size_bytes = b.size_bytes / 2};
    resight_error error = {0}, again = {0};
    cr_assert_eq(sign(RESIGHT_ISOLATE_OFF, REAL_WORKERS, &b, &here, &error), RESIGHT_OK, "%s", error.text);
    cr_assert_eq(sign(RESIGHT_ISOLATE_ON, REAL_WORKERS, &b, &there, &error), RESIGHT_OK, "%s", error.text);
    cr_expect(here.frame_count > 0 && memcmp(&here, &there, sizeof here) == 0);
    const int status = sign(RESIGHT_ISOLATE_OFF, REAL_WORKERS, &half, &here, &error);
    cr_expect_lt(status, 0);
    cr_expect_eq(sign(RESIGHT_ISOLATE_ON, REAL_WORKERS, &half, &there, &again), status);
    cr_expect_str_eq(again.text, error.text);

    const blob order = {.bytes = (uint8_t *)"behave", .size_bytes = 6}; /* which is: a mark */
    cr_expect_eq(sign(RESIGHT_ISOLATE_ON, HOSTILE_WORKERS, &order, &there, &error), RESIGHT_E_FORMAT);
    cr_expect(strstr(error.text, "not asked for"), "%s", error.text);
    free(b.bytes);
}

Test(pool, a_signature_needs_every_frame) {
    static resight_tmk tmk;
    const blob b = png_of(3, 0);
    resight_pool_options options = resight_pool_options_default();
    options.decode.every_us = 1000;
    resight_pool *pool = ask_whom(REAL_WORKERS, &options);
    resight_source *source = NULL;
    bool damaged;
    cr_assert_eq(resight_source_open_memory(b.bytes, b.size_bytes, &source, NULL), RESIGHT_OK);
    cr_expect_eq(resight_pool_tmk(pool, source, &tmk, &damaged, NULL), RESIGHT_E_ARG);
    resight_source_free(&source);
    resight_pool_free(&pool);
    free(b.bytes);
}
