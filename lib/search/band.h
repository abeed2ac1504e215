/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a band's bits, for loops. */
#ifndef RESIGHT_SEARCH_BAND_H
#define RESIGHT_SEARCH_BAND_H

#include <resight/search.h>

#define MAX_WIDTH_BITS 28

/* Of a hash's words, or of a key's one word, which no band of keys goes beyond. */
static inline uint32_t band_value_of(const uint64_t *words, const resight_band *band) {
    const unsigned word = band->first_bit / 64u, shift = band->first_bit % 64u;
    uint64_t bits = words[word] >> shift;
    if (shift + band->width_bits > 64) /* then the band goes on in the next word */
        bits |= words[word + 1] << (64 - shift);
    return (uint32_t)(bits & (((uint64_t)1 << band->width_bits) - 1));
}

static inline uint32_t band_value(const resight_hash *hash, const resight_band *band) {
    return band_value_of(hash->w, band);
}

/* The same of a key, which is one word. */
static inline uint32_t band_value_of_key(uint64_t key, const resight_band *band) {
    return (uint32_t)(key >> band->first_bit & (((uint64_t)1 << band->width_bits) - 1));
}

/* Posting number `at` of a band of keys. */
static inline uint32_t key_posting(const uint8_t *postings, size_t at) {
    const uint8_t *bytes = postings + at * RESIGHT_KEY_POSTING_BYTES;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

#endif
