/* SPDX-License-Identifier: Apache-2.0 */
/* Streams in workers: the same marks as in process, each as soon as its frame has come, and every end of either side.
 */
#include "asking.h"
#include "isolate/records.h"
#include "making.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const clip clips[] = {
    {"mpegts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 100, .b_frames = 2, .sound = true},
    {"matroska", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 100, .sound = true},
    {"flv", "flv", AV_PIX_FMT_YUV420P, 64, 48, 100},
    {"mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 100},
};

static resight_source *stream_of(int fd, int stop_fd) {
    resight_source *source = NULL;
    cr_assert_eq(resight_source_open_stream(fd, stop_fd, 0, &source, NULL), RESIGHT_OK);
    return source;
}

static resight_pool_options each_frame(resight_isolation isolation) {
    resight_pool_options options = resight_pool_options_default();
    options.isolation = isolation;
    options.decode.every_us = 0;
    return options;
}

static asked ask_pipe(resight_pool *pool, const blob *b, const resight_marking *how) {
    const int fd = pipe_of(b);
    resight_source *source = stream_of(fd, -1);
    const asked a = ask_source(pool, source, how, true);
    resight_source_free(&source);
    close(fd);
    return a;
}

Test(stream, workers_say_what_the_library_says) {
    static const resight_marking how = {RESIGHT_PDQ, RESIGHT_TURNED, false};
    const resight_pool_options on = each_frame(RESIGHT_ISOLATE_ON), off = each_frame(RESIGHT_ISOLATE_OFF);
    resight_pool *there = ask_whom(REAL_WORKERS, &on), *here = ask_whom(NULL, &off);
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++)
        for (size_t part = i == 1 ? 2 : 3; part <= 3; part++) { /* one that breaks off */
            blob b = make_clip(&clips[i]);
            b.size_bytes = b.size_bytes * part / 3;
            const asked whole = ask(here, b.bytes, b.size_bytes, &how, true);
            const asked a = ask_pipe(here, &b, &how), c = ask_pipe(there, &b, &how);
            const char *name = clips[i].container;
            cr_expect(a.status == whole.status && c.status == whole.status, "%s: %s, %s", name, a.error.text,
                      c.error.text);
            cr_expect(a.damaged == whole.damaged && c.damaged == whole.damaged, "%s", name);
            cr_expect(a.marks == whole.marks && c.marks == whole.marks, "%s: %zu, %zu, %zu marks", name, whole.marks,
                      a.marks, c.marks);
            cr_expect(memcmp(a.mark, whole.mark, sizeof a.mark) == 0 && memcmp(c.mark, whole.mark, sizeof a.mark) == 0,
                      "%s: other marks", name);
            cr_expect(memcmp(c.picture, whole.picture, sizeof c.picture) == 0, "%s: other thumbnails", name);
            free(b.bytes);
        }
    resight_pool_free(&here);
    resight_pool_free(&there);
}

/* A sink that ends the stream from outside once some marks have come. */
typedef struct listener {
    int stop_fd;
    size_t marks;
} listener;

static int stop_after_ten(void *user, const resight_mark *mark) {
    listener *l = user;
    (void)mark;
    if (++l->marks == 10)
        cr_assert_eq(write(l->stop_fd, "", 1), 1);
    return RESIGHT_OK;
}

