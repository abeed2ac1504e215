/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG XL: pixels, orientation, animations, limits and damage. Only built where libjxl is. */
#include "making.h"

#include <criterion/criterion.h>
#include <jxl/encode.h>
#include <stdlib.h>
#include <string.h>

/* The encoder at its best quality with loss. */
#define ROUNDING 8

#define LAST_BOX "<x>a few bytes</x>"
#define LAST_BOX_BYTES (8 + sizeof LAST_BOX - 1)

typedef struct jxl_case {
    unsigned orientation; /* 0: not said */
    unsigned frames;      /* 0: a still; else an animation of 100 ms a frame, each a byte darker than the last */
    bool lossy;
    bool layer;     /* the picture is 8 x 8 pixels of it */
    bool container; /* boxes, and one more after the picture */
} jxl_case;

static void describe(JxlEncoder *codec, const raster *r, const jxl_case *c) {
    JxlBasicInfo info;
    JxlColorEncoding colour;
    const bool grey = r->channels <= 2, alpha = r->channels % 2 == 0;
    JxlEncoderInitBasicInfo(&info);
    info.xsize = c->layer ? 8 : r->width_px;
    info.ysize = c->layer ? 8 : r->height_px;
    info.bits_per_sample = 8;
    info.num_color_channels = grey ? 1 : 3;
    info.num_extra_channels = alpha;
    info.alpha_bits = alpha ? 8 : 0;
    info.uses_original_profile = !c->lossy;
    info.orientation = c->orientation ? (JxlOrientation)c->orientation : JXL_ORIENT_IDENTITY;
    info.have_animation = c->frames > 0;
    info.animation.tps_numerator = 1000;
    info.animation.tps_denominator = 1;
    JxlColorEncodingSetToSRGB(&colour, grey);
    cr_assert_eq(JxlEncoderSetBasicInfo(codec, &info), JXL_ENC_SUCCESS);
    cr_assert_eq(JxlEncoderSetColorEncoding(codec, &colour), JXL_ENC_SUCCESS);
}

static void add_frame(JxlEncoder *codec, const raster *r, const jxl_case *c) {
    const JxlPixelFormat layout = {.num_channels = r->channels, .data_type = JXL_TYPE_UINT8};
    JxlEncoderFrameSettings *settings = JxlEncoderFrameSettingsCreate(codec, NULL);
    JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, 1);
    if (c->lossy)
        JxlEncoderSetFrameDistance(settings, 0.1f);
    else
        JxlEncoderSetFrameLossless(settings, JXL_TRUE);
    JxlFrameHeader header;
    JxlEncoderInitFrameHeader(&header);
    header.duration = c->frames ? 100 : 0;
    header.layer_info.have_crop = c->layer;
    header.layer_info.xsize = r->width_px;
    header.layer_info.ysize = r->height_px;
    if (c->frames || c->layer)
        cr_assert_eq(JxlEncoderSetFrameHeader(settings, &header), JXL_ENC_SUCCESS);
    cr_assert_eq(JxlEncoderAddImageFrame(settings, &layout, r->px, (size_t)r->width_px * r->height_px * r->channels),
                 JXL_ENC_SUCCESS);
}

static void add_frames(JxlEncoder *codec, const raster *r, const jxl_case *c) {
    add_frame(codec, r, c);
    for (unsigned i = 1; i < c->frames; i++) {
        for (size_t k = 0; k < (size_t)r->width_px * r->height_px * r->channels; k++)
            r->px[k]--;
        add_frame(codec, r, c);
    }
    JxlEncoderCloseFrames(codec);
    if (c->container)
        cr_assert_eq(JxlEncoderAddBox(codec, "xml ", (const uint8_t *)LAST_BOX, sizeof LAST_BOX - 1, JXL_FALSE),
                     JXL_ENC_SUCCESS);
    JxlEncoderCloseInput(codec);
}

static blob make_jxl(const raster *r, const jxl_case *c) {
    raster work = {r->width_px, r->height_px, r->channels, NULL};
    blob copy = blob_copy(r->px, (size_t)r->width_px * r->height_px * r->channels), b = {0};
    work.px = copy.bytes;
    JxlEncoder *codec = JxlEncoderCreate(NULL);
    if (c->container)
        JxlEncoderUseBoxes(codec);
    describe(codec, r, c);
    add_frames(codec, &work, c);
    JxlEncoderStatus status;
    do {
        uint8_t some[4096], *next = some;
        size_t left = sizeof some;
        status = JxlEncoderProcessOutput(codec, &next, &left);
        blob_append(&b, some, sizeof some - left);
    } while (status == JXL_ENC_NEED_MORE_OUTPUT);
    cr_assert_eq(status, JXL_ENC_SUCCESS);
    JxlEncoderDestroy(codec);
    free(copy.bytes);
    return b;
}

