/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks of search share: numbers by chance, the same every time; the processor's clock; quantiles. */
#ifndef RESIGHT_BENCHMARKS_MEASURE_H
#define RESIGHT_BENCHMARKS_MEASURE_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static uint64_t state; /* of next(); set it to a seed */

/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014). */
static inline uint64_t next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Of this thread, on the processor: what others do meanwhile counts only by the caches and the memory it takes. */
static inline double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static inline int by_value(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Sorts the values. part: 0.5 is the median. */
static inline double quantile(double *values, size_t count, double part) {
    qsort(values, count, sizeof *values, by_value);
    return values[(size_t)((double)(count - 1) * part)];
}

#endif
