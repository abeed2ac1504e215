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
#include "kernels/box.h"
#include "luma/tents.h"
#include <string.h>

/* Box filter down the columns, fed row by row. Rows that may still leave a window stay in a ring. */
typedef struct column_box {
    box_window window;
    size_t length;    /* of a row */
    size_t height;    /* rows in all */
    size_t stride;    /* from one row of the ring to the next */
    size_t ring_rows; /* a multiple of STRIP_ROWS */
    size_t emitted;   /* rows that came out */
    float *ring;      /* [ring_rows][stride] */
    float *sum;       /* [length] */
} column_box;

typedef struct line {
    const kernel_table *kernels;
    luma_rows *rows;
    size_t width, height, window_x, window_y;
    uint32_t column_at[64], row_at[64];
    bool by_tents;
    tent_plan tents;
    size_t stride;        /* from one row of pixels to the next */
    float *pixels;        /* [STRIP_ROWS][stride]: a strip of luma that is not bytes */
    uint8_t *bytes[2];    /* [width]: two rows of luma that is, with zeros around them */
    const float *nothing; /* [width] zeros, and no fewer than TENT_COLUMNS: a row that does not exist */
    column_box first, second;
    size_t sampled; /* rows of the result that are written */
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

/* What lies under the window of the first row of a strip, and the strip. */
static size_t ring_rows(size_t window) {
    return (window + STRIP_ROWS - 1) / STRIP_ROWS * STRIP_ROWS + STRIP_ROWS;
}

/* The first strip to enter is short, so that whole strips come out; the ring is shifted, so that no strip wraps. */
static size_t first_strip(const column_box *box) {
    const size_t odd = box->window.ahead % STRIP_ROWS;
    return odd > 0 ? odd : STRIP_ROWS;
}

static float *ring_row(const column_box *box, size_t row) {
    return box->ring + (row + STRIP_ROWS - first_strip(box)) % box->ring_rows * box->stride;
}

/* The row after one in the ring. */
static const float *next_row(const column_box *box, const float *row) {
    row += box->stride;
    return row == box->ring + box->ring_rows * box->stride ? box->ring : row;
}

/* Rows that have left the box once `fed` rows have entered it: the centre trails what is ahead; at the end all leave.
 */
static size_t rows_ready(const column_box *box, size_t fed) {
    if (fed == box->height)
        return box->height;
    return fed > box->window.ahead ? fed - box->window.ahead : 0;
}

/* The rows ahead of the first centre enter the sums before anything comes out. */
static void column_box_begin(column_box *box) {
    for (size_t row = 0; row < box->window.ahead; row++)
        for (size_t i = 0; i < box->length; i++)
            box->sum[i] += ring_row(box, row)[i];
}

/* The next steps down the columns, up to a strip of them. */
static void column_box_next(column_box *box, size_t ready, const float *nothing, column_steps *steps) {
    const box_window w = box->window;
    const size_t left = ready - box->emitted;
    if (box->emitted == 0)
        column_box_begin(box);
    const float *enter = ring_row(box, box->emitted + w.ahead);
    const float *leave = ring_row(box, box->emitted > w.behind ? box->emitted - w.behind - 1 : 0);
    steps->rows = left < STRIP_ROWS ? left : STRIP_ROWS;
    for (size_t r = 0; r < steps->rows; r++, enter = next_row(box, enter)) {
        const size_t o = box->emitted++;
        steps->enter[r] = o + w.ahead < box->height ? enter : nothing;
        steps->leave[r] = o > w.behind ? leave : nothing;
        steps->samples[r] = (float)box_samples(w, o, box->height);
        if (o > w.behind)
            leave = next_row(box, leave);
    }
}

/* Where in the result the rows from `from` on go; several samples of one row are copied afterwards. */
static void second_strip(line *l, size_t from, const column_steps *steps) {
    float *out[STRIP_ROWS] = {NULL};
    const size_t before = l->sampled;
    for (; l->sampled < 64 && l->row_at[l->sampled] < from + steps->rows; l->sampled++)
        out[l->row_at[l->sampled] - from] = l->out->px[l->sampled];
    l->kernels->box_columns(l->second.sum, steps, 64, out);
    for (size_t k = l->sampled; k-- > before + 1;)
        if (l->row_at[k - 1] == l->row_at[k])
            memcpy(l->out->px[k - 1], l->out->px[k], sizeof l->out->px[k]);
}

/* Let every row come out of the second columns that can, once `fed` rows have entered; keep those that are sampled. */
static void drain_second(line *l, size_t fed) {
    const size_t ready = rows_ready(&l->second, fed);
    while (l->second.emitted < ready) {
        const size_t from = l->second.emitted;
        column_steps steps;
        column_box_next(&l->second, ready, l->nothing, &steps);
        second_strip(l, from, &steps);
    }
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
    float columns[STRIP_ROWS][TENT_COLUMNS], *out[STRIP_ROWS] = {NULL};
    for (size_t r = 0; r < steps->rows; r++)
        out[r] = columns[r];
    l->kernels->box_columns(l->first.sum, steps, TENT_COLUMNS, out);
    for (size_t r = 0; r < steps->rows; r++) {
        float *row = ring_row(&l->second, from + r);
        if (!tents_say(&l->tents, columns[r], (size_t)steps->samples[r], row))
            row_in_order(l, from + r, steps->samples[r], columns[r] + 64, row);
    }
}

static void strip_in_order(line *l, size_t from, const column_steps *steps) {
    float sampled[STRIP_ROWS][64];
    l->kernels->box_columns_rows(l->first.sum, steps, l->width, l->window_x, l->column_at, l->pixels, sampled);
    for (size_t r = 0; r < steps->rows; r++)
        memcpy(ring_row(&l->second, from + r), sampled[r], sizeof sampled[r]);
}

/* Let every row come out of the first columns that can; filtered along itself again, it enters the second columns. */
static void drain_first(line *l, size_t fed) {
    const size_t ready = rows_ready(&l->first, fed);
    while (l->first.emitted < ready) {
        const size_t from = l->first.emitted;
        column_steps steps;
        column_box_next(&l->first, ready, l->nothing, &steps);
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
    float *out = ring_row(&l->first, y);
    if (luma_rows_are_bytes(l->rows)) {
        feed_bytes(l, y, rows, out);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        luma_rows_read(l->rows, y + i, l->pixels + i * l->stride);
    l->kernels->box_rows(l->pixels, out, l->stride, rows, l->width, l->window_x);
}

static void run(line *l) {
    size_t fed = 0;
    while (fed < l->height) {
        const size_t strip = fed == 0 ? first_strip(&l->first) : STRIP_ROWS, left = l->height - fed;
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
    const size_t zeroed = first->length + second->length + l->width + TENT_COLUMNS + 2 * (row_bytes / sizeof(float)) + 6 * 16;
    const size_t floats = zeroed + STRIP_ROWS * l->stride + first->ring_rows * first->stride +
                          second->ring_rows * second->stride + 3 * 16;
    size_t bytes = 0;
    if (!size_mul(floats, sizeof(float), &bytes) || buffer_reserve(&filter->memory, bytes) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    float *next = (float *)(void *)filter->memory.bytes;
    memset(next, 0, zeroed * sizeof(float));
    first->sum = take(&next, first->length);
    second->sum = take(&next, second->length);
    l->nothing = take(&next, l->width < TENT_COLUMNS ? TENT_COLUMNS : l->width);
    for (size_t i = 0; i < 2; i++)
        l->bytes[i] = (uint8_t *)take(&next, row_bytes / sizeof(float) + 1) + BYTES_BEFORE(l->window_x);
    l->pixels = take(&next, STRIP_ROWS * l->stride);
    first->ring = take(&next, first->ring_rows * first->stride);
    second->ring = take(&next, second->ring_rows * second->stride);
    return RESIGHT_OK;
}

/* An odd number of cache lines: sixteen rows at one place then stand in sixteen sets of the cache, not in one or two.
 */
static size_t ring_stride(size_t length) {
    return ((length + 15) / 16 | 1) * 16;
}

static column_box column_box_of(size_t window, size_t length, size_t height) {
    return (column_box){.window = box_window_of(window),
                        .length = length,
                        .height = height,
                        .stride = ring_stride(length),
                        .ring_rows = ring_rows(window)};
}

int jarosz_sample(jarosz *filter, const kernel_table *kernels, luma_rows *rows, resight_luma64 *out) {
    if (rows->width == 64 && rows->height == 64) {
        for (size_t y = 0; y < 64; y++)
            luma_rows_read(rows, y, out->px[y]);
        return RESIGHT_OK;
    }
    line l = {.kernels = kernels, .rows = rows, .width = rows->width, .height = rows->height, .out = out};
    l.window_x = window_size(l.width);
    l.window_y = window_size(l.height);
    sample_positions(l.width, l.column_at);
    sample_positions(l.height, l.row_at);
    l.by_tents = kernels->tent_bytes && luma_rows_are_bytes(rows) && tents_apply(l.window_x, l.window_y);
    if (l.by_tents)
        tents_plan(&l.tents, l.width, l.window_x, l.column_at);
    l.stride = ring_stride(l.width);
    l.first = column_box_of(l.window_y, l.by_tents ? TENT_COLUMNS : l.width, l.height);
    l.second = column_box_of(l.window_y, 64, l.height);
    if (reserve(filter, &l) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    run(&l);
    return RESIGHT_OK;
}

void jarosz_free(jarosz *filter) {
    buffer_free(&filter->memory);
}
