/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The geometric vote. Each pair of patches proposes the similarity that takes its one patch onto the other; the
 * proposals with the most support are refined by least squares, to an affine transform when enough pairs carry it, and
 * judged by the number of distinct patches that agree.
 *
 * Distinct means: another spot on either side, and another look. A circle has the same arc all around, a page the same
 * letters, a row of flags the same corner: such patches agree with each other in a hundred pictures, and say one thing
 * however often they say it.
 */
#include "local/vote.h"

#include <math.h>

/* A proposal made by one pair is loose: its place is off by a part of its width, and its orientation and scale let it
 * drift with the distance. */
#define LOOSE_WIDTHS 0.15
#define LOOSE_DRIFT 0.12
/* A refined one is held more tightly: this part of a query patch's width. */
#define TIGHT_WIDTHS 0.2
#define OCTAVES 0.4
#define TURNS 0.07
/* Patches nearer than this part of the smaller one's width are on the same spot. */
#define SPOT_WIDTHS 0.25
/* Keys nearer than this look the same. */
#define LOOK_BITS 14
/* Pairs that carry an affine transform: three would fit any. */
#define AFFINE_PAIRS 5u
#define PROPOSALS 8
#define ROUNDS 4

static double turn_apart(double a, double b) {
    const double d = fabs(a - b), rest = d - floor(d);
    return rest > 0.5 ? 1 - rest : rest;
}

static bool near_enough(const fit *f, const fit_pair *p, double reach) {
    if (fabs(p->octaves - f->octaves) > OCTAVES || turn_apart(p->turn, f->turn) > TURNS)
        return false;
    const double dx = fit_x(f, p->kx, p->ky) - p->qx, dy = fit_y(f, p->kx, p->ky) - p->qy;
    return dx * dx + dy * dy <= reach * reach;
}

static bool supports(const fit *f, const fit_pair *first, const fit_pair *p) {
    const double dx = p->qx - first->qx, dy = p->qy - first->qy;
    return near_enough(f, p, LOOSE_WIDTHS * p->qw + LOOSE_DRIFT * sqrt(dx * dx + dy * dy));
}

static bool same_spot(double ax, double ay, double aw, double bx, double by, double bw) {
    const double reach = SPOT_WIDTHS * (aw < bw ? aw : bw), dx = ax - bx, dy = ay - by;
    return dx * dx + dy * dy < reach * reach;
}

static bool same_look(uint64_t a, uint64_t b) {
    return __builtin_popcountll(a ^ b) <= LOOK_BITS ||
           __builtin_popcountll(a ^ resight_patch_mirrored_key(b)) <= LOOK_BITS;
}

static bool distinct(const fit_pair *a, const fit_pair *b) {
    return !same_spot(a->qx, a->qy, a->qw, b->qx, b->qy, b->qw) &&
           !same_spot(a->kx, a->ky, a->kw, b->kx, b->ky, b->kw) && !same_look(a->key, b->key);
}

bool vote_near(const fit *f, const fit_pair *pair) {
    return near_enough(f, pair, TIGHT_WIDTHS * pair->qw);
}

/* The first pair, whose proposal it is, is NULL once the transform is refined. */
static unsigned mark(const fit *f, const fit_pair *first, fit_pair *pairs, size_t count) {
    const fit_pair *marked[RESIGHT_PATCHES_KNOWN_MAX];
    unsigned n = 0;
    for (size_t i = 0; i < count; i++) {
        fit_pair *p = &pairs[i];
        p->agrees = n < RESIGHT_PATCHES_KNOWN_MAX && (first ? supports(f, first, p) : vote_near(f, p));
        for (unsigned j = 0; j < n && p->agrees; j++)
            p->agrees = distinct(marked[j], p);
        if (p->agrees)
            marked[n++] = p;
    }
    return n;
}

unsigned vote_count(const fit *f, fit_pair *pairs, size_t count) {
    return mark(f, NULL, pairs, count);
}

typedef struct proposal {
    size_t pair, support;
} proposal;

/* The best supported proposals, best first; the first of equals stays. */
static size_t propose(const fit_pair *pairs, size_t count, proposal best[PROPOSALS]) {
    size_t kept = 0;
    for (size_t h = 0; h < count; h++) {
        const fit f = fit_of_pair(&pairs[h]);
        size_t support = 0;
        for (size_t i = 0; i < count; i++)
            support += supports(&f, &pairs[h], &pairs[i]);
        size_t at = kept < PROPOSALS ? kept++ : PROPOSALS;
        for (; at > 0 && best[at - 1].support < support; at--)
            if (at < PROPOSALS)
                best[at] = best[at - 1];
        if (at < PROPOSALS)
            best[at] = (proposal){h, support};
    }
    return kept;
}

static unsigned sureness_of(const fit_pair *pairs, size_t count) {
    unsigned bits = 0;
    for (size_t i = 0; i < count; i++)
        bits += pairs[i].agrees ? 64u - pairs[i].distance : 0;
    return bits;
}

static vote refined(const fit_pair *first, fit_pair *pairs, size_t count) {
    vote v = {.fit = fit_of_pair(first)};
    v.agreeing = mark(&v.fit, first, pairs, count);
    for (int round = 0; round < ROUNDS && v.agreeing >= 2; round++) {
        const bool affine = v.agreeing >= AFFINE_PAIRS;
        const fit f = fit_pairs(&v.fit, pairs, count, affine);
        const unsigned agreeing = vote_count(&f, pairs, count);
        if (agreeing == 0)
            break;
        v = (vote){.fit = f, .agreeing = agreeing, .affine = affine};
    }
    v.sureness = sureness_of(pairs, count);
    return v;
}

static bool better(const vote *a, const vote *b) {
    return a->agreeing != b->agreeing ? a->agreeing > b->agreeing : a->sureness > b->sureness;
}

vote vote_among(fit_pair *pairs, size_t count) {
    proposal proposals[PROPOSALS];
    const size_t proposed = propose(pairs, count, proposals);
    vote best = {.agreeing = 0};
    for (size_t i = 0; i < proposed; i++) {
        const vote v = refined(&pairs[proposals[i].pair], pairs, count);
        if (better(&v, &best))
            best = v;
    }
    if (best.agreeing > 1)
        best.agreeing = vote_count(&best.fit, pairs, count); /* of a proposal that no refinement held, fewer */
    return best;
}
