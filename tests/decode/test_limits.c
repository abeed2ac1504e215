/* SPDX-License-Identifier: Apache-2.0 */
/* Each limit, named in its text; and files that ask for far more than they hold. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void expect_limit(const blob *b, const resight_decode_options *options, const char *option) {
    outcome o = decode_blob(b, options);
    cr_expect_eq(o.ended, RESIGHT_E_LIMIT, "%s: %s %s", option, resight_status_name(o.ended), o.error.text);
    cr_expect_not_null(strstr(o.error.text, option), "%s is not named: %s", option, o.error.text);
    free(o.first.px);
}

static void expect_fine(const blob *b, const resight_decode_options *options, const char *what) {
    outcome o = decode_blob(b, options);
    cr_expect_eq(o.ended, RESIGHT_END, "%s: %s", what, o.error.text);
    free(o.first.px);
}

/* One 60x40 file for each way through the decoder. */
static size_t make_files(blob files[12]) {
    static const clip video = {"matroska", "mpeg4", AV_PIX_FMT_YUV420P, 60, 40, 10},
                      gif = {"gif", "gif", AV_PIX_FMT_GRAY8, 60, 40, 10},
                      apng = {"apng", "apng", AV_PIX_FMT_RGB24, 60, 40, 10};
    raster rgb = make_waves(60, 40, 3), bgra = make_waves(60, 40, 4);
    const blob made[] = {make_jpeg(&rgb, 0, NULL, 0),
                         make_jpeg(&rgb, JPEG_PROGRESSIVE, NULL, 0),
                         make_png(&rgb, 0),
                         make_still("bmp", &rgb, AV_PIX_FMT_BGR24),
                         make_still("tiff", &rgb, AV_PIX_FMT_RGB24),
                         make_still("libwebp", &bgra, AV_PIX_FMT_BGRA),
                         make_animated_webp(60, 40, 10),
                         make_clip(&video),
                         make_clip(&gif),
                         make_clip(&apng)};
    size_t count = 0;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (made[i].size_bytes)
            files[count++] = made[i];
    free(rgb.px);
    free(bgra.px);
    return count;
}

Test(limits, sides_and_pixels_and_memory_on_every_way) {
    blob files[12];
    const size_t count = make_files(files);
    for (size_t i = 0; i < count; i++) {
        resight_decode_options options = every_frame();
        options.limits.max_side_px = 60;
        options.limits.max_pixels = 60 * 40;
        expect_fine(&files[i], &options, "at the limit");
        options.limits.max_side_px = 59;
        expect_limit(&files[i], &options, "--max-side");
        options.limits.max_side_px = 0;
        options.limits.max_pixels = 60 * 40 - 1;
        expect_limit(&files[i], &options, "--max-pixels");
        options.limits.max_pixels = 0;
        options.limits.max_memory_bytes = 60 * 40 / 2;
        expect_limit(&files[i], &options, "--max-memory");
        memset(&options.limits, 0, sizeof options.limits);
        expect_fine(&files[i], &options, "without limits");
        free(files[i].bytes);
    }
}

Test(limits, bytes_of_stills_and_of_video) {
    const clip c = {"matroska", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 10};
    raster r = make_waves(30, 20, 3);
    blob video = make_clip(&c), still = make_png(&r, 0);
    resight_decode_options options = every_frame();
    options.limits.max_bytes = still.size_bytes;
    options.limits.max_video_bytes = video.size_bytes;
    expect_fine(&still, &options, "a still");
    expect_fine(&video, &options, "a video");
    options.limits.max_bytes--;
    options.limits.max_video_bytes--;
    expect_limit(&still, &options, "--max-bytes");
    expect_limit(&video, &options, "--max-video-bytes");
    free(still.bytes);
    free(video.bytes);
    free(r.px);
}

Test(limits, frames_of_one_file) {
    blob files[12];
    const size_t count = make_files(files);
    for (size_t i = 0; i < count; i++) {
        resight_decode_options options = every_frame();
        options.limits.max_frames = 10;
        expect_fine(&files[i], &options, "ten frames");
        options.limits.max_frames = 9;
        outcome o = decode_blob(&files[i], &options);
        cr_expect(o.frames == 1 ||
                      (o.frames == 9 && o.ended == RESIGHT_E_LIMIT && strstr(o.error.text, "--max-frames")),
                  "file %zu: %zu frames, %s", i, o.frames, o.error.text);
        free(o.first.px);
        free(files[i].bytes);
    }
}

