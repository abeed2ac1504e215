/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Exact nearest neighbours among 256-bit hashes in memory that the caller owns: a linear scan, and a multi-index.
 *
 * The multi-index cuts the 256 bits into bands. Band b is a table from the value of its bits to the hashes that have
 * it. Two hashes within `radius_bits` of each other agree, in at least one band b, to within that band's own radius: if
 * every band differed by more, the whole would differ by at least the sum of (radius_bits_b + 1), and the bands are
 * chosen so that this sum is radius_bits + 1. So looking up, in each band, every value within its radius finds every
 * neighbour: nothing is missed. Beyond the guaranteed radius a query is a scan.
 *
 * Source: Norouzi, Punjani, Fleet, "Fast Search in Hamming Space with Multi-Index Hashing" (CVPR 2012), with unequal
 * radii as in its section on the general pigeonhole principle.
 */
#ifndef RESIGHT_SEARCH_H
#define RESIGHT_SEARCH_H

#include <resight/hash.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One neighbour: which hash, and how far. */
typedef struct resight_hit {
    uint32_t index; /**< position in the array of hashes */
    uint16_t distance_bits;
    uint16_t query; /**< which query of a batch; 0 for a single one */
} resight_hit;

/** A growing array of hits. All zero is a valid empty one. */
typedef struct resight_hits {
    resight_hit *items; /**< owned; free with resight_hits_free() */
    size_t count, capacity;
} resight_hits;

/** Free the items and set all to zero. */
RESIGHT_API void resight_hits_free(resight_hits *hits);

/** Sort by distance, then index, then query. Cost: O(n log n). */
RESIGHT_API void resight_hits_sort(resight_hits *hits);

/**
 * Compare queries with every hash.
 *
 * @param hashes   [count], borrowed
 * @param queries  [query_count], 1..65535, borrowed
 * @param radius_bits  0..256; a hash at exactly this distance is a hit
 * @param hits     appended to, in no particular order; unchanged on failure
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    a count or the radius is out of range
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(count * query_count).
 */
RESIGHT_API int resight_scan(const resight_hash *hashes, uint32_t count, const resight_hash *queries,
                             uint32_t query_count, unsigned radius_bits, resight_hits *hits);

/** A run of bits and how far from the query's value the table is searched. */
typedef struct resight_band {
    uint16_t first_bit;  /**< 0..255 */
    uint8_t width_bits;  /**< 1..28 */
    uint8_t radius_bits; /**< 0..3 */
} resight_band;

#define RESIGHT_MAX_BANDS 32

/** How an index is cut. The bands cover all 256 bits once, in order. */
typedef struct resight_index_plan {
    uint32_t radius_bits; /**< guaranteed: the sum of (band radius + 1), less 1 */
    uint32_t band_count;
    resight_band band[RESIGHT_MAX_BANDS];
} resight_index_plan;

/**
 * The plan for an index of `count` hashes: the cheapest one to query whose tables are about as long as the array. It
 * depends on nothing else, so that equal arguments give equal plans on every machine.
 *
 * @param radius_bits  to guarantee, 0..63
 * @param out          written on RESIGHT_OK; its radius_bits is larger than asked when so few bands would be too wide
 *                     (bands of radius 0 guarantee their number less 1)
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  the radius is out of range
 */
RESIGHT_API int resight_index_plan_for(uint32_t count, unsigned radius_bits, resight_index_plan *out);

/**
 * Check a plan that came from outside: bands in order, covering 256 bits, widths and radii in range, sum as promised.
 *
 * @return RESIGHT_OK or RESIGHT_E_ARG
 */
RESIGHT_API int resight_index_plan_check(const resight_index_plan *plan);

/** Entries of a band's table of offsets: 2^width_bits + 1. */
RESIGHT_API size_t resight_band_offsets(const resight_band *band);

/** The value of a hash in a band, 0 .. 2^width_bits - 1. */
RESIGHT_API uint32_t resight_band_value(const resight_hash *hash, const resight_band *band);

/**
 * Fill one band's tables.
 *
 * @param hashes    [count], borrowed
 * @param offsets   [resight_band_offsets(band)]: bucket v is postings[offsets[v] .. offsets[v + 1])
 * @param postings  [count]: positions of hashes, ordered by value, then by position
 * @return RESIGHT_OK or RESIGHT_E_ARG
 *
 * Cost: O(count + 2^width_bits); no allocation.
 */
RESIGHT_API int resight_band_build(const resight_band *band, const resight_hash *hashes, uint32_t count,
                                   uint32_t *offsets, uint32_t *postings);

/**
 * Check one band's tables against each other: offsets rise from 0 to count, postings are in range, rise within a
 * bucket, and each stands in the bucket of its own value. A table that passes cannot take a query outside its arrays.
 *
 * @return RESIGHT_OK or RESIGHT_E_DAMAGED
 *
 * Cost: O(count + 2^width_bits).
 */
RESIGHT_API int resight_band_check(const resight_band *band, const resight_hash *hashes, uint32_t count,
                                   const uint32_t *offsets, const uint32_t *postings);

/** A multi-index: only pointers, nothing owned. Arrays may lie in a read-only map. */
typedef struct resight_index {
    resight_index_plan plan;
    uint32_t count;
    const resight_hash *hashes;                  /**< [count] */
    const uint32_t *offsets[RESIGHT_MAX_BANDS];  /**< per band, as resight_band_build() fills them */
    const uint32_t *postings[RESIGHT_MAX_BANDS]; /**< per band */
} resight_index;

