/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames of a video are handed out, and at what times: shared by every backend that gives more than one. */
#ifndef RESIGHT_DECODE_SAMPLING_H
#define RESIGHT_DECODE_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

/* A frame whose container does not say when it is shown. */
#define SAMPLING_NO_TIME INT64_MIN

typedef struct sampling {
    int64_t every_us; /* 0: every frame */
    int64_t frame_us; /* what a frame lasts when nothing better is known */
    int64_t due_us;   /* the next frame at or after this is handed out */
    int64_t last_us;
    int64_t shift_us; /* from the container's clock to ours */
    int64_t count;    /* frames seen */
} sampling;

sampling sampling_start(int64_t every_us, int64_t frame_us);

/*
 * The next frame in presentation order.
 *
 * shown_us  on the container's clock, or SAMPLING_NO_TIME
 * time_us   since the first frame: starts at 0 and always rises
 * Returns true when the frame is to be handed out. Its number is count - 1.
 */
bool sampling_take(sampling *s, int64_t shown_us, int64_t *time_us);

#endif
