/* SPDX-License-Identifier: Apache-2.0 */
/* What a query and a known video share in time: their segments, where these end, what they cover, and vPDQ's shares. */
#include "match/matcher.h"

#include <string.h>

/* The pairs of times of one entry, for those who want to see them. */
static int keep_times(const resight_matcher *m, size_t count, resight_found *item) {
    if (!m->how->details)
        return RESIGHT_OK;
    if (!(item->frame_pairs = malloc(count * sizeof *m->times)))
        return out_of_memory(m);
    memcpy(item->frame_pairs, m->times, count * sizeof *m->times);
    item->frame_pair_count = count;
    return RESIGHT_OK;
}

int times_align(resight_matcher *m, const near_pair *pairs, size_t count, resight_found *item) {
    resight_segment found[RESIGHT_FOUND_SEGMENTS_MAX];
    const resight_align_options how = resight_align_options_default();
    if (!array_reserve(&m->times, &m->time_capacity, 0, count))
        return out_of_memory(m);
    for (size_t i = 0; i < count; i++)
        m->times[i] = (resight_frame_pair){pairs[i].query_us, pairs[i].known_us, pairs[i].distance_bits,
                                           1.0f / (float)m->held[pairs[i].frame].holders};
    int status = keep_times(m, count, item);
    if (status == RESIGHT_OK)
        status = resight_align(m->times, count, &how, found, RESIGHT_FOUND_SEGMENTS_MAX, &item->segment_count);
    if (status != RESIGHT_OK || item->segment_count == 0)
        return status;
    if (!(item->segments = malloc(item->segment_count * sizeof *found)))
        return out_of_memory(m);
    memcpy(item->segments, found, item->segment_count * sizeof *found);
    return RESIGHT_OK;
}

/* ---- With the known item's marks ------------------------------------------------------------- */

/* The marks of the query's frames, as they were turned to match. */
static int frame_marks(resight_matcher *m, resight_transform transform, size_t *count) {
    const resight_subject *subject = m->subject;
    *count = 0;
    if (!array_reserve(&m->frame_marks, &m->frame_mark_capacity, 0, subject->mark_count))
        return out_of_memory(m);
    for (size_t i = 0; i < subject->mark_count; i++)
        if (subject->marks[i].transform == transform && subject->marks[i].view == RESIGHT_VIEW_STORED)
            m->frame_marks[(*count)++] = subject->marks[i];
    return RESIGHT_OK;
}

/* The ends of the segments, as all frames near their lines tell them. */
static int locate(resight_matcher *m, resight_found *item, const resight_entry *known) {
    resight_locate_options how = resight_locate_options_default();
    size_t count = 0;
    if (item->evidence > RESIGHT_BY_FRAME || item->inverted) /* parts of frames were looked up in few frames only */
        return RESIGHT_OK;
    int status = frame_marks(m, item->transform, &count);
    how.query = (resight_extent){m->subject->duration_us, m->subject->every_us};
    how.known = (resight_extent){known->duration_us, 0};
    if (status == RESIGHT_OK)
        status = resight_locate(item->segments, item->segment_count, m->frame_marks, count, known->marks,
                                known->mark_count, &how);
    return status;
}

static int cover(resight_matcher *m, resight_found *item, const resight_entry *known) {
    const resight_extent query = {m->subject->duration_us, m->subject->every_us};
    return resight_segments_cover(item->segments, item->segment_count, query, (resight_extent){known->duration_us, 0},
                                  &item->coverage);
}

int times_tell(resight_matcher *m, resight_found *item, const resight_entry *known) {
    if (m->subject->kind != RESIGHT_VIDEO || item->kind != RESIGHT_VIDEO)
        return RESIGHT_OK;
    int status = locate(m, item, known);
    if (status == RESIGHT_OK)
        status = cover(m, item, known);
    return status == RESIGHT_E_NOMEM ? out_of_memory(m) : status;
}

/* As stored on both sides: vPDQ turns nothing, and knows no other view. */
int times_share(resight_matcher *m, resight_found *item, const resight_entry *known) {
    size_t count = 0, kept = 0;
    int status = frame_marks(m, RESIGHT_ORIGINAL, &count);
    if (status == RESIGHT_OK && !array_reserve(&m->known_marks, &m->known_mark_capacity, 0, known->mark_count))
        status = out_of_memory(m);
    for (uint32_t i = 0; status == RESIGHT_OK && i < known->mark_count; i++)
        if (known->marks[i].view == RESIGHT_VIEW_STORED)
            m->known_marks[kept++] = known->marks[i];
    if (status == RESIGHT_OK)
        status = resight_vpdq_percentages(m->frame_marks, count, m->known_marks, kept, NULL, &item->vpdq);
    return status == RESIGHT_E_NOMEM ? out_of_memory(m) : status;
}
