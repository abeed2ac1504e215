/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels for AVX-512 (F, BW, DQ, VL, VBMI: Ice Lake, Zen 4 and later). Equal to scalar.c bit for bit: each lane is
 * one output and goes through the scalar order of operations.
 */
#include "kernels/box.h"
#include "kernels/kernels.h"
#include "kernels/near.h"

#include <immintrin.h>
#include <string.h>

#define LANES 16

static inline __mmask16 first_lanes(size_t count) {
    return (__mmask16)(count >= LANES ? 0xffffu : (1u << count) - 1);
}

/* ---- Vectors of floats: box_lanes.h says what each does ------------------------------------- */

typedef __m512 floats;

static inline floats floats_zero(void) {
    return _mm512_setzero_ps();
}
static inline floats floats_all(float x) {
    return _mm512_set1_ps(x);
}
static inline floats floats_add(floats a, floats b) {
    return _mm512_add_ps(a, b);
}
static inline floats floats_sub(floats a, floats b) {
    return _mm512_sub_ps(a, b);
}
static inline floats floats_mul(floats a, floats b) {
    return _mm512_mul_ps(a, b);
}
static inline floats floats_div(floats a, floats b) {
    return _mm512_div_ps(a, b);
}
static inline floats floats_load(const float *from) {
    return _mm512_loadu_ps(from);
}
static inline floats floats_load_first(const float *from, size_t count) {
    return _mm512_maskz_loadu_ps(first_lanes(count), from);
}
static inline void floats_store(float *to, floats v) {
    _mm512_storeu_ps(to, v);
}
static inline void floats_store_first(float *to, floats v, size_t count) {
    _mm512_mask_storeu_ps(to, first_lanes(count), v);
}

/* ---- Luma ------------------------------------------------------------------------------------ */

/* What scalar.c makes of each byte. */
#define FULL_RANGE(y) (((y) < 16 ? 0 : (y) > 235 ? 219 : (y)-16) * 255 + 109) / 219
#define FOUR_FULL_RANGES(y) FULL_RANGE(y), FULL_RANGE((y) + 1), FULL_RANGE((y) + 2), FULL_RANGE((y) + 3)
#define SIXTEEN_FULL_RANGES(y)                                                                                         \
    FOUR_FULL_RANGES(y), FOUR_FULL_RANGES((y) + 4), FOUR_FULL_RANGES((y) + 8), FOUR_FULL_RANGES((y) + 12)
#define SIXTY_FOUR_FULL_RANGES(y)                                                                                      \
    SIXTEEN_FULL_RANGES(y), SIXTEEN_FULL_RANGES((y) + 16), SIXTEEN_FULL_RANGES((y) + 32), SIXTEEN_FULL_RANGES((y) + 48)
static const uint8_t full_ranges[256] __attribute__((aligned(64))) = {
    SIXTY_FOUR_FULL_RANGES(0), SIXTY_FOUR_FULL_RANGES(64), SIXTY_FOUR_FULL_RANGES(128), SIXTY_FOUR_FULL_RANGES(192)};

static void full_range(const uint8_t *pixels, uint8_t *full, size_t width_px) {
    __m512i table[4];
    for (size_t i = 0; i < 4; i++)
        table[i] = _mm512_load_si512(full_ranges + 64 * i);
    for (size_t x = 0; x < width_px; x += 64) {
        const __mmask64 mask = width_px - x >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (width_px - x)) - 1;
        const __m512i y = _mm512_maskz_loadu_epi8(mask, pixels + x);
        const __m512i low = _mm512_permutex2var_epi8(table[0], y, table[1]); /* of y, these read seven bits */
        const __m512i high = _mm512_permutex2var_epi8(table[2], y, table[3]);
        _mm512_mask_storeu_epi8(full + x, mask, _mm512_mask_blend_epi8(_mm512_movepi8_mask(y), low, high));
    }
}

