/* SPDX-License-Identifier: Apache-2.0 */
/* The weights of the DCT. */
#ifndef RESIGHT_HASH_DCT_MATRIX_H
#define RESIGHT_HASH_DCT_MATRIX_H

#include "kernels/kernels.h"

/* row[i][j] = sqrt(2 / 64) * cos(pi / 128 * (i + 1) * (2 j + 1)). */
void dct_matrix_fill(dct_matrix *matrix);

#endif
