/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot loops, one typedef per operation. The typedef's comment is the contract, scalar.c is the specification, and a
 * version for an instruction set is equal to it bit for bit: lanes are outputs, never partial sums, so that every lane
 * repeats the scalar order of operations; or the arithmetic is exact, in integers, and the order free.
 */
#ifndef RESIGHT_KERNELS_H
#define RESIGHT_KERNELS_H

#include <resight/cpu.h>
#include <stddef.h>
#include <stdint.h>

/* Rows that go through the row passes together, so that a version with rows in lanes can fill its vectors. */
#define STRIP_ROWS 16

/* The picture after filtering and sampling, [row][column]. */
typedef struct resight_luma64 {
    float px[64][64];
} resight_luma64;

/* The lowest 16x16 frequencies without the constant, [vertical][horizontal]. */
typedef struct resight_dct16 {
    float freq[16][16];
} resight_dct16;

/* One row of pixels of three bytes to float luma. */
typedef void luma_row_fn(const uint8_t *pixels, float *luma, size_t width_px);

/* Video range to full range, byte by byte: clamp(round((y - 16) * 255 / 219), 0, 255). In place is fine. */
typedef void full_range_fn(const uint8_t *pixels, uint8_t *full, size_t width_px);

/*
 * A centred running mean along one row, for 1 <= rows <= STRIP_ROWS rows that lie `stride` floats apart in `in` and
 * `out` (which do not overlap). Each row: add the entering sample, subtract the leaving one, divide by the samples in
 * the window, in this order. 1 <= window <= length.
 */
typedef void box_rows_fn(const float *in, float *out, size_t stride, size_t rows, size_t length, size_t window);

/*
 * The same of one row of bytes. Sums of bytes are integers below 2^24 (a side has at most 2^20 pixels, a window 2^13),
 * exact in float whatever their order: only the division rounds, so no running sum is needed to give the same bits.
 * Around the row, BYTES_BEFORE(window) bytes before and BYTES_AFTER(window) after are readable and zero.
 */
typedef void box_bytes_fn(const uint8_t *bytes, float *out, size_t length, size_t window);
#define BYTES_BEFORE(window) ((window) + 64)
#define BYTES_AFTER(window) ((window) + 640)

/* Columns at either end of a row in which windows may be cut, or touch one that is. */
#define TENT_EDGE 16
#define TENT_COLUMNS (64 + 2 * TENT_EDGE)

/* What the rows of one picture have in common for tent_bytes_fn. */
typedef struct tent_plan {
    size_t length, window;                         /* 2, 4 or 8; of a row, more than 64 windows and 2 TENT_EDGE */
    uint32_t at[64];                               /* where the row is sampled */
    float high[2 * TENT_EDGE], low[2 * TENT_EDGE]; /* box_reciprocal() of what is under the windows at the ends */
} tent_plan;

/*
 * A row of bytes, filtered along itself twice, at the 64 positions `at`, as if no window were cut: a running mean of a
 * running mean is one sum of bytes with the weights 1, 2, ... window, ... 2, 1, over window^2, and exact since the
 * window is a power of two. Then, filtered once, as box_bytes_fn does, the first TENT_EDGE columns and the last. The
 * bytes around the row are those of box_bytes_fn.
 */
typedef void tent_bytes_fn(const tent_plan *plan, const uint8_t *bytes, float out[TENT_COLUMNS]);

/*
 * Some steps of running means down columns, one for each row that comes out: sum[i] += enter[r][i], sum[i] -=
 * leave[r][i], mean = sum[i] / samples[r]. A row that does not exist is a row of zeros: no sum is ever -0, so that
 * adding or subtracting 0 leaves it as it is.
 */
typedef struct column_steps {
    size_t rows; /* 1 to STRIP_ROWS */
    const float *enter[STRIP_ROWS], *leave[STRIP_ROWS];
    float samples[STRIP_ROWS];
} column_steps;

/* Of a multiple of 32 columns, from column `first` on. The means of step r go to out[r], unless that is NULL. */
typedef void box_columns_fn(float *sum, const column_steps *steps, size_t first, size_t columns,
                            float *const out[STRIP_ROWS]);

/*
 * The means of `length` columns, row by row, filtered along the rows as box_rows_fn does; of these only what stands at
 * the 64 positions `at`, which do not fall, is written: out[r][k]. `row` is scratch memory for `length` floats.
 */
typedef void box_columns_rows_fn(float *sum, const column_steps *steps, size_t length, size_t window,
                                 const uint32_t at[64], float *row, float (*out)[64]);

/* Rows 1 to 16 of the 64-point DCT-II. */
typedef struct dct_matrix {
    float row[16][64];
} dct_matrix;

/* B = D A D^T with the matrix D, each sum in rising order of the inner index, from 0. */
typedef void dct_fn(const dct_matrix *matrix, const resight_luma64 *in, resight_dct16 *out);

/* Sum over all vertical and horizontal neighbours (u, v) of |(int)((u - v) * 100 / 255)|. */
typedef int32_t gradients_fn(const resight_luma64 *in);

/*
 * Hashes are four words of 64 bits each, one after another. SCAN_GROUP hashes share a word of answers, in which each of
 * up to SCAN_QUERIES queries has a byte.
 */
#define SCAN_QUERIES 8
#define SCAN_GROUP 8

/*
 * Which of `count` hashes lie within radius_bits of which of 1 <= query_count <= SCAN_QUERIES queries: bit 8 q + i of
 * within[g] says that hash 8 g + i differs from query q in at most radius_bits bits. All bits of the
 * (count + 7) / 8 words are written.
 */
typedef void scan_fn(const uint64_t *hashes, size_t count, const uint64_t *queries, size_t query_count,
                     unsigned radius_bits, uint64_t *within);

/*
 * Of the hashes at the `count` positions `ids`, those within radius_bits of the query: their places in `ids`, rising,
 * go to `places`, which has room for `count`. Returns how many.
 */
typedef size_t pick_fn(const uint64_t *hashes, const uint32_t *ids, size_t count, const uint64_t query[4],
                       unsigned radius_bits, uint32_t *places);

/*
 * Keys are hashes of one word. Of `count` keys, those within radius_bits of the query: their positions, rising, go to
 * `places`, which has room for `count`. Returns how many.
 */
typedef size_t scan_keys_fn(const uint64_t *keys, size_t count, uint64_t query, unsigned radius_bits, uint32_t *places);

/* The same of the keys at the `count` positions `ids`; what goes to `places` are places in `ids`. */
typedef size_t pick_keys_fn(const uint64_t *keys, const uint32_t *ids, size_t count, uint64_t query,
                            unsigned radius_bits, uint32_t *places);

typedef struct kernel_table {
    resight_cpu cpu;
    full_range_fn *full_range;
    luma_row_fn *luma_rgb24;
    box_bytes_fn *box_bytes;
    tent_bytes_fn *tent_bytes; /* NULL: go in order, as the specification does */
    box_rows_fn *box_rows;
    box_columns_rows_fn *box_columns_rows;
    box_columns_fn *box_columns;
    dct_fn *dct;
    gradients_fn *gradients;
    scan_fn *scan;
    pick_fn *pick;
    scan_keys_fn *scan_keys;
    pick_keys_fn *pick_keys;
} kernel_table;

/* One per file; only scalar is in every build. */
extern const kernel_table kernels_scalar, kernels_neon, kernels_avx2, kernels_avx512;

/* The table of a level, AUTO included; NULL when this build or processor does not have it. */
const kernel_table *kernels_for(resight_cpu cpu);

#endif
