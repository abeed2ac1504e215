/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extrema of the differences of scale space, over place and scale, refined between the samples; those of low contrast
 * and those on straight edges, which cannot be placed along the edge, are dropped.
 *
 * Source: Lowe 2004, sections 3.1, 4 and 4.1.
 */
#include "local/points.h"

#include "local/tune.h"
#include <math.h>
#include <stdbool.h>

#define CONTRAST ((float)TUNE(CONTRAST, 1.5))
#define EDGE ((float)TUNE(EDGE, 10))
#define STEPS 5
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

static float scale_of(float level) {
    static const float root[6] = {1, 1.2599210499f, 1.5874010520f, 2, 2.5198420998f, 3.1748021039f};
    const unsigned low = level < 0 ? 0 : level >= 4 ? 4 : (unsigned)level;
    const float t = level - (float)low; /* 2^(t / 3), t about 0 to 1 */
    const float x = t * 0.2310490602f;
    return root[low] * (1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4))));
}

/* Follow the peak from sample to sample until it lies within half a sample. */
static bool refine(const octave *o, unsigned number, unsigned level, long x, long y, point *out) {
    float offset[3];
    derivatives d;
    for (int step = 0;; step++) {
        d = derive(o, level, x, y);
        if (step == STEPS || !peak(&d, offset))
            return false;
        if (fabsf(offset[0]) < 0.5f && fabsf(offset[1]) < 0.5f && fabsf(offset[2]) < 0.5f)
            break;
        if (!(fabsf(offset[0]) < 1e3f && fabsf(offset[1]) < 1e3f && fabsf(offset[2]) < 1e3f))
            return false;
        x += lrintf(offset[0]), y += lrintf(offset[1]);
        const long l = (long)level + lrintf(offset[2]);
        if (l < 1 || l > SPACE_SCALES || x < BORDER || y < BORDER || x >= (long)o->level[0].width - BORDER ||
            y >= (long)o->level[0].height - BORDER)
            return false;
        level = (unsigned)l;
    }
    const float value = at(&o->difference[level], x, y) +
                        0.5f * (d.gx * offset[0] + d.gy * offset[1] + d.gs * offset[2]);
    if (!(fabsf(value) >= CONTRAST) || on_edge(&d))
        return false;
    const float times = (float)(1u << number);
    *out = (point){.x = ((float)x + offset[0]) * times,
                   .y = ((float)y + offset[1]) * times,
                   .sigma = (float)space_sigma0() * times * scale_of((float)level + offset[2]),
                   .strength = fabsf(value),
                   .octave = (uint8_t)number,
                   .level = (uint8_t)level,
                   .bright = value < 0};
    return true;
}

void points_find(const space *s, unsigned number, point *points, size_t *count) {
    const octave *o = &s->octave[number];
    const float least = CONTRAST / 2; /* refining may raise the value: Lowe's own code takes half */
    for (unsigned level = 1; level <= SPACE_SCALES; level++)
        for (long y = BORDER; y < (long)o->level[0].height - BORDER; y++) {
            const float *row = o->difference[level].px + (size_t)y * o->difference[level].stride;
            for (long x = BORDER; x < (long)o->level[0].width - BORDER; x++)
                if ((row[x] > least ? row[x] > row[x - 1] && row[x] > row[x + 1]
                                    : row[x] < -least && row[x] < row[x - 1] && row[x] < row[x + 1]) &&
                    is_extremum(o, level, x, y) && refine(o, number, level, x, y, &points[*count]))
                    ++*count;
        }
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
