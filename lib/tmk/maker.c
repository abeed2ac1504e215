/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to a signature: shrunk, transformed, and summed with the cosines and sines of their time. */
#include "tmk/parameters.h"
#include "tmk/resample.h"
#include "tmk/shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FLOATS RESIGHT_PDQF_FLOATS
/* Frames that a gap in a video's times may be filled with: a day. */
#define REPEATS_MAX (24 * 3600 * RESIGHT_TMK_FRAMES_PER_SECOND)

/* Sums in double: those of the reference are float, and lose digits with the length of a video. */
struct resight_tmk_maker {
    shrinker shrinker;
    resampler resampler;
    uint32_t frame_count;
    float previous[FLOATS];
    double average[FLOATS];
    double cosine[RESIGHT_TMK_PERIODS][RESIGHT_TMK_COEFFICIENTS][FLOATS];
    double sine[RESIGHT_TMK_PERIODS][RESIGHT_TMK_COEFFICIENTS][FLOATS];
};

int resight_tmk_maker_new(resight_tmk_maker **out) {
    resight_tmk_maker *maker = calloc(1, sizeof *maker);
    if (!maker)
        return RESIGHT_E_NOMEM;
    resampler_start(&maker->resampler, 0);
    *out = maker;
    return RESIGHT_OK;
}

void resight_tmk_maker_free(resight_tmk_maker **maker) {
    if (!*maker)
        return;
    shrinker_free(&(*maker)->shrinker);
    free(*maker);
    *maker = NULL;
}

void resight_tmk_maker_start(resight_tmk_maker *maker, double frames_per_second) {
    const shrinker kept = maker->shrinker;
    memset(maker, 0, sizeof *maker);
    maker->shrinker = kept;
    resampler_start(&maker->resampler, frames_per_second);
}

static double length_of(const float *vector) {
    double squares = 0;
    for (size_t k = 0; k < FLOATS; k++)
        squares += (double)vector[k] * (double)vector[k];
    return sqrt(squares);
}

static void add_waves(resight_tmk_maker *maker, const double unit[FLOATS], size_t period, size_t j) {
    const double pi = acos(-1);
    /* the time modulo the period first: the angle of a late frame keeps its digits */
    const double turns = (double)((uint64_t)j * maker->frame_count % (uint64_t)tmk_periods[period]);
    const double angle = 2 * pi * turns / tmk_periods[period], c = cos(angle), s = sin(angle);
    double *cosine = maker->cosine[period][j], *sine = maker->sine[period][j];
    for (size_t k = 0; k < FLOATS; k++) {
        cosine[k] += unit[k] * c;
        sine[k] += unit[k] * s;
    }
}

void resight_tmk_maker_feature(resight_tmk_maker *maker, const float pdqf[RESIGHT_PDQF_FLOATS]) {
    const double length = length_of(pdqf);
    double unit[FLOATS];
    for (size_t k = 0; k < FLOATS; k++) {
        maker->average[k] += (double)pdqf[k];
        unit[k] = length > 0 ? (double)pdqf[k] / length : 0;
    }
    for (size_t i = 0; i < RESIGHT_TMK_PERIODS; i++)
        for (size_t j = 0; j < RESIGHT_TMK_COEFFICIENTS; j++)
            add_waves(maker, unit, i, j);
    maker->frame_count++;
}

int resight_tmk_maker_frame(resight_tmk_maker *maker, resight_hasher *hasher, const resight_frame *frame) {
    const repeats put = resampler_take(&maker->resampler, frame->time_us);
    float pdqf[FLOATS];
    resight_image small;
    if (put.previous + put.current > REPEATS_MAX || maker->frame_count > UINT32_MAX - REPEATS_MAX)
        return RESIGHT_E_LIMIT;
    for (int64_t i = 0; i < put.previous; i++)
        resight_tmk_maker_feature(maker, maker->previous);
    if (put.current == 0)
        return RESIGHT_OK;
    int status = shrink(&maker->shrinker, &frame->image, &small);
    if (status == RESIGHT_OK)
        status = resight_hasher_pdqf(hasher, &small, RESIGHT_PDQ, pdqf);
    if (status != RESIGHT_OK)
        return status;
    for (int64_t i = 0; i < put.current; i++)
        resight_tmk_maker_feature(maker, pdqf);
    memcpy(maker->previous, pdqf, sizeof pdqf);
    return RESIGHT_OK;
}

/* A sum to a vector of length sqrt(coefficient). */
static void weigh(const double sum[FLOATS], float coefficient, float out[FLOATS]) {
    double squares = 0;
    for (size_t k = 0; k < FLOATS; k++)
        squares += sum[k] * sum[k];
    const double factor = squares > 0 ? sqrt((double)coefficient) / sqrt(squares) : 0;
    for (size_t k = 0; k < FLOATS; k++)
        out[k] = (float)(sum[k] * factor);
}

int resight_tmk_maker_finish(resight_tmk_maker *maker, resight_tmk *out) {
    if (maker->frame_count == 0)
        return RESIGHT_NOT_FOUND;
    out->frame_count = maker->frame_count;
    for (size_t k = 0; k < FLOATS; k++)
        out->average[k] = (float)(maker->average[k] / maker->frame_count);
    for (size_t i = 0; i < RESIGHT_TMK_PERIODS; i++)
        for (size_t j = 0; j < RESIGHT_TMK_COEFFICIENTS; j++) {
            weigh(maker->cosine[i][j], tmk_coefficients[j], out->cosine[i][j]);
            weigh(maker->sine[i][j], tmk_coefficients[j], out->sine[i][j]);
        }
    return RESIGHT_OK;
}
