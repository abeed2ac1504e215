/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of near marks to known items: the way of turning that most frames agree on, and the time that is shared. */
#include "match/matcher.h"

#include "base/cleanup.h"
#include <string.h>

static int by_entry(const void *left, const void *right) {
    const near_pair *a = left, *b = right;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    if (pair_way(a) != pair_way(b))
        return pair_way(a) - pair_way(b);
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    return (a->distance_bits > b->distance_bits) - (a->distance_bits < b->distance_bits);
}

/* The least distance between rasters as stored, hashed in the same dialect. */
static uint16_t pdq_bits(const near_pair *pairs, size_t count) {
    uint16_t least = UINT16_MAX;
    for (size_t i = 0; i < count; i++)
        if (pairs[i].view == RESIGHT_VIEW_STORED && pairs[i].known_view == RESIGHT_VIEW_STORED &&
            pairs[i].dialect == pairs[i].known_dialect && pairs[i].distance_bits < least)
            least = pairs[i].distance_bits;
    return least;
}

/* By distance; of equals, the rasters as stored in one dialect first: their distance is PDQ's own. */
static unsigned nearness(const near_pair *pair) {
    const unsigned view = pair->view & ~(unsigned)RESIGHT_VIEW_APPROXIMATE; /* of all of a query, or of none */
    return pair->distance_bits * 128u + (pair->dialect != pair->known_dialect) * 64u + view + pair->known_view;
}

/* The pairs of one entry in one way, in order of frame: how many frames, and the nearest pair. */
static uint32_t count_frames(const near_pair *pairs, size_t count, const near_pair **nearest) {
    uint32_t frames = 0;
    *nearest = pairs;
    for (size_t i = 0; i < count; i++) {
        frames += i == 0 || pairs[i].frame != pairs[i - 1].frame;
        if (nearness(&pairs[i]) < nearness(*nearest))
            *nearest = &pairs[i];
    }
    return frames;
}

/* How many known items each frame of the query is near to: what everybody has, nobody is known by. */
static int count_holders(resight_matcher *m) {
    const size_t frames = (size_t)m->last_frame + 1;
    if (!array_reserve(&m->held, &m->held_capacity, 0, frames))
        return out_of_memory(m);
    memset(m->held, 0, frames * sizeof *m->held);
    for (size_t i = 0; i < m->pair_count; i++) { /* in order of entry */
        held_frame *frame = &m->held[m->pairs[i].frame];
        frame->holders += frame->last_entry != m->pairs[i].entry;
        frame->last_entry = m->pairs[i].entry;
    }
    return RESIGHT_OK;
}

static resight_found item_of(const near_pair *nearest, uint32_t frames, const near_pair *pairs, size_t count) {
    return (resight_found){
        .entry = nearest->entry,
        .distance_bits = nearest->distance_bits,
        .pdq_bits = pdq_bits(pairs, count),
        .view = nearest->view,
        .known_view = nearest->known_view,
        .dialect = nearest->dialect,
        .known_dialect = nearest->known_dialect,
        .transform = nearest->transform,
        .inverted = nearest->inverted,
        .frames = frames,
    };
}

/* One entry's pairs: the way of turning that most frames agree on; of equals, the nearest. */
static int gather_entry(resight_matcher *m, const near_pair *pairs, size_t count, item_teller *tell,
                        resight_found *best) {
    size_t best_start = 0, best_count = 0;
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start; end < count && pair_way(&pairs[end]) == pair_way(&pairs[start]);)
            end++;
        const near_pair *nearest;
        const uint32_t frames = count_frames(pairs + start, end - start, &nearest);
        if (frames < best->frames || (frames == best->frames && nearest->distance_bits >= best->distance_bits))
            continue;
        *best = item_of(nearest, frames, pairs + start, end - start);
        tell(m, nearest, best);
        best_start = start;
        best_count = end - start;
    }
    return times_align(m, pairs + best_start, best_count, best);
}

/* The same file was found by its digest already; its frames tell the time, unless they match only when turned. */
static void add_time(resight_found *same_file, resight_found *item) {
    if (same_file->evidence == RESIGHT_BY_FILE && item->transform == RESIGHT_ORIGINAL && !item->inverted) {
        same_file->frames = item->frames;
        same_file->segments = STEAL(item->segments);
        same_file->segment_count = item->segment_count;
        same_file->frame_pairs = STEAL(item->frame_pairs);
        same_file->frame_pair_count = item->frame_pair_count;
        same_file->dialect = item->dialect;
        same_file->known_dialect = item->known_dialect;
    }
    answer_free_item(item);
}

/* Of a video that stronger evidence found in part, the segments that this stage found in the rest. */
static int add_segments(const resight_matcher *m, resight_found *known, resight_found *item) {
    const size_t room = RESIGHT_FOUND_SEGMENTS_MAX - known->segment_count;
    const size_t more = item->segment_count < room ? item->segment_count : room;
    resight_segment *segments = realloc(known->segments, (known->segment_count + more + 1) * sizeof *segments);
    if (segments) {
        memcpy(segments + known->segment_count, item->segments, more * sizeof *segments);
        known->segments = segments;
        known->segment_count += more;
        known->frames += item->frames;
    }
    answer_free_item(item);
    return segments ? RESIGHT_OK : out_of_memory(m);
}

/* An item that is in the answer by stronger evidence learns what this stage found of it. */
static int add_to(const resight_matcher *m, resight_found *known, resight_found *item) {
    const bool rest = m->subject->kind == RESIGHT_VIDEO && m->how->effort == RESIGHT_EFFORT_NORMAL;
    if (rest && known->evidence > RESIGHT_BY_FILE && item->segment_count > 0)
        return add_segments(m, known, item);
    add_time(known, item);
    return RESIGHT_OK;
}

int gather(resight_matcher *m, resight_evidence evidence, item_teller *tell) {
    pairs_sort(m, by_entry);
    int status = count_holders(m);
    for (size_t from = 0, to; status == RESIGHT_OK && from < m->pair_count; from = to) {
        for (to = from; to < m->pair_count && m->pairs[to].entry == m->pairs[from].entry;)
            to++;
        resight_found item = {0}, *known = answer_item(m->out, m->pairs[from].entry);
        status = gather_entry(m, m->pairs + from, to - from, tell, &item);
        item.evidence = evidence;
        if (status == RESIGHT_OK && known)
            status = add_to(m, known, &item);
        else if (status != RESIGHT_OK || !answer_add(m->out, &item)) {
            answer_free_item(&item);
            status = status != RESIGHT_OK ? status : out_of_memory(m);
        }
    }
    return status;
}