/* The writer never closes: unless marks came before the end, nobody would stop it. */
Test(stream, marks_come_before_the_end_and_a_stop_is_an_end, .timeout = 60) {
    static const resight_marking how = {.dialect = RESIGHT_PDQ};
    const blob b = make_clip(&(clip){"mpegts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 500});
    const resight_isolation isolations[] = {RESIGHT_ISOLATE_ON, RESIGHT_ISOLATE_OFF};
    for (size_t i = 0; i < 2; i++) {
        int stop[2], ends[2];
        resight_media_info info;
        resight_error error = {{0}};
        bool damaged = false;
        cr_assert(pipe(stop) == 0 && pipe(ends) == 0);
        const pid_t writer = fork();
        if (writer == 0) {
            const ssize_t done = write(ends[1], b.bytes, b.size_bytes);
            (void)done;
            pause();
        }
        const resight_pool_options options = each_frame(isolations[i]);
        resight_pool *pool = ask_whom(REAL_WORKERS, &options);
        resight_source *source = stream_of(ends[0], stop[0]);
        listener l = {.stop_fd = stop[1]};
        const resight_sink sink = {.mark = stop_after_ten, .user = &l};
        cr_expect_eq(resight_pool_hash(pool, source, &how, &sink, &info, &damaged, &error), RESIGHT_OK, "%s",
                     error.text);
        cr_expect_geq(l.marks, 10);
        resight_source_free(&source);
        resight_pool_free(&pool);
        kill(writer, SIGKILL);
        waitpid(writer, NULL, 0);
    }
}

static int refuse_mark(void *user, const resight_mark *mark) {
    (void)user;
    (void)mark;
    return RESIGHT_E_BUSY;
}

Test(stream, a_sink_that_fails_ends_it, .timeout = 60) {
    static const resight_marking how = {.dialect = RESIGHT_PDQ};
    const blob b = make_clip(&clips[0]);
    const resight_pool_options options = each_frame(RESIGHT_ISOLATE_ON);
    resight_pool *pool = ask_whom(REAL_WORKERS, &options);
    const resight_sink sink = {.mark = refuse_mark};
    resight_media_info info;
    bool damaged;
    const int fd = pipe_of(&b);
    resight_source *source = stream_of(fd, -1);
    cr_expect_eq(resight_pool_hash(pool, source, &how, &sink, &info, &damaged, NULL), RESIGHT_E_BUSY);
    resight_source_free(&source);
    close(fd);
    const asked next = ask(pool, b.bytes, b.size_bytes, &how, false);
    cr_expect_eq(next.status, RESIGHT_OK, "the next file is nobody's fault: %s", next.error.text);
    resight_pool_free(&pool);
}

/* ---- Claims ------------------------------------------------------------------------------------ */

static int take_frame(answer *a, int64_t seconds, int32_t number) {
    const record mark = {.kind = RECORD_MARK,
                         .mark = {.time_us = seconds * 1000000, .frame_number = number, .dialect = RESIGHT_PDQ}};
    return answer_take(a, &mark, NULL);
}

Test(stream, a_worker_may_claim_so_many_frames_a_minute) {
    answer a = {.how = {.dialect = RESIGHT_PDQ}, .stream = true, .max_frames = 30};
    for (int32_t i = 0; i < 300; i++)
        cr_assert_eq(take_frame(&a, 2 * i, i), RESIGHT_OK, "frame %d", i);
    a = (answer){.how = {.dialect = RESIGHT_PDQ}, .stream = true, .max_frames = 29};
    for (int32_t i = 0; i < 29; i++)
        cr_assert_eq(take_frame(&a, 2 * i, i), RESIGHT_OK);
    cr_expect_eq(take_frame(&a, 58, 29), RESIGHT_E_FORMAT);
    a = (answer){.how = {.dialect = RESIGHT_PDQ}, .max_frames = 30};
    for (int32_t i = 0; i < 30; i++)
        cr_assert_eq(take_frame(&a, 2 * i, i), RESIGHT_OK);
    cr_expect_eq(take_frame(&a, 60, 30), RESIGHT_E_FORMAT, "of a file, in all");
}

Test(stream, numbers_of_frames_may_come_to_their_end) {
    answer a = {.how = {.dialect = RESIGHT_PDQ}, .stream = true};
    cr_assert_eq(take_frame(&a, 1, INT32_MAX), RESIGHT_OK);
    cr_expect_eq(take_frame(&a, 2, INT32_MAX), RESIGHT_OK);
    cr_expect_eq(take_frame(&a, 3, 7), RESIGHT_E_FORMAT);
}
