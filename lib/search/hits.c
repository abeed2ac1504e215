/* SPDX-License-Identifier: Apache-2.0 */
/* The array of hits: growth, order, release. */
#include "search/hits.h"

#include "base/size.h"
#include <stdlib.h>

#define FIRST_CAPACITY 16

static int grow(resight_hits *hits) {
    size_t capacity = FIRST_CAPACITY, size_bytes = 0;
    if (hits->capacity > 0 && !size_mul(hits->capacity, 2, &capacity))
        return RESIGHT_E_NOMEM;
    if (!size_mul(capacity, sizeof *hits->items, &size_bytes))
        return RESIGHT_E_NOMEM;
    resight_hit *items = realloc(hits->items, size_bytes);
    if (!items)
        return RESIGHT_E_NOMEM;
    hits->items = items;
    hits->capacity = capacity;
    return RESIGHT_OK;
}

int hits_append(resight_hits *hits, resight_hit hit) {
    if (hits->count == hits->capacity) {
        const int status = grow(hits);
        if (status != RESIGHT_OK)
            return status;
    }
    hits->items[hits->count++] = hit;
    return RESIGHT_OK;
}

/* Distance, index, query as one number: of a batch, the order is still the only one. */
static uint64_t rank(const resight_hit *hit) {
    return (uint64_t)hit->distance_bits << 48 | (uint64_t)hit->index << 16 | hit->query;
}

static int by_rank(const void *left, const void *right) {
    const uint64_t a = rank(left), b = rank(right);
    return (a > b) - (a < b);
}

void hits_sort_from(resight_hits *hits, size_t first) {
    if (hits->count > first)
        qsort(hits->items + first, hits->count - first, sizeof *hits->items, by_rank);
}

void resight_hits_sort(resight_hits *hits) {
    hits_sort_from(hits, 0);
}

void resight_hits_free(resight_hits *hits) {
    free(hits->items);
    *hits = (resight_hits){0};
}
