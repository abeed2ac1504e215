/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of TMK that both sides of a comparison must share. */
#ifndef RESIGHT_TMK_PARAMETERS_H
#define RESIGHT_TMK_PARAMETERS_H

#include <resight/tmk.h>

/* In frames: primes, so that offsets modulo each of them tell long videos' offsets apart. Poullot et al. 2015. */
extern const int32_t tmk_periods[RESIGHT_TMK_PERIODS];

/*
 * Fourier coefficients of the kernel exp(beta cos x), beta = 32, shifted and scaled to 0..1: I_j(beta) / sinh(beta),
 * and for j = 0 half of (I_0(beta) - exp(-beta)) / sinh(beta), I the modified Bessel functions. Poullot et al. 2015.
 */
extern const float tmk_coefficients[RESIGHT_TMK_COEFFICIENTS];

#endif
