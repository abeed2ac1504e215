/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are no media, that break off, and that were hit: nothing crashes, and a video says what it passed over. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(damage, what_is_no_media) {
    enum { SIZE_BYTES = 100000 };
    blob noise = {malloc(SIZE_BYTES), SIZE_BYTES}, nothing = {0}, text = blob_copy("The quick brown fox\n", 20);
    uint32_t state = 12345;
    for (size_t i = 0; i < SIZE_BYTES; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        noise.bytes[i] = (uint8_t)(state >> 24);
    }
    blob zeros = blob_copy(noise.bytes, noise.size_bytes);
    memset(zeros.bytes, 0, zeros.size_bytes);
    const blob files[] = {noise, nothing, text, zeros};
    for (size_t i = 0; i < 4; i++) {
        outcome o = decode_blob(&files[i], NULL);
        cr_expect_eq(o.ended, RESIGHT_E_FORMAT, "file %zu: %s %s", i, resight_status_name(o.ended), o.error.text);
        cr_expect_eq(o.frames, 0);
        free(files[i].bytes);
    }
}

Test(damage, a_video_that_breaks_off_gives_the_frames_before) {
    static const clip clips[] = {
        {"matroska", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30},    {"avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30},
        {"mpegts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 30}, {"flv", "flv", AV_PIX_FMT_YUV420P, 64, 48, 30},
        {"mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30},
    };
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++) {
        blob whole = make_clip(&clips[i]);
        size_t most = 0;
        for (size_t cut = 0; cut < whole.size_bytes; cut += cut < 400 ? 29 : whole.size_bytes / 40) {
            blob b = blob_copy(whole.bytes, cut);
            outcome o = decode_blob(&b, NULL);
            cr_assert(o.ended == RESIGHT_END || o.ended == RESIGHT_E_FORMAT, "%s cut at %zu: %s", clips[i].container,
                      cut, o.error.text);
            cr_assert((o.ended == RESIGHT_END) == (o.frames > 0));
            most = o.frames > most ? o.frames : most;
            if (i == 0 && o.frames > 0)
                cr_expect(o.damaged, "matroska cut at %zu", cut);
            free(o.first.px);
            free(b.bytes);
        }
        if (i < 4) /* the index of an MP4 stands at its end */
            cr_expect_geq(most, 25, "%s: at most %zu frames", clips[i].container, most);
        free(whole.bytes);
    }
}

/* A fifth in the middle, every fiftieth byte. */
Test(damage, packets_that_were_hit_are_passed_over) {
    const clip c = {"mpegts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 30};
    blob b = make_clip(&c);
    for (size_t i = b.size_bytes * 2 / 5; i < b.size_bytes * 3 / 5; i += 50)
        b.bytes[i] ^= 0x55;
    outcome o = decode_blob(&b, NULL);
    cr_expect_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    cr_expect(o.damaged);
    cr_expect(o.frames >= 10, "%zu frames", o.frames);
    free(o.first.px);
    free(b.bytes);
}

/* Every way through the decoder, hit at random: for the sanitizers. */
Test(damage, random_hits_do_no_harm, .timeout = 120) {
    static const clip clips[] = {{"matroska", "mpeg4", AV_PIX_FMT_YUV420P, 48, 32, 8},
                                 {"mp4", "mjpeg", AV_PIX_FMT_YUVJ420P, 48, 32, 8},
                                 {"gif", "gif", AV_PIX_FMT_GRAY8, 48, 32, 8},
                                 {"apng", "apng", AV_PIX_FMT_RGB24, 48, 32, 8}};
    raster rgb = make_waves(48, 32, 3), bgra = make_waves(48, 32, 4);
    const blob files[] = {make_jpeg(&rgb, JPEG_PROGRESSIVE, NULL, 0),
                          make_jpeg(&rgb, JPEG_RESTARTS, NULL, 0),
                          make_png(&rgb, PNG_INTERLACED),
                          make_still("bmp", &rgb, AV_PIX_FMT_BGR24),
                          make_still("tiff", &rgb, AV_PIX_FMT_RGB24),
                          make_still("libwebp", &bgra, AV_PIX_FMT_BGRA),
                          make_animated_webp(48, 32, 5),
                          make_clip(&clips[0]),
                          make_clip(&clips[1]),
                          make_clip(&clips[2]),
                          make_clip(&clips[3])};
    srand(99);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        for (unsigned round = 0; round < 40 && files[i].size_bytes; round++) {
            blob b = blob_copy(files[i].bytes, files[i].size_bytes);
            for (unsigned hits = 1 + round % 6; hits > 0; hits--)
                b.bytes[(size_t)rand() % (round % 2            ? b.size_bytes
                                          : b.size_bytes < 120 ? b.size_bytes
                                                               : 120)] = (uint8_t)rand();
            resight_decode_options options = every_frame();
            options.limits.max_pixels = 1 << 20;
            outcome o = decode_blob(&b, &options);
            cr_expect_neq(o.ended, RESIGHT_OK);
            free(o.first.px);
            free(b.bytes);
        }
        free(files[i].bytes);
    }
    free(rgb.px);
    free(bgra.px);
}
