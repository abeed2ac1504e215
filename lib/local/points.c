/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extrema of the differences of scale space, over place and scale, refined between the samples; those of low contrast
 * and those on straight edges, which cannot be placed along the edge, are dropped.
 *
 * Source: Lowe 2004, sections 3.1, 4 and 4.1.
 */
#include "local/points.h"

#include <math.h>
#include <stdbool.h>

/* Least difference, in grey levels: an eighth of what a step in the picture of ten levels gives. The quotas choose the
 * strongest; this only keeps noise out of dull pictures. Lowe's 0.03 of the range, for three scales, is 2.6. */
#define CONTRAST 1.5f
/* Most ratio of the two curvatures: Lowe 2004, section 4.1. */
#define EDGE 10.0f
/* Of refinement; a point that still wanders is none. */
#define STEPS 5
/* Neighbours are needed on all sides. */
#define BORDER 1

static inline float at(const plane *p, long x, long y) {
    return p->px[(size_t)y * p->stride + (size_t)x];
}

/* Above all 26 neighbours, or below them all. */
static bool is_extremum(const octave *o, unsigned level, long x, long y) {
    const float v = at(&o->difference[level], x, y);
    for (unsigned l = level - 1; l <= level + 1; l++)
        for (long dy = -1; dy <= 1; dy++) {
            const float *row = o->difference[l].px + (size_t)(y + dy) * o->difference[l].stride + x;
            for (long dx = -1; dx <= 1; dx++) {
                if (l == level && dy == 0 && dx == 0)
                    continue;
                if (v > 0 ? row[dx] >= v : row[dx] <= v)
                    return false;
            }
        }
    return true;
}

typedef struct derivatives {
    float gx, gy, gs, xx, yy, ss, xy, xs, ys;
} derivatives;

static derivatives derive(const octave *o, unsigned level, long x, long y) {
    const plane *below = &o->difference[level - 1], *here = &o->difference[level], *above = &o->difference[level + 1];
    const float twice = 2 * at(here, x, y);
    derivatives d;
    d.gx = (at(here, x + 1, y) - at(here, x - 1, y)) / 2;
    d.gy = (at(here, x, y + 1) - at(here, x, y - 1)) / 2;
    d.gs = (at(above, x, y) - at(below, x, y)) / 2;
    d.xx = at(here, x + 1, y) + at(here, x - 1, y) - twice;
    d.yy = at(here, x, y + 1) + at(here, x, y - 1) - twice;
    d.ss = at(above, x, y) + at(below, x, y) - twice;
    d.xy = (at(here, x + 1, y + 1) - at(here, x - 1, y + 1) - at(here, x + 1, y - 1) + at(here, x - 1, y - 1)) / 4;
    d.xs = (at(above, x + 1, y) - at(above, x - 1, y) - at(below, x + 1, y) + at(below, x - 1, y)) / 4;
    d.ys = (at(above, x, y + 1) - at(above, x, y - 1) - at(below, x, y + 1) + at(below, x, y - 1)) / 4;
    return d;
}

/* Where the parabola through the neighbours has its peak; Cramer's rule. False when it has none. */
static bool peak(const derivatives *d, float offset[3]) {
    const float a = d->yy * d->ss - d->ys * d->ys, b = d->xs * d->ys - d->xy * d->ss, c = d->xy * d->ys - d->yy * d->xs;
    const float det = d->xx * a + d->xy * b + d->xs * c;
    if (!(fabsf(det) > 1e-12f))
        return false;
    const float e = d->xx * d->ss - d->xs * d->xs, f = d->xy * d->xs - d->xx * d->ys, g = d->xx * d->yy - d->xy * d->xy;
    offset[0] = -(a * d->gx + b * d->gy + c * d->gs) / det;
    offset[1] = -(b * d->gx + e * d->gy + f * d->gs) / det;
    offset[2] = -(c * d->gx + f * d->gy + g * d->gs) / det;
    return true;
}

static bool on_edge(const derivatives *d) {
    const float trace = d->xx + d->yy, det = d->xx * d->yy - d->xy * d->xy;
    return !(det > 0) || trace * trace * EDGE >= (EDGE + 1) * (EDGE + 1) * det;
}

/* 2^(level / 3) for 0.5 <= level <= 3.5: the Taylor series about level 2. */
static float scale_of(float level) {
    const float x = (level - 2) * 0.23104906f; /* log(2) / 3 */
    return 1.58740105f * (1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5)))));
}

