/* SPDX-License-Identifier: Apache-2.0 */
/* Frames at any times to 15 a second. */
#ifndef RESIGHT_TMK_RESAMPLE_H
#define RESIGHT_TMK_RESAMPLE_H

#include <stdint.h>

/* Where the output stands. */
typedef struct resampler {
    double frame_length; /* of an input frame, in output frames */
    int64_t next;        /* output frames so far */
} resampler;

/* How often an input frame is put out, after how many more repeats of the one before it. */
typedef struct repeats {
    int64_t previous, current;
} repeats;

void resampler_start(resampler *r, double frames_per_second);
repeats resampler_take(resampler *r, int64_t time_us);

#endif
