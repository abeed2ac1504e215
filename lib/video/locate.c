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
/* A line through fewer known moments may have any speed. */
#define PLACES_OF_A_SPEED 5

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

/*
 * Half the width of the corridor at some time from a segment. Few places leave the speed open, and the corridor opens
 * with the distance.
 */
static double corridor_at(const second_look *look, const resight_segment *segment, double query_us) {
    const double before_us = (double)segment->query_from_us - query_us,
                 after_us = query_us - (double)segment->query_to_us;
    const double apart_us = fmax(fmax(before_us, after_us), 0);
    const double open =
        segment->places < PLACES_OF_A_SPEED ? look->how->align.max_speed - look->how->align.min_speed : 0;
    return (double)look->how->corridor_us + apart_us * open;
}

/* Pairs of one query mark with the known marks around the moment it should show. */
static void look_around(second_look *look, const resight_segment *segment, const resight_mark *mark) {
    const double corridor_us = corridor_at(look, segment, (double)mark->time_us);
    const double known_us =
        (double)segment->known_from_us + segment->speed * ((double)mark->time_us - (double)segment->query_from_us);
    const size_t from = not_before(look->known, look->known_count, known_us - corridor_us);
    const size_t to = not_before(look->known, look->known_count, known_us + corridor_us);
    const size_t step = (to - from) / PARTNERS_MAX + 1;
    for (size_t i = from; i < to; i += step) {
        const resight_mark *known = &look->known[i];
        if (known->dialect != mark->dialect)
            continue;
        const unsigned bits = resight_hash_distance(&mark->hash, &known->hash);
        if (bits <= look->how->radius_bits)
            look->pairs[look->pair_count++] = (resight_frame_pair){mark->time_us, known->time_us, (uint16_t)bits, 1};
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
        look_around(look, segment, &look->query[i]);
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

/* A time moved on, held within a sequence. */
static int64_t moved(int64_t time_us, double by_us, resight_extent within) {
    const double to_us = fmin((double)time_us + by_us, 9e18); /* below 2^63 */
    if (to_us <= 0)
        return 0;
    return within.duration_us > 0 && to_us > (double)within.duration_us ? within.duration_us : (int64_t)to_us;
}

/*
 * A cut lies somewhere between the last frame that agrees and the next: in the middle, on average. The first frame of
 * the query is its beginning, and the last one stands for the rest of it.
 */
static void widen(resight_segment *s, int64_t first_us, int64_t last_us, const resight_locate_options *how) {
    const double half_us = (double)how->query.every_us / 2;
    if (how->query.every_us <= 0 || how->query.duration_us <= 0)
        return;
    const double before_us = s->query_from_us == first_us ? 0 : half_us;
    const double rest_us = (double)how->query.duration_us - (double)s->query_to_us;
    const double after_us = s->query_to_us == last_us ? fmin(fmax(rest_us, 0), 2 * half_us) : half_us;
    s->query_from_us = moved(s->query_from_us, -before_us, how->query);
    s->query_to_us = moved(s->query_to_us, after_us, how->query);
    s->known_from_us = moved(s->known_from_us, -before_us * s->speed, how->known);
    s->known_to_us = moved(s->known_to_us, after_us * s->speed, how->known);
}

int resight_locate(resight_segment *segments, size_t count, const resight_mark *query, size_t query_count,
                   const resight_mark *known, size_t known_count, const resight_locate_options *options) {
    const resight_locate_options how = options ? *options : resight_locate_options_default();
    second_look look = {query, known, query_count, known_count, &how, NULL, 0};
    int status = how.corridor_us < 0 ? RESIGHT_E_ARG : RESIGHT_OK;
    for (size_t i = 0; i < count && status == RESIGHT_OK; i++)
        status = locate_one(&look, segments, count, i);
    for (size_t i = 0; i < count && status == RESIGHT_OK && query_count > 0; i++)
        widen(&segments[i], query[0].time_us, query[query_count - 1].time_us, &how);
    return status;
}
