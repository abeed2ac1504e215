/* SPDX-License-Identifier: Apache-2.0 */
/* TMK+PDQF against the reference's own files where they are at hand, and against planted faults everywhere. */
#include "base/cleanup.h"
#include "tmk/parameters.h"
#include "tmk/resample.h"
#include <criterion/criterion.h>
#include <math.h>
#include <resight/tmk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLOATS RESIGHT_PDQF_FLOATS
/* vectors/README.md promises 0.999 to whoever recomputes a signature; with the reference's scaling it is 0.99995. */
#define SAME_COSINE 0.9999

static resight_tmk *new_tmk(void) {
    resight_tmk *tmk = calloc(1, sizeof *tmk);
    cr_assert(tmk);
    return tmk;
}

/* ---- Signatures of the reference -------------------------------------------------------------- */

static double cosine(const float *a, const float *b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t k = 0; k < FLOATS; k++) {
        ab += (double)a[k] * (double)b[k];
        aa += (double)a[k] * (double)a[k];
        bb += (double)b[k] * (double)b[k];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : aa == bb ? 1 : 0;
}

/* The least cosine of the level-2 vectors whose coefficient is large enough to count. */
static double least_cosine(const resight_tmk *a, const resight_tmk *b) {
    double least = 1;
    for (size_t i = 0; i < RESIGHT_TMK_PERIODS; i++)
        for (size_t j = 0; j < RESIGHT_TMK_COEFFICIENTS; j++) {
            least = fmin(least, cosine(a->cosine[i][j], b->cosine[i][j]));
            least = fmin(least, cosine(a->sine[i][j], b->sine[i][j]));
        }
    return least;
}

Test(tmk, the_reference_makes_the_same_signatures, .timeout = 120) {
    static const char *const names[] = {
        "chair-19-sd-bar",   "chair-20-sd-bar",     "chair-22-sd-grey-bar",
        "pattern-hd-no-bar", "pattern-sd-grey-bar", "pattern-sd-with-small-logo-bar",
    };
    const char *root = TEST_SOURCE_DIR "/../../shared/vectors/media";
    if (access(root, R_OK) != 0)
        cr_skip_test("%s is not there", root);
    CLEANUP_FREE resight_tmk *made = new_tmk(), *expected = new_tmk();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[4096];
        resight_error error;
        snprintf(path, sizeof path, "%s/tmk/%s.tmk", root, names[i]);
        cr_assert_eq(resight_tmk_read(path, expected, &error), RESIGHT_OK, "%s: %s", path, error.text);
        snprintf(path, sizeof path, "%s/videos/%s.mp4", root, names[i]);
        cr_assert_eq(resight_tmk_hash_file(path, NULL, made, &error), RESIGHT_OK, "%s: %s", path, error.text);
        const double least = least_cosine(made, expected), average = cosine(made->average, expected->average);
        cr_expect_eq(made->frame_count, expected->frame_count, "%s: %u frames, not %u", names[i], made->frame_count,
                     expected->frame_count);
        cr_expect_geq(average, SAME_COSINE, "%s: average %.6f", names[i], average);
        cr_expect_geq(least, SAME_COSINE, "%s: Fourier features %.6f", names[i], least);
        cr_expect_geq(resight_tmk_level2(made, expected), SAME_COSINE, "%s", names[i]);
    }
}

/* ---- Frames at 15 a second -------------------------------------------------------------------- */

static int64_t frames_put_out(double frames_per_second, int count) {
    resampler r;
    int64_t sum = 0;
    resampler_start(&r, frames_per_second);
    for (int i = 0; i < count; i++) {
        const repeats put = resampler_take(&r, (int64_t)(i * 1e6 / frames_per_second));
        cr_assert(put.previous >= 0 && put.current >= 0);
        sum += put.previous + put.current;
    }
    return sum;
}

/* What `ffmpeg -f lavfi -i testsrc=r=RATE -frames:v COUNT -f rawvideo -r 15` of FFmpeg 5.1 gives. */
Test(tmk, frames_are_repeated_and_passed_over_as_ffmpeg_does) {
    cr_expect_eq(frames_put_out(30, 206), 105);
    cr_expect_eq(frames_put_out(30, 673), 338);
    cr_expect_eq(frames_put_out(15, 100), 100);
    cr_expect_eq(frames_put_out(25, 200), 122);
    cr_expect_eq(frames_put_out(24000 / 1001.0, 240), 152);
    cr_expect_eq(frames_put_out(60, 333), 85);
    cr_expect_eq(frames_put_out(50, 301), 92);
    cr_expect_eq(frames_put_out(10, 50), 76);
    cr_expect_eq(frames_put_out(12.5, 61), 73);
    cr_expect_eq(frames_put_out(5, 20), 60);
    cr_expect_eq(frames_put_out(1, 7), 105);
    cr_expect_eq(frames_put_out(29.97, 299), 152);
}

