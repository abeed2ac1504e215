/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels for Advanced SIMD (NEON), which every AArch64 processor has. Equal to scalar.c bit for bit: each lane is
 * one output and goes through the scalar order of operations. Products are rounded before they are added, so vmulq and
 * vaddq and never vmlaq or vfmaq (but inside a division, where it is correct), and vdivq rounds as the scalar does. The
 * row passes take four rows at a time.
 */
#include "kernels/box.h"
#include "kernels/kernels.h"

#include <arm_neon.h>
#include <stdbool.h>
#include <string.h>

#define LANES 4

/* ---- Luma: eight pixels at a time; the tail of a row goes through the scalar kernel ---------- */

#define PIXELS 8

typedef struct eight_floats {
    float32x4_t low, high;
} eight_floats;

static inline eight_floats to_floats(uint8x8_t bytes) {
    const uint16x8_t wide = vmovl_u8(bytes);
    return (eight_floats){vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide))), vcvtq_f32_u32(vmovl_high_u16(wide))};
}

/* (level * 255 + 109) / 219 for level 0..219: the product with 19153 / 2^22 has the same integer part for all of them.
 */
static inline uint16x4_t widened(uint16x4_t scaled) {
    return vmovn_u32(vshrq_n_u32(vmull_n_u16(scaled, 19153), 22));
}

static void full_range(const uint8_t *pixels, uint8_t *full, size_t width_px) {
    size_t x = 0;
    for (; x + PIXELS <= width_px; x += PIXELS) {
        const uint8x8_t level = vmin_u8(vqsub_u8(vld1_u8(pixels + x), vdup_n_u8(16)), vdup_n_u8(219));
        const uint16x8_t scaled = vaddq_u16(vmull_u8(level, vdup_n_u8(255)), vdupq_n_u16(109));
        vst1_u8(full + x, vmovn_u16(vcombine_u16(widened(vget_low_u16(scaled)), widened(vget_high_u16(scaled)))));
    }
    kernels_scalar.full_range(pixels + x, full + x, width_px - x);
}

static inline float32x4_t weighted(float32x4_t r, float32x4_t g, float32x4_t b) {
    const float32x4_t rg = vaddq_f32(vmulq_n_f32(r, 0.299f), vmulq_n_f32(g, 0.587f));
    return vaddq_f32(rg, vmulq_n_f32(b, 0.114f));
}

static void luma_rgb24(const uint8_t *pixels, float *luma, size_t width_px) {
    size_t x = 0;
    for (; x + PIXELS <= width_px; x += PIXELS) {
        const uint8x8x3_t rgb = vld3_u8(pixels + 3 * x);
        const eight_floats r = to_floats(rgb.val[0]), g = to_floats(rgb.val[1]), b = to_floats(rgb.val[2]);
        vst1q_f32(luma + x, weighted(r.low, g.low, b.low));
        vst1q_f32(luma + x + LANES, weighted(r.high, g.high, b.high));
    }
    kernels_scalar.luma_rgb24(pixels + 3 * x, luma + x, width_px - x);
}

/* ---- Box filter ------------------------------------------------------------------------------ */

typedef float32x4_t floats;

static inline floats floats_zero(void) {
    return vdupq_n_f32(0);
}
static inline floats floats_all(float x) {
    return vdupq_n_f32(x);
}
static inline floats floats_add(floats a, floats b) {
    return vaddq_f32(a, b);
}
static inline floats floats_sub(floats a, floats b) {
    return vsubq_f32(a, b);
}
static inline floats floats_mul(floats a, floats b) {
    return vmulq_f32(a, b);
}
static inline floats floats_div(floats a, floats b) {
    return vdivq_f32(a, b);
}
static inline floats floats_load(const float *from) {
    return vld1q_f32(from);
}
static inline floats floats_load_first(const float *from, size_t count) {
    if (count >= LANES)
        return vld1q_f32(from);
    float lanes[LANES] = {0};
    memcpy(lanes, from, count * sizeof *lanes);
    return vld1q_f32(lanes);
}
static inline void floats_store(float *to, floats v) {
    vst1q_f32(to, v);
}
static inline void floats_store_first(float *to, floats v, size_t count) {
    if (count >= LANES) {
        vst1q_f32(to, v);
        return;
    }
    float lanes[LANES];
    vst1q_f32(lanes, v);
    memcpy(to, lanes, count * sizeof *lanes);
}

