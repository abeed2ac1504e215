/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box filter over vectors of floats, for the file of one instruction set that has defined, for vectors of LANES
 * floats, the type `floats` and
 *
 *     floats_zero floats_all floats_add floats_sub floats_mul floats_div    each lane by itself, rounded to nearest
 *     floats_load floats_load_first                              from memory; of the first `count` lanes, the rest 0
 *     floats_store floats_store_first                            to memory; the first `count` lanes
 *     divider divider_of divider_load divide                     floats_div by samples, in whatever way is fastest
 *     transpose_four transpose_rest                              a square of LANES vectors: first each four of them by
 *                                                                themselves, as soon as they are there, then the whole
 *     floats_of_byte_sums(bytes, window)                         sums of `window` bytes, the first from `bytes` on
 *     floats_of_tents(taps, window)                              sums of 2 * window bytes each, side by side, with the
 *                                                                weights 1, 2, ... window, ... 2, 1, 0
 *
 * Rows are lanes along rows and columns are lanes down columns, so that each lane repeats the scalar order of
 * operations; a transposed square stands between the two.
 */
#ifndef RESIGHT_KERNELS_BOX_LANES_H
#define RESIGHT_KERNELS_BOX_LANES_H

#include "kernels/box.h"
#include "kernels/kernels.h"

#include <stdbool.h>
#include <string.h>

/* So that a block stays in registers. */
#define UNROLLED _Pragma("GCC unroll 16")

/* A strip is as many groups of LANES rows, each with running sums of its own. */
#define GROUPS (STRIP_ROWS / LANES)

static ALWAYS_INLINE void transpose(floats v[LANES]) {
    UNROLLED for (size_t i = 0; i < LANES; i += 4) transpose_four(v + i);
    transpose_rest(v);
}

/*
 * Running sums along LANES rows, a vector for each column. The ring keeps the columns that will leave the window again;
 * its first block is stored behind its end once more, so that LANES columns in a row never wrap. A wider window, of a
 * picture with a side over 26,000 pixels, is left to the scalar kernel.
 */
#define RING 256
#define WINDOW_MAX (RING - 3 * LANES)

typedef struct row_sums {
    size_t window, mask;
    floats sum;
    floats ring[RING + LANES];
} row_sums;

/* Columns before the first are zeros: they leave, and no sum changes. */
static inline void row_sums_begin(row_sums *s, size_t window) {
    size_t size = 4 * LANES;
    while (size < window + 3 * LANES)
        size *= 2;
    s->window = window;
    s->mask = size - 1;
    s->sum = floats_zero();
    for (size_t i = 0; i < size + LANES; i++)
        s->ring[i] = floats_zero();
}

/* LANES columns from x on, which may be any. */
static inline floats *row_sums_at(row_sums *s, size_t x) {
    return s->ring + (x & s->mask);
}

static ALWAYS_INLINE void row_sums_keep(row_sums *s, size_t x, const floats columns[LANES]) {
    floats *there = row_sums_at(s, x);
    UNROLLED for (size_t i = 0; i < LANES; i++) there[i] = columns[i];
    if (there == s->ring)
        for (size_t i = 0; i < LANES; i++)
            there[s->mask + 1 + i] = columns[i];
}

/* The columns kept at x to x + LANES - 1 enter; sums[i] is what lies under the window that ends with column x + i. */
static ALWAYS_INLINE void row_sums_block(row_sums *s, size_t x, floats sums[LANES]) {
    const floats *enter = row_sums_at(s, x), *leave = row_sums_at(s, x - s->window);
    floats sum = s->sum;
    UNROLLED for (size_t i = 0; i < LANES; i++) {
        sum = floats_add(sum, enter[i]);
        sum = floats_sub(sum, leave[i]);
        sums[i] = sum;
    }
    s->sum = sum;
}

/* The mean of output o, whose window may be cut. */
static inline floats mean_at(floats sum, size_t o, size_t length, box_window w, divider by) {
    const size_t samples = box_samples(w, o, length);
    if (samples == w.behind + 1 + w.ahead)
        return divide(sum, by);
    return floats_div(sum, floats_all((float)samples));
}

/* ---- Along rows ------------------------------------------------------------------------------ */