/* A sample of an octave. */
typedef struct place {
    long x, y, level;
} place;

static bool is_inside(const octave *o, place at) {
    return at.level >= 1 && at.level <= SPACE_SCALES && at.x >= BORDER && at.y >= BORDER &&
           at.x < (long)o->level[0].width - BORDER && at.y < (long)o->level[0].height - BORDER;
}

static bool within(const float offset[3], float reach) {
    return fabsf(offset[0]) < reach && fabsf(offset[1]) < reach && fabsf(offset[2]) < reach;
}

/* Follow the peak from sample to sample until it lies within half a sample. */
static bool settle(const octave *o, place *here, derivatives *d, float offset[3]) {
    for (int step = 0; step < STEPS; step++) {
        *d = derive(o, (unsigned)here->level, here->x, here->y);
        if (!peak(d, offset) || !within(offset, RESIGHT_THUMBNAIL_SIDE_PX))
            return false;
        if (within(offset, 0.5f))
            return true;
        here->x += lrintf(offset[0]), here->y += lrintf(offset[1]), here->level += lrintf(offset[2]);
        if (!is_inside(o, *here))
            return false;
    }
    return false;
}

static bool refine(const octave *o, unsigned number, place here, point *out) {
    float offset[3];
    derivatives d;
    if (!settle(o, &here, &d, offset))
        return false;
    const float value = at(&o->difference[here.level], here.x, here.y) +
                        0.5f * (d.gx * offset[0] + d.gy * offset[1] + d.gs * offset[2]);
    if (!(fabsf(value) >= CONTRAST) || on_edge(&d))
        return false;
    const float times = (float)(1u << number);
    *out = (point){.x = ((float)here.x + offset[0]) * times,
                   .y = ((float)here.y + offset[1]) * times,
                   .sigma = (float)SPACE_SIGMA * times * scale_of((float)here.level + offset[2]),
                   .strength = fabsf(value),
                   .octave = (uint8_t)number,
                   .level = (uint8_t)here.level};
    return true;
}

/* Of a block of samples, those that are strong and beyond their four neighbours in the plane: few are, and the others
 * need no look at all 26. Refining may raise a value: Lowe's own code takes half the contrast here. What lies beyond
 * the width of a plane is compared too, and means nothing. */
static bool stand_out(const float *px, size_t stride, int32_t out[PLANE_LANES]) {
    int32_t any = 0;
    for (size_t i = 0; i < PLANE_LANES; i++) {
        const float v = px[i], left = px[i - 1], right = px[i + 1], above = px[i - stride], below = px[i + stride];
        const int high = (v > CONTRAST / 2) & (v > left) & (v > right) & (v > above) & (v > below);
        const int low = (v < -CONTRAST / 2) & (v < left) & (v < right) & (v < above) & (v < below);
        out[i] = high | low;
        any |= out[i];
    }
    return any != 0;
}

static void find_in_row(const octave *o, unsigned number, place at, point *points, size_t *count) {
    const plane *p = &o->difference[at.level];
    const float *row = p->px + (size_t)at.y * p->stride;
    int32_t candidate[PLANE_LANES];
    for (long x = 0; x < (long)p->width; x += PLANE_LANES) {
        if (!stand_out(row + x, p->stride, candidate))
            continue;
        for (long i = 0; i < PLANE_LANES; i++) {
            at.x = x + i;
            if (candidate[i] && is_inside(o, at) && is_extremum(o, (unsigned)at.level, at.x, at.y) &&
                refine(o, number, at, &points[*count]))
                ++*count;
        }
    }
}

void points_find(const space *s, unsigned number, point *points, size_t *count) {
    const octave *o = &s->octave[number];
    for (long level = 1; level <= SPACE_SCALES; level++)
        for (long y = BORDER; y < (long)o->level[0].height - BORDER; y++)
            find_in_row(o, number, (place){0, y, level}, points, count);
}

/* Two maxima are never neighbours, nor two minima: of 2x2x2 samples at most one is each. */
size_t points_bound(const space *s) {
    size_t bound = 0;
    for (unsigned o = 0; o < s->octaves; o++) {
        const plane *p = &s->octave[o].level[0];
        bound += (size_t)2 * ((SPACE_SCALES + 1) / 2) * ((p->width + 1) / 2) * ((p->height + 1) / 2);
    }
    return bound;
}
