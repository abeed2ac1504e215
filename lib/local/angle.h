/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Angles in turns, and the few functions of them that patches need, from additions, products and roots alone: a patch
 * must not depend on whose sin() the machine has. Header only.
 */
#ifndef RESIGHT_LOCAL_ANGLE_H
#define RESIGHT_LOCAL_ANGLE_H

#include <stddef.h>

/* The Taylor series about 0; for |x| <= pi / 4 the first term left out is below 1e-13. */
static inline double series_sin(double x) {
    const double s = x * x;
    return x * (1 + s * (-1.0 / 6 + s * (1.0 / 120 + s * (-1.0 / 5040 + s * (1.0 / 362880 - s / 39916800)))));
}

static inline double series_cos(double x) {
    const double s = x * x;
    return 1 +
           s * (-0.5 + s * (1.0 / 24 + s * (-1.0 / 720 + s * (1.0 / 40320 + s * (-1.0 / 3628800 + s / 479001600)))));
}

#define PI 3.14159265358979323846

/* Cosine and sine of an angle of |turns| < 2^30: the nearest eighth is taken off, the rest is a series. */
static inline void angle_unit(double turns, double *cosine, double *sine) {
    const double quarters = turns * 4;
    const long nearest = (long)(quarters + (quarters < 0 ? -0.5 : 0.5));
    const double rest = (quarters - (double)nearest) * (PI / 2);
    const double c = series_cos(rest), s = series_sin(rest);
    const double cosines[4] = {c, -s, -c, s};
    *cosine = cosines[(unsigned long)nearest % 4];
    *sine = cosines[((unsigned long)nearest + 3) % 4];
}

/*
 * The angle of a vector in turns, 0 <= angle < 1; 0 for no vector. Abramowitz and Stegun, Handbook of Mathematical
 * Functions, 4.4.49: within 1e-5 rad, a hundredth of what a patch is stored with.
 */
static inline float angle_of(float y, float x) {
    const float ax = x < 0 ? -x : x, ay = y < 0 ? -y : y;
    const float low = ax < ay ? ax : ay, high = ax < ay ? ay : ax;
    if (!(high > 0))
        return 0;
    const float t = low / high, s = t * t;
    const float radians = t * (0.9998660f + s * (-0.3302995f + s * (0.1801410f + s * (-0.0851330f + s * 0.0208351f))));
    float turns = radians * (float)(0.5 / PI);
    turns = ax < ay ? 0.25f - turns : turns;
    turns = x < 0 ? 0.5f - turns : turns;
    turns = y < 0 ? 1 - turns : turns;
    return turns < 1 ? turns : 0;
}

/* exp(-x) for 0 <= x <= 32: the Taylor series of x / 64, raised to the 64th power. */
static inline double decay(double x) {
    const double s = -x / 64;
    double e = 1 + s * (1 + s / 2 * (1 + s / 3 * (1 + s / 4 * (1 + s / 5 * (1 + s / 6)))));
    for (int i = 0; i < 6; i++)
        e *= e;
    return e;
}

#endif