Test(jxl, pixels_without_loss) {
    static const uint32_t sizes[][2] = {{1, 1}, {1, 19}, {21, 1}, {65, 33}, {300, 270}};
    static const jxl_case cases[] = {{0}, {.container = true}};
    for (unsigned channels = 1; channels <= 4; channels++)
        for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
            raster r = make_waves(sizes[i / 2][0], sizes[i / 2][1], channels);
            const unsigned expected = channels <= 2 ? 1 : 3;
            blob b = make_jxl(&r, &cases[i % 2]);
            outcome o = decode_blob(&b, NULL);
            cr_assert_eq(o.ended, RESIGHT_END, "case %zu: %s", i, o.error.text);
            cr_assert(o.frames == 1 && o.info.kind == RESIGHT_IMAGE && o.info.format == RESIGHT_FORMAT_JXL);
            cr_assert(o.info.width_px == r.width_px && o.info.height_px == r.height_px && !o.damaged);
            cr_assert_eq(o.first.channels, expected);
            for (size_t k = 0; k < (size_t)r.width_px * r.height_px * expected; k++)
                cr_assert_eq(o.first.px[k], r.px[k / expected * channels + k % expected], "case %zu, sample %zu", i, k);
            free(o.first.px);
            free(b.bytes);
            free(r.px);
        }
}

Test(jxl, pixels_with_loss) {
    raster r = make_waves(65, 43, 1);
    blob b = make_jxl(&r, &(jxl_case){.lossy = true});
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    for (size_t i = 0; i < 65 * 43; i++)
        cr_assert_leq(abs(o.first.px[i] - r.px[i]), ROUNDING, "sample %zu is %u, not %u", i, o.first.px[i], r.px[i]);
    free(o.first.px);
    free(b.bytes);
    free(r.px);
}

Test(jxl, alpha_is_composited_when_asked) {
    resight_decode_options options = every_frame();
    options.alpha = RESIGHT_ALPHA_COMPOSITE;
    memset(options.background_rgb, 77, 3);
    for (unsigned channels = 2; channels <= 4; channels += 2) {
        raster r = make_waves(30, 20, channels);
        const unsigned colours = channels - 1;
        blob b = make_jxl(&r, &(jxl_case){0});
        outcome o = decode_blob(&b, &options);
        cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
        cr_assert_eq(o.first.channels, colours);
        for (size_t i = 0; i < (size_t)30 * 20 * colours; i++) {
            const unsigned alpha = r.px[i / colours * channels + colours];
            const unsigned colour = r.px[i / colours * channels + i % colours];
            cr_assert_eq(o.first.px[i], (colour * alpha + 77 * (255 - alpha) + 127) / 255, "sample %zu", i);
        }
        free(o.first.px);
        free(b.bytes);
        free(r.px);
    }
}

Test(jxl, the_raster_stays_as_stored_and_its_orientation_is_told) {
    static const resight_transform upright[] = {RESIGHT_ORIGINAL,   RESIGHT_ORIGINAL,     RESIGHT_FLIP_Y,
                                                RESIGHT_ROTATE_180, RESIGHT_FLIP_X,       RESIGHT_FLIP_PLUS_1,
                                                RESIGHT_ROTATE_270, RESIGHT_FLIP_MINUS_1, RESIGHT_ROTATE_90};
    raster r = make_waves(65, 43, 3);
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        blob b = make_jxl(&r, &(jxl_case){.orientation = orientation});
        outcome o = decode_blob(&b, NULL);
        cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
        cr_assert(o.info.width_px == 65 && o.info.height_px == 43, "%u", orientation);
        cr_assert(o.first.width_px == 65 && o.first.height_px == 43, "%u", orientation);
        cr_assert_eq(o.info.orientation, upright[orientation], "%u", orientation);
        cr_assert_eq(memcmp(o.first.px, r.px, 65 * 43 * 3), 0, "%u: turned", orientation);
        free(o.first.px);
        free(b.bytes);
    }
    free(r.px);
}

