/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels to rows of luma: the first step of hashing. A squashed picture loses pixels here, before anything is computed.
 */
#include "luma/rows.h"

#include <string.h>

/* pdq/cpp/io/pdqio.cpp, loadFloatLumaFromCImg: a picture with a side over 512 is resized to 512x512, nearest neighbour.
 */
#define SQUASH_PX 512

static luma_row_fn *reader(const kernel_table *kernels, resight_pixel_format format) {
    switch (format) {
    case RESIGHT_GRAY8_LIMITED: return kernels->luma_gray8_limited;
    case RESIGHT_RGB24: return kernels->luma_rgb24;
    case RESIGHT_GRAY8: break;
    }
    return kernels->luma_gray8;
}

int luma_rows_start(luma_rows *rows, const kernel_table *kernels, const resight_image *image, bool squash) {
    rows->image = *image;
    rows->read = reader(kernels, image->format);
    rows->squashed = squash && (image->width_px > SQUASH_PX || image->height_px > SQUASH_PX);
    rows->width = rows->squashed ? SQUASH_PX : image->width_px;
    rows->height = rows->squashed ? SQUASH_PX : image->height_px;
    return rows->squashed ? buffer_reserve(&rows->squashed_row, (size_t)SQUASH_PX * 3) : RESIGHT_OK;
}

static const uint8_t *squash_row(luma_rows *rows, const uint8_t *pixels) {
    const size_t pixel_bytes = resight_pixel_bytes(rows->image.format);
    for (size_t x = 0; x < SQUASH_PX; x++)
        memcpy(rows->squashed_row.bytes + x * pixel_bytes, pixels + x * rows->image.width_px / SQUASH_PX * pixel_bytes,
               pixel_bytes);
    return rows->squashed_row.bytes;
}

void luma_rows_read(luma_rows *rows, size_t y, float *luma) {
    const resight_image *image = &rows->image;
    if (!rows->squashed) {
        rows->read(image->px + y * image->stride_bytes, luma, rows->width);
        return;
    }
    const uint8_t *pixels = image->px + y * image->height_px / SQUASH_PX * image->stride_bytes;
    rows->read(squash_row(rows, pixels), luma, rows->width);
}

void luma_rows_free(luma_rows *rows) {
    buffer_free(&rows->squashed_row);
}
