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

/* ---- Vectors of floats: box_lanes.h says what each does ------------------------------------- */

typedef __m256 floats;

static inline floats floats_zero(void) {
    return _mm256_setzero_ps();
}
static inline floats floats_all(float x) {
    return _mm256_set1_ps(x);
}
static inline floats floats_add(floats a, floats b) {
    return _mm256_add_ps(a, b);
}
static inline floats floats_sub(floats a, floats b) {
    return _mm256_sub_ps(a, b);
}
static inline floats floats_mul(floats a, floats b) {
    return _mm256_mul_ps(a, b);
}
static inline floats floats_div(floats a, floats b) {
    return _mm256_div_ps(a, b);
}
static inline floats floats_load(const float *from) {
    return _mm256_loadu_ps(from);
}
static inline floats floats_load_first(const float *from, size_t count) {
    return _mm256_maskload_ps(from, first_lanes(count));
}
static inline void floats_store(float *to, floats v) {
    _mm256_storeu_ps(to, v);
}
static inline void floats_store_first(float *to, floats v, size_t count) {
    _mm256_maskstore_ps(to, first_lanes(count), v);
}

/* ---- Luma: the tail of a row goes through the scalar kernel ---------------------------------- */

/* (level * 255 + 109) / 219 for level 0..219: the product with 19153 / 2^22 has the same integer part for all of them.
 */
static void full_range(const uint8_t *pixels, uint8_t *full, size_t width_px) {
    size_t x = 0;
    for (; x + 2 * LANES <= width_px; x += 2 * LANES) {
        const __m128i y = _mm_loadu_si128((const __m128i *)(const void *)(pixels + x));
        const __m128i level = _mm_min_epu8(_mm_subs_epu8(y, _mm_set1_epi8(16)), _mm_set1_epi8((char)219));
        const __m256i scaled = _mm256_mullo_epi16(_mm256_cvtepu8_epi16(level), _mm256_set1_epi16(255));
        const __m256i product =
            _mm256_mulhi_epu16(_mm256_add_epi16(scaled, _mm256_set1_epi16(109)), _mm256_set1_epi16(19153));
        const __m256i wide = _mm256_srli_epi16(product, 22 - 16);
        const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
        _mm_storeu_si128((__m128i *)(void *)(full + x), bytes);
    }
    kernels_scalar.full_range(pixels + x, full + x, width_px - x);
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
    __m256 high, low;
} divider;

static inline divider divider_of(size_t samples) {
    float high, low;
    box_reciprocal(samples, &high, &low);
    return (divider){_mm256_set1_ps(high), _mm256_set1_ps(low)};
}

static inline divider divider_load(const float *high, const float *low) {
    return (divider){_mm256_loadu_ps(high), _mm256_loadu_ps(low)};
}

static inline __m256 divide(__m256 x, divider by) {
    return _mm256_fmadd_ps(x, by.high, _mm256_mul_ps(x, by.low));
}

/* In each 128-bit lane, transpose the 4x4 floats. */
static inline void transpose_four(__m256 v[4]) {
    const __m256 ab_low = _mm256_unpacklo_ps(v[0], v[1]), ab_high = _mm256_unpackhi_ps(v[0], v[1]);
    const __m256 cd_low = _mm256_unpacklo_ps(v[2], v[3]), cd_high = _mm256_unpackhi_ps(v[2], v[3]);
    v[0] = _mm256_shuffle_ps(ab_low, cd_low, 0x44);
    v[1] = _mm256_shuffle_ps(ab_low, cd_low, 0xee);
    v[2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44);
    v[3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
}

static inline void transpose_rest(__m256 v[8]) {
    for (int j = 0; j < 4; j++) {
        const __m256 low = _mm256_permute2f128_ps(v[j], v[4 + j], 0x20);
        v[4 + j] = _mm256_permute2f128_ps(v[j], v[4 + j], 0x31);
        v[j] = low;
    }
}

static inline __m256 floats_of_byte_sums(const uint8_t *bytes, size_t window) {
    __m256i sum = _mm256_setzero_si256();
    for (size_t i = 0; i < window; i++) {
        const __m128i eight = _mm_loadl_epi64((const __m128i *)(const void *)(bytes + i));
        sum = _mm256_add_epi32(sum, _mm256_cvtepu8_epi32(eight));
    }
    return _mm256_cvtepi32_ps(sum);
}

/* The sums of neighbouring lanes, of a and then of b. */
static inline __m256i add_neighbours(__m256i a, __m256i b) {
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(a, b), 0xd8);
}

