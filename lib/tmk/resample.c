/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule of FFmpeg's constant frame rate, by which the reference gets its frames: an input frame is put out at once
 * while the output is less than 1.1 frames ahead of its end, passed over when it is further ahead, and repeated when it
 * has fallen 1.1 frames behind. Source: fftools/ffmpeg.c of FFmpeg 4 and 5, do_video_out(), VSYNC_CFR.
 */
#include "tmk/resample.h"

#include <math.h>
#include <resight/tmk.h>

#define DRIFT 1.1
/* What is put out for an input frame that starts so much later than the output is filled up from the one before. */
#define LATE 0.6
#define ASSUMED_FRAMES_PER_SECOND 30

void resampler_start(resampler *r, double frames_per_second) {
    const double rate =
        frames_per_second > 0 && frames_per_second < INFINITY ? frames_per_second : ASSUMED_FRAMES_PER_SECOND;
    const double length = RESIGHT_TMK_FRAMES_PER_SECOND / rate, whole = rint(length);
    *r = (resampler){.frame_length = whole > 0 ? whole : length};
}

repeats resampler_take(resampler *r, int64_t time_us) {
    const double time = (double)time_us / 1e6 * RESIGHT_TMK_FRAMES_PER_SECOND;
    double start = time - (double)r->next;
    const double end = start + r->frame_length;
    repeats put = {0, 1};
    if (start < 0 && end > 0)
        start = 0;
    if (end < -DRIFT)
        put.current = 0;
    else if (end > DRIFT) {
        put.current = (int64_t)rint(fmin(end, 1e15));
        if (start > DRIFT)
            put.previous = (int64_t)rint(fmin(start, 1e15) - LATE);
        put.current -= put.previous;
    }
    r->next += put.previous + put.current;
    return put;
}
