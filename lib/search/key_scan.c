/* SPDX-License-Identifier: Apache-2.0 */
/* The linear scan of keys, part by part of what the first cache holds, each part with all queries of a batch. */
#include "search/keys.h"

#include "search/hits.h"

/* Keys in a part: 16 KB. */
#define KEY_PART 2048

int key_batch_append(key_batch *batch, uint32_t query, uint32_t index, uint64_t key) {
    if (key_batch_full(batch, query))
        return RESIGHT_OK;
    batch->found[query]++;
    const resight_hit hit = {index, (uint16_t)__builtin_popcountll(key ^ batch->queries[query]),
                             (uint16_t)(batch->first_query + query)};
    return hits_append(batch->hits, hit);
}

static int scan_part(key_batch *batch, const uint64_t *keys, uint32_t from, uint32_t count, uint32_t query) {
    uint32_t places[KEY_PART];
    const size_t near =
        batch->kernels->scan_keys(keys + from, count, batch->queries[query], batch->radius_bits, places);
    int status = RESIGHT_OK;
    for (size_t i = 0; status == RESIGHT_OK && i < near; i++)
        status = key_batch_append(batch, query, from + places[i], keys[from + places[i]]);
    return status;
}

int key_batch_scan(key_batch *batch, const uint64_t *keys, uint32_t count, const uint16_t *which,
                   uint32_t which_count) {
    for (uint32_t from = 0, part; which_count > 0 && from < count; from += part) {
        part = count - from < KEY_PART ? count - from : KEY_PART;
        for (uint32_t i = 0; i < which_count; i++) {
            if (key_batch_full(batch, which[i]))
                continue;
            const int status = scan_part(batch, keys, from, part, which[i]);
            if (status != RESIGHT_OK)
                return status;
        }
    }
    return RESIGHT_OK;
}

int resight_key_scan(const uint64_t *keys, uint32_t count, const uint64_t *queries, uint32_t query_count,
                     unsigned radius_bits, uint32_t limit, resight_hits *hits) {
    const resight_key_index scanned = {.count = count, .keys = keys};
    return resight_key_index_query(&scanned, queries, query_count, radius_bits, limit, hits);
}
