/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Jarosz filter: a box filter along rows, columns, rows, columns, then sampling at 64x64.
 *
 * The reference runs each pass over a picture of floats. Here the four passes are four stations on one line, and strips
 * of rows travel along it: a strip leaves the picture, is filtered along its rows, enters the running sums of the
 * columns, leaves them some rows later, is filtered along its rows again, but only at the 64 columns that sampling
 * reads, and enters 64 last running sums, of which only 64 rows are kept. Every sum has the terms and the order of the
 * reference, so the bits are its bits; the memory is a few strips instead of two pictures, and the second half costs an
 * eighth and less.
 *
 * Source: pdq/cpp/downscaling/downscaling.cpp (jaroszFilterFloat, decimateFloat).
 */
#include "luma/jarosz.h"

#include "base/size.h"
#include "kernels/box.h"
#include <string.h>

/* Box filter down the columns, fed row by row. Rows that may still leave a window stay in a ring. */
typedef struct column_box {
    box_window window;
    size_t length;    /* of a row */
    size_t height;    /* rows in all */
    size_t ring_rows; /* a multiple of STRIP_ROWS, so that strips never wrap */
    size_t emitted;   /* rows that came out */
    float *ring;      /* [ring_rows][length] */
    float *sum;       /* [length] */
} column_box;

typedef struct line {
    const kernel_table *kernels;
    luma_rows *rows;
    size_t width, height, window_x, window_y;
    uint32_t column_at[64], row_at[64];
    float *pixels; /* [STRIP_ROWS][width]: a strip on its way in, later on its way between the first columns and the
                      second rows */
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

static size_t ring_rows(size_t window) {
    return (window + STRIP_ROWS - 1) / STRIP_ROWS * STRIP_ROWS + STRIP_ROWS;
}

static float *ring_row(const column_box *box, size_t row) {
    return box->ring + row % box->ring_rows * box->length;
}

/* Rows that have left the box once `fed` rows have entered it: the centre trails what is ahead; at the end all leave.
 */
static size_t rows_ready(const column_box *box, size_t fed) {
    if (fed == box->height)
        return box->height;
    return fed > box->window.ahead ? fed - box->window.ahead : 0;
}

/* The rows ahead of the first centre enter the sums before anything comes out. */
static void column_box_begin(column_box *box, const kernel_table *kernels) {
    for (size_t row = 0; row < box->window.ahead; row++)
        kernels->box_columns(box->sum, ring_row(box, row), NULL, NULL, box->length, 1);
}

/* Move on by one row; write it when out is not NULL. The row that enters must be in the ring. */
static void column_box_step(column_box *box, const kernel_table *kernels, float *out) {
    const size_t o = box->emitted++;
    if (o == 0)
        column_box_begin(box, kernels);
    const size_t entering = o + box->window.ahead;
    kernels->box_columns(box->sum, entering < box->height ? ring_row(box, entering) : NULL,
                         o > box->window.behind ? ring_row(box, o - box->window.behind - 1) : NULL, out, box->length,
                         (float)box_samples(box->window, o, box->height));
}

/* Let every row come out of the second columns that can, once `fed` rows have entered; keep those that are sampled. */
static void drain_second(line *l, size_t fed) {
    const size_t ready = rows_ready(&l->second, fed);
    while (l->second.emitted < ready) {
        const size_t row = l->second.emitted;
        const size_t first = l->sampled;
        while (l->sampled < 64 && l->row_at[l->sampled] == row)
            l->sampled++;
        column_box_step(&l->second, l->kernels, l->sampled > first ? l->out->px[first] : NULL);
        for (size_t same = first + 1; same < l->sampled; same++)
            memcpy(l->out->px[same], l->out->px[first], sizeof l->out->px[first]);
    }
}

/* The same for the first columns: what comes out is filtered along rows and enters the second columns. */
static void drain_first(line *l, size_t fed) {
    const size_t ready = rows_ready(&l->first, fed);
    while (l->first.emitted < ready) {
        const size_t from = l->first.emitted;
        size_t rows = STRIP_ROWS - from % STRIP_ROWS;
        rows = rows < ready - from ? rows : ready - from;
        for (size_t i = 0; i < rows; i++)
            column_box_step(&l->first, l->kernels, l->pixels + i * l->width);
        l->kernels->box_rows_sampled(l->pixels, l->width, (float(*)[64])(void *)ring_row(&l->second, from), rows,
                                     l->width, l->window_x, l->column_at);
        drain_second(l, from + rows);
    }
}

static void run(line *l) {
    for (size_t y = 0; y < l->height; y += STRIP_ROWS) {
        const size_t rows = l->height - y < STRIP_ROWS ? l->height - y : STRIP_ROWS;
        for (size_t i = 0; i < rows; i++)
            luma_rows_read(l->rows, y + i, l->pixels + i * l->width);
        l->kernels->box_rows(l->pixels, ring_row(&l->first, y), l->width, rows, l->width, l->window_x);
        drain_first(l, y + rows);
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
    const size_t floats = STRIP_ROWS * l->width + first->ring_rows * first->length + first->length +
                          second->ring_rows * second->length + second->length + 5 * 16;
    size_t bytes = 0;
    if (!size_mul(floats, sizeof(float), &bytes) || buffer_reserve(&filter->memory, bytes) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    float *next = (float *)(void *)filter->memory.bytes;
    l->pixels = take(&next, STRIP_ROWS * l->width);
    first->ring = take(&next, first->ring_rows * first->length);
    first->sum = take(&next, first->length);
    second->ring = take(&next, second->ring_rows * second->length);
    second->sum = take(&next, second->length);
    memset(first->sum, 0, first->length * sizeof(float));
    memset(second->sum, 0, second->length * sizeof(float));
    return RESIGHT_OK;
}

static column_box column_box_of(size_t window, size_t length, size_t height) {
    return (column_box){
        .window = box_window_of(window), .length = length, .height = height, .ring_rows = ring_rows(window)};
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
    l.first = column_box_of(l.window_y, l.width, l.height);
    l.second = column_box_of(l.window_y, 64, l.height);
    if (reserve(filter, &l) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    run(&l);
    return RESIGHT_OK;
}

void jarosz_free(jarosz *filter) {
    buffer_free(&filter->memory);
}
