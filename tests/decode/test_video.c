/* SPDX-License-Identifier: Apache-2.0 */
/* Video: frames in their order and at their times, luma and RGB, what is not a video, what breaks off. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000

static const clip plain = {"matroska", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30};

static outcome decode_clip(const clip *c, const resight_decode_options *options) {
    blob b = make_clip(c);
    cr_assert_gt(b.size_bytes, 0, "%s cannot be made here", c->encoder);
    const outcome o = decode_blob(&b, options);
    free(b.bytes);
    return o;
}

/* Frame i of a clip is of luma 20 + 3 i; lossy encoders stay near it. */
static void expect_order(const outcome *o, const char *what) {
    for (size_t i = 0; i < o->frames; i++)
        cr_expect_leq(abs(o->frame[i].middle - (20 + 3 * (int)o->frame[i].number)), 2, "%s: frame %zu is of luma %u",
                      what, i, o->frame[i].middle);
}

Test(video, containers_and_codecs) {
    static const clip clips[] = {
        {"matroska", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30},
        {"mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30, .b_frames = 2},
        {"mpegts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 30, .b_frames = 2},
        {"avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 30},
        {"flv", "flv", AV_PIX_FMT_YUV420P, 64, 48, 30},
        {"asf", "wmv2", AV_PIX_FMT_YUV420P, 64, 48, 30},
        {"mov", "mjpeg", AV_PIX_FMT_YUVJ420P, 65, 47, 30},
        {"matroska", "ffv1", AV_PIX_FMT_YUV444P, 1, 33, 30, .sound = true},
        {"matroska", "ffv1", AV_PIX_FMT_YUV420P10LE, 37, 1, 30},
        {"matroska", "ffv1", AV_PIX_FMT_GRAY8, 37, 31, 30},
    };
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++) {
        const clip *c = &clips[i];
        char what[64];
        snprintf(what, sizeof what, "%s in %s", c->encoder, c->container);
        outcome o = decode_clip(c, NULL);
        cr_assert_eq(o.ended, RESIGHT_END, "%s: %s", what, o.error.text);
        cr_expect(o.info.kind == RESIGHT_VIDEO && o.info.format == RESIGHT_FORMAT_VIDEO, "%s", what);
        cr_expect(o.info.width_px == (uint32_t)c->width_px && o.info.height_px == (uint32_t)c->height_px, "%s", what);
        cr_expect_float_eq(o.info.frames_per_second, 25, 0.5, "%s: %f", what, o.info.frames_per_second);
        cr_expect_eq(o.frames, 30, "%s: %zu frames", what, o.frames);
        cr_expect_not(o.damaged, "%s", what);
        for (size_t f = 0; f < o.frames; f++) {
            cr_expect_eq(o.frame[f].number, (int64_t)f, "%s", what);
            cr_expect_leq(llabs(o.frame[f].time_us - (int64_t)f * 40 * MS), 1 * MS, "%s: frame %zu at %ld", what, f,
                          (long)o.frame[f].time_us);
        }
        expect_order(&o, what);
        free(o.first.px);
    }
}

Test(video, luma_is_of_the_range_that_the_stream_names) {
    clip c = {"matroska", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 2};
    outcome limited = decode_clip(&c, NULL);
    c.full_range = true;
    outcome full = decode_clip(&c, NULL);
    c.format = AV_PIX_FMT_GRAY8;
    c.full_range = false;
    outcome grey = decode_clip(&c, NULL);
    cr_expect_eq(limited.frame[0].format, RESIGHT_GRAY8_LIMITED);
    cr_expect_eq(full.frame[0].format, RESIGHT_GRAY8);
    cr_expect_eq(grey.frame[0].format, RESIGHT_GRAY8);
    free(limited.first.px);
    free(full.first.px);
    free(grey.first.px);
}

Test(video, deep_luma_loses_its_lower_bits) {
    static const enum AVPixelFormat formats[] = {AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV444P16LE, AV_PIX_FMT_GRAY16LE};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const clip c = {"matroska", "ffv1", formats[i], 33, 17, 5};
        outcome o = decode_clip(&c, NULL);
        cr_assert_eq(o.frames, 5, "%s", o.error.text);
        for (size_t f = 0; f < 5; f++)
            cr_expect_eq(o.frame[f].middle, 20 + 3 * f, "format %zu", i);
        free(o.first.px);
    }
}

Test(video, rgb_and_what_vpdq_sees) {
    const clip rgb = {"matroska", "ffv1", AV_PIX_FMT_BGRA, 32, 16, 3};
    outcome o = decode_clip(&rgb, NULL);
    cr_assert_eq(o.frame[0].format, RESIGHT_RGB24);
    expect_order(&o, "rgb");
    free(o.first.px);
    resight_decode_options options = every_frame();
    options.via_rgb = true;
    o = decode_clip(&plain, &options);
    cr_assert_eq(o.frame[0].format, RESIGHT_RGB24);
    for (size_t i = 0; i < o.frames; i++) /* video range is stretched on the way */
        cr_expect_leq(abs(o.frame[i].middle - (20 + 3 * (int)i - 16) * 255 / 219), 3, "%u", o.frame[i].middle);
    free(o.first.px);
}

Test(video, sampling_at_an_interval) {
    resight_decode_options options = resight_decode_options_default();
    options.every_us = 300 * MS;
    outcome o = decode_clip(&plain, &options);
    const int64_t numbers[] = {0, 8, 15, 23}; /* 0, 320, 600 and 920 ms */
    cr_assert_eq(o.frames, 4);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(o.frame[i].number, numbers[i]);
        cr_expect_eq(o.frame[i].time_us, numbers[i] * 40 * MS);
    }
    expect_order(&o, "sampled");
    free(o.first.px);
}

