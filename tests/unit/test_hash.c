/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes as values, the turning of pixels and coefficients, the limits of the hasher's arguments. */
#include "hash/bits.h"
#include "hash/dct_matrix.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char example[] = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

Test(hash, hex_round_trip) {
    resight_hash hash;
    char hex[RESIGHT_HEX_LEN + 1];
    cr_assert_eq(resight_hash_from_hex(example, &hash), RESIGHT_OK);
    resight_hash_to_hex(&hash, hex);
    cr_assert_str_eq(hex, example);
    cr_assert_eq(hash.w[0] & 0xffff, 0x9b22); /* word 0 is printed last */
    cr_assert_eq(hash.w[3] >> 48, 0xf8f8);
}

Test(hash, hex_takes_upper_case_and_refuses_the_rest) {
    resight_hash lower, upper, untouched = {{1, 2, 3, 4}};
    char text[RESIGHT_HEX_LEN + 1];
    strcpy(text, example);
    for (char *c = text; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 32 : *c);
    cr_assert_eq(resight_hash_from_hex(example, &lower), RESIGHT_OK);
    cr_assert_eq(resight_hash_from_hex(text, &upper), RESIGHT_OK);
    cr_assert_arr_eq(&lower, &upper, sizeof lower);
    for (size_t bad = 0; bad < RESIGHT_HEX_LEN; bad++) {
        strcpy(text, example);
        text[bad] = "g \0:@`"[bad % 6];
        cr_assert_eq(resight_hash_from_hex(text, &untouched), RESIGHT_E_FORMAT);
    }
    cr_assert_eq(untouched.w[0], 1);
}

Test(hash, distance_and_complement) {
    resight_hash a = {{0}}, b = {{0}};
    for (unsigned bit = 0; bit < 256; bit++) {
        b.w[bit / 64] |= (uint64_t)1 << bit % 64;
        cr_assert_eq(resight_hash_distance(&a, &b), bit + 1);
    }
    const resight_hash all = resight_hash_complement(&a);
    cr_assert_eq(resight_hash_distance(&all, &b), 0);
}

Test(hash, dct_weights_are_what_the_formula_says) {
    dct_matrix matrix;
    dct_matrix_fill(&matrix);
    const float scale = sqrtf(2.0f / 64.0f);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 64; j++)
            cr_assert_float_eq(matrix.row[i][j], (double)scale * cos(M_PI / 2 / 64.0 * (i + 1) * (2 * j + 1)), 1e-8);
}

static resight_dct16 rising(void) {
    resight_dct16 dct;
    for (int k = 0; k < 256; k++)
        dct.freq[k / 16][k % 16] = (float)((k * 77) % 256); /* 77 is odd: each of 0..255 once */
    return dct;
}

Test(hash, bits_are_strictly_above_the_lower_median) {
    resight_dct16 dct = rising();
    const resight_hash hash = bits_above_median(&dct);
    for (int k = 0; k < 256; k++)
        cr_assert_eq(hash.w[k / 64] >> (k % 64) & 1, (k * 77) % 256 > 127, "bit %d", k);
    memset(&dct, 0, sizeof dct);
    const resight_hash flat = bits_above_median(&dct);
    cr_assert_eq(flat.w[0] | flat.w[1] | flat.w[2] | flat.w[3], 0);
}

Test(hash, median_of_many_shapes) {
    srand(7);
    for (int round = 0; round < 2000; round++) {
        resight_dct16 dct;
        const int values = 1 + rand() % 300;
        for (int k = 0; k < 256; k++)
            dct.freq[k / 16][k % 16] = (float)(rand() % values - values / 2);
        const resight_hash hash = bits_above_median(&dct);
        int above = 0, least_above = 1000, most_below = -1000;
        for (int k = 0; k < 256; k++) {
            const int value = (int)dct.freq[k / 16][k % 16];
            if (hash.w[k / 64] >> (k % 64) & 1) {
                above++;
                least_above = value < least_above ? value : least_above;
            } else {
                most_below = value > most_below ? value : most_below;
            }
        }
        cr_assert_leq(above, 128);
        cr_assert_lt(most_below, least_above);
        int equal = 0;
        for (int k = 0; k < 256; k++)
            equal += (int)dct.freq[k / 16][k % 16] == most_below;
        cr_assert_gt(above + equal, 128, "the largest value without a bit is not the lower median");
    }
}

