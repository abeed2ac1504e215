/* SPDX-License-Identifier: Apache-2.0 */
/* JPEGs at a part of their size: which and how large, what says so, and how near their hashes are. */
#include "making.h"

#include <criterion/criterion.h>
#include <resight/video.h>
#include <stdlib.h>
#include <string.h>

static resight_decode_options fast_options(void) {
    resight_decode_options options = resight_decode_options_default();
    options.fast = true;
    return options;
}

typedef struct expectation {
    uint32_t width_px, height_px;
    unsigned channels;
    uint32_t fast_width_px, fast_height_px; /* 0: as without --fast */
} expectation;

static resight_frame first_frame(resight_decoder *decoder, const blob *b, resight_source **source,
                                 resight_media_info *info) {
    resight_error error = {0};
    resight_frame frame;
    cr_assert_eq(resight_source_open_memory(b->bytes, b->size_bytes, source, NULL), RESIGHT_OK);
    cr_assert_eq(resight_decoder_open(decoder, *source, info, &error), RESIGHT_OK, "%s", error.text);
    cr_assert_eq(resight_decoder_next(decoder, &frame, &error), RESIGHT_OK, "%s", error.text);
    return frame;
}

Test(fast, the_smallest_part_that_leaves_256_pixels) {
    static const expectation cases[] = {{512, 512, 3, 256, 256},   {511, 700, 3, 256, 350},   {700, 510, 3, 0, 0},
                                        {300, 300, 1, 0, 0},       {768, 900, 1, 384, 450},   {1024, 1025, 3, 256, 257},
                                        {1023, 1021, 3, 256, 256}, {2041, 2100, 3, 256, 263}, {2040, 2040, 1, 510, 510},
                                        {600, 600, 4, 0, 0}};
    const resight_decode_options options = fast_options();
    resight_decoder *decoder = NULL;
    cr_assert_eq(resight_decoder_new(&options, &decoder), RESIGHT_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const expectation *wanted = &cases[i];
        raster r = make_waves(wanted->width_px, wanted->height_px, wanted->channels);
        for (int flags = 0; flags <= (wanted->channels < 4 ? JPEG_PROGRESSIVE : 0); flags++) {
            blob b = make_jpeg(&r, flags, NULL, 0);
            resight_source *source = NULL;
            resight_media_info info;
            const resight_frame frame = first_frame(decoder, &b, &source, &info);
            const bool small = wanted->fast_width_px != 0;
            cr_expect(info.width_px == wanted->width_px && info.height_px == wanted->height_px, "case %zu", i);
            cr_expect_eq(frame.view, small ? RESIGHT_VIEW_APPROXIMATE : RESIGHT_VIEW_STORED, "case %zu", i);
            cr_expect_eq(frame.image.width_px, small ? wanted->fast_width_px : wanted->width_px, "case %zu", i);
            cr_expect_eq(frame.image.height_px, small ? wanted->fast_height_px : wanted->height_px, "case %zu", i);
            cr_expect_eq(frame.image.format, small || wanted->channels == 1 ? RESIGHT_GRAY8 : RESIGHT_RGB24, "case %zu",
                         i);
            resight_source_free(&source);
            free(b.bytes);
        }
        free(r.px);
    }
    resight_decoder_free(&decoder);
}

Test(fast, other_formats_are_whole) {
    raster r = make_waves(600, 600, 3);
    blob b = make_png(&r, 0);
    const resight_decode_options options = fast_options();
    resight_decoder *decoder = NULL;
    resight_source *source = NULL;
    resight_media_info info;
    cr_assert_eq(resight_decoder_new(&options, &decoder), RESIGHT_OK);
    const resight_frame frame = first_frame(decoder, &b, &source, &info);
    cr_expect(frame.view == RESIGHT_VIEW_STORED && frame.image.width_px == 600);
    resight_decoder_free(&decoder);
    resight_source_free(&source);
    free(b.bytes);
    free(r.px);
}

