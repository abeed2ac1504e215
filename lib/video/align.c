/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sequences of frames to the segments they share. Each turn holds a vote over offset and speed, follows the line
 * that won, weighs its speed against speed 1, and takes the query's frames that it spans out of the next turn.
 */
#include "base/cleanup.h"
#include "video/ballot.h"

#include <math.h>
#include <stdlib.h>

/*
 * Speeds voted at: ten to each doubling, 7 % apart. A segment whose speed lies between two of them still gathers in one
 * offset for 28 tolerances: more frames than a vote needs, and fitting does the rest.
 */
#define SPEEDS_A_DOUBLING 10
#define DOUBLINGS_MAX 3
#define SPEEDS_MAX (2 * SPEEDS_A_DOUBLING * DOUBLINGS_MAX + 1)
#define SPEED_LIMIT 8.0
/* Of a row of pairs: however much further from the frame than the nearest. */
#define ANY_BITS UINT16_MAX
/*
 * What shows a speed other than 1: three moments, for two can be had at any speed, and one of two things. More evidence
 * than speed 1 has, by a tenth and by half a frame. Or as many frames at half the misfit, where that is more than the
 * sampling of the known sequence makes by itself: so in a slow scene, whose moments are told apart only by which known
 * frames are nearest, and of which twice what encoding does to a frame of a still scene is one moment.
 */
#define SPEED_PLACES 3
#define SPEED_ADVANTAGE 1.1
#define SPEED_ADVANTAGE_FRAMES 0.5
#define SPEED_MISFIT_RATIO 2
#define SAMPLING_MISFIT 0.25 /* tolerances */
#define SAME_MOMENT_BITS 8

resight_align_options resight_align_options_default(void) {
    return (resight_align_options){
        .tolerance_us = 500000,
        .gap_us = 10000000,
        .min_speed = 0.5,
        .max_speed = 2,
        .max_segments = 16,
    };
}

static bool options_ok(const resight_align_options *o) {
    return o->tolerance_us >= 0 && o->gap_us >= 0 && o->min_speed >= 1 / SPEED_LIMIT && o->min_speed <= 1 &&
           o->max_speed >= 1 && o->max_speed <= SPEED_LIMIT && o->max_segments > 0;
}

/* The speeds that are voted at, the nearest to 1 first, each with the most that a vote at it can still give. */
typedef struct polls {
    ballot ballot;
    size_t count;
    double speed[SPEEDS_MAX];
    vote last[SPEEDS_MAX];
    bool fresh[SPEEDS_MAX];
} polls;

static void polls_free(polls *p) {
    ballot_free(&p->ballot);
}

static int polls_start(polls *p, size_t pair_count, double min_speed, double max_speed) {
    *p = (polls){.count = 1, .speed = {1}};
    for (int i = 1; i <= SPEEDS_A_DOUBLING * DOUBLINGS_MAX; i++) {
        const double faster = exp2((double)i / SPEEDS_A_DOUBLING);
        if (faster <= max_speed)
            p->speed[p->count++] = faster;
        if (1 / faster >= min_speed)
            p->speed[p->count++] = 1 / faster;
    }
    for (size_t i = 0; i < p->count; i++)
        p->last[i].evidence = INFINITY;
    return ballot_start(&p->ballot, pair_count);
}

/*
 * The winner over all speeds. Frames that were taken since a vote was held only lessen it, so votes are held again in
 * order of their last outcome, and only until a fresh one is ahead of all.
 */
static vote elect(polls *p, const sightings *s) {
    for (;;) {
        size_t ahead = 0;
        for (size_t i = 1; i < p->count; i++)
            if (p->last[i].evidence > p->last[ahead].evidence)
                ahead = i;
        if (p->fresh[ahead])
            return p->last[ahead];
        p->last[ahead] = ballot_hold(&p->ballot, s, 0, s->frame_count - 1, p->speed[ahead]);
        p->fresh[ahead] = true;
    }
}

static bool shows_its_speed(const sightings *s, const stretch *free, const stretch *unit) {
    const double frame = free->evidence / free->frames, misfit_us = stretch_misfit_us(s, unit);
    const bool explains = free->evidence > unit->evidence * SPEED_ADVANTAGE + frame * SPEED_ADVANTAGE_FRAMES;
    const bool fits = free->frames >= unit->frames && misfit_us > s->tolerance_us * SAMPLING_MISFIT &&
                      misfit_us > SPEED_MISFIT_RATIO * stretch_misfit_us(s, free);
    return (explains && stretch_places(s, free, ANY_BITS) >= SPEED_PLACES) ||
           (fits && stretch_places(s, free, SAME_MOMENT_BITS) >= SPEED_PLACES);
}

