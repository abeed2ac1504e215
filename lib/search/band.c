/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One band's tables: a counting sort of the hashes by the value of the band's bits. Offsets are where each value's
 * bucket begins, postings are the positions of the hashes, bucket by bucket.
 */
#include <resight/search.h>

#include <string.h>

static bool band_valid(const resight_band *band) {
    return band->width_bits >= 1 && band->width_bits <= 28 && band->first_bit + band->width_bits <= 256;
}

size_t resight_band_offsets(const resight_band *band) {
    return ((size_t)1 << band->width_bits) + 1;
}

uint32_t resight_band_value(const resight_hash *hash, const resight_band *band) {
    const unsigned word = band->first_bit / 64u, shift = band->first_bit % 64u;
    uint64_t bits = hash->w[word] >> shift;
    if (shift + band->width_bits > 64)
        bits |= hash->w[word + 1] << (64 - shift);
    return (uint32_t)(bits & (((uint64_t)1 << band->width_bits) - 1));
}

int resight_band_build(const resight_band *band, const resight_hash *hashes, uint32_t count, uint32_t *offsets,
                       uint32_t *postings) {
    if (!band_valid(band))
        return RESIGHT_E_ARG;
    const size_t values = resight_band_offsets(band) - 1;
    memset(offsets, 0, (values + 1) * sizeof *offsets);
    for (uint32_t i = 0; i < count; i++)
        offsets[resight_band_value(&hashes[i], band)]++;
    uint32_t end = 0;
    for (size_t value = 0; value <= values; value++)
        offsets[value] = end += offsets[value];
    for (uint32_t i = count; i-- > 0;) /* backwards, each bucket from its end: an offset ends as the bucket's start */
        postings[--offsets[resight_band_value(&hashes[i], band)]] = i;
    return RESIGHT_OK;
}

/* One bucket: its postings rise, and are of hashes that have the value. */
static bool bucket_holds(const resight_band *band, const resight_hash *hashes, uint32_t count, uint32_t value,
                         const uint32_t *from, const uint32_t *to) {
    for (const uint32_t *posting = from; posting < to; posting++) {
        if (*posting >= count || resight_band_value(&hashes[*posting], band) != value)
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