static void expect_turned(resight_hasher *hasher, const resight_image *image, resight_dialect dialect) {
    resight_pdq turned[RESIGHT_TRANSFORMS], plain;
    cr_assert_eq(resight_hasher_turned(hasher, image, dialect, turned), RESIGHT_OK);
    uint8_t *px = malloc(resight_image_bytes(image));
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++) {
        resight_image copy;
        cr_assert_eq(resight_image_transform(image, (resight_transform)t, px, &copy), RESIGHT_OK);
        cr_assert_eq(resight_hasher_pdq(hasher, &copy, dialect, &plain), RESIGHT_OK);
        cr_expect_eq(memcmp(&plain, &turned[t], sizeof plain), 0, "%ux%u %s %s", image->width_px, image->height_px,
                     resight_dialect_name(dialect), resight_transform_name((resight_transform)t));
    }
    free(px);
}

/* Reading a picture from another corner gives the bits that hashing a turned copy gives. */
Test(hash, turned_hashes_are_those_of_turned_copies) {
    static const struct {
        uint32_t width, height;
    } sizes[] = {{64, 64}, {5, 9}, {4, 70}, {131, 97}, {600, 33}, {700, 513}};
    static uint8_t px[700 * 513 * 3];
    resight_hasher *hasher = NULL;
    cr_assert_eq(resight_hasher_new(RESIGHT_CPU_AUTO, &hasher), RESIGHT_OK);
    uint32_t s = 2463534242u;
    for (size_t i = 0; i < sizeof px; i++) {
        s ^= s << 13, s ^= s >> 17, s ^= s << 5;
        px[i] = (uint8_t)(s >> 24);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        resight_image image = {px, sizes[i].width, sizes[i].height, sizes[i].width, RESIGHT_GRAY8};
        expect_turned(hasher, &image, RESIGHT_PDQ);
        image.stride_bytes *= 3;
        image.format = RESIGHT_RGB24;
        expect_turned(hasher, &image, RESIGHT_PDQ);
        expect_turned(hasher, &image, RESIGHT_PDQ512);
    }
    resight_hasher_free(&hasher);
}

/* A picture on a grid that is its own mirror image, so that derived and turned hashes must agree. */
Test(hash, derived_hashes_are_those_of_the_turned_pixels) {
    enum { SIDE = 64 };
    uint8_t px[SIDE * SIDE];
    srand(3);
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)rand();
    const resight_image image = {px, SIDE, SIDE, SIDE, RESIGHT_GRAY8};
    resight_pdq derived[RESIGHT_TRANSFORMS], turned[RESIGHT_TRANSFORMS];
    resight_hasher *hasher = NULL;
    cr_assert_eq(resight_hasher_new(RESIGHT_CPU_AUTO, &hasher), RESIGHT_OK);
    cr_assert_eq(resight_hasher_dihedral(hasher, &image, RESIGHT_PDQ, derived), RESIGHT_OK);
    cr_assert_eq(resight_hasher_turned(hasher, &image, RESIGHT_PDQ, turned), RESIGHT_OK);
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++)
        cr_expect_leq(resight_hash_distance(&derived[t].hash, &turned[t].hash), 2, "%s",
                      resight_transform_name((resight_transform)t));
    for (unsigned t = 1; t < RESIGHT_TRANSFORMS; t++)
        cr_expect_gt(resight_hash_distance(&turned[0].hash, &turned[t].hash), 60);
    resight_hasher_free(&hasher);
    cr_assert_null(hasher);
}

/* A 2x3 picture of three bytes a pixel, by hand. */
Test(hash, turning_moves_each_pixel_where_it_belongs) {
    static const char in[] = "aaabbb|cccddd|eeefff|";
    static const struct {
        resight_transform transform;
        uint32_t width;
        const char *px;
    } turns[] = {
        {RESIGHT_ORIGINAL, 2, "aaabbbcccdddeeefff"},    {RESIGHT_ROTATE_90, 3, "bbbdddfffaaaccceee"},
        {RESIGHT_ROTATE_180, 2, "fffeeedddcccbbbaaa"},  {RESIGHT_ROTATE_270, 3, "eeecccaaafffdddbbb"},
        {RESIGHT_FLIP_X, 2, "eeefffcccdddaaabbb"},      {RESIGHT_FLIP_Y, 2, "bbbaaadddcccfffeee"},
        {RESIGHT_FLIP_PLUS_1, 3, "aaaccceeebbbdddfff"}, {RESIGHT_FLIP_MINUS_1, 3, "fffdddbbbeeecccaaa"},
    };
    const resight_image image = {(const uint8_t *)in, 2, 3, 7, RESIGHT_RGB24};
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        uint8_t px[18];
        resight_image out;
        cr_assert_eq(resight_image_transform(&image, turns[i].transform, px, &out), RESIGHT_OK);
        cr_expect_arr_eq(px, turns[i].px, 18, "%s", resight_transform_name(turns[i].transform));
        cr_expect_eq(out.width_px, turns[i].width);
        cr_expect_eq(out.width_px * out.height_px, 6);
    }
}