/* `columns` columns of a group of rows, transposed; the others are zeros. */
static inline void load_block(const float *in, size_t stride, size_t rows, size_t columns, floats v[LANES]) {
    for (size_t row = 0; row < LANES; row++)
        v[row] = row < rows ? floats_load_first(in + row * stride, columns) : floats_zero();
    transpose(v);
}

/* A whole block of rows comes in at x while the means from o on go out: the chain of sums, the transposing of what
 * comes and of what goes take turns. */
static ALWAYS_INLINE void rows_block(row_sums *s, const float *in, size_t x, float *out, size_t o, size_t stride,
                                     size_t ahead, divider by) {
    const floats *enter = row_sums_at(s, o + ahead), *leave = row_sums_at(s, o + ahead - s->window);
    floats v[LANES], means[LANES], sum = s->sum;
    UNROLLED for (size_t i = 0; i < LANES; i++) {
        sum = floats_add(sum, enter[i]);
        v[i] = floats_load(in + i * stride + x);
        sum = floats_sub(sum, leave[i]);
        means[i] = divide(sum, by);
        if (i % 4 == 3) {
            transpose_four(v + i - 3);
            transpose_four(means + i - 3);
        }
    }
    s->sum = sum;
    transpose_rest(means);
    UNROLLED for (size_t i = 0; i < LANES; i++) floats_store(out + i * stride + o, means[i]);
    transpose_rest(v);
    row_sums_keep(s, x, v);
}

/* The same for blocks that touch an end of the row, or are of few rows. */
static inline void rows_end(row_sums *s, const float *in, size_t x, float *out, size_t o, size_t stride, size_t rows,
                            size_t length, box_window w, divider by) {
    floats v[LANES];
    row_sums_block(s, o + w.ahead, v);
    for (size_t i = 0; i < LANES && o + i < length; i++)
        v[i] = mean_at(v[i], o + i, length, w, by);
    transpose(v);
    for (size_t row = 0; row < rows; row++)
        floats_store_first(out + row * stride + o, v[row], length - o);
    load_block(in + x, stride, rows, x < length ? length - x : 0, v);
    row_sums_keep(s, x, v);
}

static void box_rows_group(const float *in, float *out, size_t stride, size_t rows, size_t length, box_window w) {
    const divider by = divider_of(w.behind + 1 + w.ahead);
    row_sums s;
    row_sums_begin(&s, w.behind + 1 + w.ahead);
    size_t x = 0;
    for (; x < w.ahead + LANES; x += LANES) {
        floats v[LANES];
        load_block(in + x, stride, rows, x < length ? length - x : 0, v);
        row_sums_keep(&s, x, v);
    }
    for (size_t i = 0; i < w.ahead; i++)
        s.sum = floats_add(s.sum, *row_sums_at(&s, i));
    for (size_t o = 0; o < length; o += LANES, x += LANES)
        if (rows == LANES && o > w.behind && x + LANES <= length)
            rows_block(&s, in, x, out, o, stride, w.ahead, by);
        else
            rows_end(&s, in, x, out, o, stride, rows, length, w, by);
}

static inline size_t rows_in_group(size_t row, size_t rows) {
    return rows - row < LANES ? rows - row : LANES;
}

static void box_rows(const float *in, float *out, size_t stride, size_t rows, size_t length, size_t window) {
    if (window > WINDOW_MAX) {
        kernels_scalar.box_rows(in, out, stride, rows, length, window);
        return;
    }
    for (size_t row = 0; row < rows; row += LANES)
        box_rows_group(in + row * stride, out + row * stride, stride, rows_in_group(row, rows), length,
                       box_window_of(window));
}

/* ---- Down columns, then along rows ----------------------------------------------------------- */

/*
 * LANES columns from x on, down one group of rows: v[r] is what comes out of step `first` + r. Both sums are chains of
 * dependent additions, and a processor looks ahead too little to overlap them by itself: so the columns take one step,
 * then the rows, over the block before, take one, and transposing begins with the first four rows that are there. v
 * comes out transposed.
 */
