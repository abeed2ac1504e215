/* SPDX-License-Identifier: Apache-2.0 */
/* Lines through pairs of frames: who lies on them, how far they go, and which one fits. */
#include "video/sightings.h"

#include <math.h>
#include <stdlib.h>

/* Evidence of a pair falls by half over as many bits: within the usual radius of 31, a frame that is a little off in
 * time is told from the right one, and still counts. */
#define TIME_LIMIT_US (INT64_C(1) << 51)
#define HALF_EVIDENCE_BITS 32.0
/* A power of two, so that sums are exact and the same in any order. */
#define EVIDENCE_UNITS 1048576.0
/* Fitting and following settle after two or three turns; a line that swings between two stretches is stopped. */
#define REFINEMENTS_MAX 8

static int order(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int by_query_and_known(const void *left, const void *right) {
    const resight_frame_pair *a = left, *b = right;
    const int times = order(a->query_us, b->query_us);
    return times ? times : order(a->known_us, b->known_us);
}

static uint32_t count_frames(const resight_frame_pair *pairs, size_t count) {
    uint32_t frames = 0;
    for (size_t i = 0; i < count; i++)
        frames += i == 0 || pairs[i].query_us != pairs[i - 1].query_us;
    return frames;
}

int sightings_start(sightings *s, resight_frame_pair *pairs, size_t count, const resight_align_options *options) {
    qsort(pairs, count, sizeof *pairs, by_query_and_known);
    query_frame *frames = calloc(count_frames(pairs, count), sizeof *frames);
    uint32_t frame_count = 0;
    if (!frames)
        return RESIGHT_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || pairs[i].query_us != pairs[i - 1].query_us)
            frames[frame_count++] = (query_frame){.query_us = (double)pairs[i].query_us, .first = (uint32_t)i};
        frames[frame_count - 1].count++;
    }
    /* The bins of a vote are one tolerance wide, and their numbers must fit. */
    const double tolerance_us = options->tolerance_us > 1000 ? (double)options->tolerance_us : 1000;
    *s = (sightings){pairs, frames, frame_count, tolerance_us, (double)options->gap_us};
    return RESIGHT_OK;
}

/* Within 2^51 us, and the difference of two such times, a double holds every microsecond. */
static bool is_time(int64_t time_us) {
    return time_us > -TIME_LIMIT_US && time_us < TIME_LIMIT_US;
}

double pair_evidence(const resight_frame_pair *pair) {
    if (!(pair->weight > 0) || !is_time(pair->query_us) || !is_time(pair->known_us))
        return 0;
    const double weight = pair->weight < 1 ? (double)pair->weight : 1;
    const double evidence = weight * HALF_EVIDENCE_BITS / (HALF_EVIDENCE_BITS + pair->distance_bits);
    return floor(evidence * EVIDENCE_UNITS) / EVIDENCE_UNITS;
}

static double known_at(const time_line *line, double query_us) {
    return line->offset_us + line->speed * query_us;
}

/* The first of a frame's pairs that is not before a known time. */
static const resight_frame_pair *not_before(const sightings *s, const query_frame *frame, double known_us) {
    const resight_frame_pair *pairs = s->pairs + frame->first;
    uint32_t from = 0, to = frame->count;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if ((double)pairs[middle].known_us < known_us)
            from = middle + 1;
        else
            to = middle;
    }
    return pairs + from;
}

const resight_frame_pair *pair_on_line(const sightings *s, const query_frame *frame, const time_line *line) {
    const double known_us = known_at(line, frame->query_us);
    const resight_frame_pair *best = NULL, *end = s->pairs + frame->first + frame->count;
    double best_off = 0;
    for (const resight_frame_pair *p = not_before(s, frame, known_us - s->tolerance_us);
         p < end && (double)p->known_us <= known_us + s->tolerance_us; p++) {
        const double off = fabs((double)p->known_us - known_us);
        if (!(pair_evidence(p) > 0))
            continue;
        if (!best || p->distance_bits < best->distance_bits ||
            (p->distance_bits == best->distance_bits && off < best_off)) {
            best = p;
            best_off = off;
        }
    }
    return best;
}

static double gap_us(const resight_frame_pair *before, const resight_frame_pair *after) {
    return (double)after->known_us - (double)before->known_us;
}

pair_row pairs_around(const sightings *s, const query_frame *frame, const resight_frame_pair *pair,
                      unsigned slack_bits) {
    const resight_frame_pair *first = s->pairs + frame->first, *last = first + frame->count - 1;
    const unsigned most_bits = pair->distance_bits + slack_bits;
    pair_row row = {pair, pair};
    for (const resight_frame_pair *p = pair; p > first && gap_us(p - 1, p) <= s->tolerance_us; p--)
        if (p[-1].distance_bits <= most_bits)
            row.first = p - 1;
        else
            break;
    for (const resight_frame_pair *p = pair; p < last && gap_us(p, p + 1) <= s->tolerance_us; p++)
        if (p[1].distance_bits <= most_bits)
            row.last = p + 1;
        else
            break;
    return row;
}

/* ---- Following a line ------------------------------------------------------------------------ */

