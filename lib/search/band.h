/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a band's bits, for loops. */
#ifndef RESIGHT_SEARCH_BAND_H
#define RESIGHT_SEARCH_BAND_H

#include <resight/search.h>

#define MAX_WIDTH_BITS 28

static inline uint32_t band_value(const resight_hash *hash, const resight_band *band) {
    const unsigned word = band->first_bit / 64u, shift = band->first_bit % 64u;
    uint64_t bits = hash->w[word] >> shift;
    if (shift + band->width_bits > 64) /* then the band goes on in the next word */
        bits |= hash->w[word + 1] << (64 - shift);
    return (uint32_t)(bits & (((uint64_t)1 << band->width_bits) - 1));
}

#endif