/* Byte 3 i + channel of 48 to the low byte of 32-bit lane i; the other three bytes are cleared. */
static inline __m512i rgb_channel(__m512i pixels, unsigned channel) {
    const __m512i lane = _mm512_set_epi32(45, 42, 39, 36, 33, 30, 27, 24, 21, 18, 15, 12, 9, 6, 3, 0);
    const __m512i index = _mm512_add_epi32(lane, _mm512_set1_epi32((int)channel));
    return _mm512_maskz_permutexvar_epi8(0x1111111111111111u, index, pixels);
}

static inline __m512 luma_of(__m512i rgb) {
    const __m512 r = _mm512_cvtepi32_ps(rgb_channel(rgb, 0));
    const __m512 g = _mm512_cvtepi32_ps(rgb_channel(rgb, 1));
    const __m512 b = _mm512_cvtepi32_ps(rgb_channel(rgb, 2));
    const __m512 rg = _mm512_add_ps(_mm512_mul_ps(_mm512_set1_ps(0.299f), r), _mm512_mul_ps(_mm512_set1_ps(0.587f), g));
    return _mm512_add_ps(rg, _mm512_mul_ps(_mm512_set1_ps(0.114f), b));
}

static void luma_rgb24(const uint8_t *pixels, float *luma, size_t width_px) {
    size_t x = 0;
    for (; 3 * x + 64 <= 3 * width_px; x += LANES)
        _mm512_storeu_ps(luma + x, luma_of(_mm512_loadu_si512(pixels + 3 * x)));
    for (; x < width_px; x += LANES) {
        const size_t count = width_px - x < LANES ? width_px - x : LANES;
        const __m512i rgb = _mm512_maskz_loadu_epi8(((__mmask64)1 << 3 * count) - 1, pixels + 3 * x);
        _mm512_mask_storeu_ps(luma + x, first_lanes(count), luma_of(rgb));
    }
}

/* ---- Box filter ------------------------------------------------------------------------------ */

/*
 * x / divisor as the division instruction rounds it, in two operations. The reciprocal is kept as the sum of two
 * floats, so that x * high + x * low, rounded once, is x / divisor with a relative error below 2^-46 before that
 * rounding. A quotient of a float by an integer below 2^13 is never half way between two floats (it would need 25 bits,
 * and the dividend as many), and lies at least 2^-25 / 2^13 of itself away from there: the error cannot carry it
 * across. The fused operation is part of the division, not of the algorithm.
 */
typedef struct divider {
    __m512 high, low;
} divider;

static inline divider divider_of(size_t samples) {
    float high, low;
    box_reciprocal(samples, &high, &low);
    return (divider){_mm512_set1_ps(high), _mm512_set1_ps(low)};
}

static inline divider divider_load(const float *high, const float *low) {
    return (divider){_mm512_loadu_ps(high), _mm512_loadu_ps(low)};
}

static inline __m512 divide(__m512 x, divider by) {
    return _mm512_fmadd_ps(x, by.high, _mm512_mul_ps(x, by.low));
}

/* In each 128-bit lane, transpose the 4x4 floats of a, b, c, d. */
static inline void transpose_four(__m512 v[4]) {
    const __m512 ab_low = _mm512_unpacklo_ps(v[0], v[1]), ab_high = _mm512_unpackhi_ps(v[0], v[1]);
    const __m512 cd_low = _mm512_unpacklo_ps(v[2], v[3]), cd_high = _mm512_unpackhi_ps(v[2], v[3]);
    v[0] = _mm512_shuffle_ps(ab_low, cd_low, 0x44);
    v[1] = _mm512_shuffle_ps(ab_low, cd_low, 0xee);
    v[2] = _mm512_shuffle_ps(ab_high, cd_high, 0x44);
    v[3] = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
}