Test(video, a_rate_that_varies_and_a_start_that_is_not_zero) {
    static const int64_t times_ms[] = {5000, 5010, 5500, 5540, 9000, 9001};
    clip c = {"matroska", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 6, .times_ms = times_ms};
    outcome o = decode_clip(&c, NULL);
    cr_assert_eq(o.frames, 6);
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(o.frame[i].time_us, (times_ms[i] - 5000) * MS, "%ld", (long)o.frame[i].time_us);
    free(o.first.px);
}

/* A bare stream of pictures has no clock at all. */
Test(video, without_times_the_frame_rate_is_used) {
    const clip c = {"m4v", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 20};
    outcome o = decode_clip(&c, NULL);
    cr_assert_eq(o.frames, 20, "%s", o.error.text);
    for (size_t i = 1; i < o.frames; i++)
        cr_expect_gt(o.frame[i].time_us, o.frame[i - 1].time_us);
    cr_expect_lt(o.frame[19].time_us, 2000 * MS);
    expect_order(&o, "m4v");
    free(o.first.px);
}

Test(video, rotation_is_reported_and_not_applied) {
    enum { ONE = 1 << 16, Z = 1 << 30 };
    static const struct {
        int32_t matrix[9];
        resight_transform upright;
    } turns[] = {
        {{ONE, 0, 0, 0, ONE, 0, 0, 0, Z}, RESIGHT_ORIGINAL},
        {{0, ONE, 0, -ONE, 0, 0, 0, 0, Z}, RESIGHT_ROTATE_270},
        {{0, -ONE, 0, ONE, 0, 0, 0, 0, Z}, RESIGHT_ROTATE_90},
        {{-ONE, 0, 0, 0, -ONE, 0, 0, 0, Z}, RESIGHT_ROTATE_180},
        {{-ONE, 0, 0, 0, ONE, 0, 0, 0, Z}, RESIGHT_FLIP_Y},
        {{ONE, 0, 0, 0, -ONE, 0, 0, 0, Z}, RESIGHT_FLIP_X},
        {{0, ONE, 0, ONE, 0, 0, 0, 0, Z}, RESIGHT_FLIP_PLUS_1},
        {{0, -ONE, 0, -ONE, 0, 0, 0, 0, Z}, RESIGHT_FLIP_MINUS_1},
    };
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        const clip c = {"mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 2, .matrix = turns[i].matrix};
        outcome o = decode_clip(&c, NULL);
        cr_expect_eq(o.info.orientation, turns[i].upright, "matrix %zu gives %s", i,
                     resight_transform_name(o.info.orientation));
        cr_expect(o.info.width_px == 64 && o.frame[0].width_px == 64);
        free(o.first.px);
    }
}

static void expect_no_video(const clip *c, const char *why) {
    outcome o = decode_clip(c, NULL);
    cr_expect_eq(o.opened, RESIGHT_E_FORMAT);
    cr_expect_not_null(strstr(o.error.text, why), "%s", o.error.text);
    free(o.first.px);
}

Test(video, sound_alone_and_cover_art_are_no_video) {
    const clip sound = {"mov", NULL, AV_PIX_FMT_NONE, 0, 0, 0, .sound = true, .no_video = true};
    expect_no_video(&sound, "no video stream");
    const clip cover = {"mp4", "mjpeg", AV_PIX_FMT_YUVJ420P, 64, 48, 1, .cover_art = true};
    expect_no_video(&cover, "no picture but cover art");
    const clip wave = {"wav", NULL, AV_PIX_FMT_NONE, 0, 0, 0, .sound = true, .no_video = true};
    expect_no_video(&wave, "FFmpeg takes it for 'wav'");
}

Test(video, lists_of_other_files_are_not_followed) {
    static const char *const lists[] = {
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"></MPD>\n",
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        blob b = blob_copy(lists[i], strlen(lists[i]));
        outcome o = decode_blob(&b, NULL);
        cr_expect_eq(o.opened, RESIGHT_E_FORMAT, "list %zu: %s", i, o.error.text);
        free(b.bytes);
    }
}

/* PNG inside a container would go to FFmpeg's decoder, which inflates text without a bound. */
Test(video, codecs_that_are_not_listed_are_refused) {
    const clip c = {"matroska", "png", AV_PIX_FMT_RGB24, 64, 48, 3};
    outcome o = decode_clip(&c, NULL);
    cr_expect_eq(o.opened, RESIGHT_E_UNSUPPORTED);
    cr_expect_not_null(strstr(o.error.text, "'png'"), "%s", o.error.text);
}