/* The scan of one bit a block that refines the DC coefficients, again and again. libjpeg warns and goes on. */
static blob with_more_scans(const blob *progressive, unsigned count) {
    const uint8_t *bytes = progressive->bytes;
    size_t from = 0;
    while (!(bytes[from] == 0xff && bytes[from + 1] == 0xda && bytes[from + 1 + bytes[from + 3]] == 0x10 &&
             bytes[from + bytes[from + 3] - 1] == 0))
        from++;
    size_t to = from + 2;
    while (!(bytes[to] == 0xff && bytes[to + 1] != 0 && to > from + 2))
        to++;
    blob b = blob_copy(bytes, progressive->size_bytes - 2);
    for (unsigned i = 0; i < count; i++)
        blob_append(&b, bytes + from, to - from);
    blob_append(&b, "\xff\xd9", 2);
    return b;
}

Test(limits, scans_of_a_progressive_jpeg, .timeout = 60) {
    raster r = make_waves(64, 48, 3);
    blob plain = make_jpeg(&r, JPEG_PROGRESSIVE, NULL, 0);
    blob b = with_more_scans(&plain, 100);
    expect_limit(&b, NULL, "--max-scans");
    resight_decode_options options = every_frame();
    options.limits.max_scans = 0;
    expect_fine(&b, &options, "without a limit");
    options.limits.max_scans = 5;
    expect_limit(&plain, &options, "--max-scans");
    free(b.bytes);
    free(plain.bytes);
    free(r.px);
}

/* Some hundred bytes that stand for 20,479 x 20,479 pixels are refused before anything of the kind is reserved. */
Test(limits, a_header_reserves_nothing) {
    raster r = make_waves(16, 16, 3);
    blob b = make_jpeg(&r, JPEG_PROGRESSIVE, NULL, 0);
    for (size_t i = 0; i + 8 < b.size_bytes; i++)
        if (b.bytes[i] == 0xff && b.bytes[i + 1] == 0xc2) {
            memcpy(b.bytes + i + 5, "\x4f\xff\x4f\xff", 4);
            break;
        }
    resight_decode_options options = every_frame();
    options.limits.max_pixels = 0;
    expect_limit(&b, &options, "--max-memory");
    expect_limit(&b, NULL, "--max-pixels");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    cr_expect_lt(usage.ru_maxrss, 300 * 1024, "%ld KB were used", usage.ru_maxrss);
    free(b.bytes);
    free(r.px);
}

/* A frame is asked for when more than the one second of processor time is spent. */
Test(limits, seconds, .timeout = 120) {
    const clip c = {"matroska", "ffv1", AV_PIX_FMT_YUV420P, 32, 16, 70};
    blob b = make_clip(&c);
    resight_decode_options options = every_frame();
    options.limits.max_seconds = 1;
    resight_decoder *decoder = NULL;
    resight_source *source = NULL;
    resight_media_info info;
    resight_frame frame;
    resight_error error;
    cr_assert_eq(resight_decoder_new(&options, &decoder), RESIGHT_OK);
    cr_assert_eq(resight_source_open_memory(b.bytes, b.size_bytes, &source, NULL), RESIGHT_OK);
    cr_assert_eq(resight_decoder_open(decoder, source, &info, &error), RESIGHT_OK, "%s", error.text);
    cr_assert_eq(resight_decoder_next(decoder, &frame, &error), RESIGHT_OK);
    for (const clock_t from = clock(); clock() - from < 12 * CLOCKS_PER_SEC / 10;)
        ; /* the thread's own time runs on */
    cr_expect_eq(resight_decoder_next(decoder, &frame, &error), RESIGHT_E_LIMIT);
    cr_expect_not_null(strstr(error.text, "--max-seconds"), "%s", error.text);
    resight_decoder_free(&decoder);
    resight_source_free(&source);
    free(b.bytes);
}
