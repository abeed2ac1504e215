/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: what a pipe gives, byte by byte and frame by frame, what ends it, and what it may not ask for. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static resight_source *stream_of(int fd, int stop_fd) {
    resight_source *source = NULL;
    resight_error error = {{0}};
    cr_assert_eq(resight_source_open_stream(fd, stop_fd, 0, &source, &error), RESIGHT_OK, "%s", error.text);
    return source;
}

/* 4,096 bytes of no known kind. */
static blob numbers(void) {
    blob b = {malloc(4096), 4096};
    for (size_t i = 0; i < b.size_bytes; i++)
        b.bytes[i] = (uint8_t)(i * 7 + i / 256);
    return b;
}

Test(stream, is_read_once_but_for_its_head) {
    const blob b = numbers();
    const int fd = pipe_of(&b);
    resight_source *source = stream_of(fd, -1);
    uint8_t got[8192];
    size_t got_bytes = 0;
    cr_assert(resight_source_is_stream(source));
    for (int turn = 0; turn < 2; turn++) {
        cr_assert_eq(resight_source_read(source, 56, got, 200, &got_bytes, NULL), RESIGHT_OK);
        cr_assert(got_bytes == 200 && memcmp(got, b.bytes + 56, 200) == 0);
    }
    cr_assert_eq(resight_source_read(source, 0, got, 1000, &got_bytes, NULL), RESIGHT_OK);
    cr_assert(got_bytes == 1000 && memcmp(got, b.bytes, 1000) == 0);
    cr_expect_eq(resight_source_size(source), 1000, "of what has come");
    cr_expect_eq(resight_source_read(source, 999, got, 1, &got_bytes, NULL), RESIGHT_E_IO);
    cr_expect_eq(resight_source_read(source, 1001, got, 1, &got_bytes, NULL), RESIGHT_E_IO);
    cr_assert_eq(resight_source_read(source, 1000, got, sizeof got, &got_bytes, NULL), RESIGHT_OK);
    cr_assert(got_bytes == 3096 && memcmp(got, b.bytes + 1000, 3096) == 0);
    cr_assert_eq(resight_source_read(source, 4096, got, 1, &got_bytes, NULL), RESIGHT_OK);
    cr_expect_eq(got_bytes, 0);
    resight_source_free(&source);
    close(fd);
    free(b.bytes);
}

/* Nobody writes any more, and nobody has closed. */
Test(stream, ends_when_it_is_told_to, .timeout = 10) {
    int ends[2], stop[2];
    uint8_t got[1000];
    size_t got_bytes = 0;
    cr_assert(pipe(ends) == 0 && pipe(stop) == 0);
    cr_assert_eq(write(ends[1], memset(got, 1, 300), 300), 300);
    resight_source *source = stream_of(ends[0], stop[0]);
    cr_assert_eq(write(stop[1], "", 1), 1);
    cr_assert_eq(resight_source_read(source, 0, got, sizeof got, &got_bytes, NULL), RESIGHT_OK);
    cr_expect_eq(got_bytes, 256, "the head, and no more");
    cr_assert_eq(resight_source_read(source, 256, got, sizeof got, &got_bytes, NULL), RESIGHT_OK);
    cr_expect_eq(got_bytes, 0);
    resight_source_free(&source);
}

