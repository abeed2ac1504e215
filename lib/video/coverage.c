/* SPDX-License-Identifier: Apache-2.0 */
/* Segments to the share of each sequence's time that they cover together. */
#include "base/cleanup.h"
#include <resight/video.h>

#include <stdlib.h>

typedef struct span {
    double from_us, to_us;
} span;

static int by_start(const void *left, const void *right) {
    const span *a = left, *b = right;
    return (a->from_us > b->from_us) - (a->from_us < b->from_us);
}

/* Doubles throughout: times come from files, and sums of hostile ones must not overflow. */
static span clip(int64_t from_us, int64_t to_us, resight_extent extent) {
    const double end_us = (double)extent.duration_us;
    double from = (double)from_us, to = (double)to_us + (double)extent.every_us;
    from = from < 0 ? 0 : from;
    to = to > end_us ? end_us : to;
    return (span){from, to > from ? to : from};
}

/* Share of the extent under the union of the spans. */
static double covered(span *spans, size_t count, resight_extent extent) {
    double sum_us = 0, done_us = 0;
    if (count == 0 || extent.duration_us <= 0)
        return 0;
    qsort(spans, count, sizeof *spans, by_start);
    for (size_t i = 0; i < count; i++) {
        const double from_us = spans[i].from_us > done_us ? spans[i].from_us : done_us;
        if (spans[i].to_us <= from_us)
            continue;
        sum_us += spans[i].to_us - from_us;
        done_us = spans[i].to_us;
    }
    return sum_us / (double)extent.duration_us;
}

int resight_segments_cover(const resight_segment *segments, size_t count, resight_extent query, resight_extent known,
                           resight_coverage *out) {
    CLEANUP_FREE span *spans = calloc(count ? count : 1, sizeof *spans);
    resight_coverage shares;
    if (!spans)
        return RESIGHT_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        spans[i] = clip(segments[i].query_from_us, segments[i].query_to_us, query);
    shares.query = covered(spans, count, query);
    for (size_t i = 0; i < count; i++)
        spans[i] = clip(segments[i].known_from_us, segments[i].known_to_us, known);
    shares.known = covered(spans, count, known);
    *out = shares;
    return RESIGHT_OK;
}