Test(hash, large_pictures_turn_in_tiles) {
    enum { W = 67, H = 45 };
    uint8_t px[W * H], turned[W * H], back[W * H];
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * 31 + i / 251);
    static const resight_transform inverse[RESIGHT_TRANSFORMS] = {
        RESIGHT_ORIGINAL, RESIGHT_ROTATE_270, RESIGHT_ROTATE_180,  RESIGHT_ROTATE_90,
        RESIGHT_FLIP_X,   RESIGHT_FLIP_Y,     RESIGHT_FLIP_PLUS_1, RESIGHT_FLIP_MINUS_1};
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++) {
        resight_image image = {px, W, H, W, RESIGHT_GRAY8}, there, again;
        cr_assert_eq(resight_image_transform(&image, (resight_transform)t, turned, &there), RESIGHT_OK);
        cr_assert_eq(resight_image_transform(&there, inverse[t], back, &again), RESIGHT_OK);
        cr_assert_arr_eq(px, back, sizeof px, "%s", resight_transform_name((resight_transform)t));
    }
}

Test(hash, video_range_is_expanded) {
    enum { SIDE = 80 };
    uint8_t limited[SIDE * SIDE], full[SIDE * SIDE];
    srand(11);
    for (size_t i = 0; i < sizeof full; i++) {
        limited[i] = (uint8_t)rand();
        const double y = round((limited[i] - 16) * 255.0 / 219.0);
        full[i] = (uint8_t)(y < 0 ? 0 : y > 255 ? 255 : y);
    }
    resight_hasher *hasher = NULL;
    cr_assert_eq(resight_hasher_new(RESIGHT_CPU_AUTO, &hasher), RESIGHT_OK);
    resight_pdq a, b;
    resight_image image = {limited, SIDE, SIDE, SIDE, RESIGHT_GRAY8_LIMITED};
    cr_assert_eq(resight_hasher_pdq(hasher, &image, RESIGHT_PDQ, &a), RESIGHT_OK);
    image.px = full;
    image.format = RESIGHT_GRAY8;
    cr_assert_eq(resight_hasher_pdq(hasher, &image, RESIGHT_PDQ, &b), RESIGHT_OK);
    cr_expect_eq(resight_hash_distance(&a.hash, &b.hash), 0);
    cr_expect_eq(a.quality, b.quality);
    resight_hasher_free(&hasher);
}

Test(hash, wrong_arguments_are_refused_and_write_nothing) {
    uint8_t px[100] = {0};
    resight_hasher *hasher = NULL;
    resight_pdq out = {.quality = -7};
    cr_assert_eq(resight_hasher_new((resight_cpu)99, &hasher), RESIGHT_E_ARG);
    cr_assert_eq(resight_hasher_new(RESIGHT_CPU_SCALAR, &hasher), RESIGHT_OK);
    const resight_image good = {px, 10, 10, 10, RESIGHT_GRAY8};
    resight_image bad[] = {good, good, good, good, good};
    bad[0].px = NULL;
    bad[1].width_px = 0;
    bad[2].stride_bytes = 9;
    bad[3].format = (resight_pixel_format)7;
    bad[4].height_px = UINT32_MAX;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(resight_hasher_pdq(hasher, &bad[i], RESIGHT_PDQ, &out), RESIGHT_E_ARG, "picture %zu", i);
    cr_expect_eq(resight_hasher_pdq(hasher, &good, (resight_dialect)3, &out), RESIGHT_E_ARG);
    cr_expect_eq(out.quality, -7);
    resight_hasher_free(&hasher);
}

/* ---- Reduction ------------------------------------------------------------------------------- */

static resight_image reduced_of(const resight_image *in, uint8_t px[64 * 64]) {
    resight_image out;
    cr_assert_eq(resight_image_reduce(in, px, &out), RESIGHT_OK);
    cr_assert(out.width_px == 64 && out.height_px == 64 && out.format == RESIGHT_GRAY8);
    return out;
}