static void join(stretch *on, uint32_t frame, const resight_frame_pair *pair) {
    if (on->frames == 0 || frame < on->first)
        on->first = frame;
    if (on->frames == 0 || frame > on->last)
        on->last = frame;
    on->frames++;
    on->evidence += pair_evidence(pair);
}

stretch stretch_strongest(const sightings *s, time_line line, uint32_t from, uint32_t to) {
    stretch best = {.line = line}, now = best;
    for (uint32_t f = from; f <= to; f++) {
        const query_frame *frame = &s->frames[f];
        const resight_frame_pair *pair = frame->taken ? NULL : pair_on_line(s, frame, &line);
        if (frame->taken || (pair && now.frames && frame->query_us - s->frames[now.last].query_us > s->gap_us))
            now = (stretch){.line = line};
        if (pair)
            join(&now, f, pair);
        if (now.evidence > best.evidence)
            best = now;
    }
    return best;
}

/* One step on the way from the last agreeing frame; false: the way ends here. */
static bool step_to(const sightings *s, stretch *on, uint32_t f, double *last_us) {
    const query_frame *frame = &s->frames[f];
    if (frame->taken || fabs(frame->query_us - *last_us) > s->gap_us)
        return false;
    const resight_frame_pair *pair = pair_on_line(s, frame, &on->line);
    if (pair) {
        join(on, f, pair);
        *last_us = frame->query_us;
    }
    return true;
}

stretch stretch_around(const sightings *s, time_line line, uint32_t middle, uint32_t from, uint32_t to) {
    stretch on = {.line = line};
    double last_us = s->frames[middle].query_us;
    for (uint32_t f = middle; f <= to && step_to(s, &on, f, &last_us); f++)
        ;
    last_us = s->frames[middle].query_us;
    for (uint32_t f = middle; f-- > from && step_to(s, &on, f, &last_us);)
        ;
    return on;
}

/* ---- Fitting --------------------------------------------------------------------------------- */

/* Weighted least squares over the frames of a stretch, the speed kept within its bounds. */
static time_line fit(const sightings *s, const stretch *on, double least, double most) {
    const double query_0 = s->frames[on->first].query_us, known_0 = known_at(&on->line, query_0);
    double sum = 0, sum_q = 0, sum_k = 0, sum_qq = 0, sum_qk = 0;
    for (uint32_t f = on->first; f <= on->last; f++) {
        const resight_frame_pair *pair = pair_on_line(s, &s->frames[f], &on->line);
        if (!pair)
            continue;
        const double w = pair_evidence(pair), q = s->frames[f].query_us - query_0;
        const double k = (double)pair->known_us - known_0;
        sum += w;
        sum_q += w * q;
        sum_k += w * k;
        sum_qq += w * q * q;
        sum_qk += w * q * k;
    }
    const double spread = sum * sum_qq - sum_q * sum_q;
    double speed = spread > 0 ? (sum * sum_qk - sum_q * sum_k) / spread : on->line.speed;
    speed = fmin(fmax(speed, least), most);
    return (time_line){speed, known_0 + (sum_k - speed * sum_q) / sum - speed * query_0};
}

/* The agreeing frame nearest to the middle of a stretch: where following its fitted line starts. */
static uint32_t middle_of(const sightings *s, const stretch *on) {
    const uint32_t half = on->first + (on->last - on->first) / 2;
    uint32_t f = half;
    while (f > on->first && !pair_on_line(s, &s->frames[f], &on->line))
        f--;
    return f;
}

stretch stretch_refine(const sightings *s, stretch start, double least, double most, uint32_t from, uint32_t to) {
    stretch best = start;
    for (int turn = 0; turn < REFINEMENTS_MAX && start.frames > 0; turn++) {
        const stretch next = stretch_around(s, fit(s, &start, least, most), middle_of(s, &start), from, to);
        if (next.evidence >= best.evidence)
            best = next;
        if (next.first == start.first && next.last == start.last && next.evidence == start.evidence)
            break;
        start = next;
    }
    return best;
}

double stretch_misfit_us(const sightings *s, const stretch *on) {
    double sum = 0, squares = 0;
    for (uint32_t f = on->first; f <= on->last; f++) {
        const resight_frame_pair *pair = pair_on_line(s, &s->frames[f], &on->line);
        if (!pair)
            continue;
        const double off_us = (double)pair->known_us - known_at(&on->line, s->frames[f].query_us);
        sum += pair_evidence(pair);
        squares += pair_evidence(pair) * off_us * off_us;
    }
    return sum > 0 ? sqrt(squares / sum) : 0;
}

uint32_t stretch_places(const sightings *s, const stretch *on, unsigned slack_bits) {
    uint32_t places = 0;
    int64_t told_us = 0;
    for (uint32_t f = on->first; f <= on->last; f++) {
        const resight_frame_pair *pair = pair_on_line(s, &s->frames[f], &on->line);
        if (!pair)
            continue;
        const pair_row row = pairs_around(s, &s->frames[f], pair, slack_bits);
        if (places == 0 || row.first->known_us > told_us) {
            places++;
            told_us = row.last->known_us;
        }
    }
    return places;
}
