/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of luma to the filtered picture at 64x64. */
#ifndef RESIGHT_LUMA_JAROSZ_H
#define RESIGHT_LUMA_JAROSZ_H

#include "luma/rows.h"

/* Scratch memory of the filter; all zero is a valid empty one. */
typedef struct jarosz {
    buffer memory;
} jarosz;

/*
 * Filter and sample one picture whose sides are at least RESIGHT_MIN_SIDE_PX. A 64x64 picture is copied unfiltered, as
 * in the reference. RESIGHT_OK or RESIGHT_E_NOMEM. Memory: O(width * window), kept.
 */
int jarosz_sample(jarosz *filter, const kernel_table *kernels, luma_rows *rows, resight_luma64 *out);

void jarosz_free(jarosz *filter);

#endif