/**
 * Every hash within a radius, exactly.
 *
 * Within plan.radius_bits the tables are used, unless so many candidates stand in the buckets that a scan is cheaper;
 * beyond it the array is scanned. Either way the hits are the same.
 *
 * @param query        borrowed
 * @param radius_bits  0..256
 * @param query_number copied into each hit
 * @param hits         appended to, each hash once, in no particular order; unchanged on failure
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG      the radius is out of range, or the plan does not pass resight_index_plan_check()
 *         RESIGHT_E_DAMAGED  a posting or offset points outside its array
 *         RESIGHT_E_NOMEM
 *
 * Cost: for uniform hashes a few hundred bucket reads; never more than a small multiple of a scan.
 */
RESIGHT_API int resight_index_query(const resight_index *index, const resight_hash *query, unsigned radius_bits,
                                    uint16_t query_number, resight_hits *hits);

/**
 * Every hash within a radius of each query, exactly: as resight_index_query() for one after another. Those for which a
 * scan is cheaper, in a crowded index or beyond its radius, share one pass over the hashes, eight at a time.
 *
 * @param queries  [query_count], 1..65535, borrowed; hits have the position of their query
 * @return as resight_index_query(); RESIGHT_E_ARG also when query_count is out of range
 */
RESIGHT_API int resight_index_query_batch(const resight_index *index, const resight_hash *queries, uint32_t query_count,
                                          unsigned radius_bits, resight_hits *hits);

/**
 * The k nearest, exactly: the radius grows through the guaranteed one, then a scan.
 *
 * @param hits  appended to, at most k, nearest first; ties go to the lower index; unchanged on failure
 * @return as resight_index_query(); RESIGHT_E_ARG also for k = 0
 */
RESIGHT_API int resight_index_nearest(const resight_index *index, const resight_hash *query, uint32_t k,
                                      resight_hits *hits);

/* ---- Keys of 64 bits ------------------------------------------------------------------------------------------- */

/*
 * Local patches have keys of one word, and there are a hundred of them to a picture: the same pigeonhole, with arrays
 * of words in place of hashes. Queries come in batches, because those of one picture are asked together, and the memory
 * is best kept busy by many of them at once. What is said above of bands, plans and hits holds here too.
 */

/** Bands of a key plan; the widths are those of resight_band. */
#define RESIGHT_MAX_KEY_BANDS 8

/**
 * Compare queries with every key.
 *
 * @param keys         [count], borrowed
 * @param queries      [query_count], 1..65535, borrowed
 * @param radius_bits  0..64; a key at exactly this distance is a hit
 * @param limit        a query with more hits than this gets limit + 1 of them, whichever; 0: no limit
 * @param hits         appended to, in no particular order; unchanged on failure
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    a count or the radius is out of range
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(count * query_count).
 */
RESIGHT_API int resight_key_scan(const uint64_t *keys, uint32_t count, const uint64_t *queries, uint32_t query_count,
                                 unsigned radius_bits, uint32_t limit, resight_hits *hits);

/**
 * The plan for an index of `count` keys: no bands when a scan costs no more, or there are too many; else as
 * resight_index_plan_for(), but with as few bands as can be, for each costs three bytes a key, and not always over all
 * 64 bits: bits that no band has can only take two keys further apart.
 *
 * @param radius_bits  to guarantee, 0..15
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  the radius is out of range
 */
RESIGHT_API int resight_key_plan_for(uint32_t count, unsigned radius_bits, resight_index_plan *out);

/**
 * Check a key plan that came from outside: at most RESIGHT_MAX_KEY_BANDS bands, one after the other within 64 bits,
 * widths in range, radii 0..2, sum as promised; a plan without bands promises 0.
 *
 * @return RESIGHT_OK or RESIGHT_E_ARG
 */
RESIGHT_API int resight_key_plan_check(const resight_index_plan *plan);

/** A posting of a key index: a position in three bytes, the lowest first. So many keys are the most that it can have.
 */
#define RESIGHT_KEY_POSTING_BYTES 3
#define RESIGHT_KEY_INDEX_MAX (1u << 24)

/** As resight_band_build(), for at most RESIGHT_KEY_INDEX_MAX keys; postings are [count * RESIGHT_KEY_POSTING_BYTES].
 */
RESIGHT_API int resight_key_band_build(const resight_band *band, const uint64_t *keys, uint32_t count,
                                       uint32_t *offsets, uint8_t *postings);

/** As resight_band_check(). */
RESIGHT_API int resight_key_band_check(const resight_band *band, const uint64_t *keys, uint32_t count,
                                       const uint32_t *offsets, const uint8_t *postings);

/** A multi-index of keys: only pointers, nothing owned. Arrays may lie in a read-only map. */
typedef struct resight_key_index {
    resight_index_plan plan; /**< without bands: every query is a scan */
    uint32_t count;
    const uint64_t *keys;                           /**< [count] */
    const uint32_t *offsets[RESIGHT_MAX_KEY_BANDS]; /**< per band, as resight_key_band_build() fills them */
    const uint8_t *postings[RESIGHT_MAX_KEY_BANDS]; /**< per band */
} resight_key_index;

/**
 * Every key within a radius of each query, exactly; parameters as for resight_key_scan().
 *
 * A query whose buckets are so crowded that a scan is cheaper is scanned for, together with all others of the batch
 * that are; beyond plan.radius_bits all are. Either way the hits are the same.
 *
 * @return as resight_key_scan(); RESIGHT_E_ARG also when the plan does not pass resight_key_plan_check();
 *         RESIGHT_E_DAMAGED  a posting or offset points outside its array
 *
 * Cost: for uniform keys some hundred bucket reads a query; never more than a small multiple of a scan.
 */
RESIGHT_API int resight_key_index_query(const resight_key_index *index, const uint64_t *queries, uint32_t query_count,
                                        unsigned radius_bits, uint32_t limit, resight_hits *hits);

#ifdef __cplusplus
}
#endif
#endif
