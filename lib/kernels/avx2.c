/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels for AVX2 and FMA (Haswell, Zen and later). Equal to scalar.c bit for bit: each lane is one output and
 * goes through the scalar order of operations. The row passes take eight rows at a time.
 */
#include "kernels/box.h"
#include "kernels/kernels.h"
#include "kernels/near.h"

#include <immintrin.h>

#define LANES 8

/* All bits set in the first `count` lanes. */
static inline __m256i first_lanes(size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < LANES ? (int)count : LANES), lane);
}

/* ---- Luma: the tail of a row goes through the scalar kernel ---------------------------------- */

static void luma_gray8(const uint8_t *pixels, float *luma, size_t width_px) {
    size_t x = 0;
    for (; x + LANES <= width_px; x += LANES) {
        const __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(pixels + x)));
        _mm256_storeu_ps(luma + x, _mm256_cvtepi32_ps(wide));
    }
    kernels_scalar.luma_gray8(pixels + x, luma + x, width_px - x);
}

/* (level * 255 + 109) / 219 for level 0..219: the product with 19153 / 2^22 has the same integer part for all of them.
 */
static void luma_gray8_limited(const uint8_t *pixels, float *luma, size_t width_px) {
    const __m256i black = _mm256_set1_epi32(16), white = _mm256_set1_epi32(219);
    size_t x = 0;
    for (; x + LANES <= width_px; x += LANES) {
        __m256i level = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(pixels + x)));
        level = _mm256_min_epi32(_mm256_max_epi32(_mm256_sub_epi32(level, black), _mm256_setzero_si256()), white);
        level = _mm256_add_epi32(_mm256_mullo_epi32(level, _mm256_set1_epi32(255)), _mm256_set1_epi32(109));
        level = _mm256_srli_epi32(_mm256_mullo_epi32(level, _mm256_set1_epi32(19153)), 22);
        _mm256_storeu_ps(luma + x, _mm256_cvtepi32_ps(level));
    }
    kernels_scalar.luma_gray8_limited(pixels + x, luma + x, width_px - x);
}

/* Of eight pixels, four in the low bytes of each 128-bit lane, one channel to 32-bit lanes. */
static inline __m256 rgb_channel(__m256i pixels, char c) {
    const __m256i pick = _mm256_setr_epi8(c, -1, -1, -1, (char)(c + 3), -1, -1, -1, (char)(c + 6), -1, -1, -1,
                                          (char)(c + 9), -1, -1, -1, c, -1, -1, -1, (char)(c + 3), -1, -1, -1,
                                          (char)(c + 6), -1, -1, -1, (char)(c + 9), -1, -1, -1);
    return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(pixels, pick));
}

static void luma_rgb24(const uint8_t *pixels, float *luma, size_t width_px) {
    size_t x = 0;
    for (; x + LANES + 2 <= width_px; x += LANES) { /* the second load reads four bytes past the eighth pixel */
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(pixels + 3 * x));
        const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(pixels + 3 * x + 12));
        const __m256i rgb = _mm256_set_m128i(high, low);
        const __m256 r = _mm256_mul_ps(_mm256_set1_ps(0.299f), rgb_channel(rgb, 0));
        const __m256 g = _mm256_mul_ps(_mm256_set1_ps(0.587f), rgb_channel(rgb, 1));
        const __m256 b = _mm256_mul_ps(_mm256_set1_ps(0.114f), rgb_channel(rgb, 2));
        _mm256_storeu_ps(luma + x, _mm256_add_ps(_mm256_add_ps(r, g), b));
    }
    kernels_scalar.luma_rgb24(pixels + 3 * x, luma + x, width_px - x);
}

/* ---- Box filter ------------------------------------------------------------------------------ */

/* The correctly rounded quotient; avx512.c says why. */
typedef struct divider {
    __m256 divisor, reciprocal;
} divider;

static inline divider divider_of(float divisor) {
    return (divider){_mm256_set1_ps(divisor), _mm256_set1_ps(1.0f / divisor)};
}

