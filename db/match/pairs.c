/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of a query to pairs of near marks, a bounded number of them for each frame and known item. */
#include "match/matcher.h"

/* Pairs of one frame in one entry and way: all of them would be the product of the lengths of two still scenes. */
#define PARTNERS_MAX 32

int pair_way(const near_pair *pair) {
    return pair->transform + (pair->inverted ? RESIGHT_TRANSFORMS : 0);
}

void pairs_sort(resight_matcher *m, int (*order)(const void *, const void *)) {
    if (m->pair_count > 1)
        qsort(m->pairs, m->pair_count, sizeof *m->pairs, order);
}

static bool same_group(const near_pair *a, const near_pair *b) {
    return a->entry == b->entry && a->frame == b->frame && pair_way(a) == pair_way(b);
}

static int by_entry_and_frame(const void *left, const void *right) {
    const near_pair *a = left, *b = right;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    if (pair_way(a) != pair_way(b))
        return pair_way(a) - pair_way(b);
    return (a->known_us > b->known_us) - (a->known_us < b->known_us);
}

/* Partners at whole seconds from the query's frame, so that those of two frames lie on the same lines of speed 1. */
static bool on_line(const near_pair *pair, int64_t step) {
    const int64_t apart_us = pair->known_us / 2 - pair->query_us / 2; /* halved: times may be any */
    const int64_t apart = apart_us / 500000 - (apart_us % 500000 < 0);
    return apart % step == 0;
}

/*
 * Of the pairs from `before` on, leave each frame a bounded number of partners in each entry and way, spread evenly
 * over the known item's time, the nearest always among them.
 */
static void thin(resight_matcher *m, size_t before) {
    near_pair *pairs = m->pairs;
    size_t kept = before;
    if (m->pair_count - before > 1)
        qsort(pairs + before, m->pair_count - before, sizeof *pairs, by_entry_and_frame);
    for (size_t from = before, to; from < m->pair_count; from = to) {
        size_t nearest = from;
        for (to = from; to < m->pair_count && same_group(&pairs[to], &pairs[from]); to++)
            if (pairs[to].distance_bits < pairs[nearest].distance_bits)
                nearest = to;
        const int64_t step = (int64_t)((to - from + PARTNERS_MAX - 1) / PARTNERS_MAX);
        for (size_t i = from; i < to; i++)
            if (i == nearest || on_line(&pairs[i], step))
                pairs[kept++] = pairs[i];
    }
    m->pair_count = kept;
}

static near_pair pair_of(const resight_matcher *m, const asked_mark *asked, const resight_match *match) {
    return (near_pair){
        .entry = match->entry,
        .bank = match->bank,
        .query_us = asked->mark->time_us,
        .known_us = match->known.time_us,
        .frame = asked->frame,
        .mark = (uint32_t)(asked->mark - m->marks),
        .distance_bits = match->distance_bits,
        .transform = asked->mark->transform,
        .view = asked->mark->view,
        .known_view = match->known.view,
        .dialect = asked->mark->dialect,
        .known_dialect = match->known.dialect,
        .inverted = asked->inverted,
    };
}

/* What gathered in m->asked, in one query of the database. */
static int look_up(resight_matcher *m) {
    const uint32_t count = (uint32_t)m->asked_count;
    const size_t before = m->pair_count;
    const resight_query_options options = {
        .has_radius = m->how->has_radius,
        .radius_bits = m->how->radius_bits,
        .has_min_quality = m->how->has_min_known_quality,
        .min_quality = m->how->min_known_quality,
    };
    m->asked_count = 0;
    if (count == 0)
        return RESIGHT_OK;
    const int status = resight_reader_query(m->reader, m->hashes, count, &options, &m->matches, m->error);
    if (status != RESIGHT_OK)
        return status;
    if (!array_reserve(&m->pairs, &m->pair_capacity, m->pair_count, m->matches.count))
        return out_of_memory(m);
    for (size_t i = 0; i < m->matches.count; i++) {
        const resight_match *match = &m->matches.items[i];
        if (!banks_left_out(m, match->bank))
            m->pairs[m->pair_count++] = pair_of(m, &m->asked[match->query], match);
    }
    thin(m, before);
    return RESIGHT_OK;
}

static void ask(resight_matcher *m, const resight_mark *mark, uint32_t frame, bool inverted) {
    m->hashes[m->asked_count] = inverted ? resight_hash_complement(&mark->hash) : mark->hash;
    m->asked[m->asked_count++] = (asked_mark){mark, frame, inverted};
}

int pairs_find(resight_matcher *m, const resight_mark *marks, size_t count) {
    uint32_t frame = 0;
    int status = RESIGHT_OK;
    m->marks = marks;
    m->pair_count = m->asked_count = 0;
    for (size_t i = 0; i < count && status == RESIGHT_OK; i++) {
        frame += i > 0 && marks[i].time_us != marks[i - 1].time_us;
        if (marks[i].quality < m->how->min_quality)
            continue;
        ask(m, &marks[i], frame, false);
        if (m->how->inverted)
            ask(m, &marks[i], frame, true);
        if (m->asked_count + 2 > HASHES_A_LOOKUP)
            status = look_up(m);
    }
    m->last_frame = frame;
    return status == RESIGHT_OK ? look_up(m) : status;
}