Test(stream, gives_the_frames_of_the_file) {
    static const clip clips[] = {
        {"mpegts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 60, .b_frames = 2, .sound = true},
        {"matroska", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 60, .sound = true},
        {"flv", "flv", AV_PIX_FMT_YUV420P, 64, 48, 60},
        {"avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 60},
        {"asf", "wmv2", AV_PIX_FMT_YUV420P, 64, 48, 60},
        {"nut", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 60},
    };
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++) {
        blob b = make_clip(&clips[i]);
        const int fd = pipe_of(&b);
        resight_source *source = stream_of(fd, -1);
        cr_expect(resight_source_is_stream(source), "%s", clips[i].container);
        outcome whole = decode_blob(&b, NULL), came = decode_source(source, NULL);
        cr_assert_eq(came.ended, RESIGHT_END, "%s: %s", clips[i].container, came.error.text);
        cr_expect(came.frames == 60 && memcmp(came.frame, whole.frame, sizeof came.frame) == 0, "%s",
                  clips[i].container);
        cr_expect_not(came.damaged, "%s", clips[i].container);
        resight_source_free(&source);
        close(fd);
        free(whole.first.px);
        free(came.first.px);
        free(b.bytes);
    }
}

Test(stream, a_tail_that_breaks_off_is_damage) {
    blob b = make_clip(&(clip){"matroska", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 60});
    b.size_bytes = b.size_bytes * 2 / 3;
    const int fd = pipe_of(&b);
    resight_source *source = stream_of(fd, -1);
    outcome o = decode_source(source, NULL);
    cr_expect(o.ended == RESIGHT_END && o.frames > 10 && o.frames < 60 && o.damaged);
    resight_source_free(&source);
    close(fd);
    free(o.first.px);
    free(b.bytes);
}

static bool streams(const blob *b) {
    const int fd = pipe_of(b);
    resight_source *source = stream_of(fd, -1);
    const bool is = resight_source_is_stream(source);
    cr_expect(is || resight_source_size(source) == b->size_bytes);
    resight_source_free(&source);
    close(fd);
    return is;
}

/* An "ftyp" of 24 bytes and the name of the box after it. */
static blob boxes(const char *second) {
    blob b = blob_copy("\0\0\0\x18"
                       "ftypisom\0\0\0\0isommp41\0\0\1\0",
                       28);
    blob_append(&b, second, 4);
    return b;
}

Test(stream, what_cannot_be_read_as_it_comes_is_read_whole) {
    const raster waves = make_waves(100, 80, 3);
    const blob whole[] = {make_png(&waves, 0),
                          make_jpeg(&waves, 0, NULL, 0),
                          boxes("mdat"),
                          boxes("free"),
                          make_clip(&(clip){"mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30}),
                          make_animated_webp(40, 30, 3),
                          blob_copy("\0\0\0\x20wide\0\0\0\0mdat", 16)};
    const blob come[] = {boxes("moov"), blob_copy("\0\0\0\x20moov", 8), blob_copy("", 0), blob_copy("G", 1)};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        cr_expect_not(streams(&whole[i]), "%zu", i);
    for (size_t i = 0; i < sizeof come / sizeof *come; i++)
        cr_expect(streams(&come[i]), "%zu", i);
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        free(whole[i].bytes);
    for (size_t i = 0; i < sizeof come / sizeof *come; i++)
        free(come[i].bytes);
    free(waves.px);
}

Test(stream, an_mp4_over_the_limit_says_why_it_is_read_whole) {
    const blob b = make_clip(&(clip){"mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30});
    resight_source *source = NULL;
    resight_error error;
    const int fd = pipe_of(&b);
    cr_assert_eq(resight_source_open_stream(fd, -1, 500, &source, &error), RESIGHT_E_LIMIT);
    cr_expect(strstr(error.text, "--max-bytes") && strstr(error.text, "index comes last"), "%s", error.text);
    close(fd);
    free(b.bytes);
}

/* Two minutes and a half, at a frame a second: 60 in a minute. */
Test(stream, limits_hold_for_a_minute) {
    int64_t times_ms[150];
    for (int i = 0; i < 150; i++)
        times_ms[i] = 1000 * i;
    const blob b = make_clip(&(clip){"matroska", "mjpeg", AV_PIX_FMT_YUVJ420P, 320, 240, 150, .times_ms = times_ms});
    static const struct {
        uint64_t frames, bytes;
        bool enough;
    } limits[] = {{70, 0, true}, {50, 0, false}, {0, 1, true}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        resight_decode_options options = resight_decode_options_default();
        options.limits.max_frames = limits[i].frames;
        options.limits.max_video_bytes = limits[i].bytes ? b.size_bytes / 2 / limits[i].bytes : 0;
        const int fd = pipe_of(&b);
        resight_source *source = stream_of(fd, -1);
        outcome o = decode_source(source, &options);
        const int last = o.opened == RESIGHT_OK ? o.ended : o.opened;
        cr_expect_eq(last, limits[i].enough ? RESIGHT_END : RESIGHT_E_LIMIT, "%zu: %s", i, o.error.text);
        resight_source_free(&source);
        close(fd);
        free(o.first.px);
    }
    resight_decode_options options = resight_decode_options_default();
    options.limits.max_frames = 70;
    outcome file = decode_blob(&b, &options);
    cr_expect_eq(file.ended, RESIGHT_E_LIMIT, "of a file they hold for all of it: %s", file.error.text);
    free(file.first.px);
    free(b.bytes);
}
