/* SPDX-License-Identifier: Apache-2.0 */
/* The linear scan: kernels say which hashes are near which queries, eight by eight; this file turns that into hits. */
#include "search/scan.h"

#include "search/hits.h"

/* The hits of one word of answers: eight hashes from `first` on, up to eight queries from `query` on. */
static int append_group(const scan_job *job, uint64_t within, uint32_t first, uint32_t query, resight_hits *hits) {
    for (; within != 0; within &= within - 1) {
        const uint32_t bit = (uint32_t)__builtin_ctzll(within);
        const uint32_t index = first + bit % 8, q = query + bit / 8;
        const resight_hit hit = {
            .index = index,
            .distance_bits = (uint16_t)resight_hash_distance(&job->hashes[index], &job->queries[q]),
            .query = (uint16_t)(job->query_number + q),
        };
        const int status = hits_append(hits, hit);
        if (status != RESIGHT_OK)
            return status;
    }
    return RESIGHT_OK;
}

int scan_part(const scan_job *job, uint32_t from, uint32_t to, resight_hits *hits) {
    uint64_t within[SCAN_PART / SCAN_GROUP];
    for (uint32_t query = 0; query < job->query_count; query += SCAN_QUERIES) {
        const uint32_t left = job->query_count - query;
        job->kernels->scan(job->hashes[from].w, to - from, job->queries[query].w,
                           left < SCAN_QUERIES ? left : SCAN_QUERIES, job->radius_bits, within);
        for (uint32_t group = 0; group < (to - from + SCAN_GROUP - 1) / SCAN_GROUP; group++) {
            const int status = append_group(job, within[group], from + group * SCAN_GROUP, query, hits);
            if (status != RESIGHT_OK)
                return status;
        }
    }
    return RESIGHT_OK;
}

int scan_all(const scan_job *job, uint32_t count, resight_hits *hits) {
    const size_t before = hits->count;
    uint32_t from = 0;
    while (from < count) {
        const uint32_t to = count - from > SCAN_PART ? from + SCAN_PART : count;
        const int status = scan_part(job, from, to, hits);
        if (status != RESIGHT_OK) {
            hits->count = before;
            return status;
        }
        from = to;
    }
    return RESIGHT_OK;
}

int resight_scan(const resight_hash *hashes, uint32_t count, const resight_hash *queries, uint32_t query_count,
                 unsigned radius_bits, resight_hits *hits) {
    if (query_count < 1 || query_count > UINT16_MAX || radius_bits > 256)
        return RESIGHT_E_ARG;
    const scan_job job = {kernels_for(RESIGHT_CPU_AUTO), hashes, queries, query_count, 0, radius_bits};
    return scan_all(&job, count, hits);
}
