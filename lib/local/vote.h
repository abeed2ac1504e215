/* SPDX-License-Identifier: Apache-2.0 */
/* The transform on which most pairs agree. */
#ifndef RESIGHT_LOCAL_VOTE_H
#define RESIGHT_LOCAL_VOTE_H

#include "local/fit.h"
#include <stddef.h>

/* Pairs that are looked at: a vote takes the square of this. */
#define VOTE_PAIRS 1024

typedef struct vote {
    fit fit;
    unsigned agreeing; /* distinct pairs */
    unsigned sureness; /* of their keys together: closer keys first among equals */
    bool affine;
} vote;

/* Find it; the pairs are sorted by distance. Their marks are those of the result. */
vote vote_among(fit_pair *pairs, size_t count);

/* Does the pair agree with a refined transform? */
bool vote_near(const fit *f, const fit_pair *pair);

/* Mark the pairs that agree with a transform and are distinct from each other, the closest keys first; their number. */
unsigned vote_count(const fit *f, fit_pair *pairs, size_t count);

#endif
