/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of a densely hashed video to those that say something new. */
#include <resight/video.h>

/* resight_dialect, resight_transform, and resight_view with RESIGHT_VIEW_REDUCED: each way of looking by itself. */
#define DIALECTS 2
#define VIEWS 8

typedef struct last_kept {
    const resight_mark *mark[DIALECTS][RESIGHT_TRANSFORMS][VIEWS];
} last_kept;

/* NULL: a mark of no known kind, which is left alone. */
static const resight_mark **last_like(last_kept *last, const resight_mark *mark) {
    const unsigned dialect = mark->dialect - 1u;
    if (dialect >= DIALECTS || mark->transform >= RESIGHT_TRANSFORMS || mark->view >= VIEWS)
        return NULL;
    return &last->mark[dialect][mark->transform][mark->view];
}

static bool says_new(const resight_mark *mark, const resight_mark *last, unsigned radius_bits, int64_t longest_us) {
    return !last || mark->time_us < last->time_us ||
           (uint64_t)mark->time_us - (uint64_t)last->time_us >= (uint64_t)longest_us ||
           resight_hash_distance(&mark->hash, &last->hash) > radius_bits;
}

size_t resight_prune_marks(resight_mark *marks, size_t count, unsigned radius_bits, int64_t longest_us) {
    last_kept last = {0};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const resight_mark **like = last_like(&last, &marks[i]);
        if (like && !says_new(&marks[i], *like, radius_bits, longest_us))
            continue;
        marks[kept] = marks[i];
        if (like)
            *like = &marks[kept];
        kept++;
    }
    return kept;
}
