/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One band's tables: a counting sort of the hashes by the value of the band's bits. Offsets are where each value's
 * bucket begins, postings are the positions of the hashes, bucket by bucket. Keys are hashes of one word.
 */
#include "search/band.h"

#include <string.h>

/* Hashes or keys: so many words each, one after another. Postings of keys are narrower than those of hashes. */
typedef struct word_array {
    const uint64_t *words;
    uint32_t count, words_each;
} word_array;

static inline void posting_put(const word_array *in, void *postings, size_t at, uint32_t index) {
    if (in->words_each == 1) {
        uint8_t *bytes = (uint8_t *)postings + at * RESIGHT_KEY_POSTING_BYTES;
        bytes[0] = (uint8_t)index;
        bytes[1] = (uint8_t)(index >> 8);
        bytes[2] = (uint8_t)(index >> 16);
    } else {
        ((uint32_t *)postings)[at] = index;
    }
}

static inline uint32_t posting_get(const word_array *in, const void *postings, size_t at) {
    return in->words_each == 1 ? key_posting(postings, at) : ((const uint32_t *)postings)[at];
}

static inline const void *posting_at(const word_array *in, const void *postings, size_t at) {
    return (const uint8_t *)postings + at * (in->words_each == 1 ? RESIGHT_KEY_POSTING_BYTES : sizeof(uint32_t));
}

static word_array of_hashes(const resight_hash *hashes, uint32_t count) {
    return (word_array){(const uint64_t *)(const void *)hashes, count, 4};
}

static word_array of_keys(const uint64_t *keys, uint32_t count) {
    return (word_array){keys, count, 1};
}

static inline uint32_t value_at(const resight_band *band, const word_array *in, uint32_t index) {
    return band_value_of(in->words + (size_t)index * in->words_each, band);
}

static bool band_valid(const resight_band *band, const word_array *in) {
    return band->width_bits >= 1 && band->width_bits <= MAX_WIDTH_BITS &&
           band->first_bit + band->width_bits <= 64 * in->words_each;
}

size_t resight_band_offsets(const resight_band *band) {
    return ((size_t)1 << band->width_bits) + 1;
}

uint32_t resight_band_value(const resight_hash *hash, const resight_band *band) {
    return band_value(hash, band);
}

/*
 * Buckets are met at random, so each step waits for a line of offsets and then for one of postings: both are asked for
 * ahead. The bucket's end may have moved by the time, but seldom to another line.
 */
#define AHEAD 16

static void count_values(const resight_band *band, const word_array *in, uint32_t *offsets) {
    for (uint32_t i = 0; i < in->count; i++) {
        if (in->count - i > AHEAD)
            __builtin_prefetch(&offsets[value_at(band, in, i + AHEAD)], 1);
        offsets[value_at(band, in, i)]++;
    }
}

/* Backwards, and each bucket from its end: an offset that was its bucket's end becomes its start. */
static void place(const resight_band *band, const word_array *in, uint32_t *offsets, void *postings) {
    for (uint32_t i = in->count; i-- > 0;) {
        if (i >= 2 * AHEAD)
            __builtin_prefetch(&offsets[value_at(band, in, i - 2 * AHEAD)], 1);
        if (i >= AHEAD)
            __builtin_prefetch(posting_at(in, postings, offsets[value_at(band, in, i - AHEAD)] - 1), 1);
        posting_put(in, postings, --offsets[value_at(band, in, i)], i);
    }
}

static int build(const resight_band *band, const word_array *in, uint32_t *offsets, void *postings) {
    if (!band_valid(band, in))
        return RESIGHT_E_ARG;
    const size_t values = resight_band_offsets(band) - 1;
    memset(offsets, 0, (values + 1) * sizeof *offsets);
    count_values(band, in, offsets);
    uint32_t end = 0;
    for (size_t value = 0; value <= values; value++)
        offsets[value] = end += offsets[value];
    place(band, in, offsets, postings);
    return RESIGHT_OK;
}

/* One bucket: its postings rise, and are of hashes that have the value. */
static bool bucket_holds(const resight_band *band, const word_array *in, uint32_t value, const void *postings,
                         uint32_t from, uint32_t to) {
    for (uint32_t at = from, last = 0; at < to; at++) {
        const uint32_t index = posting_get(in, postings, at);
        if (index >= in->count || value_at(band, in, index) != value || (at > from && index <= last))
            return false;
        last = index;
    }
    return true;
}

static int check(const resight_band *band, const word_array *in, const uint32_t *offsets, const void *postings) {
    if (!band_valid(band, in))
        return RESIGHT_E_DAMAGED;
    const uint32_t values = (uint32_t)(resight_band_offsets(band) - 1);
    if (offsets[0] != 0 || offsets[values] != in->count)
        return RESIGHT_E_DAMAGED;
    for (uint32_t value = 0; value < values; value++) {
        const uint32_t from = offsets[value], to = offsets[value + 1];
        if (from > to || to > in->count || !bucket_holds(band, in, value, postings, from, to))
            return RESIGHT_E_DAMAGED;
    }
    return RESIGHT_OK;
}

int resight_band_build(const resight_band *band, const resight_hash *hashes, uint32_t count, uint32_t *offsets,
                       uint32_t *postings) {
    const word_array in = of_hashes(hashes, count);
    return build(band, &in, offsets, postings);
}

int resight_band_check(const resight_band *band, const resight_hash *hashes, uint32_t count, const uint32_t *offsets,
                       const uint32_t *postings) {
    const word_array in = of_hashes(hashes, count);
    return check(band, &in, offsets, postings);
}

int resight_key_band_build(const resight_band *band, const uint64_t *keys, uint32_t count, uint32_t *offsets,
                           uint8_t *postings) {
    const word_array in = of_keys(keys, count);
    return count > RESIGHT_KEY_INDEX_MAX ? RESIGHT_E_ARG : build(band, &in, offsets, postings);
}

int resight_key_band_check(const resight_band *band, const uint64_t *keys, uint32_t count, const uint32_t *offsets,
                           const uint8_t *postings) {
    const word_array in = of_keys(keys, count);
    return check(band, &in, offsets, postings);
}