static inline __m256 divide(__m256 x, divider by) {
    const __m256 quotient = _mm256_mul_ps(x, by.reciprocal);
    const __m256 rest = _mm256_fnmadd_ps(quotient, by.divisor, x);
    return _mm256_fmadd_ps(rest, by.reciprocal, quotient);
}

static inline void transpose(__m256 v[8]) {
    __m256 lanes[8]; /* 4x4 blocks transposed in place */
    for (int j = 0; j < 8; j += 4) {
        const __m256 ab_low = _mm256_unpacklo_ps(v[j], v[j + 1]), ab_high = _mm256_unpackhi_ps(v[j], v[j + 1]);
        const __m256 cd_low = _mm256_unpacklo_ps(v[j + 2], v[j + 3]), cd_high = _mm256_unpackhi_ps(v[j + 2], v[j + 3]);
        lanes[j] = _mm256_shuffle_ps(ab_low, cd_low, 0x44);
        lanes[j + 1] = _mm256_shuffle_ps(ab_low, cd_low, 0xee);
        lanes[j + 2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44);
        lanes[j + 3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
    }
    for (int j = 0; j < 4; j++) {
        v[j] = _mm256_permute2f128_ps(lanes[j], lanes[4 + j], 0x20);
        v[4 + j] = _mm256_permute2f128_ps(lanes[j], lanes[4 + j], 0x31);
    }
}

/*
 * The columns of a strip, each a vector of eight rows, read as the window moves on: the last RING of them are kept. A
 * wider window, of a picture with a side over 30,000 pixels, is left to the scalar kernel.
 */
#define RING 256
#define WINDOW_MAX (RING - 2 * LANES)

typedef struct strip {
    const float *in;
    size_t stride, rows, length, loaded;
    __m256 ring[RING];
} strip;

static inline __m256 *column(strip *s, size_t x) {
    return &s->ring[x % RING];
}

static inline void load_block(strip *s) {
    const size_t x = s->loaded;
    const __m256i mask = first_lanes(s->length - x);
    __m256 *block = column(s, x);
    for (size_t row = 0; row < LANES; row++) /* a row too many repeats the last one, and is not stored */
        block[row] = _mm256_maskload_ps(s->in + (row < s->rows ? row : s->rows - 1) * s->stride + x, mask);
    transpose(block);
    s->loaded = x + LANES;
}

static inline void load_to(strip *s, size_t end) {
    while (s->loaded < end && s->loaded < s->length)
        load_block(s);
}

/* Outputs near an end of the row, where the window is cut; those past the end are not stored. */
static inline __m256 border_block(strip *s, box_window w, size_t o, __m256 sum, __m256 means[LANES]) {
    for (size_t i = 0; i < LANES; i++) {
        means[i] = sum;
        if (o + i >= s->length)
            continue;
        if (o + i + w.ahead < s->length)
            sum = _mm256_add_ps(sum, *column(s, o + i + w.ahead));
        if (o + i > w.behind)
            sum = _mm256_sub_ps(sum, *column(s, o + i - w.behind - 1));
        means[i] = _mm256_div_ps(sum, _mm256_set1_ps((float)box_samples(w, o + i, s->length)));
    }
    return sum;
}

static inline __m256 inner_block(strip *s, box_window w, size_t o, divider by, __m256 sum, __m256 means[LANES]) {
    for (size_t i = 0; i < LANES; i++) {
        sum = _mm256_add_ps(sum, *column(s, o + i + w.ahead));
        sum = _mm256_sub_ps(sum, *column(s, o + i - w.behind - 1));
        means[i] = divide(sum, by);
    }
    return sum;
}

static inline __m256 strip_begin(strip *s, box_window w) {
    __m256 sum = _mm256_setzero_ps();
    load_to(s, w.ahead + LANES);
    for (size_t x = 0; x < w.ahead; x++)
        sum = _mm256_add_ps(sum, *column(s, x));
    return sum;
}

static void box_eight_rows(const float *in, float *out, size_t stride, size_t rows, size_t length, box_window w) {
    const divider by = divider_of((float)(w.behind + 1 + w.ahead));
    strip s = {.in = in, .stride = stride, .rows = rows, .length = length};
    __m256 sum = strip_begin(&s, w);
    for (size_t o = 0; o < length; o += LANES) {
        __m256 means[LANES];
        load_to(&s, o + w.ahead + LANES);
        if (o > w.behind && o + w.ahead + LANES <= length)
            sum = inner_block(&s, w, o, by, sum, means);
        else
            sum = border_block(&s, w, o, sum, means);
        transpose(means);
        const __m256i mask = first_lanes(length - o);
        for (size_t row = 0; row < rows; row++)
            _mm256_maskstore_ps(out + row * stride + o, mask, means[row]);
    }
}

static size_t rows_at(size_t row, size_t rows) {
    return rows - row < LANES ? rows - row : LANES;
}

static void box_rows(const float *in, float *out, size_t stride, size_t rows, size_t length, size_t window) {
    if (window > WINDOW_MAX) {
        kernels_scalar.box_rows(in, out, stride, rows, length, window);
        return;
    }
    for (size_t row = 0; row < rows; row += LANES)
        box_eight_rows(in + row * stride, out + row * stride, stride, rows_at(row, rows), length,
                       box_window_of(window));
}

static void box_eight_rows_sampled(const float *in, size_t stride, float (*out)[64], size_t rows, size_t length,
                                   box_window w, const uint32_t at[64]) {
    strip s = {.in = in, .stride = stride, .rows = rows, .length = length};
    __m256 sum = strip_begin(&s, w), means[64];
    size_t k = 0;
    for (size_t o = 0; k < 64; o++) {
        if (o % LANES == 0)
            load_to(&s, o + w.ahead + LANES);
        if (o + w.ahead < length)
            sum = _mm256_add_ps(sum, *column(&s, o + w.ahead));
        if (o > w.behind)
            sum = _mm256_sub_ps(sum, *column(&s, o - w.behind - 1));
        for (; k < 64 && at[k] == o; k++)
            means[k] = _mm256_div_ps(sum, _mm256_set1_ps((float)box_samples(w, o, length)));
    }
    for (k = 0; k < 64; k += LANES) {
        transpose(means + k);
        for (size_t row = 0; row < rows; row++)
            _mm256_storeu_ps(out[row] + k, means[k + row]);
    }
}

static void box_rows_sampled(const float *in, size_t stride, float (*out)[64], size_t rows, size_t length,
                             size_t window, const uint32_t at[64]) {
    if (window > WINDOW_MAX) {
        kernels_scalar.box_rows_sampled(in, stride, out, rows, length, window, at);
        return;
    }
    for (size_t row = 0; row < rows; row += LANES)
        box_eight_rows_sampled(in + row * stride, stride, out + row, rows_at(row, rows), length, box_window_of(window),
                               at);
}

static void box_columns(float *sum, const float *enter, const float *leave, float *out, size_t length, float samples) {
    const divider by = divider_of(samples);
    size_t i = 0;
    for (; i + LANES <= length; i += LANES) {
        __m256 s = _mm256_loadu_ps(sum + i);
        if (enter)
            s = _mm256_add_ps(s, _mm256_loadu_ps(enter + i));
        if (leave)
            s = _mm256_sub_ps(s, _mm256_loadu_ps(leave + i));
        _mm256_storeu_ps(sum + i, s);
        if (out)
            _mm256_storeu_ps(out + i, divide(s, by));
    }
    kernels_scalar.box_columns(sum + i, enter ? enter + i : NULL, leave ? leave + i : NULL, out ? out + i : NULL,
                               length - i, samples);
}

/* ---- DCT and quality ------------------------------------------------------------------------- */

static inline void accumulate(__m256 *sum, float weight, const float *row) {
    *sum = _mm256_add_ps(*sum, _mm256_mul_ps(_mm256_set1_ps(weight), _mm256_loadu_ps(row)));
}

static void dct(const dct_matrix *matrix, const resight_luma64 *in, resight_dct16 *out) {
    float turned[64][16]; /* D^T */
    for (int j = 0; j < 16; j++)
        for (int k = 0; k < 64; k++)
            turned[k][j] = matrix->row[j][k];
    for (int i = 0; i < 16; i++) {
        __m256 half[8]; /* a row of D A */
        for (int j = 0; j < 8; j++)
            half[j] = _mm256_setzero_ps();
        for (int k = 0; k < 64; k++)
            for (int j = 0; j < 8; j++)
                accumulate(&half[j], matrix->row[i][k], in->px[k] + LANES * j);
        float row[64];
        for (int j = 0; j < 8; j++)
            _mm256_storeu_ps(row + LANES * j, half[j]);
        __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
        for (int k = 0; k < 64; k++) {
            accumulate(&low, row[k], turned[k]);
            accumulate(&high, row[k], turned[k] + LANES);
        }
        _mm256_storeu_ps(out->freq[i], low);
        _mm256_storeu_ps(out->freq[i] + LANES, high);
    }
}

/* The sums are of integers, so their order is free. */
static inline __m256i gradient(__m256 u, __m256 v) {
    const __m256 percent = _mm256_mul_ps(_mm256_sub_ps(u, v), _mm256_set1_ps(100.0f));
    return _mm256_abs_epi32(_mm256_cvttps_epi32(_mm256_div_ps(percent, _mm256_set1_ps(255.0f))));
}

static int32_t gradients(const resight_luma64 *in) {
    const __m256i shifted = _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 7);
    __m256i sum = _mm256_setzero_si256();
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j += LANES) {
            const float *px = &in->px[i][j];
            const __m256 here = _mm256_loadu_ps(px);
            if (i < 63)
                sum = _mm256_add_epi32(sum, gradient(here, _mm256_loadu_ps(px + 64)));
            /* The last column has no neighbour: it is compared with itself. */
            const __m256 next = j + LANES < 64 ? _mm256_loadu_ps(px + 1) : _mm256_permutevar8x32_ps(here, shifted);
            sum = _mm256_add_epi32(sum, gradient(here, next));
        }
    int32_t lanes[LANES], total = 0;
    _mm256_storeu_si256((__m256i *)(void *)lanes, sum);
    for (int j = 0; j < LANES; j++)
        total += lanes[j];
    return total;
}

