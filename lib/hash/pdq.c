/* SPDX-License-Identifier: Apache-2.0 */
/* The hasher: a picture through luma, filter and DCT to its bits. The order of the steps is the algorithm. */
#include "base/cleanup.h"
#include "hash/bits.h"
#include "hash/dct_matrix.h"
#include "luma/jarosz.h"
#include "luma/turn.h"
#include <stdbool.h>
#include <string.h>

/* One gradient step of quality for every 90 units, at most 100: pdq/cpp/hashing/pdqhashing.cpp,
 * pdqImageDomainQualityMetric. */
#define GRADIENTS_PER_QUALITY 90
#define QUALITY_MAX 100

struct resight_hasher {
    const kernel_table *kernels;
    dct_matrix matrix;
    luma_rows rows;
    jarosz filter;
    buffer swapped; /* pixels of a picture with its axes swapped */
};

int resight_hasher_new(resight_cpu cpu, resight_hasher **out) {
    const kernel_table *kernels = kernels_for(cpu);
    if (!kernels)
        return RESIGHT_E_ARG;
    resight_hasher *hasher = calloc(1, sizeof *hasher);
    if (!hasher)
        return RESIGHT_E_NOMEM;
    hasher->kernels = kernels;
    dct_matrix_fill(&hasher->matrix);
    *out = hasher;
    return RESIGHT_OK;
}

void resight_hasher_free(resight_hasher **hasher) {
    if (!*hasher)
        return;
    luma_rows_free(&(*hasher)->rows);
    jarosz_free(&(*hasher)->filter);
    buffer_free(&(*hasher)->swapped);
    free(*hasher);
    *hasher = NULL;
}

resight_cpu resight_hasher_cpu(const resight_hasher *hasher) {
    return hasher->kernels->cpu;
}

static bool too_small(const resight_image *image) {
    return image->width_px < RESIGHT_MIN_SIDE_PX || image->height_px < RESIGHT_MIN_SIDE_PX;
}

/* Everything up to the coefficients, for a picture that is checked and large enough. */
static int coefficients(resight_hasher *hasher, const resight_image *image, luma_reading how, resight_dct16 *dct,
                        int32_t *quality) {
    const kernel_table *kernels = hasher->kernels;
    resight_luma64 luma;
    int status = luma_rows_start(&hasher->rows, kernels, image, how);
    if (status == RESIGHT_OK)
        status = jarosz_sample(&hasher->filter, kernels, &hasher->rows, &luma);
    if (status != RESIGHT_OK)
        return status;
    const int32_t steps = kernels->gradients(&luma) / GRADIENTS_PER_QUALITY;
    *quality = steps < QUALITY_MAX ? steps : QUALITY_MAX;
    kernels->dct(&hasher->matrix, &luma, dct);
    return RESIGHT_OK;
}

static int check(const resight_image *image, resight_dialect dialect) {
    if (dialect != RESIGHT_PDQ && dialect != RESIGHT_PDQ512)
        return RESIGHT_E_ARG;
    return resight_image_check(image);
}

static luma_reading as_stored(resight_dialect dialect) {
    return (luma_reading){.squash = dialect == RESIGHT_PDQ512};
}

/* One hash of a checked picture, read in some way. */
static int hash_read(resight_hasher *hasher, const resight_image *image, luma_reading how, resight_pdq *out) {
    resight_pdq pdq = {.quality = 0};
    if (!too_small(image)) {
        resight_dct16 dct;
        const int status = coefficients(hasher, image, how, &dct, &pdq.quality);
        if (status != RESIGHT_OK)
            return status;
        pdq.hash = bits_above_median(&dct);
    }
    *out = pdq;
    return RESIGHT_OK;
}

int resight_hasher_pdq(resight_hasher *hasher, const resight_image *image, resight_dialect dialect, resight_pdq *out) {
    const int status = check(image, dialect);
    return status == RESIGHT_OK ? hash_read(hasher, image, as_stored(dialect), out) : status;
}

int resight_hasher_pdqf(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                        float pdqf[RESIGHT_PDQF_FLOATS]) {
    resight_dct16 dct = {0};
    int32_t quality = 0;
    int status = check(image, dialect);
    if (status == RESIGHT_OK && !too_small(image))
        status = coefficients(hasher, image, as_stored(dialect), &dct, &quality);
    if (status == RESIGHT_OK)
        memcpy(pdqf, dct.freq, sizeof dct.freq);
    return status;
}

int resight_hasher_dihedral(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                            resight_pdq out[RESIGHT_TRANSFORMS]) {
    int status = check(image, dialect);
    if (status != RESIGHT_OK)
        return status;
    resight_dct16 dct, turned;
    int32_t quality = 0;
    if (!too_small(image)) {
        status = coefficients(hasher, image, as_stored(dialect), &dct, &quality);
        if (status != RESIGHT_OK)
            return status;
    }
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++) {
        out[t] = (resight_pdq){.quality = quality};
        if (too_small(image))
            continue;
        dct_turned(&dct, (resight_transform)t, &turned);
        out[t].hash = bits_above_median(&turned);
    }
    return RESIGHT_OK;
}

/* Four of the eight are the picture read from its four corners, the other four the same of one copy with its axes
 * swapped. */
int resight_hasher_turned(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                          resight_pdq out[RESIGHT_TRANSFORMS]) {
    resight_pdq pdq[RESIGHT_TRANSFORMS];
    resight_image swapped;
    int status = check(image, dialect);
    if (status == RESIGHT_OK)
        status = buffer_reserve(&hasher->swapped, resight_image_bytes(image));
    if (status == RESIGHT_OK)
        status = resight_image_transform(image, RESIGHT_FLIP_PLUS_1, hasher->swapped.bytes, &swapped);
    for (unsigned i = 0; i < RESIGHT_TRANSFORMS && status == RESIGHT_OK; i++) {
        const turning t = turning_of((resight_transform)i);
        luma_reading how = as_stored(dialect);
        how.mirror_x = t.mirror_x;
        how.mirror_y = t.mirror_y;
        status = hash_read(hasher, t.swap ? &swapped : image, how, &pdq[i]);
    }
    if (status == RESIGHT_OK)
        memcpy(out, pdq, sizeof pdq);
    return status;
}