Test(jxl, animations) {
    raster r = make_waves(40, 30, 3);
    const uint8_t middle = r.px[(15 * 40 + 20) * 3];
    blob b = make_jxl(&r, &(jxl_case){.frames = 12});
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    cr_assert(o.frames == 12 && o.info.kind == RESIGHT_VIDEO && !o.damaged, "%zu frames", o.frames);
    for (size_t i = 0; i < o.frames; i++)
        cr_expect(o.frame[i].time_us == (int64_t)i * 100000 && o.frame[i].number == (int64_t)i &&
                      o.frame[i].middle == middle - i,
                  "frame %zu", i);
    free(o.first.px);
    o = decode_blob(&b, &(resight_decode_options){.every_us = 500000});
    cr_assert_eq(o.frames, 3);
    cr_expect(o.frame[2].time_us == 1000000 && o.frame[2].middle == middle - 10);
    free(o.first.px);
    o = decode_blob(&b, &(resight_decode_options){.limits.max_frames = 5});
    cr_expect(o.frames == 5 && o.ended == RESIGHT_E_LIMIT && strstr(o.error.text, "--max-frames"));
    free(o.first.px);
    blob half = blob_copy(b.bytes, b.size_bytes / 2);
    o = decode_blob(&half, NULL);
    cr_expect(o.frames > 2 && o.frames < 10 && o.ended == RESIGHT_END && o.damaged, "%zu frames", o.frames);
    free(o.first.px);
    free(half.bytes);
    free(b.bytes);
    b = make_jxl(&r, &(jxl_case){.frames = 1});
    o = decode_blob(&b, NULL);
    cr_expect(o.frames == 1 && o.info.kind == RESIGHT_IMAGE && o.ended == RESIGHT_END);
    free(o.first.px);
    free(b.bytes);
    free(r.px);
}

/* Between the last two boxes is no cut: what is before is a whole file. */
Test(jxl, every_cut_of_a_still_is_refused, .timeout = 60) {
    static const jxl_case cases[] = {{0}, {.container = true}, {.lossy = true}, {.lossy = true, .container = true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        raster r = make_waves(65, 43, 3);
        blob b = make_jxl(&r, &cases[i]);
        for (size_t cut = 0; cut < b.size_bytes; cut++) {
            if (cases[i].container && cut == b.size_bytes - LAST_BOX_BYTES)
                continue;
            blob less = blob_copy(b.bytes, cut);
            outcome o = decode_blob(&less, NULL);
            cr_assert(o.frames == 0 && o.ended < 0, "case %zu cut at %zu of %zu", i, cut, b.size_bytes);
            cr_assert(cut < 12 || o.ended == RESIGHT_E_FORMAT, "case %zu cut at %zu: %s", i, cut, o.error.text);
            free(less.bytes);
        }
        free(b.bytes);
        free(r.px);
    }
}

/* One byte at a time: another picture, or none, but an end. */
Test(jxl, hits, .timeout = 60) {
    raster r = make_waves(33, 21, 3);
    for (unsigned lossy = 0; lossy <= 1; lossy++) {
        blob b = make_jxl(&r, &(jxl_case){.lossy = lossy, .container = true});
        resight_decode_options options = every_frame();
        options.limits.max_pixels = 1000000;
        for (size_t i = 0; i < b.size_bytes; i++) {
            b.bytes[i] ^= (uint8_t)(1 + i % 255);
            outcome o = decode_blob(&b, &options);
            cr_assert(o.ended == RESIGHT_END || o.ended < 0);
            free(o.first.px);
            b.bytes[i] ^= (uint8_t)(1 + i % 255);
        }
        free(b.bytes);
    }
    free(r.px);
}

static void expect_limit(const blob *b, resight_limits limits, const char *option) {
    outcome o = decode_blob(b, &(resight_decode_options){.limits = limits});
    cr_expect(o.frames == 0 && o.ended == RESIGHT_E_LIMIT, "%s: %s", option, resight_status_name(o.ended));
    cr_expect_not_null(strstr(o.error.text, option), "%s is not named: %s", option, o.error.text);
    free(o.first.px);
}

Test(jxl, limits) {
    raster r = make_waves(60, 40, 3);
    blob b = make_jxl(&r, &(jxl_case){0});
    expect_limit(&b, (resight_limits){.max_side_px = 59}, "--max-side");
    expect_limit(&b, (resight_limits){.max_pixels = 60 * 40 - 1}, "--max-pixels");
    expect_limit(&b, (resight_limits){.max_memory_bytes = 60 * 40 / 2}, "--max-memory");
    expect_limit(&b, (resight_limits){.max_memory_bytes = 60 * 40 * 15 - 1}, "--max-memory");
    outcome o = decode_blob(&b, &(resight_decode_options){.limits = {.max_side_px = 60, .max_pixels = 60 * 40}});
    cr_expect_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    free(o.first.px);
    free(b.bytes);
    free(r.px);
}

Test(jxl, layers_larger_than_the_picture) {
    raster r = make_waves(60, 40, 3);
    blob b = make_jxl(&r, &(jxl_case){.layer = true});
    outcome o = decode_blob(&b, NULL);
    cr_assert(o.ended == RESIGHT_END && o.first.width_px == 8 && o.first.height_px == 8, "%s", o.error.text);
    cr_expect_eq(memcmp(o.first.px + 8 * 3, r.px + 60 * 3, 8 * 3), 0);
    free(o.first.px);
    expect_limit(&b, (resight_limits){.max_side_px = 59}, "--max-side");
    expect_limit(&b, (resight_limits){.max_pixels = 60 * 40 - 1}, "--max-pixels");
    free(b.bytes);
    free(r.px);
}
