/* SPDX-License-Identifier: Apache-2.0 */
/* Coefficients to bits. */
#ifndef RESIGHT_HASH_BITS_H
#define RESIGHT_HASH_BITS_H

#include "kernels/kernels.h"
#include <resight/hash.h>

/* Bit 16 i + j is set where freq[i][j] is greater than the 128th smallest of the 256. */
resight_hash bits_above_median(const resight_dct16 *dct);

/* The coefficients that the turned 64x64 would have. */
void dct_turned(const resight_dct16 *dct, resight_transform transform, resight_dct16 *out);

#endif
