/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Jarosz filter: a box filter along rows, columns, rows, columns, then sampling at 64x64.
 *
 * The reference runs each pass over a picture of floats. Here the four passes are four stations on one line, and strips
 * of rows travel along it: a strip leaves the picture, is filtered along its rows, enters the running sums of the
 * columns, leaves them some rows later, is filtered along its rows again, but only at the 64 columns that sampling
 * reads, and enters 64 last running sums, of which only 64 rows are kept. Every sum that could round has the terms and
 * the order of the reference, so the bits are its bits; the memory is a few strips instead of two pictures.
 *
 * Where nothing can round, rows go a shorter way to the second columns: tents.h.
 *
 * Source: pdq/cpp/downscaling/downscaling.cpp (jaroszFilterFloat, decimateFloat).
 */
#include "luma/jarosz.h"

#include "base/size.h"
#include "luma/columns.h"
#include "luma/tents.h"
#include <string.h>

typedef struct line {
    const kernel_table *kernels;
    luma_rows *rows;
    size_t width, height, window_x, window_y;
    uint32_t column_at[64], row_at[64];
    bool by_tents;
    tent_plan tents;
    size_t stride;     /* from one row of pixels to the next */
    float *pixels;     /* [STRIP_ROWS][stride]: a strip of luma that is not bytes */
    uint8_t *bytes[2]; /* [width]: two rows of luma that is, with zeros around them */
    column_box first, second;
    size_t in_order; /* rows that went in order beside the tents */
    size_t sampled;  /* rows of the result that are written */
    resight_luma64 *out;
} line;

/* ceil(n / 128): pdq/cpp/hashing/pdqhashing.cpp, computeJaroszFilterWindowSize. */
static size_t window_size(size_t n) {
    return (n + 127) / 128;
}

/* floor((i + 0.5) * n / 64): decimateFloat. */
static void sample_positions(size_t n, uint32_t at[64]) {
    for (size_t i = 0; i < 64; i++)
        at[i] = (uint32_t)((2 * i + 1) * n / 128);
}

/* Where in the result the rows from `from` on go; several samples of one row are copied afterwards. */
static void second_strip(line *l, size_t from, const column_steps *steps) {
    float *out[STRIP_ROWS] = {NULL};
    const size_t before = l->sampled;
    for (; l->sampled < 64 && l->row_at[l->sampled] < from + steps->rows; l->sampled++)
        out[l->row_at[l->sampled] - from] = l->out->px[l->sampled];
    l->kernels->box_columns(l->second.sum, steps, 0, 64, out);
    for (size_t k = l->sampled; k-- > before + 1;)
        if (l->row_at[k - 1] == l->row_at[k])
            memcpy(l->out->px[k - 1], l->out->px[k], sizeof l->out->px[k]);
}

/* Let every row come out of the second columns that can, once `fed` rows have entered; keep those that are sampled. */
static void drain_second(line *l, size_t fed) {
    column_steps steps;
    for (size_t from = l->second.emitted; column_box_next(&l->second, fed, &steps); from = l->second.emitted)
        second_strip(l, from, &steps);
}

/*
 * Row o, which the tents do not say, in order. What the columns sum up to is exact, in whatever order, but for the ends
 * of the row, which came down in order beside the tents.
 */
static void row_in_order(line *l, size_t o, float samples, const float ends[2 * TENT_EDGE], float out[64]) {
    const box_window w = l->first.window;
    float *sum = l->pixels, *row = sum + l->stride;
    memset(sum, 0, l->width * sizeof *sum);
    for (size_t y = o > w.behind ? o - w.behind : 0; y <= o + w.ahead && y < l->height; y++) {
        luma_rows_read_bytes(l->rows, y, l->bytes[0]);
        l->kernels->box_bytes(l->bytes[0], row, l->width, l->window_x);
        for (size_t x = 0; x < l->width; x++)
            sum[x] += row[x];
    }
    for (size_t x = 0; x < l->width; x++)
        sum[x] /= samples;
    memcpy(sum, ends, TENT_EDGE * sizeof *sum);
    memcpy(sum + l->width - TENT_EDGE, ends + TENT_EDGE, TENT_EDGE * sizeof *sum);
    box_row_sampled(sum, out, l->width, box_window_of(l->window_x), l->column_at);
}

/* The rows of a strip from `from` on, down the columns and filtered along the rows again, at the 64 columns. */
static void strip_by_tents(line *l, size_t from, const column_steps *steps) {
    float ends[STRIP_ROWS][2 * TENT_EDGE], *to_ends[STRIP_ROWS], *to_rows[STRIP_ROWS];
    for (size_t r = 0; r < STRIP_ROWS; r++) {
        to_rows[r] = column_box_row(&l->second, from + r);
        to_ends[r] = ends[r];
    }
    l->kernels->box_columns(l->first.sum, steps, 0, 64, to_rows);
    l->kernels->box_columns(l->first.sum, steps, 64, 2 * TENT_EDGE, to_ends);
    for (size_t r = 0; r < steps->rows; r++) {
        if (tents_say(&l->tents, ends[r], (size_t)steps->samples[r], &to_rows[r][63]))
            continue;
        row_in_order(l, from + r, steps->samples[r], ends[r], to_rows[r]);
        l->in_order++;
    }
}

/* The same in order. */
static void strip_in_order(line *l, size_t from, const column_steps *steps) {
    float sampled[STRIP_ROWS][64];
    l->kernels->box_columns_rows(l->first.sum, steps, l->width, l->window_x, l->column_at, l->pixels, sampled);
    for (size_t r = 0; r < steps->rows; r++)
        memcpy(column_box_row(&l->second, from + r), sampled[r], sizeof sampled[r]);
}