/* Transpose the 4x4 blocks of a 16x16: v[4 q + j] holds, as its 128-bit lane p, block (p, q) row j afterwards. */
static inline void transpose_rest(__m512 v[16]) {
    for (int j = 0; j < 4; j++) {
        const __m512 a = _mm512_shuffle_f32x4(v[j], v[4 + j], 0x44), b = _mm512_shuffle_f32x4(v[j], v[4 + j], 0xee);
        const __m512 c = _mm512_shuffle_f32x4(v[8 + j], v[12 + j], 0x44),
                     d = _mm512_shuffle_f32x4(v[8 + j], v[12 + j], 0xee);
        v[j] = _mm512_shuffle_f32x4(a, c, 0x88);
        v[4 + j] = _mm512_shuffle_f32x4(a, c, 0xdd);
        v[8 + j] = _mm512_shuffle_f32x4(b, d, 0x88);
        v[12 + j] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
}

/*
 * Sums of neighbouring bytes, the first from `bytes` on: four at a time, of the last four those that `last` selects.
 * The 64 bytes of a vector hold eight fours of sixteen sums.
 */
static ALWAYS_INLINE __m512i byte_sums(const uint8_t *bytes, size_t fours, __m512i last) {
    const __m512i neighbours = _mm512_set_epi32(0x1211100f, 0x11100f0e, 0x100f0e0d, 0x0f0e0d0c, 0x0e0d0c0b, 0x0d0c0b0a,
                                                0x0c0b0a09, 0x0b0a0908, 0x0a090807, 0x09080706, 0x08070605, 0x07060504,
                                                0x06050403, 0x05040302, 0x04030201, 0x03020100);
    __m512i sum = _mm512_setzero_si512(), there = sum;
    for (size_t i = 0; i < fours; i++) {
        if (i % 8 == 0)
            there = _mm512_loadu_si512(bytes + 4 * i);
        const __m512i index = _mm512_add_epi8(neighbours, _mm512_set1_epi8((char)(i % 8 * 4)));
        const __m512i four = _mm512_permutexvar_epi8(index, there);
        sum = _mm512_dpbusd_epi32(sum, four, i + 1 < fours ? _mm512_set1_epi8(1) : last);
    }
    return sum;
}

/* Which of the last four bytes lie under a window. */
static inline __m512i last_four(size_t window) {
    return _mm512_set1_epi32((int)(0x01010101u >> 8 * ((4 - window % 4) % 4)));
}

static ALWAYS_INLINE __m512 floats_of_byte_sums(const uint8_t *bytes, size_t window) {
    return _mm512_cvtepi32_ps(byte_sums(bytes, (window + 3) / 4, last_four(window)));
}

/* The sums of neighbouring lanes, of a and then of b. */
static inline __m512i add_neighbours(__m512i a, __m512i b) {
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    return _mm512_add_epi32(_mm512_permutex2var_epi32(a, even, b), _mm512_permutex2var_epi32(a, odd, b));
}

/* 64 bytes with their weights, four to a lane. */
static inline __m512i weighed(const uint8_t *taps, __m512i weights) {
    return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(taps), weights);
}

static ALWAYS_INLINE __m512 floats_of_tents(const uint8_t *taps, size_t window) {
    __m512i v[4];
    const __m512i weights = window == 2   ? _mm512_set1_epi32(0x00010201)
                            : window == 4 ? _mm512_set1_epi64(0x0001020304030201)
                                          : _mm512_set4_epi64(0x0001020304050607, 0x0807060504030201,
                                                              0x0001020304050607, 0x0807060504030201);
    for (size_t i = 0; i < window / 2; i++)
        v[i] = weighed(taps + 64 * i, weights);
    if (window == 8) {
        v[0] = add_neighbours(v[0], v[1]);
        v[1] = add_neighbours(v[2], v[3]);
    }
    return _mm512_cvtepi32_ps(window == 2 ? v[0] : add_neighbours(v[0], v[1]));
}

#include "kernels/box_lanes.h"

