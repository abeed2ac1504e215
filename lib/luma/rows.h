/* SPDX-License-Identifier: Apache-2.0 */
/* A picture as rows of float luma, in the size at which a dialect filters it. */
#ifndef RESIGHT_LUMA_ROWS_H
#define RESIGHT_LUMA_ROWS_H

#include "base/buffer.h"
#include "kernels/kernels.h"
#include <resight/hash.h>
#include <stdbool.h>

typedef struct luma_rows {
    size_t width, height; /* after the dialect's squash */
    resight_image image;
    luma_row_fn *read;
    bool squashed;
    buffer squash; /* one row of squashed pixels; kept between pictures */
} luma_rows;

/* Set up for one picture that passes resight_image_check(). RESIGHT_OK or RESIGHT_E_NOMEM. */
int luma_rows_start(luma_rows *rows, const kernel_table *kernels, const resight_image *image, resight_dialect dialect);

/* Row y, 0 <= y < height, to luma[width]. */
void luma_rows_read(luma_rows *rows, size_t y, float *luma);

void luma_rows_free(luma_rows *rows);

#endif
