/* SPDX-License-Identifier: Apache-2.0 */
/* Two signatures to their scores. */
#include "tmk/parameters.h"

#include <math.h>

#define FLOATS RESIGHT_PDQF_FLOATS

static double dot(const float *a, const float *b) {
    double sum = 0;
    for (size_t k = 0; k < FLOATS; k++)
        sum += (double)a[k] * (double)b[k];
    return sum;
}

double resight_tmk_level1(const resight_tmk *a, const resight_tmk *b) {
    const double lengths = sqrt(dot(a->average, a->average)) * sqrt(dot(b->average, b->average));
    return lengths > 0 ? dot(a->average, b->average) / lengths : 0;
}

/* The kernel of one period as a Fourier series of the offset between the two videos. */
typedef struct series {
    double even[RESIGHT_TMK_COEFFICIENTS], odd[RESIGHT_TMK_COEFFICIENTS];
} series;

static series kernel_of(const resight_tmk *a, const resight_tmk *b, size_t period) {
    series s = {{0}, {0}};
    s.even[0] = dot(a->cosine[period][0], b->cosine[period][0]);
    for (size_t j = 1; j < RESIGHT_TMK_COEFFICIENTS; j++) {
        const float *a_cos = a->cosine[period][j], *a_sin = a->sine[period][j];
        const float *b_cos = b->cosine[period][j], *b_sin = b->sine[period][j];
        s.even[j] = dot(a_cos, b_cos) + dot(a_sin, b_sin);
        s.odd[j] = dot(a_sin, b_cos) - dot(a_cos, b_sin);
    }
    return s;
}

/* Its value at an angle; multiples of the angle by rotation. */
static double value_at(const series *s, double angle) {
    const double c = cos(angle), n = sin(angle);
    double cj = 1, sj = 0, sum = s->even[0];
    for (size_t j = 1; j < RESIGHT_TMK_COEFFICIENTS; j++) {
        const double next = cj * c - sj * n;
        sj = sj * c + cj * n;
        cj = next;
        sum += cj * s->even[j] + sj * s->odd[j];
    }
    return sum;
}

double resight_tmk_level2(const resight_tmk *a, const resight_tmk *b) {
    const double pi = acos(-1);
    double best = -INFINITY, most = (double)tmk_coefficients[0];
    for (size_t j = 1; j < RESIGHT_TMK_COEFFICIENTS; j++)
        most += 2 * (double)tmk_coefficients[j];
    for (size_t i = 0; i < RESIGHT_TMK_PERIODS; i++) {
        const series kernel = kernel_of(a, b, i);
        for (int32_t offset = 0; offset < tmk_periods[i]; offset++)
            best = fmax(best, value_at(&kernel, 2 * pi * offset / tmk_periods[i]));
    }
    return best / most;
}