/* ---- Hashes ----------------------------------------------------------------------------------- */

/* A lattice of brightness by chance, interpolated: hills and valleys of about a sixteenth of the side. */
static raster make_hills(uint32_t side_px) {
    enum { LATTICE = 17 };
    uint8_t height[LATTICE][LATTICE];
    uint32_t s = 7;
    for (size_t i = 0; i < sizeof height; i++) {
        s = s * 1664525u + 1013904223u;
        height[i / LATTICE][i % LATTICE] = (uint8_t)(s >> 24);
    }
    raster r = make_waves(side_px, side_px, 1);
    for (uint32_t y = 0; y < side_px; y++)
        for (uint32_t x = 0; x < side_px; x++) {
            const float u = 16.0f * (float)x / (float)side_px, v = 16.0f * (float)y / (float)side_px;
            const unsigned i = (unsigned)u, j = (unsigned)v;
            const float a = u - (float)i, b = v - (float)j;
            const float top = (1 - a) * height[j][i] + a * height[j][i + 1];
            const float bottom = (1 - a) * height[j + 1][i] + a * height[j + 1][i + 1];
            r.px[(size_t)y * side_px + x] = (uint8_t)((1 - b) * top + b * bottom);
        }
    return r;
}

typedef struct eight {
    resight_mark marks[RESIGHT_TRANSFORMS];
    unsigned count;
} eight;

static int keep(void *user, const resight_mark *mark) {
    eight *all = user;
    cr_assert_lt(all->count, RESIGHT_TRANSFORMS);
    all->marks[all->count++] = *mark;
    return RESIGHT_OK;
}

static eight hash(const blob *b, bool fast, resight_turning turning) {
    resight_decode_options options = resight_decode_options_default();
    const resight_marking how = {.dialect = RESIGHT_PDQ, .turning = turning};
    eight all = {.count = 0};
    const resight_sink sink = {.mark = keep, .user = &all};
    resight_decoder *decoder = NULL;
    resight_hasher *hasher = NULL;
    resight_source *source = NULL;
    resight_media_info info;
    options.fast = fast;
    cr_assert_eq(resight_source_open_memory(b->bytes, b->size_bytes, &source, NULL), RESIGHT_OK);
    cr_assert(resight_decoder_new(&options, &decoder) == RESIGHT_OK &&
              resight_hasher_new(RESIGHT_CPU_AUTO, &hasher) == RESIGHT_OK &&
              resight_decoder_open(decoder, source, &info, NULL) == RESIGHT_OK &&
              resight_hash_frames(decoder, hasher, &how, &sink, NULL) == RESIGHT_OK);
    resight_decoder_free(&decoder);
    resight_hasher_free(&hasher);
    resight_source_free(&source);
    return all;
}

/* Sides whose boxes are even and odd, of the whole and of the part. 10 bits: benchmarks/fast_drift.py, nine pictures in
 * ten. Without moving, and when it is moved before it is turned, there are 20 and more. */
Test(fast, hashes_are_near_in_every_turn) {
    static const uint32_t sides[] = {512, 640, 800, 1024};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        raster r = make_hills(sides[i]);
        blob b = make_jpeg(&r, 0, NULL, 0);
        for (resight_turning turning = RESIGHT_AS_STORED; turning <= RESIGHT_TURNED; turning++) {
            const eight exact = hash(&b, false, turning), near = hash(&b, true, turning);
            cr_assert(exact.count == near.count && exact.marks[0].quality >= 50);
            for (unsigned t = 0; t < exact.count; t++) {
                cr_expect_eq(near.marks[t].view, RESIGHT_VIEW_APPROXIMATE);
                cr_expect_eq(near.marks[t].transform, t);
                cr_expect_leq(resight_hash_distance(&exact.marks[t].hash, &near.marks[t].hash), 10, "%u px, %s",
                              sides[i], resight_transform_name((resight_transform)t));
            }
        }
        free(b.bytes);
        free(r.px);
    }
}