/* The stretch that a vote points at: at its own speed, or at speed 1 where nothing shows another. */
static stretch follow(polls *p, const sightings *s, const vote *winner, const resight_align_options *options) {
    const uint32_t end = s->frame_count - 1;
    stretch free = stretch_strongest(s, winner->line, 0, end);
    if (free.frames == 0)
        return free;
    free = stretch_refine(s, free, options->min_speed, options->max_speed, 0, end);
    const vote at_unit = ballot_hold(&p->ballot, s, free.first, free.last, 1);
    stretch unit = stretch_strongest(s, at_unit.line, free.first, free.last);
    unit = stretch_refine(s, unit, 1, 1, free.first, free.last);
    if (unit.frames == 0 || shows_its_speed(s, &free, &unit))
        return free;
    return stretch_refine(s, unit, 1, 1, 0, end);
}

static resight_segment segment_of(const sightings *s, const stretch *on) {
    const query_frame *first = &s->frames[on->first], *last = &s->frames[on->last];
    const resight_frame_pair *from = pair_on_line(s, first, &on->line), *to = pair_on_line(s, last, &on->line);
    resight_segment segment = {
        .query_from_us = from->query_us,
        .query_to_us = to->query_us,
        .known_from_us = from->known_us,
        .known_to_us = to->known_us,
        .speed = on->line.speed,
        .evidence = on->evidence,
        .frames = on->frames,
        .places = stretch_places(s, on, ANY_BITS),
        .distance_bits = UINT16_MAX,
    };
    if (segment.known_from_us > segment.known_to_us) { /* two partners on one line, each off it within the tolerance */
        segment.known_from_us = to->known_us;
        segment.known_to_us = from->known_us;
    }
    if (first == last) {
        const pair_row row = pairs_around(s, first, from, ANY_BITS);
        segment.known_from_us = row.first->known_us;
        segment.known_to_us = row.last->known_us;
    }
    for (uint32_t f = on->first; f <= on->last; f++) {
        const resight_frame_pair *pair = pair_on_line(s, &s->frames[f], &on->line);
        if (pair && pair->distance_bits < segment.distance_bits)
            segment.distance_bits = pair->distance_bits;
    }
    return segment;
}

static void take(polls *p, sightings *s, const stretch *on) {
    for (uint32_t f = on->first; f <= on->last; f++)
        s->frames[f].taken = true;
    for (size_t i = 0; i < p->count; i++)
        p->fresh[i] = false;
}

static int best_first(const void *left, const void *right) {
    const resight_segment *a = left, *b = right;
    if (a->evidence != b->evidence)
        return a->evidence > b->evidence ? -1 : 1;
    return (a->query_from_us > b->query_from_us) - (a->query_from_us < b->query_from_us);
}

int resight_align(resight_frame_pair *pairs, size_t count, const resight_align_options *options, resight_segment *out,
                  size_t capacity, size_t *found) {
    const resight_align_options how = options ? *options : resight_align_options_default();
    if (!options_ok(&how) || capacity == 0 || count > INT32_MAX)
        return RESIGHT_E_ARG;
    *found = 0;
    if (count == 0)
        return RESIGHT_OK;
    CLEANUP(polls_free) polls votes = {0};
    CLEANUP_FREE query_frame *frames = NULL;
    sightings seen;
    if (polls_start(&votes, count, how.min_speed, how.max_speed) != RESIGHT_OK ||
        sightings_start(&seen, pairs, count, &how) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    frames = seen.frames;
    size_t written = 0;
    for (uint32_t turn = 0; turn < how.max_segments && written < capacity; turn++) {
        const vote winner = elect(&votes, &seen);
        const stretch on = winner.evidence > 0 ? follow(&votes, &seen, &winner, &how) : (stretch){0};
        if (on.frames == 0)
            break;
        out[written++] = segment_of(&seen, &on);
        take(&votes, &seen, &on);
    }
    qsort(out, written, sizeof *out, best_first);
    *found = written;
    return RESIGHT_OK;
}
