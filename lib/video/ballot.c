/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets fall into bins one tolerance wide, and a bin is voted for by its own offsets and those of the next: so every
 * two offsets that differ by no more than the tolerance meet in a bin. The bins are numbered modulo a power of two.
 * Two far offsets may share one, which does no harm: a winner only says where to look.
 */
#include "video/ballot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Half a megabyte and more would leave the second-level cache; 32768 bins of half a second are four and a half hours.
 */
#define BINS_MAX 32768
#define BINS_A_PAIR 4

typedef struct ballot_bin {
    uint32_t frame; /* the last that voted, plus one */
    float own;      /* its vote */
    double votes;
} ballot_bin;

int ballot_start(ballot *b, size_t pair_count) {
    size_t bin_count = 64;
    while (bin_count < BINS_MAX && bin_count / BINS_A_PAIR < pair_count)
        bin_count *= 2;
    b->bins = malloc(bin_count * sizeof *b->bins);
    b->bin_count = bin_count;
    return b->bins ? RESIGHT_OK : RESIGHT_E_NOMEM;
}

void ballot_free(ballot *b) {
    free(b->bins);
    *b = (ballot){0};
}

/* A frame's vote for a bin is the strongest of its pairs there: a frame of a still scene has a pair with each of its
 * neighbours, and would shout down the others. */
static double cast(ballot *b, int64_t number, uint32_t frame, float evidence) {
    ballot_bin *bin = &b->bins[(uint64_t)number & (b->bin_count - 1)];
    if (bin->frame != frame + 1) {
        bin->frame = frame + 1;
        bin->own = 0;
    }
    if (evidence > bin->own) {
        bin->votes += (double)(evidence - bin->own);
        bin->own = evidence;
    }
    return bin->votes;
}

vote ballot_hold(ballot *b, const sightings *s, uint32_t from, uint32_t to, double speed) {
    const double width_us = s->tolerance_us;
    double best = 0;
    int64_t winner = 0;
    memset(b->bins, 0, b->bin_count * sizeof *b->bins);
    for (uint32_t f = from; f <= to; f++) {
        const query_frame *frame = &s->frames[f];
        for (uint32_t i = frame->taken ? frame->count : 0; i < frame->count; i++) {
            const resight_frame_pair *pair = &s->pairs[frame->first + i];
            /* times are below 2^63, speeds at most 8 and bins at least a millisecond wide: it fits */
            const int64_t number = (int64_t)floor(((double)pair->known_us - speed * frame->query_us) / width_us);
            for (int64_t bin = number - 1; bin <= number; bin++) {
                const double votes = cast(b, bin, f, (float)pair_evidence(pair));
                if (votes > best) {
                    best = votes;
                    winner = bin;
                }
            }
        }
    }
    return (vote){{speed, ((double)winner + 1) * width_us}, best};
}