static ALWAYS_INLINE floats columns_block(floats sum, const column_steps *steps, size_t first, size_t x, divider by,
                                          floats v[LANES], row_sums *rows, floats sums[LANES]) {
    const floats *enter = row_sums_at(rows, x - LANES), *leave = row_sums_at(rows, x - LANES - rows->window);
    floats row_sum = rows->sum;
    UNROLLED for (size_t r = 0; r < LANES; r++) {
        sum = floats_add(sum, floats_load(steps->enter[first + r] + x));
        row_sum = floats_add(row_sum, enter[r]);
        sum = floats_sub(sum, floats_load(steps->leave[first + r] + x));
        row_sum = floats_sub(row_sum, leave[r]);
        v[r] = divide(sum, by);
        sums[r] = row_sum;
        if (r % 4 == 3)
            transpose_four(v + r - 3);
    }
    transpose_rest(v);
    rows->sum = row_sum;
    return sum;
}

/* The same where windows are cut, columns end, or rows are few. */
static inline floats columns_end(floats sum, const column_steps *steps, size_t first, size_t x, size_t columns,
                                 floats v[LANES]) {
    for (size_t r = 0; r < LANES; r++) {
        v[r] = floats_zero();
        if (first + r >= steps->rows)
            continue;
        sum = floats_add(sum, floats_load_first(steps->enter[first + r] + x, columns));
        sum = floats_sub(sum, floats_load_first(steps->leave[first + r] + x, columns));
        v[r] = floats_div(sum, floats_all(steps->samples[first + r]));
    }
    transpose(v);
    return sum;
}

static inline bool steps_are_whole(const column_steps *steps) {
    for (size_t r = 1; r < steps->rows; r++)
        if (steps->samples[r] != steps->samples[0])
            return false;
    return steps->rows == STRIP_ROWS;
}

static inline void store_samples(floats means[64], size_t rows, float (*out)[64]) {
    for (size_t k = 0; k < 64; k += LANES) {
        transpose(means + k);
        for (size_t row = 0; row < rows; row++)
            floats_store(out[row] + k, means[k + row]);
    }
}

/* Of the sums that end with columns x to x + LANES - 1, those that are sampled, from the one at k on: returns the next.
 */
static ALWAYS_INLINE size_t take_samples(const floats sums[LANES], size_t x, size_t k, const uint32_t at[64],
                                         size_t length, box_window w, divider by, floats means[64]) {
    for (; k < 64 && at[k] + w.ahead < x + LANES; k++)
        means[k] = mean_at(sums[at[k] + w.ahead - x], at[k], length, w, by);
    return k;
}

/* The rows are a block behind the columns. Before the first block there is one of zeros, behind the last there are as
 * many as the last output needs. */
static ALWAYS_INLINE void columns_rows(float *sum, const column_steps *steps, size_t length, box_window w,
                                       const uint32_t at[64], bool whole, row_sums s[GROUPS],
                                       floats means[GROUPS][64]) {
    const divider across = divider_of(s->window), down = divider_of((size_t)steps->samples[0]);
    size_t k = 0, next = 0;
    for (size_t x = 0; x < length || k < 64; x += LANES, k = next) {
        const size_t columns = x >= length ? 0 : length - x < LANES ? length - x : LANES;
        floats down_sum = floats_load_first(sum + x, columns);
        for (size_t g = 0; g < GROUPS; g++) {
            floats v[LANES], sums[LANES];
            if (whole && columns == LANES) {
                down_sum = columns_block(down_sum, steps, LANES * g, x, down, v, &s[g], sums);
            } else {
                down_sum = columns_end(down_sum, steps, LANES * g, x, columns, v);
                row_sums_block(&s[g], x - LANES, sums);
            }
            row_sums_keep(&s[g], x, v);
            if (x > 0)
                next = take_samples(sums, x - LANES, k, at, length, w, across, means[g]);
        }
        floats_store_first(sum + x, down_sum, columns);
    }
}

static void box_columns_rows(float *sum, const column_steps *steps, size_t length, size_t window, const uint32_t at[64],
                             float *row, float (*out)[64]) {
    if (window > WINDOW_MAX) {
        kernels_scalar.box_columns_rows(sum, steps, length, window, at, row, out);
        return;
    }
    floats means[GROUPS][64];
    row_sums s[GROUPS];
    for (size_t g = 0; g < GROUPS; g++)
        row_sums_begin(&s[g], window);
    columns_rows(sum, steps, length, box_window_of(window), at, steps_are_whole(steps), s, means);
    for (size_t g = 0; LANES * g < steps->rows; g++)
        store_samples(means[g], rows_in_group(LANES * g, steps->rows), out + LANES * g);
}