/* By the definition: every pixel of the source split into 64x64 pieces, each piece into the cell it lies in. */
static void reduce_slowly(const resight_image *in, uint8_t px[64 * 64]) {
    static uint64_t sums[64 * 64];
    memset(sums, 0, sizeof sums);
    for (uint32_t y = 0; y < in->height_px * 64; y++)
        for (uint32_t x = 0; x < in->width_px * 64; x++) {
            const uint8_t *p = in->px + y / 64 * in->stride_bytes + (size_t)(x / 64) * resight_pixel_bytes(in->format);
            const uint32_t luma = in->format == RESIGHT_RGB24 ? 299u * p[0] + 587u * p[1] + 114u * p[2] : 1000u * p[0];
            sums[y / in->height_px * 64 + x / in->width_px] += luma;
        }
    const uint64_t whole = UINT64_C(1000) * in->width_px * in->height_px;
    for (size_t i = 0; i < 64 * 64; i++)
        px[i] = (uint8_t)((sums[i] + whole / 2) / whole);
}

Test(reduce, equals_its_definition) {
    static const uint32_t sizes[][2] = {{64, 64}, {1, 1}, {3, 50}, {63, 65}, {100, 71}, {128, 7}};
    static uint8_t px[128 * 128 * 3];
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * i / 7 + i);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int rgb = 0; rgb < 2; rgb++) {
            uint8_t got[64 * 64], expected[64 * 64];
            const size_t stride = sizes[i][0] * (rgb ? 3u : 1u) + 5;
            const resight_image image = {px, sizes[i][0], sizes[i][1], stride, rgb ? RESIGHT_RGB24 : RESIGHT_GRAY8};
            if (stride * sizes[i][1] > sizeof px)
                continue;
            reduced_of(&image, got);
            reduce_slowly(&image, expected);
            cr_expect_arr_eq(got, expected, sizeof got, "%ux%u, rgb %d", sizes[i][0], sizes[i][1], rgb);
        }
}

Test(reduce, video_range_is_expanded) {
    uint8_t px[5 * 5], out[64 * 64];
    resight_image image = {px, 5, 5, 5, RESIGHT_GRAY8_LIMITED};
    static const uint8_t from[] = {0, 16, 17, 126, 235, 255}, to[] = {0, 0, 1, 128, 255, 255};
    for (size_t i = 0; i < sizeof from; i++) {
        memset(px, from[i], sizeof px);
        reduced_of(&image, out);
        cr_expect_eq(out[100], to[i], "%u became %u", from[i], out[100]);
    }
}

Test(reduce, commutes_with_turning) {
    enum { W = 97, H = 130 };
    static uint8_t px[W * H], turned[W * H];
    uint8_t first[64 * 64], second[64 * 64], again[64 * 64];
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * i / 5);
    const resight_image image = {px, W, H, W, RESIGHT_GRAY8};
    const resight_image small = reduced_of(&image, first);
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++) {
        resight_image a, b;
        cr_assert_eq(resight_image_transform(&small, (resight_transform)t, second, &a), RESIGHT_OK);
        cr_assert_eq(resight_image_transform(&image, (resight_transform)t, turned, &b), RESIGHT_OK);
        reduced_of(&b, again);
        cr_expect_arr_eq(second, again, sizeof again, "%s", resight_transform_name((resight_transform)t));
    }
}

/* ---- Thumbnails ------------------------------------------------------------------------------ */

static uint8_t thumbnail_px[RESIGHT_THUMBNAIL_BYTES_MAX];

static resight_image thumbnail_of(uint32_t width_px, uint32_t height_px, const uint8_t *px) {
    const resight_image in = {px, width_px, height_px, width_px, RESIGHT_GRAY8};
    resight_image out;
    cr_assert_eq(resight_image_thumbnail(&in, thumbnail_px, &out), RESIGHT_OK);
    cr_assert(out.px == thumbnail_px && out.stride_bytes == out.width_px && out.format == RESIGHT_GRAY8);
    return out;
}

Test(thumbnail, keeps_the_proportions) {
    static const uint32_t sizes[][4] = {
        {512, 512, 512, 512}, {513, 513, 512, 512}, {1024, 768, 512, 384}, {300, 1000, 154, 512},
        {7, 5, 7, 5},         {1 << 20, 1, 512, 1}, {1, 1 << 20, 1, 512},  {1, 1, 1, 1},
    };
    uint8_t *px = calloc(1 << 20, 1);
    cr_assert_not_null(px);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const resight_image out = thumbnail_of(sizes[i][0], sizes[i][1], px);
        cr_expect(out.width_px == sizes[i][2] && out.height_px == sizes[i][3], "%ux%u became %ux%u", sizes[i][0],
                  sizes[i][1], out.width_px, out.height_px);
    }
    free(px);
}