/* 32 bytes with their weights, four to a lane. */
static inline __m256i weighed(const uint8_t *taps, __m256i weights) {
    const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)taps);
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, weights), _mm256_set1_epi16(1));
}

static ALWAYS_INLINE __m256 floats_of_tents(const uint8_t *taps, size_t window) {
    __m256i v[4];
    const __m256i weights = window == 2   ? _mm256_set1_epi32(0x00010201)
                            : window == 4 ? _mm256_set1_epi64x(0x0001020304030201)
                                          : _mm256_set_epi64x(0x0001020304050607, 0x0807060504030201,
                                                              0x0001020304050607, 0x0807060504030201);
    for (size_t i = 0; i < window / 2; i++)
        v[i] = weighed(taps + 32 * i, weights);
    if (window == 8) {
        v[0] = add_neighbours(v[0], v[1]);
        v[1] = add_neighbours(v[2], v[3]);
    }
    return _mm256_cvtepi32_ps(window == 2 ? v[0] : add_neighbours(v[0], v[1]));
}

#include "kernels/box_lanes.h"

/* Of sixteen sums, the means from x on. */
static inline void store_means(__m256i sums, divider by, float *out, size_t x, size_t length) {
    const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(sums));
    const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sums, 1));
    floats_store_first(out + x, divide(_mm256_cvtepi32_ps(low), by), length - x);
    if (x + LANES < length)
        floats_store_first(out + x + LANES, divide(_mm256_cvtepi32_ps(high), by), length - x - LANES);
}

/* A narrow window is summed byte by byte. */
#define NARROW 8

static void box_bytes_narrow(const uint8_t *bytes, float *out, size_t length, size_t window, divider by) {
    for (size_t x = 0; x < length; x += 2 * LANES) {
        __m256i sum = _mm256_setzero_si256();
        for (size_t i = 0; i < window; i++)
            sum = _mm256_add_epi16(
                sum, _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(bytes + x + i))));
        store_means(sum, by, out, x, length);
    }
}

static void box_bytes_wide(const uint8_t *bytes, float *out, size_t length, size_t window, divider by) {
    for (size_t from = 0; from < length; from += BYTE_SUMS) {
        uint16_t sums[BYTE_SUMS];
        box_byte_sums(bytes + from, sums, window);
        for (size_t x = from; x < length && x < from + BYTE_SUMS; x += 2 * LANES)
            store_means(_mm256_loadu_si256((const __m256i *)(const void *)(sums + x - from)), by, out, x, length);
    }
}

static void box_bytes(const uint8_t *bytes, float *out, size_t length, size_t window) {
    const box_window w = box_window_of(window);
    if (window > BYTE_SUMS_WINDOW_MAX)
        kernels_scalar.box_bytes(bytes, out, length, window);
    else if (window < NARROW)
        box_bytes_narrow(bytes - w.behind, out, length, window, divider_of(window));
    else
        box_bytes_wide(bytes - w.behind, out, length, window, divider_of(window));
    if (window <= BYTE_SUMS_WINDOW_MAX)
        box_bytes_ends(bytes, out, length, w);
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
    .full_range = full_range,
    .luma_rgb24 = luma_rgb24,
    .box_bytes = box_bytes,
    .tent_bytes = tent_bytes,
    .box_rows = box_rows,
    .box_columns_rows = box_columns_rows,
    .box_columns = box_columns,
    .dct = dct,
    .gradients = gradients,
    .scan = scan,
    .pick = pick,
    .scan_keys = scan_keys,
    .pick_keys = pick_keys,
};
