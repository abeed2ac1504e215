/* SPDX-License-Identifier: Apache-2.0 */
/* A box filter down columns, fed in strips of rows: which rows enter and leave its sums, step by step. */
#ifndef RESIGHT_LUMA_COLUMNS_H
#define RESIGHT_LUMA_COLUMNS_H

#include "kernels/box.h"
#include "kernels/kernels.h"
#include <stdbool.h>

/* Rows that may still leave a window stay in a ring. */
typedef struct column_box {
    box_window window;
    size_t length;        /* of a row */
    size_t height;        /* rows in all */
    size_t stride;        /* from one row of the ring to the next */
    size_t ring_rows;     /* a multiple of STRIP_ROWS */
    size_t emitted;       /* rows that came out */
    float *ring;          /* [ring_rows][stride] */
    float *sum;           /* [length], zeros at first */
    const float *nothing; /* [length] zeros: a row that does not exist */
} column_box;

/* Without memory yet. */
column_box column_box_of(size_t window, size_t length, size_t height);

/* Rows that are fed first, so that whole strips come out; all other strips but the last are whole. */
size_t column_box_first_strip(const column_box *box);

/* Where row 0 <= row < height stands. The rows of a strip are neighbours. */
float *column_box_row(const column_box *box, size_t row);

/* The next steps, up to a strip of them, once `fed` rows are there; false when nothing can come out yet. */
bool column_box_next(column_box *box, size_t fed, column_steps *steps);

/* Floats from one row to the next, for rows of which a strip is read together. */
size_t strip_stride(size_t length);

#endif
