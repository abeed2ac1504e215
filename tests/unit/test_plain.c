/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hasher against PDQ as one would write it down: whole pictures of floats, four passes one after another, every sum
 * a running sum. Thousands of seeded pictures of every kind and size, at every instruction-set level, as stored and
 * turned; hash and quality must be equal bit for bit. RESIGHT_SEED=N repeats a run.
 */
#include "hash/bits.h"
#include "hash/dct_matrix.h"
#include <criterion/criterion.h>
#include <math.h>
#include <resight/hash.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIDE_MAX 1100

static uint64_t state;

static uint32_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static void seed(void) {
    const char *given = getenv("RESIGHT_SEED");
    state = given ? strtoull(given, NULL, 0) : 0x9e3779b97f4a7c15u ^ ((uint64_t)getpid() << 20);
    fprintf(stderr, "RESIGHT_SEED=%llu\n", (unsigned long long)state);
}

/* ---- PDQ, plainly ---------------------------------------------------------------------------- */

static float plain_luma(const resight_image *image, size_t x, size_t y) {
    const uint8_t *px = image->px + y * image->stride_bytes + x * resight_pixel_bytes(image->format);
    if (image->format == RESIGHT_RGB24)
        return 0.299f * (float)px[0] + 0.587f * (float)px[1] + 0.114f * (float)px[2];
    if (image->format == RESIGHT_GRAY8)
        return px[0];
    const double wide = floor(((double)px[0] - 16) * 255 / 219 + 0.5); /* never half way: 219 is odd */
    return (float)fmin(fmax(wide, 0), 255);
}

/* pdq/cpp/downscaling/downscaling.cpp, box1DFloat. */
static void plain_box(const float *in, float *out, size_t length, size_t stride, size_t window) {
    const size_t ahead = (window + 2) / 2 - 1, behind = window - ahead - 1;
    size_t there = 0;
    float sum = 0;
    for (size_t i = 0; i < ahead; i++, there++)
        sum += in[i * stride];
    for (size_t o = 0; o < length; o++) {
        if (o + ahead < length)
            sum += in[(o + ahead) * stride], there++;
        if (o > behind)
            sum -= in[(o - behind - 1) * stride], there--;
        out[o * stride] = sum / (float)there;
    }
}

static void plain_filter(float *a, float *b, size_t width, size_t height) {
    for (int pass = 0; pass < 2; pass++) {
        for (size_t y = 0; y < height; y++)
            plain_box(a + y * width, b + y * width, width, 1, (width + 127) / 128);
        for (size_t x = 0; x < width; x++)
            plain_box(b + x, a + x, height, width, (height + 127) / 128);
    }
}

static resight_pdq plain_pdq(const resight_image *image, resight_dialect dialect) {
    static float a[SIDE_MAX * SIDE_MAX], b[SIDE_MAX * SIDE_MAX];
    const bool squash = dialect == RESIGHT_PDQ512 && (image->width_px > 512 || image->height_px > 512);
    const size_t width = squash ? 512 : image->width_px, height = squash ? 512 : image->height_px;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            a[y * width + x] = squash ? plain_luma(image, x * image->width_px / 512, y * image->height_px / 512)
                                      : plain_luma(image, x, y);
    if (width != 64 || height != 64)
        plain_filter(a, b, width, height);
    resight_luma64 luma;
    for (size_t i = 0; i < 64; i++)
        for (size_t j = 0; j < 64; j++)
            luma.px[i][j] = a[(2 * i + 1) * height / 128 * width + (2 * j + 1) * width / 128];
    dct_matrix matrix;
    resight_dct16 dct;
    dct_matrix_fill(&matrix);
    kernels_scalar.dct(&matrix, &luma, &dct);
    const int32_t quality = kernels_scalar.gradients(&luma) / 90;
    return (resight_pdq){.hash = bits_above_median(&dct), .quality = quality < 100 ? quality : 100};
}

/* ---- Pictures -------------------------------------------------------------------------------- */

typedef enum kind { NOISE, GRADIENT, FLAT, TEXT, CLOUDS, FAINT, CHECKERS, KINDS } kind;

