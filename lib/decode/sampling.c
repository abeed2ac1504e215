/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times of frames, from clocks that stop, jump and run backwards. Ours starts at 0 and always rises: where the
 * container's cannot be followed, a frame comes one frame's length after the last, and if the clock has jumped, the
 * rest is counted from there.
 */
#include "decode/sampling.h"

/* A frame out of place by less than this is one bad time stamp, and the clock is trusted again after it; by more, the
 * clock was set back (files that were cut together). */
#define BACKWARD_JUMP_US 1000000
/* No picture stands still longer in a real video; longer gaps are clocks that were set forward. */
#define FORWARD_JUMP_US (INT64_C(3600) * 1000000)
/* Clocks beyond some thousand years are damage; below, sums cannot overflow. */
#define MAX_TIME_US (INT64_MAX / 4)

/* A container may state a frame in a hundred years: some thousands of them would be past the end of time. */
static int64_t sensible_frame(int64_t frame_us) {
    if (frame_us < 1)
        return 1;
    return frame_us < FORWARD_JUMP_US ? frame_us : FORWARD_JUMP_US;
}

sampling sampling_start(int64_t every_us, int64_t frame_us) {
    return (sampling){.every_us = every_us > 0 ? every_us : 0, .frame_us = sensible_frame(frame_us)};
}

static bool sensible(int64_t shown_us) {
    return shown_us != SAMPLING_NO_TIME && shown_us > -MAX_TIME_US && shown_us < MAX_TIME_US;
}

static int64_t time_after_last(sampling *s, int64_t shown_us) {
    const int64_t next_us = s->last_us + s->frame_us;
    if (!sensible(shown_us))
        return next_us;
    const int64_t time_us = shown_us + s->shift_us;
    if (time_us > s->last_us && time_us - s->last_us <= FORWARD_JUMP_US)
        return time_us;
    if (time_us <= s->last_us && s->last_us - time_us < BACKWARD_JUMP_US)
        return s->last_us + 1;
    s->shift_us = next_us - shown_us;
    return next_us;
}

bool sampling_take(sampling *s, int64_t shown_us, int64_t *time_us) {
    if (s->count++ == 0)
        s->shift_us = sensible(shown_us) ? -shown_us : 0;
    else
        s->last_us = time_after_last(s, shown_us);
    *time_us = s->last_us;
    if (s->last_us < s->due_us)
        return false;
    s->due_us = s->every_us ? (s->last_us / s->every_us + 1) * s->every_us : 0;
    return true;
}
