/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The orientation of a point: the directions of the gradients around it vote in a histogram, and its peaks are the
 * orientations. A second peak almost as high gives a second patch, so that a coin toss between the two loses nothing.
 *
 * Source: Lowe 2004, section 5: 36 bins, a Gaussian window of 1.5 sigma, peaks from 80 % of the highest.
 */
#include "local/orientation.h"

#include "local/angle.h"
#include <math.h>
#include <string.h>

#define BINS 36
#define WINDOW_SIGMAS 1.5f
#define WINDOW_REACH 3 /* the window is cut at this many of its own sigmas */
#define PEAK 0.8f

static void vote_at(const plane *level, long x, long y, float weight, float bin[BINS]) {
    const float *px = level->px + (size_t)y * level->stride + (size_t)x;
    const float right = px[1] - px[-1], up = px[-(ptrdiff_t)level->stride] - px[level->stride];
    const unsigned direction = (unsigned)(angle_of(up, right) * BINS + 0.5f) % BINS;
    bin[direction] += weight * sqrtf(right * right + up * up);
}

static long within(long value, long low, long high) {
    return value < low ? low : value > high ? high : value;
}

/* The window is a product of two rows of weights. */
#define RADIUS_MAX 32

static void fill_weights(float centre, float sigma, long from, long to, float *weight) {
    for (long i = from; i <= to; i++) {
        const double d = ((double)i - (double)centre) / (double)sigma;
        weight[i - from] = (float)decay(d * d / 2);
    }
}

static void vote_around(const plane *level, float cx, float cy, float sigma, float bin[BINS]) {
    const float window = WINDOW_SIGMAS * sigma;
    const long radius = within(lrintf(WINDOW_REACH * window), 1, RADIUS_MAX), x = lrintf(cx), y = lrintf(cy);
    const long x0 = within(x - radius, 1, (long)level->width - 2), x1 = within(x + radius, 1, (long)level->width - 2);
    const long y0 = within(y - radius, 1, (long)level->height - 2), y1 = within(y + radius, 1, (long)level->height - 2);
    float across[2 * RADIUS_MAX + 1], down[2 * RADIUS_MAX + 1];
    fill_weights(cx, window, x0, x1, across);
    fill_weights(cy, window, y0, y1, down);
    for (long j = y0; j <= y1; j++)
        for (long i = x0; i <= x1; i++)
            vote_at(level, i, j, across[i - x0] * down[j - y0], bin);
}

/* Once with the binomial 1 4 6 4 1: single bins are noisy. */
static void smooth(float bin[BINS]) {
    float in[BINS];
    memcpy(in, bin, sizeof in);
    for (unsigned i = 0; i < BINS; i++) {
        const float far = in[(i + BINS - 2) % BINS] + in[(i + 2) % BINS];
        const float near = in[(i + BINS - 1) % BINS] + in[(i + 1) % BINS];
        bin[i] = (far + 4 * near + 6 * in[i]) / 16;
    }
}

/* The peak of the parabola through a bin and its neighbours, in turns. */
static float peak_at(unsigned i, float left, float here, float right) {
    const float turns = ((float)i + 0.5f * (left - right) / (left - 2 * here + right)) / BINS;
    return turns < 0 ? turns + 1 : turns >= 1 ? turns - 1 : turns;
}

unsigned orientations_of(const space *s, const point *p, float turns[ORIENTATIONS]) {
    const float times = (float)(1u << p->octave);
    float bin[BINS] = {0}, top = 0, height[ORIENTATIONS] = {0};
    vote_around(&s->octave[p->octave].level[p->level], p->x / times, p->y / times, p->sigma / times, bin);
    smooth(bin);
    for (unsigned i = 0; i < BINS; i++)
        top = bin[i] > top ? bin[i] : top;
    unsigned count = 0;
    for (unsigned i = 0; i < BINS; i++) {
        const float left = bin[(i + BINS - 1) % BINS], right = bin[(i + 1) % BINS];
        if (!(bin[i] > left && bin[i] >= right && bin[i] >= PEAK * top))
            continue;
        unsigned at = count < ORIENTATIONS ? count++ : ORIENTATIONS;
        for (; at > 0 && height[at - 1] < bin[i]; at--)
            if (at < ORIENTATIONS)
                height[at] = height[at - 1], turns[at] = turns[at - 1];
        if (at < ORIENTATIONS)
            height[at] = bin[i], turns[at] = peak_at(i, left, bin[i], right);
    }
    return count;
}
