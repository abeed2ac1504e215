/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One band's tables: a counting sort of the hashes by the value of the band's bits. Offsets are where each value's
 * bucket begins, postings are the positions of the hashes, bucket by bucket.
 */
#include "search/band.h"

#include <string.h>

static bool band_valid(const resight_band *band) {
    return band->width_bits >= 1 && band->width_bits <= MAX_WIDTH_BITS && band->first_bit + band->width_bits <= 256;
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

static void count_values(const resight_band *band, const resight_hash *hashes, uint32_t count, uint32_t *offsets) {
    for (uint32_t i = 0; i < count; i++) {
        if (count - i > AHEAD)
            __builtin_prefetch(&offsets[band_value(&hashes[i + AHEAD], band)], 1);
        offsets[band_value(&hashes[i], band)]++;
    }
}

/* Backwards, and each bucket from its end: an offset that was its bucket's end becomes its start. */
static void place(const resight_band *band, const resight_hash *hashes, uint32_t count, uint32_t *offsets,
                  uint32_t *postings) {
    for (uint32_t i = count; i-- > 0;) {
        if (i >= 2 * AHEAD)
            __builtin_prefetch(&offsets[band_value(&hashes[i - 2 * AHEAD], band)], 1);
        if (i >= AHEAD)
            __builtin_prefetch(&postings[offsets[band_value(&hashes[i - AHEAD], band)] - 1], 1);
        postings[--offsets[band_value(&hashes[i], band)]] = i;
    }
}

int resight_band_build(const resight_band *band, const resight_hash *hashes, uint32_t count, uint32_t *offsets,
                       uint32_t *postings) {
    if (!band_valid(band))
        return RESIGHT_E_ARG;
    const size_t values = resight_band_offsets(band) - 1;
    memset(offsets, 0, (values + 1) * sizeof *offsets);
    count_values(band, hashes, count, offsets);
    uint32_t end = 0;
    for (size_t value = 0; value <= values; value++)
        offsets[value] = end += offsets[value];
    place(band, hashes, count, offsets, postings);
    return RESIGHT_OK;
}

/* One bucket: its postings rise, and are of hashes that have the value. */
static bool bucket_holds(const resight_band *band, const resight_hash *hashes, uint32_t count, uint32_t value,
                         const uint32_t *from, const uint32_t *to) {
    for (const uint32_t *posting = from; posting < to; posting++) {
        if (*posting >= count || band_value(&hashes[*posting], band) != value)
            return false;
        if (posting > from && posting[-1] >= *posting)
            return false;
    }
    return true;
}

int resight_band_check(const resight_band *band, const resight_hash *hashes, uint32_t count, const uint32_t *offsets,
                       const uint32_t *postings) {
    if (!band_valid(band))
        return RESIGHT_E_DAMAGED;
    const uint32_t values = (uint32_t)(resight_band_offsets(band) - 1);
    if (offsets[0] != 0 || offsets[values] != count)
        return RESIGHT_E_DAMAGED;
    for (uint32_t value = 0; value < values; value++) {
        const uint32_t from = offsets[value], to = offsets[value + 1];
        if (from > to || to > count || !bucket_holds(band, hashes, count, value, postings + from, postings + to))
            return RESIGHT_E_DAMAGED;
    }
    return RESIGHT_OK;
}