/* Inlined with a constant number of fours. */
static ALWAYS_INLINE void box_bytes_fours(const uint8_t *bytes, float *out, size_t length, size_t window,
                                          size_t fours) {
    const __m512i last = last_four(window);
    const divider by = divider_of(window);
    bytes -= box_window_of(window).behind;
    size_t x = 0;
    for (; x + LANES <= length; x += LANES)
        floats_store(out + x, divide(_mm512_cvtepi32_ps(byte_sums(bytes + x, fours, last)), by));
    if (x < length)
        floats_store_first(out + x, divide(_mm512_cvtepi32_ps(byte_sums(bytes + x, fours, last)), by), length - x);
}

/* Beyond this the scalar kernel's running sum needs fewer operations than sums of their own for every output. */
#define BYTE_WINDOW_MAX 128

static void box_bytes(const uint8_t *bytes, float *out, size_t length, size_t window) {
    switch ((window + 3) / 4) {
    case 1: box_bytes_fours(bytes, out, length, window, 1); break;
    case 2: box_bytes_fours(bytes, out, length, window, 2); break;
    case 3: box_bytes_fours(bytes, out, length, window, 3); break;
    case 4: box_bytes_fours(bytes, out, length, window, 4); break;
    case 5: box_bytes_fours(bytes, out, length, window, 5); break;
    case 6: box_bytes_fours(bytes, out, length, window, 6); break;
    case 7: box_bytes_fours(bytes, out, length, window, 7); break;
    case 8: box_bytes_fours(bytes, out, length, window, 8); break;
    default:
        if (window > BYTE_WINDOW_MAX) {
            kernels_scalar.box_bytes(bytes, out, length, window);
            return;
        }
        box_bytes_fours(bytes, out, length, window, (window + 3) / 4);
    }
    box_bytes_ends(bytes, out, length, box_window_of(window));
}

/* ---- DCT and quality ------------------------------------------------------------------------- */

static inline void accumulate(__m512 sum[4], float weight, const float row[64]) {
    const __m512 w = _mm512_set1_ps(weight);
    for (int j = 0; j < 4; j++)
        sum[j] = _mm512_add_ps(sum[j], _mm512_mul_ps(w, _mm512_loadu_ps(row + LANES * j)));
}

static void dct(const dct_matrix *matrix, const resight_luma64 *in, resight_dct16 *out) {
    float turned[64][LANES]; /* D^T */
    for (int k = 0; k < 64; k += LANES) {
        __m512 v[LANES];
        for (int j = 0; j < LANES; j++)
            v[j] = _mm512_loadu_ps(matrix->row[j] + k);
        transpose(v);
        for (int j = 0; j < LANES; j++)
            _mm512_storeu_ps(turned[k + j], v[j]);
    }
    float half[16][64]; /* D A */
    for (int i = 0; i < 16; i += 4) {
        __m512 sum[4][4];
        for (int r = 0; r < 4; r++)
            for (int j = 0; j < 4; j++)
                sum[r][j] = _mm512_setzero_ps();
        for (int k = 0; k < 64; k++)
            for (int r = 0; r < 4; r++)
                accumulate(sum[r], matrix->row[i + r][k], in->px[k]);
        for (int r = 0; r < 4; r++)
            for (int j = 0; j < 4; j++)
                _mm512_storeu_ps(half[i + r] + LANES * j, sum[r][j]);
    }
    __m512 sum[16];
    for (int i = 0; i < 16; i++)
        sum[i] = _mm512_setzero_ps();
    for (int k = 0; k < 64; k++) {
        const __m512 weights = _mm512_loadu_ps(turned[k]);
        for (int i = 0; i < 16; i++)
            sum[i] = _mm512_add_ps(sum[i], _mm512_mul_ps(_mm512_set1_ps(half[i][k]), weights));
    }
    for (int i = 0; i < 16; i++)
        _mm512_storeu_ps(out->freq[i], sum[i]);
}

/* The sums are of integers, so their order is free. */
static inline __m512i gradient(__m512 u, __m512 v) {
    const __m512 percent = _mm512_mul_ps(_mm512_sub_ps(u, v), _mm512_set1_ps(100.0f));
    return _mm512_abs_epi32(_mm512_cvttps_epi32(_mm512_div_ps(percent, _mm512_set1_ps(255.0f))));
}

