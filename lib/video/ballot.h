/* SPDX-License-Identifier: Apache-2.0 */
/* Voting for an offset: at one speed, every pair of frames stands for one, and the one with most evidence wins. */
#ifndef RESIGHT_VIDEO_BALLOT_H
#define RESIGHT_VIDEO_BALLOT_H

#include "video/sightings.h"

/* Bins of offsets, used again and again. All zero is valid. */
typedef struct ballot {
    struct ballot_bin *bins;
    size_t bin_count; /* a power of two */
} ballot;

/* For as many pairs. RESIGHT_OK or RESIGHT_E_NOMEM. */
int ballot_start(ballot *b, size_t pair_count);
void ballot_free(ballot *b);

/* A line of some speed and the evidence within a tolerance of it, a frame counted once. 0: nobody voted. */
typedef struct vote {
    time_line line;
    double evidence;
} vote;

/* The best line of that speed through the frames from..to (inclusive) that are not taken. */
vote ballot_hold(ballot *b, const sightings *s, uint32_t from, uint32_t to, double speed);

#endif