Test(tmk, hostile_times_do_not_run_away) {
    CLEANUP(resight_tmk_maker_free) resight_tmk_maker *maker = NULL;
    CLEANUP(resight_hasher_free) resight_hasher *hasher = NULL;
    static const uint8_t px[64 * 64];
    resight_frame frame = {.image = {px, 64, 64, 64, RESIGHT_GRAY8}, .time_us = 0};
    CLEANUP_FREE resight_tmk *out = new_tmk();
    cr_assert_eq(resight_tmk_maker_new(&maker), RESIGHT_OK);
    cr_assert_eq(resight_hasher_new(RESIGHT_CPU_AUTO, &hasher), RESIGHT_OK);
    cr_expect_eq(resight_tmk_maker_finish(maker, out), RESIGHT_NOT_FOUND);
    const double rates[] = {25, 0, -1, NAN, INFINITY, 1e-300};
    const int64_t times[] = {INT64_MIN, -1, 0, 0, 1, INT64_MAX, INT64_MIN, INT64_MAX};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        resight_tmk_maker_start(maker, rates[r]);
        for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
            frame.time_us = times[i];
            const int status = resight_tmk_maker_frame(maker, hasher, &frame);
            cr_expect(status == RESIGHT_OK || status == RESIGHT_E_LIMIT);
        }
    }
    frame.image.width_px = 0;
    resight_tmk_maker_start(maker, 15);
    frame.time_us = 0;
    cr_expect_eq(resight_tmk_maker_frame(maker, hasher, &frame), RESIGHT_E_ARG);
}

/* ---- Signatures and scores -------------------------------------------------------------------- */

static void make(resight_tmk *out, uint32_t seed, uint32_t from, uint32_t to) {
    CLEANUP(resight_tmk_maker_free) resight_tmk_maker *maker = NULL;
    cr_assert_eq(resight_tmk_maker_new(&maker), RESIGHT_OK);
    for (uint32_t t = from; t < to; t++) {
        float pdqf[FLOATS];
        for (uint32_t k = 0; k < FLOATS; k++) {
            uint32_t x = (seed * 2654435761u + t / 7) * 2246822519u + k;
            x = (x ^ x >> 15) * 2246822519u;
            x = (x ^ x >> 13) * 3266489917u;
            pdqf[k] = (float)(x >> 16) / 65536 - 0.5f;
        }
        resight_tmk_maker_feature(maker, pdqf);
    }
    cr_assert_eq(resight_tmk_maker_finish(maker, out), RESIGHT_OK);
}

Test(tmk, a_signature_is_as_the_formula_says) {
    CLEANUP(resight_tmk_maker_free) resight_tmk_maker *maker = NULL;
    CLEANUP_FREE resight_tmk *got = new_tmk();
    float pdqf[FLOATS] = {3, 4}; /* of length 5 */
    cr_assert_eq(resight_tmk_maker_new(&maker), RESIGHT_OK);
    resight_tmk_maker_feature(maker, pdqf);
    pdqf[0] = 0; /* at frame 1: (0, 4), of which the direction counts */
    resight_tmk_maker_feature(maker, pdqf);
    cr_assert_eq(resight_tmk_maker_finish(maker, got), RESIGHT_OK);
    cr_expect_eq(got->frame_count, 2);
    cr_expect(got->average[0] == 1.5f && got->average[1] == 4 && got->average[2] == 0);
    const double angle = 2 * acos(-1) * 3 / 4391; /* coefficient 3, the second period, frame 1 */
    const double x = 0.6, y = 0.8 + cos(angle), length = sqrt(x * x + y * y);
    const double weight = sqrt((double)tmk_coefficients[3]);
    cr_expect_float_eq((double)got->cosine[1][3][0], weight * x / length, 1e-7);
    cr_expect_float_eq((double)got->cosine[1][3][1], weight * y / length, 1e-7);
    cr_expect_float_eq((double)got->sine[1][3][1], weight, 1e-7);
    cr_expect_eq(got->sine[1][0][1], 0);
}

Test(tmk, scores_tell_equal_from_foreign) {
    CLEANUP_FREE resight_tmk *a = new_tmk(), *shifted = new_tmk(), *other = new_tmk();
    make(a, 1, 0, 300);
    make(shifted, 1, 45, 300);
    make(other, 99, 0, 300);
    cr_expect_float_eq(resight_tmk_level1(a, a), 1, 1e-6);
    cr_expect_float_eq(resight_tmk_level2(a, a), 1, 1e-6);
    cr_expect_float_eq(resight_tmk_level2(a, shifted), resight_tmk_level2(shifted, a), 0.01);
    cr_expect_gt(resight_tmk_level2(a, shifted), resight_tmk_level2(a, other) + 0.1);
    memset(other, 0, sizeof *other);
    cr_expect_eq(resight_tmk_level1(a, other), 0);
    cr_expect_eq(resight_tmk_level2(a, other), 0);
}

/* ---- Files ------------------------------------------------------------------------------------ */

