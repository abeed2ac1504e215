/* SPDX-License-Identifier: Apache-2.0 */
/* A picture as rows of luma, whole or squashed, from either side. Grey stays bytes until something divides it. */
#ifndef RESIGHT_LUMA_ROWS_H
#define RESIGHT_LUMA_ROWS_H

#include "base/buffer.h"
#include "kernels/kernels.h"
#include <resight/image.h>
#include <stdbool.h>

/* How the rows are read. All zero: the picture as it is. */
typedef struct luma_reading {
    bool squash;             /* bring a side over 512 to 512x512 by nearest neighbour */
    bool mirror_x, mirror_y; /* from right to left, from bottom to top: as if the pixels had been turned so before */
} luma_reading;

/* pdq/cpp/io/pdqio.cpp, loadFloatLumaFromCImg: a picture with a side over 512 is resized to 512x512, nearest neighbour.
 */
#define SQUASH_PX 512

typedef struct luma_rows {
    size_t width, height; /* after squashing */
    resight_image image;
    const kernel_table *kernels;
    luma_reading how;
    uint32_t squashed_at[SQUASH_PX]; /* where in a row of the picture the pixels of a squashed one begin */
    buffer row;                      /* of pixels; kept between pictures */
} luma_rows;

/* Set up for one picture that passes resight_image_check(): RESIGHT_OK or RESIGHT_E_NOMEM. */
int luma_rows_start(luma_rows *rows, const kernel_table *kernels, const resight_image *image, luma_reading how);

/* Is luma a byte, as in grey pictures of either range? */
bool luma_rows_are_bytes(const luma_rows *rows);

/* Row y, 0 <= y < height, to luma[width], of a picture whose luma is bytes. */
void luma_rows_read_bytes(luma_rows *rows, size_t y, uint8_t *luma);

/* Row y to luma[width], of any picture. */
void luma_rows_read(luma_rows *rows, size_t y, float *luma);

void luma_rows_free(luma_rows *rows);

#endif
