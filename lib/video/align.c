/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sequences of frames to the stretch they share: every pair of matching frames votes for a time offset, and the
 * offset with the most query frames behind it wins. Equal speed only.
 */
#include <resight/video.h>

#include <stdlib.h>

static int64_t offset_us(const resight_frame_pair *pair) {
    return pair->known_us - pair->query_us;
}

static int order(int64_t a, int64_t b) {
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

/* The longest run of pairs, sorted by offset, whose offsets differ by no more than the tolerance. */
static void busiest(const resight_frame_pair *pairs, size_t count, int64_t tolerance_us, size_t *from, size_t *length) {
    *from = 0;
    *length = 0;
    for (size_t first = 0, end = 0; first < count; first++) {
        while (end < count && offset_us(&pairs[end]) - offset_us(&pairs[first]) <= tolerance_us)
            end++;
        if (end - first > *length) {
            *from = first;
            *length = end - first;
        }
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
    size_t from = 0, length = 0;
    qsort(pairs, count, sizeof *pairs, by_offset);
    busiest(pairs, count, tolerance_us, &from, &length);
    *out = cover(pairs + from, length);
    return RESIGHT_OK;
}