/* The correctly rounded quotient; avx512.c says why. */
typedef struct divider {
    float32x4_t high, low;
} divider;

static inline divider divider_of(size_t samples) {
    float high, low;
    box_reciprocal(samples, &high, &low);
    return (divider){vdupq_n_f32(high), vdupq_n_f32(low)};
}

static inline divider divider_load(const float *high, const float *low) {
    return (divider){vld1q_f32(high), vld1q_f32(low)};
}

static inline floats divide(floats x, divider by) {
    return vfmaq_f32(vmulq_f32(x, by.low), x, by.high);
}

static inline float32x4_t low_halves(float32x4_t a, float32x4_t b) {
    return vcombine_f32(vget_low_f32(a), vget_low_f32(b));
}

static inline float32x4_t high_halves(float32x4_t a, float32x4_t b) {
    return vcombine_f32(vget_high_f32(a), vget_high_f32(b));
}

static inline void transpose_four(float32x4_t v[4]) {
    const float32x4x2_t ab = vtrnq_f32(v[0], v[1]), cd = vtrnq_f32(v[2], v[3]);
    v[0] = low_halves(ab.val[0], cd.val[0]);
    v[1] = low_halves(ab.val[1], cd.val[1]);
    v[2] = high_halves(ab.val[0], cd.val[0]);
    v[3] = high_halves(ab.val[1], cd.val[1]);
}

/* Four is all there is. */
static inline void transpose_rest(float32x4_t v[4]) {
    (void)v;
}

static inline floats floats_of_byte_sums(const uint8_t *bytes, size_t window) {
    uint16x8_t sum = vdupq_n_u16(0);
    for (size_t i = 0; i < window; i++)
        sum = vaddw_u8(sum, vld1_u8(bytes + i));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(sum)));
}

/* Sixteen bytes with their weights, four to a lane. */
static inline uint32x4_t weighed(const uint8_t *taps, uint8x16_t weights) {
    const uint8x16_t bytes = vld1q_u8(taps);
    const uint16x8_t low = vmull_u8(vget_low_u8(bytes), vget_low_u8(weights)), high = vmull_high_u8(bytes, weights);
    return vpaddq_u32(vpaddlq_u16(low), vpaddlq_u16(high));
}