static int32_t gradients(const resight_luma64 *in) {
    __m512i sum = _mm512_setzero_si512();
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j += LANES) {
            const float *px = &in->px[i][j];
            const __m512 here = _mm512_loadu_ps(px);
            if (i < 63)
                sum = _mm512_add_epi32(sum, gradient(here, _mm512_loadu_ps(px + 64)));
            const __mmask16 mask = j + LANES < 64 ? 0xffff : 0x7fff;
            const __m512 next = _mm512_mask_loadu_ps(here, mask, px + 1);
            sum = _mm512_add_epi32(sum, gradient(here, next)); /* nothing in the last column: here - here */
        }
    return _mm512_reduce_add_epi32(sum);
}

/* ---- Distances ------------------------------------------------------------------------------- */

/* Words `low` and `low + 1` of eight hashes that lie two to a vector: one lane for each hash. */
static inline void pair_of_words(const __m512i hash[4], int64_t low, __m512i *first, __m512i *second) {
    const __m512i pick_two = _mm512_add_epi64(_mm512_set_epi64(13, 9, 5, 1, 12, 8, 4, 0), _mm512_set1_epi64(low));
    const __m512i front = _mm512_permutex2var_epi64(hash[0], pick_two, hash[1]);
    const __m512i back = _mm512_permutex2var_epi64(hash[2], pick_two, hash[3]);
    *first = _mm512_shuffle_i64x2(front, back, 0x44);
    *second = _mm512_shuffle_i64x2(front, back, 0xee);
}

static inline __m512i differing(__m512i word, uint64_t query) {
    return _mm512_popcnt_epi64(_mm512_xor_si512(word, _mm512_set1_epi64((int64_t)query)));
}

/* The whole distance, for the few groups whose first half does not settle it. */
static uint64_t scan_whole(const __m512i hash[4], const uint64_t *queries, size_t query_count, unsigned radius_bits) {
    __m512i word[4];
    pair_of_words(hash, 0, &word[0], &word[1]);
    pair_of_words(hash, 2, &word[2], &word[3]);
    uint64_t bits = 0;
    for (size_t q = 0; q < query_count; q++) {
        __m512i sum = _mm512_setzero_si512();
        for (size_t k = 0; k < 4; k++)
            sum = _mm512_add_epi64(sum, differing(word[k], queries[4 * q + k]));
        bits |= (uint64_t)_mm512_cmple_epu64_mask(sum, _mm512_set1_epi64(radius_bits)) << 8 * q;
    }
    return bits;
}

static inline uint64_t scan_eight(const __m512i hash[4], const uint64_t *queries, size_t query_count,
                                  unsigned radius_bits) {
    __m512i first, second, nearest = _mm512_set1_epi64(256);
    pair_of_words(hash, 0, &first, &second);
    for (size_t q = 0; q < query_count; q++) {
        const __m512i half = _mm512_add_epi64(differing(first, queries[4 * q]), differing(second, queries[4 * q + 1]));
        nearest = _mm512_min_epu32(nearest, half); /* the upper half of each lane is zero */
    }
    if (_mm512_cmple_epu64_mask(nearest, _mm512_set1_epi64(radius_bits)) == 0)
        return 0;
    return scan_whole(hash, queries, query_count, radius_bits);
}

static inline void scan_groups(const uint64_t *hashes, size_t count, const uint64_t *restrict queries,
                               size_t query_count, unsigned radius_bits, uint64_t *restrict within) {
    size_t first = 0;
    for (; first + SCAN_GROUP <= count; first += SCAN_GROUP) {
        __m512i hash[4];
        for (size_t k = 0; k < 4; k++)
            hash[k] = _mm512_loadu_si512(hashes + 4 * first + 8 * k);
        within[first / SCAN_GROUP] = scan_eight(hash, queries, query_count, radius_bits);
    }
    if (first == count)
        return;
    uint64_t last[4 * SCAN_GROUP] = {0}, there = (uint64_t)0xff >> (SCAN_GROUP - (count - first));
    __m512i hash[4];
    memcpy(last, hashes + 4 * first, 4 * (count - first) * sizeof *last);
    for (size_t k = 0; k < 4; k++)
        hash[k] = _mm512_loadu_si512(last + 8 * k);
    within[first / SCAN_GROUP] =
        scan_eight(hash, queries, query_count, radius_bits) & there * (uint64_t)0x0101010101010101;
}

