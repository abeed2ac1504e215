/* SPDX-License-Identifier: Apache-2.0 */
/* The bookkeeping of the column passes; the sums themselves are a kernel's. */
#include "luma/columns.h"

/* An odd number of cache lines: sixteen rows at one place then stand in sixteen sets of the cache, not in one or two.
 */
size_t strip_stride(size_t length) {
    return ((length + 15) / 16 | 1) * 16;
}

/* What lies under the window of the first row of a strip, and the strip. */
static size_t ring_rows(size_t window) {
    return (window + STRIP_ROWS - 1) / STRIP_ROWS * STRIP_ROWS + STRIP_ROWS;
}

column_box column_box_of(size_t window, size_t length, size_t height) {
    return (column_box){.window = box_window_of(window),
                        .length = length,
                        .height = height,
                        .stride = strip_stride(length),
                        .ring_rows = ring_rows(window)};
}

size_t column_box_first_strip(const column_box *box) {
    const size_t odd = box->window.ahead % STRIP_ROWS;
    return odd > 0 ? odd : STRIP_ROWS;
}

/* Shifted by what the first strip lacks, so that no strip wraps. */
float *column_box_row(const column_box *box, size_t row) {
    return box->ring + (row + STRIP_ROWS - column_box_first_strip(box)) % box->ring_rows * box->stride;
}

/* The row after one in the ring. */
static const float *next_row(const column_box *box, const float *row) {
    row += box->stride;
    return row == box->ring + box->ring_rows * box->stride ? box->ring : row;
}

/* The centre trails what is ahead; at the end all rows come out. */
static size_t rows_ready(const column_box *box, size_t fed) {
    if (fed == box->height)
        return box->height;
    return fed > box->window.ahead ? fed - box->window.ahead : 0;
}

/* The rows ahead of the first centre enter the sums before anything comes out. */
static void begin(column_box *box) {
    for (size_t row = 0; row < box->window.ahead; row++)
        for (size_t i = 0; i < box->length; i++)
            box->sum[i] += column_box_row(box, row)[i];
}

bool column_box_next(column_box *box, size_t fed, column_steps *steps) {
    const box_window w = box->window;
    const size_t left = rows_ready(box, fed) - box->emitted;
    steps->rows = left < STRIP_ROWS ? left : STRIP_ROWS;
    if (left > 0 && box->emitted == 0)
        begin(box);
    const float *enter = column_box_row(box, box->emitted + w.ahead);
    const float *leave = column_box_row(box, box->emitted > w.behind ? box->emitted - w.behind - 1 : 0);
    for (size_t r = 0; r < steps->rows; r++, enter = next_row(box, enter)) {
        const size_t o = box->emitted++;
        steps->enter[r] = o + w.ahead < box->height ? enter : box->nothing;
        steps->leave[r] = o > w.behind ? leave : box->nothing;
        steps->samples[r] = (float)box_samples(w, o, box->height);
        if (o > w.behind)
            leave = next_row(box, leave);
    }
    return left > 0;
}