Test(tmk, what_is_written_is_read_again) {
    CLEANUP_FREE resight_tmk *a = new_tmk(), *b = new_tmk();
    resight_error error;
    char path[] = "/tmp/resight-tmk-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    make(a, 5, 0, 40);
    cr_expect_eq(resight_tmk_write(path, a, &error), RESIGHT_E_IO, "a file that is there is not touched");
    unlink(path);
    cr_assert_eq(resight_tmk_write(path, a, &error), RESIGHT_OK, "%s", error.text);
    cr_assert_eq(resight_tmk_read(path, b, &error), RESIGHT_OK, "%s", error.text);
    unlink(path);
    cr_expect_eq(memcmp(a, b, sizeof *a), 0);
    cr_expect_eq(resight_tmk_read(path, b, &error), RESIGHT_E_IO);
    cr_expect_eq(resight_tmk_write("/nowhere/x.tmk", a, &error), RESIGHT_E_IO);
}

/* The bytes of a file are the reference's own when a file of its is read and written. */
Test(tmk, the_references_files_are_written_byte_for_byte) {
    const char *path = TEST_SOURCE_DIR "/../../shared/vectors/media/tmk/pattern-hd-no-bar.tmk";
    CLEANUP_FILE FILE *file = fopen(path, "rb");
    if (!file)
        cr_skip_test("%s is not there", path);
    static uint8_t bytes[RESIGHT_TMK_FILE_BYTES + 1], again[RESIGHT_TMK_FILE_BYTES];
    CLEANUP_FREE resight_tmk *tmk = new_tmk();
    cr_assert_eq(fread(bytes, 1, sizeof bytes, file), RESIGHT_TMK_FILE_BYTES);
    cr_assert_eq(resight_tmk_unpack(bytes, RESIGHT_TMK_FILE_BYTES, tmk, NULL), RESIGHT_OK);
    resight_tmk_pack(tmk, again);
    cr_expect_eq(memcmp(bytes, again, sizeof again), 0);
}

/* One changed byte or length, and what must be said of it. */
typedef struct fault {
    size_t at;
    uint32_t value;
    int status;
    const char *text;
} fault;

Test(tmk, hostile_files_are_refused_in_one_line) {
    static const fault faults[] = {
        {0, 0, RESIGHT_E_FORMAT, "TMK1FVEC"},
        {4, 0x52545356, RESIGHT_E_FORMAT, "TMK1FVEC"}, /* VSTR */
        {8, 0, RESIGHT_E_UNSUPPORTED, "PDQF"},
        {12, 30, RESIGHT_E_UNSUPPORTED, "30 frames a second: expected 15"},
        {16, 0xffffffff, RESIGHT_E_UNSUPPORTED, "4294967295 periods"},
        {20, 0x40000000, RESIGHT_E_UNSUPPORTED, "Fourier coefficients"},
        {24, 0, RESIGHT_E_UNSUPPORTED, "0 floats"},
        {32, 0, RESIGHT_E_UNSUPPORTED, "period of 0 frames: expected 2731"},
        {48, 0x7fc00000, RESIGHT_E_FORMAT, "finite"},             /* not a number */
        {52, 0x3f800000, RESIGHT_E_UNSUPPORTED, "coefficient 1"}, /* 1.0 */
        {176, 0x7f800000, RESIGHT_E_FORMAT, "finite"},            /* infinity, in the mean */
        {RESIGHT_TMK_FILE_BYTES - 4, 0xffffffff, RESIGHT_E_FORMAT, "finite"},
    };
    static uint8_t bytes[RESIGHT_TMK_FILE_BYTES + 1], changed[RESIGHT_TMK_FILE_BYTES + 1];
    CLEANUP_FREE resight_tmk *tmk = new_tmk(), *got = new_tmk();
    resight_error error;
    make(tmk, 2, 0, 20);
    resight_tmk_pack(tmk, bytes);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        memcpy(changed, bytes, sizeof bytes);
        for (size_t b = 0; b < 4; b++)
            changed[faults[i].at + b] = (uint8_t)(faults[i].value >> 8 * b);
        got->frame_count = 77;
        cr_expect_eq(resight_tmk_unpack(changed, RESIGHT_TMK_FILE_BYTES, got, &error), faults[i].status, "fault %zu",
                     i);
        cr_expect(strstr(error.text, faults[i].text), "fault %zu: %s", i, error.text);
        cr_expect_eq(got->frame_count, 77, "the output is written on success only");
    }
    for (size_t size = 0; size <= RESIGHT_TMK_FILE_BYTES + 1; size += size < 200 ? 1 : 4217) {
        uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees a read past the end */
        cr_assert(exact);
        memcpy(exact, bytes, size);
        if (size != RESIGHT_TMK_FILE_BYTES)
            cr_expect_eq(resight_tmk_unpack(exact, size, got, &error), RESIGHT_E_FORMAT, "%zu bytes", size);
        free(exact);
    }
    cr_expect_eq(resight_tmk_unpack(bytes, RESIGHT_TMK_FILE_BYTES + 1, got, &error), RESIGHT_E_FORMAT);
    cr_expect_eq(resight_tmk_unpack(bytes, RESIGHT_TMK_FILE_BYTES, got, &error), RESIGHT_OK);
}
