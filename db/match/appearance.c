/* SPDX-License-Identifier: Apache-2.0 */
/* Segments that a moving window shows, put together: each window shows the same stretch again, a little later. */
#include "match/appearance.h"
#include "match/matcher.h"

#include <math.h>
#include <string.h>

/* Evidence of two frames that are hardly changed, or of three at the radius; frames that others hold count for less. */
#define CERTAIN_EVIDENCE 1.5
#define CERTAIN_FRAMES 2
/* Pictures inside of frames resemble others now and then, but not several known moments in their order. */
#define CERTAIN_PLACES 3
/* Between the line of a segment and the next frames on it: the tolerance of the alignment, on both sides. */
#define ON_LINE_US 1000000
#define SUPPRESSORS_MAX 64

bool appearance_begin(appearance *out, const resight_found *item, const resight_segment *segment) {
    appearance one = {.item = *item};
    one.item.segments = malloc(sizeof *segment);
    one.item.name = strdup(item->name);
    one.item.frame_pairs = NULL;
    one.item.agreement = (resight_agreement){0};
    if (!one.item.segments || !one.item.name) {
        answer_free_item(&one.item);
        return false;
    }
    *one.item.segments = *segment;
    one.item.segment_count = 1;
    *out = one;
    return true;
}

int64_t segment_length_us(const resight_segment *segment) {
    return segment->query_to_us - segment->query_from_us;
}

int64_t appearance_overlap_us(const appearance *one, const resight_segment *segment) {
    const resight_segment *own = one->item.segments;
    const int64_t from_us = own->query_from_us > segment->query_from_us ? own->query_from_us : segment->query_from_us;
    const int64_t to_us = own->query_to_us < segment->query_to_us ? own->query_to_us : segment->query_to_us;
    return to_us - from_us;
}

/* Anything from a still to twice the speed, until the speed is known. */
bool appearance_leads_to(const appearance *one, const resight_segment *segment) {
    const resight_segment *own = one->item.segments;
    const double later_us = (double)segment->query_to_us - (double)own->query_to_us;
    const double expected_us = (double)own->known_to_us + own->speed * later_us;
    return later_us >= 0 && fabs((double)segment->known_to_us - expected_us) <= ON_LINE_US + later_us;
}

/* The nearer look decides what is said of the whole. */
static void learn(resight_found *own, const resight_found *item) {
    const resight_confidence surest = own->confidence > item->confidence ? own->confidence : item->confidence;
    const uint16_t pdq_bits = own->pdq_bits < item->pdq_bits ? own->pdq_bits : item->pdq_bits;
    if (item->evidence < own->evidence ||
        (item->evidence == own->evidence &&
         (item->distance_bits < own->distance_bits || item->patches > own->patches))) {
        resight_found nearer = *item;
        nearer.name = own->name;
        nearer.segments = own->segments;
        nearer.segment_count = own->segment_count;
        nearer.frames = own->frames;
        nearer.coverage = own->coverage;
        nearer.frame_pairs = NULL;
        nearer.agreement = (resight_agreement){0};
        *own = nearer;
    }
    own->confidence = surest;
    own->pdq_bits = pdq_bits;
}

/* Frames of a segment that lie after a time: as many as its length has, spread evenly. */
static uint32_t frames_after(const resight_segment *segment, int64_t time_us) {
    const double length_us = (double)segment->query_to_us - (double)segment->query_from_us;
    const double after_us = (double)segment->query_to_us - (double)time_us;
    if (segment->query_from_us > time_us)
        return segment->frames;
    return length_us > 0 && after_us > 0 ? (uint32_t)lround((segment->frames - 1) * (after_us / length_us)) : 0;
}

/* A still picture has no line that is followed for long: it comes as a row of segments, one after the other. */
static void append(resight_segment *own, const resight_segment *segment) {
    const bool apart = segment->query_from_us > own->query_to_us;
    own->frames += frames_after(segment, own->query_to_us);
    own->query_to_us = segment->query_to_us;
    own->known_to_us = segment->known_to_us > own->known_from_us ? segment->known_to_us : own->known_from_us;
    if (segment->evidence >= own->evidence) {
        own->speed = segment->speed;
        own->places = segment->places;
    }
    if (apart)
        own->evidence += segment->evidence;
    else
        own->evidence = fmax(own->evidence, segment->evidence);
}

/* A window that shows all of it has the better look at its beginning. */
void appearance_extend(appearance *one, const resight_found *item, const resight_segment *segment, bool cut) {
    resight_segment *own = one->item.segments;
    const int64_t shared_us = appearance_overlap_us(one, segment);
    const bool whole = !cut && shared_us >= 0 && shared_us >= segment_length_us(own) / 2;
    learn(&one->item, item);
    if (segment->query_to_us < own->query_to_us)
        return;
    if (whole && segment->evidence >= own->evidence)
        *own = *segment;
    else
        append(own, segment);
}

bool appearance_is_certain(const appearance *one) {
    const resight_segment *own = one->item.segments;
    if (one->item.confidence != RESIGHT_CERTAIN)
        return own->evidence >= CERTAIN_EVIDENCE && own->places >= CERTAIN_PLACES;
    /* the distance of patches says nothing of their evidence */
    return one->item.evidence == RESIGHT_BY_PATCHES ? own->frames >= CERTAIN_FRAMES : own->evidence >= CERTAIN_EVIDENCE;
}

/* ---- The whole ------------------------------------------------------------------------------- */

/* One more segment; when there is no room, in place of the shortest. */
static bool add_segment(resight_found *item, const resight_segment *segment) {
    resight_segment *shortest = item->segments;
    if (item->segment_count < RESIGHT_FOUND_SEGMENTS_MAX) {
        resight_segment *more = realloc(item->segments, (item->segment_count + 1) * sizeof *more);
        if (!more)
            return false;
        item->segments = more;
        more[item->segment_count++] = *segment;
        return true;
    }
    for (size_t i = 1; i < item->segment_count; i++)
        if (segment_length_us(&item->segments[i]) < segment_length_us(shortest))
            shortest = &item->segments[i];
    if (segment_length_us(segment) > segment_length_us(shortest))
        *shortest = *segment;
    return true;
}

bool answer_add_appearance(resight_answer *all, const appearance *one) {
    resight_found *item = answer_item(all, one->item.entry);
    appearance copy;
    if (item) {
        item->frames += one->item.frames;
        learn(item, &one->item);
        return add_segment(item, one->item.segments);
    }
    if (all->count == RESIGHT_LIVE_ITEMS_MAX)
        return true;
    if (!appearance_begin(&copy, &one->item, one->item.segments))
        return false;
    item = answer_add(all, &copy.item);
    if (!item)
        answer_free_item(&copy.item);
    return item != NULL;
}

bool answer_add_suppressors(resight_answer *all, resight_answer *seen) {
    for (size_t i = 0; i < seen->suppressor_count; i++) {
        resight_found *by = &seen->suppressors[i];
        bool known = false;
        for (size_t j = 0; j < all->suppressor_count && !known; j++)
            known = all->suppressors[j].entry == by->entry;
        if (known || all->suppressor_count == SUPPRESSORS_MAX)
            continue;
        if (!array_reserve(&all->suppressors, &all->suppressor_capacity, all->suppressor_count, 1))
            return false;
        all->suppressors[all->suppressor_count++] = *by;
        *by = (resight_found){0};
    }
    return true;
}
