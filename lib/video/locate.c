/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ends of a segment, from a second look. Frames are looked up within a small radius, and where much moves, a frame
 * that falls between two known ones is missed: a segment then ends too early. Once it is known which known moment a
 * frame would have to show, only a few known frames come into question, and a much wider radius tells them from others.
 */
#include "base/cleanup.h"
#include "base/size.h"
#include <resight/video.h>

#include <math.h>
#include <stdlib.h>

/* Of the known marks that come into question for one query mark, so many are looked at, spread evenly. */
#define PARTNERS_MAX 64

resight_locate_options resight_locate_options_default(void) {
    return (resight_locate_options){
        .align = resight_align_options_default(),
        .radius_bits = 80,
        .corridor_us = 1000000,
    };
}

typedef struct second_look {
    const resight_mark *query, *known;
    size_t query_count, known_count;
    const resight_locate_options *how;
    resight_frame_pair *pairs;
    size_t pair_count;
} second_look;

/* The first of some marks, in order of time, that is not before a time. */
static size_t not_before(const resight_mark *marks, size_t count, double time_us) {
    size_t from = 0, to = count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if ((double)marks[middle].time_us < time_us)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Pairs of one query mark with the known marks around the moment it should show. */
static void look_around(second_look *look, const resight_mark *mark, double known_us) {
    const double corridor_us = (double)look->how->corridor_us;
    const size_t from = not_before(look->known, look->known_count, known_us - corridor_us);
    const size_t to = not_before(look->known, look->known_count, known_us + corridor_us);
    const size_t step = (to - from) / PARTNERS_MAX + 1;
    for (size_t i = from; i < to; i += step) {
        const resight_mark *known = &look->known[i];
        if (known->dialect != mark->dialect)
            continue;
        const unsigned bits = resight_hash_distance(&mark->hash, &known->hash);
        if (bits <= look->how->radius_bits)
            look->pairs[look->pair_count++] =
                (resight_frame_pair){mark->time_us, known->time_us, (uint16_t)bits, 1};
    }
}

/* The query marks in reach of a segment, as far as the neighbouring segments leave them to it. */
static void reach(const second_look *look, const resight_segment *segments, size_t count, size_t self, size_t *from,
                  size_t *to) {
    const resight_segment *own = &segments[self];
    double first_us = (double)own->query_from_us - (double)look->how->align.gap_us;
    double end_us = (double)own->query_to_us + (double)look->how->align.gap_us;
    for (size_t i = 0; i < count; i++) {
        if (segments[i].query_to_us < own->query_from_us)
            first_us = fmax(first_us, (double)segments[i].query_to_us + 1);
        if (segments[i].query_from_us > own->query_to_us)
            end_us = fmin(end_us, (double)segments[i].query_from_us - 1);
    }
    *from = not_before(look->query, look->query_count, first_us);
    *to = not_before(look->query, look->query_count, end_us + 1);
}

static int locate_one(second_look *look, resight_segment *segments, size_t count, size_t self) {
    resight_segment *segment = &segments[self], seen;
    resight_align_options one = look->how->align;
    size_t from, to, bound, found = 0;
    one.max_segments = 1;
    reach(look, segments, count, self, &from, &to);
    if (to <= from || !size_mul(to - from, PARTNERS_MAX + 1, &bound) || !size_mul(bound, sizeof *look->pairs, &bound))
        return RESIGHT_OK;
    CLEANUP_FREE resight_frame_pair *pairs = look->pairs = malloc(bound);
    if (!pairs)
        return RESIGHT_E_NOMEM;
    look->pair_count = 0;
    for (size_t i = from; i < to; i++)
        look_around(look, &look->query[i],
                    (double)segment->known_from_us +
                        segment->speed * ((double)look->query[i].time_us - (double)segment->query_from_us));
    const int status = resight_align(pairs, look->pair_count, &one, &seen, 1, &found);
    if (status == RESIGHT_OK && found && seen.frames >= segment->frames) {
        segment->query_from_us = seen.query_from_us;
        segment->query_to_us = seen.query_to_us;
        segment->known_from_us = seen.known_from_us;
        segment->known_to_us = seen.known_to_us;
        segment->speed = seen.speed;
    }
    return status;
}

int resight_locate(resight_segment *segments, size_t count, const resight_mark *query, size_t query_count,
                   const resight_mark *known, size_t known_count, const resight_locate_options *options) {
    const resight_locate_options how = options ? *options : resight_locate_options_default();
    second_look look = {query, known, query_count, known_count, &how, NULL, 0};
    int status = how.corridor_us < 0 ? RESIGHT_E_ARG : RESIGHT_OK;
    for (size_t i = 0; i < count && status == RESIGHT_OK; i++)
        status = locate_one(&look, segments, count, i);
    return status;
}
