/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vPDQ's rule: which share of each video's different hashes has a partner on the other side. Order and time do not
 * count. Source: python-threatexchange, extensions/vpdq/vpdq_util.py and vpdq_index.py.
 */
#include "base/cleanup.h"
#include <resight/video.h>

#include <stdlib.h>
#include <string.h>

resight_vpdq_rule resight_vpdq_rule_default(void) {
    return (resight_vpdq_rule){
        .radius_bits = RESIGHT_DEFAULT_RADIUS_BITS,
        .min_quality = RESIGHT_DEFAULT_MIN_QUALITY,
        .query_percent = 80,
        .known_percent = 0,
    };
}

static int by_bits(const void *left, const void *right) {
    return memcmp(left, right, sizeof(resight_hash));
}

/* The different hashes of good quality, owned by the caller; NULL: no memory. */
static resight_hash *different(const resight_mark *marks, size_t count, uint32_t min_quality, size_t *left) {
    resight_hash *hashes = calloc(count ? count : 1, sizeof *hashes);
    size_t good = 0, kept = 0;
    if (!hashes)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (marks[i].quality >= min_quality)
            hashes[good++] = marks[i].hash;
    qsort(hashes, good, sizeof *hashes, by_bits);
    for (size_t i = 0; i < good; i++)
        if (i == 0 || by_bits(&hashes[i], &hashes[kept - 1]) != 0)
            hashes[kept++] = hashes[i];
    *left = kept;
    return hashes;
}

static size_t count_near(const resight_hash *of, size_t of_count, const resight_hash *among, size_t among_count,
                         unsigned radius_bits) {
    size_t near = 0;
    for (size_t i = 0; i < of_count; i++)
        for (size_t j = 0; j < among_count; j++)
            if (resight_hash_distance(&of[i], &among[j]) <= radius_bits) {
                near++;
                break;
            }
    return near;
}

static double percent(size_t part, size_t whole) {
    return whole ? (double)part * 100 / (double)whole : 0;
}

int resight_vpdq_percentages(const resight_mark *query, size_t query_count, const resight_mark *known,
                             size_t known_count, const resight_vpdq_rule *rule, resight_vpdq_result *out) {
    const resight_vpdq_rule how = rule ? *rule : resight_vpdq_rule_default();
    size_t query_left = 0, known_left = 0;
    CLEANUP_FREE resight_hash *query_hashes = different(query, query_count, how.min_quality, &query_left);
    CLEANUP_FREE resight_hash *known_hashes = different(known, known_count, how.min_quality, &known_left);
    if (!query_hashes || !known_hashes)
        return RESIGHT_E_NOMEM;
    const size_t query_near = count_near(query_hashes, query_left, known_hashes, known_left, how.radius_bits);
    const size_t known_near = count_near(known_hashes, known_left, query_hashes, query_left, how.radius_bits);
    *out = (resight_vpdq_result){
        .query_percent = percent(query_near, query_left),
        .known_percent = percent(known_near, known_left),
        .query_hashes = query_left,
        .known_hashes = known_left,
    };
    out->matched = query_near > 0 && out->query_percent >= how.query_percent && out->known_percent >= how.known_percent;
    return RESIGHT_OK;
}
