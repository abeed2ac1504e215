/* SPDX-License-Identifier: Apache-2.0 */
/* The k nearest: first within growing radii that the index answers, then by a scan whose radius shrinks. */
#include "search/hits.h"
#include "search/scan.h"

/* Keep the k best of the hits from `first` on, in order. */
static void keep_best(resight_hits *hits, size_t first, uint32_t k) {
    hits_sort_from(hits, first);
    if (hits->count - first > k)
        hits->count = first + k;
}

/*
 * A scan for the best k: when more than that have been collected, only the best stay, and from then on only a nearer
 * hash can be one of them, because an equal one that comes later has the higher index.
 */
static int scan_nearest(const resight_index *index, const resight_hash *query, uint32_t k, resight_hits *hits) {
    const size_t first = hits->count;
    scan_job job = {kernels_for(RESIGHT_CPU_AUTO), index->hashes, query, 1, 0, 256};
    for (uint32_t from = 0, to; from < index->count; from = to) {
        to = index->count - from > SCAN_PART ? from + SCAN_PART : index->count;
        const int status = scan_part(&job, from, to, hits);
        if (status != RESIGHT_OK)
            return status;
        if ((hits->count - first) / 2 < k)
            continue;
        keep_best(hits, first, k);
        const unsigned worst = hits->items[hits->count - 1].distance_bits;
        if (worst == 0)
            break;
        job.radius_bits = worst - 1;
    }
    keep_best(hits, first, k);
    return RESIGHT_OK;
}

static int nearest(const resight_index *index, const resight_hash *query, uint32_t k, resight_hits *hits) {
    const size_t first = hits->count;
    /* Each step costs several times the one before, so a failed step adds little. */
    for (unsigned part = 4; part >= 1 && k < index->count; part /= 2) {
        const int status = resight_index_query(index, query, index->plan.radius_bits / part, 0, hits);
        if (status != RESIGHT_OK)
            return status;
        if (hits->count - first >= k) {
            keep_best(hits, first, k);
            return RESIGHT_OK;
        }
        hits->count = first;
    }
    return scan_nearest(index, query, k, hits);
}

int resight_index_nearest(const resight_index *index, const resight_hash *query, uint32_t k, resight_hits *hits) {
    if (k == 0 || resight_index_plan_check(&index->plan) != RESIGHT_OK)
        return RESIGHT_E_ARG;
    const size_t before = hits->count;
    const int status = nearest(index, query, k, hits);
    if (status != RESIGHT_OK)
        hits->count = before;
    return status;
}
