/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of patches, and the transform from the one side to the other that they support. */
#ifndef RESIGHT_LOCAL_FIT_H
#define RESIGHT_LOCAL_FIT_H

#include <resight/patch.h>

/* A query patch and a known patch with similar keys. The known side has been mirrored already where that is asked. */
typedef struct fit_pair {
    double qx, qy, qw, kx, ky, kw;
    double octaves; /* log2(qw / kw) */
    double turn;    /* from the known to the query, in turns */
    uint64_t key;   /* of the known patch */
    uint8_t query, known, distance;
    bool agrees;
} fit_pair;

typedef struct fit {
    double m[2][3];       /* known to query */
    double octaves, turn; /* of the similarity that it is, or that is nearest */
} fit;

/* The similarity that takes the one patch onto the other. */
fit fit_of_pair(const fit_pair *pair);

/* The best transform for the pairs that agree, of which there is at least one: a similarity, or an affine one. The old
 * one is what few pairs fall back to. */
fit fit_pairs(const fit *old, const fit_pair *pairs, size_t count, bool affine);

static inline double fit_x(const fit *f, double x, double y) {
    return f->m[0][0] * x + f->m[0][1] * y + f->m[0][2];
}

static inline double fit_y(const fit *f, double x, double y) {
    return f->m[1][0] * x + f->m[1][1] * y + f->m[1][2];
}

#endif
