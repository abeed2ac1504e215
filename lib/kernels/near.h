/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a hash within a radius of another? Half of the bits are counted first: of unrelated hashes those alone differ in
 * 64 of 128, and fewer than one in ten million by no more than 31. For files whose flags include POPCNT.
 */
#ifndef RESIGHT_KERNELS_NEAR_H
#define RESIGHT_KERNELS_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline unsigned differing_words(const uint64_t *a, const uint64_t *b) {
    return (unsigned)(__builtin_popcountll(a[0] ^ b[0]) + __builtin_popcountll(a[1] ^ b[1]));
}

static inline bool near(const uint64_t a[4], const uint64_t b[4], unsigned radius_bits) {
    const unsigned half = differing_words(a, b);
    return __builtin_expect(half <= radius_bits, 0) && half + differing_words(a + 2, b + 2) <= radius_bits;
}

static inline size_t pick_near(const uint64_t *hashes, const uint32_t *ids, size_t count, const uint64_t query[4],
                               unsigned radius_bits, uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++)
        if (near(hashes + 4 * (size_t)ids[i], query, radius_bits))
            places[picked++] = (uint32_t)i;
    return picked;
}

/* One key in a cycle, which is what POPCNT gives; a branch for each would only wait for memory sooner. */
static inline size_t scan_near_keys(const uint64_t *keys, size_t count, uint64_t query, unsigned radius_bits,
                                    uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++) {
        places[picked] = (uint32_t)i;
        picked += (unsigned)__builtin_popcountll(keys[i] ^ query) <= radius_bits;
    }
    return picked;
}

static inline size_t pick_near_keys(const uint64_t *keys, const uint32_t *ids, size_t count, uint64_t query,
                                    unsigned radius_bits, uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++) {
        places[picked] = (uint32_t)i;
        picked += (unsigned)__builtin_popcountll(keys[ids[i]] ^ query) <= radius_bits;
    }
    return picked;
}

#endif
