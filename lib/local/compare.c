/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lists of patches to a decision. The vote finds the transform; then the transform is put to the test: where the
 * one picture has a patch, what does the other show there? A known picture that is really in the query agrees in many
 * of the places where both have patches at all; two flags that share a frame, or two circles, agree in a few of many.
 */
#include "local/foretold.h"
#include "local/vote.h"
#include <math.h>
#include <stdlib.h>

/* On the spot that the transform foretells, a key may be this far off: a chance agreement there is rare already. */
#define FORETOLD_BITS 16
/* patch.h tells what these were measured to mean. */
#define PROBABLE_SCORE 0.3
#define CERTAIN_SCORE 0.8

static fit_pair pair_of(const sides *s, uint32_t query, uint32_t known, uint8_t distance) {
    const resight_patch *q = &s->query->patches[query], *k = &s->known->patches[known];
    const double angle = k->angle / 65536.0, turned = s->mirrored ? 0.5 - angle : angle;
    fit_pair p = {.qx = q->x,
                  .qy = q->y,
                  .qw = q->width,
                  .kx = s->mirrored ? -(double)k->x : (double)k->x,
                  .ky = k->y,
                  .kw = k->width,
                  .turn = q->angle / 65536.0 - turned,
                  .key = k->key,
                  .query = (uint8_t)query,
                  .known = (uint8_t)known,
                  .distance = distance};
    p.octaves = log2(p.qw / p.kw);
    return p;
}

typedef struct distances {
    uint8_t bits[RESIGHT_PATCHES_QUERY_MAX][RESIGHT_PATCHES_KNOWN_MAX];
} distances;

static void measure(const sides *s, distances *d) {
    uint64_t wanted[RESIGHT_PATCHES_KNOWN_MAX];
    for (uint32_t j = 0; j < s->known->count; j++) {
        const uint64_t key = s->known->patches[j].key;
        wanted[j] = s->mirrored ? resight_patch_mirrored_key(key) : key;
    }
    for (uint32_t i = 0; i < s->query->count; i++)
        for (uint32_t j = 0; j < s->known->count; j++)
            d->bits[i][j] = (uint8_t)__builtin_popcountll(s->query->patches[i].key ^ wanted[j]);
}

static int by_distance(const void *left, const void *right) {
    const fit_pair *a = left, *b = right;
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    return a->query != b->query ? (a->query < b->query ? -1 : 1) : (a->known > b->known) - (a->known < b->known);
}

/* Pairs within a radius, the nearest keys first; when a transform is given, only those that agree with it. When there
 * are more than VOTE_PAIRS, the radius is made smaller until they fit, or the last ones are left out. */
static size_t pairs_within(const sides *s, const distances *d, unsigned radius, const fit *f,
                           fit_pair out[VOTE_PAIRS]) {
    size_t count = 0;
    bool full = false;
    do {
        radius -= full && radius > 0;
        count = 0;
        full = false;
        for (uint32_t i = 0; i < s->query->count && !full; i++)
            for (uint32_t j = 0; j < s->known->count && !full; j++) {
                if (d->bits[i][j] > radius)
                    continue;
                out[count] = pair_of(s, i, j, d->bits[i][j]);
                count += !f || vote_near(f, &out[count]);
                full = count == VOTE_PAIRS;
            }
    } while (full && radius > 0);
    qsort(out, count, sizeof *out, by_distance);
    return count;
}

/* See patch.h. */
static double score_of(const vote *v, size_t pairs, unsigned on_spot, const foretold *what) {
    const double agreeing = v->agreeing + on_spot;
    return agreeing * agreeing / (what->possible + 16) * cbrt(what->share / (double)pairs);
}

static resight_patch_level level_of(double score, bool gap) {
    if (score >= CERTAIN_SCORE && !gap)
        return RESIGHT_PATCHES_CERTAIN;
    return score >= PROBABLE_SCORE ? RESIGHT_PATCHES_PROBABLE : RESIGHT_PATCHES_NOTHING;
}

static void judge(const sides *s, const distances *d, const vote *v, size_t pairs, resight_patch_match *out) {
    fit_pair on_spot[VOTE_PAIRS];
    const fit *f = &v->fit;
    if (v->agreeing < 2 || !(f->m[0][0] * f->m[1][1] > f->m[0][1] * f->m[1][0]))
        return;
    const size_t count = pairs_within(s, d, FORETOLD_BITS, f, on_spot);
    const unsigned agreeing = vote_count(f, on_spot, count);
    const foretold what = foretold_by(s, f, on_spot, count);
    const double score = score_of(v, pairs, agreeing, &what);
    out->score = (float)score;
    out->level = level_of(score, what.gap);
}

static void describe(const sides *s, const vote *v, const fit_pair *pairs, size_t count, resight_patch_match *out) {
    const rectangle r = rectangle_of(s->known, s->mirrored);
    const double sign = s->mirrored ? -1 : 1, across = r.right - r.left;
    *out = (resight_patch_match){.mirrored = s->mirrored, .affine = v->affine};
    for (int row = 0; row < 2; row++) {
        out->matrix[row][0] = (float)(sign * v->fit.m[row][0]);
        out->matrix[row][1] = (float)v->fit.m[row][1];
        out->matrix[row][2] = (float)v->fit.m[row][2];
    }
    const double x[4] = {0, across, across, 0}, y[4] = {0, 0, r.bottom, r.bottom};
    for (int c = 0; c < 4; c++)
        out->corner[c] =
            (resight_patch_place){(float)fit_x(&v->fit, sign * x[c], y[c]), (float)fit_y(&v->fit, sign * x[c], y[c])};
    for (size_t i = 0; i < count; i++)
        if (pairs[i].agrees) {
            out->query[out->agreeing] = pairs[i].query;
            out->known[out->agreeing++] = pairs[i].known;
        }
}

static void compare_side(const sides *s, resight_patch_match *out) {
    distances d;
    fit_pair pairs[VOTE_PAIRS];
    measure(s, &d);
    const size_t count = pairs_within(s, &d, RESIGHT_PATCH_RADIUS_BITS, NULL, pairs);
    if (count == 0) {
        *out = (resight_patch_match){.mirrored = s->mirrored};
        return;
    }
    const vote v = vote_among(pairs, count);
    describe(s, &v, pairs, count, out);
    judge(s, &d, &v, count, out);
}

static bool valid(const resight_patch_list *list, uint32_t most) {
    if (list->count > most || list->width_px == 0 || list->height_px == 0)
        return false;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->patches[i].width == 0)
            return false;
    return true;
}

int resight_patches_compare(const resight_patch_list *query, const resight_patch_list *known,
                            resight_patch_match *out) {
    if (!valid(query, RESIGHT_PATCHES_QUERY_MAX) || !valid(known, RESIGHT_PATCHES_KNOWN_MAX))
        return RESIGHT_E_ARG;
    resight_patch_match mirrored;
    compare_side(&(sides){query, known, false}, out);
    compare_side(&(sides){query, known, true}, &mirrored);
    if (mirrored.score > out->score || (mirrored.score == out->score && mirrored.agreeing > out->agreeing))
        *out = mirrored;
    return RESIGHT_OK;
}
