/* SPDX-License-Identifier: Apache-2.0 */
/* A frame to 64x64 pixels, as FFmpeg's scaler makes them by default: TMK is defined by what `ffmpeg -s 64:64` gives. */
#ifndef RESIGHT_TMK_SHRINK_H
#define RESIGHT_TMK_SHRINK_H

#include "base/buffer.h"
#include <resight/image.h>

#define SHRUNK_SIDE_PX 64

/* Where the samples of one axis come from, and their weights. */
typedef struct shrink_axis {
    uint32_t length_px, taps; /* what it was made for; taps a sample */
    int64_t first[SHRUNK_SIDE_PX];
    buffer weights; /* float [SHRUNK_SIDE_PX][taps] */
} shrink_axis;

/* Scratch memory. All zero is valid. */
typedef struct shrinker {
    shrink_axis across, down;
    uint8_t px[SHRUNK_SIDE_PX * SHRUNK_SIDE_PX * 3];
} shrinker;

void shrinker_free(shrinker *s);

/* out is of the same format as image and borrowed from the shrinker until its next call. RESIGHT_OK, RESIGHT_E_ARG or
 * RESIGHT_E_NOMEM. */
int shrink(shrinker *s, const resight_image *image, resight_image *out);

#endif