/* Sums of waves whose height falls with their frequency, as the spectrum of a photograph does. */
static void clouds(uint8_t *px, size_t width, size_t height, size_t channels) {
    float x_step[12], y_step[12], phase[12];
    for (int k = 0; k < 12; k++) {
        x_step[k] = (float)(next() % 1000) / 1000 * (float)(1 + k * k) / (float)width;
        y_step[k] = (float)(next() % 1000) / 1000 * (float)(1 + k * k) / (float)height;
        phase[k] = (float)(next() % 628) / 100;
    }
    for (size_t i = 0; i < width * height * channels; i++) {
        const float x = (float)(i / channels % width), y = (float)(i / channels / width);
        float level = 128;
        for (int k = 0; k < 12; k++)
            level += 90 / (float)(1 + k) *
                     sinf(6.28f * (x_step[k] * x + y_step[k] * y) + phase[k] + (float)(i % channels) / 2);
        px[i] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

static uint8_t level_of(kind what, size_t x, size_t y, size_t c, uint32_t r) {
    switch (what) {
    case GRADIENT: return (uint8_t)((x * (r >> 8 & 7) + y * (r >> 12 & 7)) / (1 + (r & 7)) + 40 * c);
    case FLAT: return (uint8_t)(r >> 16);
    case TEXT: return (x / 3 * 7 + y / 5 * 13 + r) % 11 < 3 && y % 17 > 5 ? 20 : 235;
    case FAINT: return (uint8_t)((r >> 16 & 0xfe) + (next() & 1));
    case CHECKERS: return (x / (1 + (r & 7)) + y / (1 + (r >> 3 & 7))) % 2 ? 255 : 0;
    default: return (uint8_t)next();
    }
}

static void paint(kind what, const resight_image *image, uint8_t *px) {
    const size_t channels = resight_pixel_bytes(image->format);
    const uint32_t r = next();
    if (what == CLOUDS) {
        clouds(px, image->width_px, image->height_px, channels);
        return;
    }
    for (size_t y = 0; y < image->height_px; y++)
        for (size_t x = 0; x < image->width_px; x++)
            for (size_t c = 0; c < channels; c++)
                *px++ = level_of(what, x, y, c, r);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void expect_equal(const resight_pdq *plain, const resight_pdq *got, const resight_image *image, kind what,
                         const char *how) {
    const bool equal = plain->quality == got->quality && memcmp(&plain->hash, &got->hash, sizeof plain->hash) == 0;
    cr_assert(equal, "%ux%u, format %u, kind %u, %s: %u bits, quality %d and %d", image->width_px, image->height_px,
              (unsigned)image->format, (unsigned)what, how, resight_hash_distance(&plain->hash, &got->hash),
              plain->quality, got->quality);
}

static resight_hasher *hashers[RESIGHT_CPU_AVX512 + 1];

static void check(uint32_t width, uint32_t height, resight_pixel_format format, kind what, bool turned) {
    static uint8_t px[SIDE_MAX * SIDE_MAX * 3], copy[SIDE_MAX * SIDE_MAX * 3];
    const resight_dialect dialect = next() % 4 == 0 ? RESIGHT_PDQ512 : RESIGHT_PDQ;
    const resight_image image = {px, width, height, (size_t)width * resight_pixel_bytes(format), format};
    paint(what, &image, px);
    const resight_pdq plain = plain_pdq(&image, dialect);
    resight_pdq got, eight[RESIGHT_TRANSFORMS];
    for (resight_cpu level = RESIGHT_CPU_SCALAR; level <= RESIGHT_CPU_AVX512; level++) {
        if (!hashers[level])
            continue;
        cr_assert_eq(resight_hasher_pdq(hashers[level], &image, dialect, &got), RESIGHT_OK);
        expect_equal(&plain, &got, &image, what, resight_cpu_name(level));
    }
    if (!turned)
        return;
    cr_assert_eq(resight_hasher_turned(hashers[resight_cpu_best()], &image, dialect, eight), RESIGHT_OK);
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++) {
        resight_image other;
        cr_assert_eq(resight_image_transform(&image, (resight_transform)t, copy, &other), RESIGHT_OK);
        const resight_pdq plain_turned = plain_pdq(&other, dialect);
        expect_equal(&plain_turned, &eight[t], &image, what, resight_transform_name((resight_transform)t));
    }
}

static void make_hashers(void) {
    seed();
    for (resight_cpu level = RESIGHT_CPU_SCALAR; level <= RESIGHT_CPU_AVX512; level++)
        if (resight_cpu_available(level))
            cr_assert_eq(resight_hasher_new(level, &hashers[level]), RESIGHT_OK);
}

static void free_hashers(void) {
    for (resight_cpu level = RESIGHT_CPU_SCALAR; level <= RESIGHT_CPU_AVX512; level++)
        resight_hasher_free(&hashers[level]);
}

static resight_pixel_format any_format(void) {
    return (resight_pixel_format)(RESIGHT_GRAY8 + next() % 3);
}

TestSuite(plain, .init = make_hashers, .fini = free_hashers, .timeout = 300);

Test(plain, small_pictures) {
    for (int i = 0; i < 3000; i++)
        check(5 + next() % 200, 5 + next() % 200, any_format(), (kind)(next() % KINDS), i % 20 == 0);
}

/* Where a window grows by one, where the last strip is of one row, and the sizes that pictures have. */
Test(plain, sizes_that_matter) {
    static const uint32_t sides[] = {5,   63,  64,  65,  127, 128, 129, 255, 256, 257,
                                     384, 385, 511, 512, 513, 640, 641, 720, 800, 1024};
    enum { SIDES = sizeof sides / sizeof *sides };
    for (uint32_t i = 0; i < SIDES; i++)
        check(sides[i], sides[(i * 7 + 3) % SIDES], (resight_pixel_format)(RESIGHT_GRAY8 + i % 3),
              (kind)(next() % KINDS), i % 5 == 0);
    /* Windows that the vector kernels leave to the scalar ones. */
    check(20000, 40, RESIGHT_GRAY8, CLOUDS, false);
    check(40, 20000, RESIGHT_GRAY8, CLOUDS, false);
    check(33000, 30, RESIGHT_RGB24, CLOUDS, false);
    check(64, 64, RESIGHT_GRAY8_LIMITED, NOISE, true);
    check(64, 64, RESIGHT_RGB24, NOISE, true);
}

Test(plain, pictures_of_every_kind) {
    for (unsigned what = 0; what < KINDS; what++)
        for (unsigned format = RESIGHT_GRAY8; format <= RESIGHT_RGB24; format++) {
            check(512, 512, (resight_pixel_format)format, (kind)what, false);
            check(300 + next() % 400, 300 + next() % 400, (resight_pixel_format)format, (kind)what, false);
        }
}
