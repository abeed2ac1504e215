/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sequences of frames to the stretch they share: every pair of matching frames votes for a time offset, and the
 * offset with the most query frames behind it wins. Equal speed only.
 */
#include "base/cleanup.h"
#include <resight/video.h>

#include <stdlib.h>

/* Times come from files of strangers: no difference of two, nor of two differences, may overflow. */
__extension__ typedef __int128 wide;

static wide offset_us(const resight_frame_pair *pair) {
    return (wide)pair->known_us - pair->query_us;
}

static int order(wide a, wide b) {
    return (a > b) - (a < b);
}

static int by_offset(const void *left, const void *right) {
    const resight_frame_pair *a = left, *b = right;
    const int offsets = order(offset_us(a), offset_us(b));
    return offsets ? offsets : order(a->query_us, b->query_us);
}

static int by_query_time(const void *left, const void *right) {
    const resight_frame_pair *a = left, *b = right;
    const int times = order(a->query_us, b->query_us);
    return times ? times : order(offset_us(a), offset_us(b));
}

static int by_time(const void *left, const void *right) {
    return order(*(const int64_t *)left, *(const int64_t *)right);
}

/* How often each query frame stands in a window of pairs. */
typedef struct tally {
    int64_t *times;   /* of the query's frames, rising, each once */
    uint32_t *counts; /* of the pairs in the window */
    size_t frames;    /* in times */
    size_t present;   /* frames in the window */
} tally;

static bool tally_start(tally *t, const resight_frame_pair *pairs, size_t count) {
    t->times = malloc(count * sizeof *t->times);
    t->counts = calloc(count, sizeof *t->counts);
    if (!t->times || !t->counts)
        return false;
    for (size_t i = 0; i < count; i++)
        t->times[i] = pairs[i].query_us;
    qsort(t->times, count, sizeof *t->times, by_time);
    for (size_t i = 0; i < count; i++)
        if (t->frames == 0 || t->times[t->frames - 1] != t->times[i])
            t->times[t->frames++] = t->times[i];
    return true;
}

static void tally_free(tally *t) {
    free(t->times);
    free(t->counts);
}

static uint32_t *tally_of(const tally *t, const resight_frame_pair *pair) {
    const int64_t *found = bsearch(&pair->query_us, t->times, t->frames, sizeof *t->times, by_time);
    return &t->counts[found - t->times];
}

/*
 * The run of pairs, sorted by offset, whose offsets differ by no more than the tolerance, with the most query frames.
 * Frames, not pairs: a frame of a still scene has a pair with each of its neighbours, and would shout down the others.
 */
static void busiest(const resight_frame_pair *pairs, size_t count, int64_t tolerance_us, tally *t, size_t *from,
                    size_t *length) {
    size_t best = 0;
    *from = *length = 0;
    for (size_t first = 0, end = 0; first < count; first++) {
        for (; end < count && offset_us(&pairs[end]) - offset_us(&pairs[first]) <= tolerance_us; end++)
            t->present += (*tally_of(t, &pairs[end]))++ == 0;
        if (t->present > best) {
            best = t->present;
            *from = first;
            *length = end - first;
        }
        t->present -= --*tally_of(t, &pairs[first]) == 0;
    }
}

/* The pairs of one offset as a segment; a query frame that has several partners counts once. */
static resight_segment cover(resight_frame_pair *pairs, size_t count) {
    qsort(pairs, count, sizeof *pairs, by_query_time);
    resight_segment segment = {pairs[0].query_us, pairs[count - 1].query_us, INT64_MAX, INT64_MIN, 0};
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || pairs[i].query_us != pairs[i - 1].query_us)
            segment.frames++;
        if (pairs[i].known_us < segment.known_from_us)
            segment.known_from_us = pairs[i].known_us;
        if (pairs[i].known_us > segment.known_to_us)
            segment.known_to_us = pairs[i].known_us;
    }
    return segment;
}

int resight_align(resight_frame_pair *pairs, size_t count, int64_t tolerance_us, resight_segment *out) {
    if (count == 0 || tolerance_us < 0)
        return RESIGHT_E_ARG;
    CLEANUP(tally_free) tally frames = {0};
    size_t from = 0, length = 0;
    if (!tally_start(&frames, pairs, count))
        return RESIGHT_E_NOMEM;
    qsort(pairs, count, sizeof *pairs, by_offset);
    busiest(pairs, count, tolerance_us, &frames, &from, &length);
    *out = cover(pairs + from, length);
    return RESIGHT_OK;
}