static ALWAYS_INLINE floats floats_of_tents(const uint8_t *taps, size_t window) {
    static const uint8_t weights[3][16] = {{1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0},
                                           {1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0},
                                           {1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
    const uint8x16_t by = vld1q_u8(weights[window / 4]);
    uint32x4_t v[4];
    for (size_t i = 0; i < window / 2; i++)
        v[i] = weighed(taps + 16 * i, by);
    if (window == 8) {
        v[0] = vpaddq_u32(v[0], v[1]);
        v[1] = vpaddq_u32(v[2], v[3]);
    }
    return vcvtq_f32_u32(window == 2 ? v[0] : vpaddq_u32(v[0], v[1]));
}

#include "kernels/box_lanes.h"

/* Of eight sums, the means from x on. */
static inline void store_means(uint16x8_t sums, divider by, float *out, size_t x, size_t length) {
    floats_store_first(out + x, divide(vcvtq_f32_u32(vmovl_u16(vget_low_u16(sums))), by), length - x);
    if (x + LANES < length)
        floats_store_first(out + x + LANES, divide(vcvtq_f32_u32(vmovl_high_u16(sums)), by), length - x - LANES);
}

/* A narrow window is summed byte by byte. */
#define NARROW 8

static void box_bytes_narrow(const uint8_t *bytes, float *out, size_t length, size_t window, divider by) {
    for (size_t x = 0; x < length; x += PIXELS) {
        uint16x8_t sum = vdupq_n_u16(0);
        for (size_t i = 0; i < window; i++)
            sum = vaddw_u8(sum, vld1_u8(bytes + x + i));
        store_means(sum, by, out, x, length);
    }
}

static void box_bytes_wide(const uint8_t *bytes, float *out, size_t length, size_t window, divider by) {
    for (size_t from = 0; from < length; from += BYTE_SUMS) {
        uint16_t sums[BYTE_SUMS];
        box_byte_sums(bytes + from, sums, window);
        for (size_t x = from; x < length && x < from + BYTE_SUMS; x += PIXELS)
            store_means(vld1q_u16(sums + x - from), by, out, x, length);
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

static inline void accumulate(float32x4_t *sum, float weight, const float *row) {
    *sum = vaddq_f32(*sum, vmulq_n_f32(vld1q_f32(row), weight));
}

/* The 64 neighbouring outputs of a row of D A, sixteen vectors, fit in half of the registers. */
static void dct_first_row(const float weights[64], const resight_luma64 *in, float out[64]) {
    float32x4_t sum[64 / LANES];
    for (int j = 0; j < 64 / LANES; j++)
        sum[j] = vdupq_n_f32(0);
    for (int k = 0; k < 64; k++)
        for (int j = 0; j < 64 / LANES; j++)
            accumulate(&sum[j], weights[k], in->px[k] + LANES * j);
    for (int j = 0; j < 64 / LANES; j++)
        vst1q_f32(out + LANES * j, sum[j]);
}

static void dct_second_row(const float half[64], float (*turned)[16], float out[16]) {
    float32x4_t sum[16 / LANES];
    for (int j = 0; j < 16 / LANES; j++)
        sum[j] = vdupq_n_f32(0);
    for (int k = 0; k < 64; k++)
        for (int j = 0; j < 16 / LANES; j++)
            accumulate(&sum[j], half[k], turned[k] + LANES * j);
    for (int j = 0; j < 16 / LANES; j++)
        vst1q_f32(out + LANES * j, sum[j]);
}

static void dct(const dct_matrix *matrix, const resight_luma64 *in, resight_dct16 *out) {
    float turned[64][16]; /* D^T */
    for (int j = 0; j < 16; j++)
        for (int k = 0; k < 64; k++)
            turned[k][j] = matrix->row[j][k];
    for (int i = 0; i < 16; i++) {
        float half[64];
        dct_first_row(matrix->row[i], in, half);
        dct_second_row(half, turned, out->freq[i]);
    }
}

/* The sums are of integers, so their order is free. */
static inline int32x4_t gradient(float32x4_t u, float32x4_t v) {
    const float32x4_t percent = vmulq_n_f32(vsubq_f32(u, v), 100.0f);
    return vabsq_s32(vcvtq_s32_f32(vdivq_f32(percent, vdupq_n_f32(255.0f))));
}

static int32_t gradients(const resight_luma64 *in) {
    int32x4_t sum = vdupq_n_s32(0);
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j += LANES) {
            const float *px = &in->px[i][j];
            const float32x4_t here = vld1q_f32(px);
            if (i < 63)
                sum = vaddq_s32(sum, gradient(here, vld1q_f32(px + 64)));
            /* The last column has no neighbour: it is compared with itself. */
            const float32x4_t next = j + LANES < 64 ? vld1q_f32(px + 1) : vextq_f32(here, vdupq_laneq_f32(here, 3), 1);
            sum = vaddq_s32(sum, gradient(here, next));
        }
    return vaddvq_s32(sum);
}

/* ---- Distances ------------------------------------------------------------------------------- */

typedef struct hash {
    uint8x16_t low, high;
} hash;

static inline hash hash_load(const uint64_t words[4]) {
    return (hash){vreinterpretq_u8_u64(vld1q_u64(words)), vreinterpretq_u8_u64(vld1q_u64(words + 2))};
}

/* The bits that differ, counted in sixteen parts of up to 16 each. */
static inline uint8x16_t differing(hash a, hash b) {
    return vaddq_u8(vcntq_u8(veorq_u8(a.low, b.low)), vcntq_u8(veorq_u8(a.high, b.high)));
}

/* Bit i: hash i of the group is within the radius. Three levels of pairwise sums come to 128 at most, the last to 256.
 */
static inline uint64_t near_group(const hash group[SCAN_GROUP], hash query, uint16x8_t radius_bits) {
    static const uint16_t bit[SCAN_GROUP] = {1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t parts[SCAN_GROUP];
    for (int i = 0; i < SCAN_GROUP; i++)
        parts[i] = differing(group[i], query);
    for (int left = SCAN_GROUP / 2; left > 0; left /= 2)
        for (int i = 0; i < left; i++)
            parts[i] = vpaddq_u8(parts[2 * i], parts[2 * i + 1]);
    const uint16x8_t within = vcleq_u16(vpaddlq_u8(parts[0]), radius_bits);
    return vaddvq_u16(vandq_u16(within, vld1q_u16(bit)));
}

/* No two hashes are more than 256 bits apart, so a larger radius, which a lane would not hold, means the same. */
static void scan(const uint64_t *hashes, size_t count, const uint64_t *queries, size_t query_count,
                 unsigned radius_bits, uint64_t *within) {
    const uint16x8_t radius = vdupq_n_u16((uint16_t)(radius_bits < 256 ? radius_bits : 256));
    size_t first = 0;
    for (; first + SCAN_GROUP <= count; first += SCAN_GROUP) {
        hash group[SCAN_GROUP];
        for (size_t i = 0; i < SCAN_GROUP; i++)
            group[i] = hash_load(hashes + 4 * (first + i));
        uint64_t bits = 0;
        for (size_t q = 0; q < query_count; q++)
            bits |= near_group(group, hash_load(queries + 4 * q), radius) << 8 * q;
        within[first / SCAN_GROUP] = bits;
    }
    kernels_scalar.scan(hashes + 4 * first, count - first, queries, query_count, radius_bits,
                        within + first / SCAN_GROUP);
}

static size_t pick(const uint64_t *hashes, const uint32_t *ids, size_t count, const uint64_t query[4],
                   unsigned radius_bits, uint32_t *places) {
    const hash sought = hash_load(query);
    size_t picked = 0;
    for (size_t i = 0; i < count; i++)
        if (vaddlvq_u8(differing(hash_load(hashes + 4 * (size_t)ids[i]), sought)) <= radius_bits)
            places[picked++] = (uint32_t)i;
    return picked;
}

static inline bool near_key(uint64_t key, uint64_t query, unsigned radius_bits) {
    return vaddv_u8(vcnt_u8(vcreate_u8(key ^ query))) <= radius_bits;
}

static size_t scan_keys(const uint64_t *keys, size_t count, uint64_t query, unsigned radius_bits, uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++) {
        places[picked] = (uint32_t)i;
        picked += near_key(keys[i], query, radius_bits) ? 1 : 0;
    }
    return picked;
}

static size_t pick_keys(const uint64_t *keys, const uint32_t *ids, size_t count, uint64_t query, unsigned radius_bits,
                        uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++) {
        places[picked] = (uint32_t)i;
        picked += near_key(keys[ids[i]], query, radius_bits) ? 1 : 0;
    }
    return picked;
}

const kernel_table kernels_neon = {
    .cpu = RESIGHT_CPU_NEON,
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
