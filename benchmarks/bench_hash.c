/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Microseconds to hash a picture that is in memory, at every instruction-set level of this machine beside the scalar
 * specification, in one run. usage: bench_hash [SECONDS], the time spent on each cell of the table (0.3).
 */
#include <math.h>
#include <resight/hash.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_SAMPLES 4096

typedef struct subject {
    const char *name;
    uint32_t width_px, height_px;
    resight_pixel_format format;
    resight_dialect dialect;
    bool turned; /* all eight */
    bool worst;  /* that the content can make it */
} subject;

static const subject subjects[] = {
    {"64x64 grey, unfiltered", 64, 64, RESIGHT_GRAY8, RESIGHT_PDQ},
    {"512x512 grey", 512, 512, RESIGHT_GRAY8, RESIGHT_PDQ},
    {"512x512 grey, at worst", 512, 512, RESIGHT_GRAY8, RESIGHT_PDQ, .worst = true},
    {"512x512 grey, eight turned", 512, 512, RESIGHT_GRAY8, RESIGHT_PDQ, .turned = true},
    {"512x512 rgb", 512, 512, RESIGHT_RGB24, RESIGHT_PDQ},
    {"800x600 rgb", 800, 600, RESIGHT_RGB24, RESIGHT_PDQ},
    {"1280x720 luma", 1280, 720, RESIGHT_GRAY8_LIMITED, RESIGHT_PDQ},
    {"1920x1080 luma", 1920, 1080, RESIGHT_GRAY8_LIMITED, RESIGHT_PDQ},
    {"4000x3000 grey", 4000, 3000, RESIGHT_GRAY8, RESIGHT_PDQ},
    {"4000x3000 rgb", 4000, 3000, RESIGHT_RGB24, RESIGHT_PDQ},
    {"4000x3000 rgb, pdq512", 4000, 3000, RESIGHT_RGB24, RESIGHT_PDQ512},
};

/* Of this thread alone: whatever else the machine does is not counted. Reading it takes a third of a microsecond. */
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint32_t noise(void) {
    static uint32_t s = 12345;
    s ^= s << 13, s ^= s >> 17, s ^= s << 5;
    return s;
}

/* Smooth in places and noisy in others, as pictures are. The time depends on the content for grey that goes by tents
 * alone (lib/luma/tents.h), and there the worst is one with a bright line at its left side. */
static void paint(uint8_t *px, const subject *what) {
    const size_t row = (size_t)what->width_px * resight_pixel_bytes(what->format);
    for (size_t i = 0; i < row * what->height_px; i++) {
        const double x = (double)(i % row) / (double)row, y = (double)(i / row) / (double)what->height_px;
        const double wave = 110 + 50 * sin(9 * x + 5 * y) + 40 * sin(17 * y - 4 * x);
        px[i] = what->worst ? (uint8_t)((i % row == 0 ? 247 : 88) + noise() % 9) : (uint8_t)(wave + noise() % 16);
    }
}

/* Median microseconds of one call. */
static double measure(const subject *what, resight_cpu level, const uint8_t *px, double seconds) {
    const size_t stride_bytes = (size_t)what->width_px * resight_pixel_bytes(what->format);
    const resight_image image = {px, what->width_px, what->height_px, stride_bytes, what->format};
    resight_hasher *hasher = NULL;
    resight_pdq pdq[RESIGHT_TRANSFORMS];
    static double samples[MAX_SAMPLES];
    size_t count = 0;
    if (resight_hasher_new(level, &hasher) != RESIGHT_OK)
        exit(1);
    for (const double end = now() + seconds; count < 3 || (now() < end && count < MAX_SAMPLES); count++) {
        const double start = now();
        if (what->turned)
            resight_hasher_turned(hasher, &image, what->dialect, pdq);
        else
            resight_hasher_pdq(hasher, &image, what->dialect, pdq);
        samples[count] = (now() - start) * 1e6;
    }
    resight_hasher_free(&hasher);
    qsort(samples, count, sizeof *samples, ascending);
    return samples[count / 2];
}

int main(int argc, char **argv) {
    const double seconds = argc > 1 ? atof(argv[1]) : 0.3;
    const size_t bytes = (size_t)4000 * 3000 * 3;
    uint8_t *px = malloc(bytes);
    if (!px)
        return 1;
    printf("median microseconds a picture; in brackets, how many times the scalar speed\n%-28s", "");
    for (resight_cpu level = RESIGHT_CPU_SCALAR; level <= RESIGHT_CPU_AVX512; level++)
        if (resight_cpu_available(level))
            printf(" %18s", resight_cpu_name(level));
    putchar('\n');
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        double scalar = 0;
        paint(px, &subjects[i]);
        printf("%-28s", subjects[i].name);
        for (resight_cpu level = RESIGHT_CPU_SCALAR; level <= RESIGHT_CPU_AVX512; level++) {
            if (!resight_cpu_available(level))
                continue;
            const double us = measure(&subjects[i], level, px, seconds);
            if (level == RESIGHT_CPU_SCALAR)
                scalar = us;
            printf(" %10.1f (%4.1fx)", us, scalar / us);
            fflush(stdout);
        }
        putchar('\n');
    }
    free(px);
    return 0;
}