/* A count of queries that the compiler knows keeps their words in registers. */
static void scan(const uint64_t *hashes, size_t count, const uint64_t *queries, size_t query_count,
                 unsigned radius_bits, uint64_t *within) {
    if (query_count == 1)
        scan_groups(hashes, count, queries, 1, radius_bits, within);
    else if (query_count == SCAN_QUERIES)
        scan_groups(hashes, count, queries, SCAN_QUERIES, radius_bits, within);
    else
        scan_groups(hashes, count, queries, query_count, radius_bits, within);
}

static size_t pick(const uint64_t *hashes, const uint32_t *ids, size_t count, const uint64_t query[4],
                   unsigned radius_bits, uint32_t *places) {
    return pick_near(hashes, ids, count, query, radius_bits, places);
}

/* Which of eight keys are near. */
static inline __mmask8 near_keys(__m512i keys, __m512i query, __m512i radius) {
    return _mm512_cmple_epu64_mask(_mm512_popcnt_epi64(_mm512_xor_si512(keys, query)), radius);
}

static inline size_t append_places(uint32_t *places, size_t picked, size_t first, unsigned near) {
    for (; near != 0; near &= near - 1)
        places[picked++] = (uint32_t)(first + (size_t)__builtin_ctz(near));
    return picked;
}

static size_t scan_keys(const uint64_t *keys, size_t count, uint64_t query, unsigned radius_bits, uint32_t *places) {
    const __m512i sought = _mm512_set1_epi64((int64_t)query), radius = _mm512_set1_epi64(radius_bits);
    size_t picked = 0, i = 0;
    for (; i + 16 <= count; i += 16) {
        const unsigned near = (unsigned)near_keys(_mm512_loadu_si512(keys + i), sought, radius) |
                              (unsigned)near_keys(_mm512_loadu_si512(keys + i + 8), sought, radius) << 8;
        if (__builtin_expect(near != 0, 0))
            picked = append_places(places, picked, i, near);
    }
    for (; i < count; i += 8) {
        const __mmask8 there = (__mmask8)(count - i >= 8 ? 0xffu : (1u << (count - i)) - 1);
        const __mmask8 near = near_keys(_mm512_maskz_loadu_epi64(there, keys + i), sought, radius) & there;
        picked = append_places(places, picked, i, near);
    }
    return picked;
}

static size_t pick_keys(const uint64_t *keys, const uint32_t *ids, size_t count, uint64_t query, unsigned radius_bits,
                        uint32_t *places) {
    const __m512i sought = _mm512_set1_epi64((int64_t)query), radius = _mm512_set1_epi64(radius_bits);
    size_t picked = 0;
    for (size_t i = 0; i < count; i += 8) {
        const __mmask8 there = (__mmask8)(count - i >= 8 ? 0xffu : (1u << (count - i)) - 1);
        /* Positions are 32 bits without a sign, so they are widened: a gather by 32 bits would read them with one. */
        const __m512i at = _mm512_cvtepu32_epi64(_mm256_maskz_loadu_epi32(there, ids + i));
        const __m512i key = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), there, at, keys, 8);
        const __mmask8 near = near_keys(key, sought, radius) & there;
        if (__builtin_expect(near != 0, 0))
            picked = append_places(places, picked, i, near);
    }
    return picked;
}

const kernel_table kernels_avx512 = {
    .cpu = RESIGHT_CPU_AVX512,
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