/* Let every row come out of the first columns that can; filtered along itself again, it enters the second columns. */
static void drain_first(line *l, size_t fed) {
    column_steps steps;
    for (size_t from = l->first.emitted; column_box_next(&l->first, fed, &steps); from = l->first.emitted) {
        if (l->by_tents)
            strip_by_tents(l, from, &steps);
        else
            strip_in_order(l, from, &steps);
        drain_second(l, from + steps.rows);
    }
}

/* A row is read while the one before it is filtered: a processor is slow to load what it stored just now. */
static void feed_bytes(line *l, size_t y, size_t rows, float *out) {
    luma_rows_read_bytes(l->rows, y, l->bytes[0]);
    for (size_t i = 0; i < rows; i++, out += l->first.stride) {
        if (i + 1 < rows)
            luma_rows_read_bytes(l->rows, y + i + 1, l->bytes[(i + 1) % 2]);
        if (l->by_tents)
            l->kernels->tent_bytes(&l->tents, l->bytes[i % 2], out);
        else
            l->kernels->box_bytes(l->bytes[i % 2], out, l->width, l->window_x);
    }
}

/* Rows y and after into the first columns. */
static void feed(line *l, size_t y, size_t rows) {
    float *out = column_box_row(&l->first, y);
    if (luma_rows_are_bytes(l->rows)) {
        feed_bytes(l, y, rows, out);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        luma_rows_read(l->rows, y + i, l->pixels + i * l->stride);
    l->kernels->box_rows(l->pixels, out, l->stride, rows, l->width, l->window_x);
}

/* A row in order beside the tents costs as much as ten that go in order together: then all better do. */
static bool too_many_in_order(const line *l) {
    return l->in_order > l->height / 16;
}

static void run(line *l) {
    size_t fed = 0;
    while (fed < l->height && !too_many_in_order(l)) {
        const size_t strip = fed == 0 ? column_box_first_strip(&l->first) : STRIP_ROWS, left = l->height - fed;
        const size_t rows = strip < left ? strip : left;
        feed(l, fed, rows);
        fed += rows;
        drain_first(l, fed);
    }
}

/* Give out one piece of the scratch memory, whole vectors long. */
static float *take(float **next, size_t floats) {
    float *piece = *next;
    *next += (floats + 15) / 16 * 16;
    return piece;
}

/* One reservation for everything: the sizes are bounded by resight_image_check(), so the products below fit. */
static int reserve(jarosz *filter, line *l) {
    column_box *first = &l->first, *second = &l->second;
    const size_t row_bytes = BYTES_BEFORE(l->window_x) + l->width + BYTES_AFTER(l->window_x);
    const size_t zeroed = 2 * (first->length + second->length) + 2 * (row_bytes / sizeof(float) + 1) + 6 * 15;
    const size_t floats = zeroed + STRIP_ROWS * l->stride + first->ring_rows * first->stride +
                          second->ring_rows * second->stride + 3 * 16;
    size_t bytes = 0;
    if (!size_mul(floats, sizeof(float), &bytes) || buffer_reserve(&filter->memory, bytes) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    float *next = (float *)(void *)filter->memory.bytes;
    memset(next, 0, zeroed * sizeof(float));
    first->sum = take(&next, first->length);
    second->sum = take(&next, second->length);
    first->nothing = take(&next, first->length);
    second->nothing = take(&next, second->length);
    for (size_t i = 0; i < 2; i++)
        l->bytes[i] = (uint8_t *)take(&next, row_bytes / sizeof(float) + 1) + BYTES_BEFORE(l->window_x);
    l->pixels = take(&next, STRIP_ROWS * l->stride);
    first->ring = take(&next, first->ring_rows * first->stride);
    second->ring = take(&next, second->ring_rows * second->stride);
    return RESIGHT_OK;
}

static line line_of(const kernel_table *kernels, luma_rows *rows, resight_luma64 *out) {
    line l = {.kernels = kernels, .rows = rows, .width = rows->width, .height = rows->height, .out = out};
    l.window_x = window_size(l.width);
    l.window_y = window_size(l.height);
    l.stride = strip_stride(l.width);
    sample_positions(l.width, l.column_at);
    sample_positions(l.height, l.row_at);
    return l;
}

static int sample(jarosz *filter, line *l, bool by_tents) {
    l->by_tents = by_tents;
    l->in_order = l->sampled = 0;
    l->first = column_box_of(l->window_y, by_tents ? TENT_COLUMNS : l->width, l->height);
    l->second = column_box_of(l->window_y, 64, l->height);
    const int status = reserve(filter, l);
    if (status == RESIGHT_OK)
        run(l);
    return status;
}

int jarosz_sample(jarosz *filter, const kernel_table *kernels, luma_rows *rows, resight_luma64 *out) {
    if (rows->width == 64 && rows->height == 64) {
        for (size_t y = 0; y < 64; y++)
            luma_rows_read(rows, y, out->px[y]);
        return RESIGHT_OK;
    }
    line l = line_of(kernels, rows, out);
    if (!kernels->tent_bytes || !luma_rows_are_bytes(rows) || !tents_apply(l.window_x, l.window_y))
        return sample(filter, &l, false);
    tents_plan(&l.tents, l.width, l.window_x, l.column_at);
    const int status = sample(filter, &l, true);
    return status == RESIGHT_OK && too_many_in_order(&l) ? sample(filter, &l, false) : status;
}

void jarosz_free(jarosz *filter) {
    buffer_free(&filter->memory);
}