Test(thumbnail, any_size_is_the_mean_of_what_it_covers) {
    static const uint8_t px[] = {10, 30, 50, 70, 20, 40, 60, 80};
    const resight_image in = {px, 4, 2, 4, RESIGHT_GRAY8};
    uint8_t small[8 * 2];
    resight_image out;
    cr_assert_eq(resight_image_average(&in, 2, 1, small, &out), RESIGHT_OK);
    cr_expect(out.width_px == 2 && out.height_px == 1 && small[0] == 25 && small[1] == 65);
    cr_assert_eq(resight_image_average(&in, 8, 1, small, &out), RESIGHT_OK);
    cr_expect(small[0] == 15 && small[1] == 15 && small[7] == 75);
    cr_expect_eq(resight_image_average(&in, 0, 1, small, &out), RESIGHT_E_ARG);
    cr_expect_eq(resight_image_average(&in, 1, RESIGHT_THUMBNAIL_SIDE_PX + 1, small, &out), RESIGHT_E_ARG);
}

Test(thumbnail, is_the_mean_of_what_it_covers) {
    enum { W = 1024, H = 256 };
    static uint8_t px[W * H];
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * i / 11);
    const resight_image out = thumbnail_of(W, H, px);
    for (uint32_t y = 0; y < out.height_px; y++)
        for (uint32_t x = 0; x < out.width_px; x++) {
            const uint8_t *p = px + (size_t)2 * y * W + 2 * x;
            cr_assert_eq(out.px[y * out.stride_bytes + x], (p[0] + p[1] + p[W] + p[W + 1] + 2) / 4, "at %u,%u", x, y);
        }
}

Test(thumbnail, leaves_a_small_grey_picture_as_it_is) {
    static uint8_t px[300 * 200];
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * 7 / 3);
    thumbnail_of(300, 200, px);
    cr_expect_arr_eq(thumbnail_px, px, sizeof px);
}

/* Noise, black and white, a slope with noise, dark pictures with bright spots, in which sums change their magnitude,
 * and pictures with a bright line at their left side, where a rounding stays behind in the sums of most rows. */
static void paint(uint8_t *px, size_t count, size_t width, int kind) {
    for (size_t i = 0; i < count; i++)
        px[i] = (uint8_t)(kind == 0   ? rand()
                          : kind == 1 ? (rand() & 1) * 255
                          : kind == 2 ? (int)(i % width / 4) + rand() % 3
                          : kind == 3 ? (rand() % 4 ? 1 : rand())
                                      : (i % width == 0 ? 247 : 88) + rand() % 9);
}

static uint32_t side_with_window(uint32_t window) {
    return 128 * (window - 1) + 1 + (uint32_t)rand() % 128;
}

/* A side of 129 to 256, 385 to 512 or 897 to 1024 pixels of grey goes by tents at every level but the scalar one, which
 * is the specification: the coefficients are the same to the last bit. */
Test(hash, tents_say_what_the_order_says, .timeout = 120) {
    static uint8_t px[1024 * 1024];
    float got[RESIGHT_CPU_AVX512 + 1][RESIGHT_PDQF_FLOATS];
    srand(11);
    for (int round = 0; round < 240; round++) {
        const uint32_t width = side_with_window(2u << round % 3), height = side_with_window(2u << round / 3 % 3);
        const resight_image image = {px, width, height, width, round % 2 ? RESIGHT_GRAY8 : RESIGHT_GRAY8_LIMITED};
        paint(px, (size_t)width * height, width, round / 9 % 5);
        /* The specification comes last, so that nobody finds its results in memory. */
        for (resight_cpu cpu = RESIGHT_CPU_AVX512; cpu >= RESIGHT_CPU_SCALAR; cpu--) {
            resight_hasher *hasher = NULL;
            if (resight_hasher_new(cpu, &hasher) != RESIGHT_OK)
                continue;
            cr_assert_eq(resight_hasher_pdqf(hasher, &image, RESIGHT_PDQ, got[cpu]), RESIGHT_OK);
            resight_hasher_free(&hasher);
        }
        for (resight_cpu cpu = RESIGHT_CPU_NEON; cpu <= RESIGHT_CPU_AVX512; cpu++)
            if (resight_cpu_available(cpu))
                cr_assert_arr_eq(got[cpu], got[RESIGHT_CPU_SCALAR], sizeof got[cpu], "%s: %ux%u, round %d",
                                 resight_cpu_name(cpu), width, height, round);
    }
}