/* The chains of so many columns overlap. */
#define ABREAST (32 / LANES)

/* Inlined with a constant `whole`. */
static ALWAYS_INLINE void columns_abreast(float *sums, const column_steps *steps, size_t x, bool whole,
                                          float *const out[STRIP_ROWS], size_t to) {
    const divider by = divider_of((size_t)steps->samples[0]);
    floats sum[ABREAST];
    UNROLLED for (size_t i = 0; i < ABREAST; i++) sum[i] = floats_load(sums + x + LANES * i);
    for (size_t r = 0; r < steps->rows; r++) {
        const float *enter = steps->enter[r] + x, *leave = steps->leave[r] + x;
        UNROLLED for (size_t i = 0; i < ABREAST; i++) {
            sum[i] = floats_add(sum[i], floats_load(enter + LANES * i));
            sum[i] = floats_sub(sum[i], floats_load(leave + LANES * i));
        }
        if (!out[r])
            continue;
        const floats samples = floats_all(steps->samples[r]);
        UNROLLED for (size_t i = 0; i < ABREAST; i++)
            floats_store(out[r] + to + LANES * i, whole ? divide(sum[i], by) : floats_div(sum[i], samples));
    }
    UNROLLED for (size_t i = 0; i < ABREAST; i++) floats_store(sums + x + LANES * i, sum[i]);
}

static void box_columns(float *sum, const column_steps *steps, size_t first, size_t columns,
                        float *const out[STRIP_ROWS]) {
    const bool whole = steps_are_whole(steps);
    for (size_t x = 0; x < columns; x += LANES * ABREAST)
        if (whole)
            columns_abreast(sum, steps, first + x, true, out, x);
        else
            columns_abreast(sum, steps, first + x, false, out, x);
}

/* ---- Along rows of bytes, twice -------------------------------------------------------------- */

/* The first and the last columns of a row, filtered once. */
static ALWAYS_INLINE void tent_edges(const tent_plan *plan, const uint8_t *bytes, float *out) {
    const size_t behind = box_window_of(plan->window).behind;
    for (size_t i = 0; i < 2 * TENT_EDGE; i += LANES) {
        const size_t x = i < TENT_EDGE ? i : plan->length - 2 * TENT_EDGE + i;
        const divider by = divider_load(plan->high + i, plan->low + i);
        floats_store(out + i, divide(floats_of_byte_sums(bytes + x - behind, plan->window), by));
    }
}

/* The samples, each from 2 * window bytes in a row of their own; the last of these weighs nothing. */
static ALWAYS_INLINE void tent_samples(const uint8_t *taps, float *out, size_t window) {
    const floats scale = floats_all(1.0f / (float)(window * window));
    for (size_t k = 0; k < 64; k += LANES)
        floats_store(out + k, floats_mul(floats_of_tents(taps + 2 * window * k, window), scale));
}

/* Inlined with a constant window. */
static ALWAYS_INLINE void tent_row(const tent_plan *plan, const uint8_t *bytes, float *out, size_t window) {
    uint8_t gathered[64 * 2 * TENT_WINDOW_MAX];
    const uint8_t *taps = bytes + plan->at[0] - 2 * box_window_of(window).behind;
    if (plan->at[63] - plan->at[0] != 63 * 2 * window) {
        for (size_t k = 0; k < 64; k++)
            memcpy(gathered + 2 * window * k, taps + (plan->at[k] - plan->at[0]), 2 * window);
        taps = gathered;
    }
    tent_samples(taps, out, window);
    tent_edges(plan, bytes, out + 64);
}

static void tent_bytes(const tent_plan *plan, const uint8_t *bytes, float out[TENT_COLUMNS]) {
    switch (plan->window) {
    case 2: tent_row(plan, bytes, out, 2); break;
    case 4: tent_row(plan, bytes, out, 4); break;
    default: tent_row(plan, bytes, out, 8);
    }
}

#endif