/* ---- Distances ------------------------------------------------------------------------------- */

static void scan(const uint64_t *hashes, size_t count, const uint64_t *queries, size_t query_count,
                 unsigned radius_bits, uint64_t *within) {
    for (size_t first = 0; first < count; first += SCAN_GROUP) {
        const size_t group = count - first < SCAN_GROUP ? count - first : SCAN_GROUP;
        uint64_t bits = 0;
        for (size_t i = 0; i < group; i++)
            for (size_t q = 0; q < query_count; q++)
                bits |= (uint64_t)near(hashes + 4 * (first + i), queries + 4 * q, radius_bits) << (8 * q + i);
        within[first / SCAN_GROUP] = bits;
    }
}

static size_t pick(const uint64_t *hashes, const uint32_t *ids, size_t count, const uint64_t query[4],
                   unsigned radius_bits, uint32_t *places) {
    return pick_near(hashes, ids, count, query, radius_bits, places);
}

static size_t scan_keys(const uint64_t *keys, size_t count, uint64_t query, unsigned radius_bits, uint32_t *places) {
    return scan_near_keys(keys, count, query, radius_bits, places);
}

static size_t pick_keys(const uint64_t *keys, const uint32_t *ids, size_t count, uint64_t query, unsigned radius_bits,
                        uint32_t *places) {
    return pick_near_keys(keys, ids, count, query, radius_bits, places);
}

const kernel_table kernels_avx2 = {
    .cpu = RESIGHT_CPU_AVX2,
    .luma_gray8 = luma_gray8,
    .luma_gray8_limited = luma_gray8_limited,
    .luma_rgb24 = luma_rgb24,
    .box_rows = box_rows,
    .box_rows_sampled = box_rows_sampled,
    .box_columns = box_columns,
    .dct = dct,
    .gradients = gradients,
    .scan = scan,
    .pick = pick,
    .scan_keys = scan_keys,
    .pick_keys = pick_keys,
};
