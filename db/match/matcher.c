/* SPDX-License-Identifier: Apache-2.0 */
/* The search: its stages, one after the other, until something is found. */
#include "match/matcher.h"

#include "base/cleanup.h"

/* Of a query's hash; the public header says why it is lower than what known hashes need. */
#define QUERY_QUALITY 20
#define CERTAIN_REDUCED_BITS 20

resight_matching resight_matching_default(void) {
    return (resight_matching){.effort = RESIGHT_EFFORT_NORMAL, .inverted = true, .min_quality = QUERY_QUALITY};
}

int out_of_memory(const resight_matcher *m) {
    return resight_fail(m->error, RESIGHT_E_NOMEM, "out of memory while matching");
}

int resight_matcher_new(resight_db *db, resight_matcher **out, resight_error *error) {
    CLEANUP(resight_matcher_free) resight_matcher *m = calloc(1, sizeof *m);
    if (!m || !(m->hashes = calloc(HASHES_A_LOOKUP, sizeof *m->hashes)) ||
        !(m->asked = calloc(HASHES_A_LOOKUP, sizeof *m->asked)) || !(m->compared = calloc(1, sizeof *m->compared)))
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a matcher");
    int status = resight_finder_new(&m->finder);
    if (status == RESIGHT_OK)
        status = resight_patcher_new(&m->patcher);
    if (status == RESIGHT_OK)
        status = resight_hasher_new(RESIGHT_CPU_AUTO, &m->hasher);
    if (status != RESIGHT_OK)
        return resight_fail(error, status, "cannot make a matcher: %s", resight_status_name(status));
    status = resight_reader_new(db, &m->reader, error);
    if (status == RESIGHT_OK)
        *out = STEAL(m);
    return status;
}

void resight_matcher_free(resight_matcher **matcher) {
    resight_matcher *m = *matcher;
    if (!m)
        return;
    resight_reader_free(&m->reader);
    resight_matches_free(&m->matches);
    free(m->banks);
    free(m->hashes);
    free(m->asked);
    free(m->pairs);
    free(m->times);
    free(m->held);
    free(m->frame_marks);
    free(m->known_marks);
    resight_hasher_free(&m->hasher);
    resight_finder_free(&m->finder);
    free(m->part_marks);
    free(m->parts);
    resight_patcher_free(&m->patcher);
    resight_patch_hits_free(&m->patch_hits);
    free(m->suspects);
    free(m->chosen);
    free(m->compared);
    free(m->votes);
    free(m->shared);
    free(m);
    *matcher = NULL;
}

/* ---- Stages ---------------------------------------------------------------------------------- */

/* One entry that came from the very same bytes. One in a negative bank takes everything away: nothing is nearer. */
static int take_same_file(resight_matcher *m, uint64_t id) {
    resight_entry entry;
    const int status = resight_reader_entry(m->reader, id, &entry, m->error);
    if (status != RESIGHT_OK)
        return status;
    if (banks_negative(m, entry.bank))
        return banks_note(m, &(near_pair){.entry = id, .bank = entry.bank});
    if (banks_left_out(m, entry.bank))
        return RESIGHT_OK;
    resight_found same = {.entry = id, .evidence = RESIGHT_BY_FILE, .confidence = RESIGHT_CERTAIN};
    resight_region_place(&whole_picture, RESIGHT_ORIGINAL, &whole_picture, &same.where);
    return answer_add(m->out, &same) ? RESIGHT_OK : out_of_memory(m);
}

static int find_same_file(resight_matcher *m) {
    uint64_t id = 0;
    int status = RESIGHT_OK;
    while (m->subject->sha256 && status == RESIGHT_OK) {
        status = resight_reader_find_sha256(m->reader, m->subject->sha256, id, &id, m->error);
        if (status == RESIGHT_OK)
            status = take_same_file(m, id);
    }
    if (m->out->suppressor_count > 0)
        m->out->count = 0;
    return status < 0 ? status : RESIGHT_OK;
}

/* A reduced picture keeps less to be told apart by: two plain ones of lines came within 24 bits. */
static void tell_frame(const resight_matcher *m, const near_pair *nearest, resight_found *item) {
    (void)m;
    const bool reduced = (nearest->view | nearest->known_view) & RESIGHT_VIEW_REDUCED;
    const unsigned most = reduced ? CERTAIN_REDUCED_BITS : RESIGHT_DEFAULT_RADIUS_BITS;
    item->confidence = nearest->distance_bits <= most ? RESIGHT_CERTAIN : RESIGHT_PROBABLE;
    resight_region_place(&whole_picture, item->transform, &whole_picture, &item->where);
}

static int find_frames(resight_matcher *m) {
    int status = pairs_find(m, m->subject->marks, m->subject->mark_count);
    if (status == RESIGHT_OK)
        status = banks_suppress(m);
    return status == RESIGHT_OK ? gather(m, RESIGHT_BY_FRAME, tell_frame) : status;
}

/* Is this stage to be entered? What is known to be harmless is not looked at further. */
static bool goes_on(const resight_matcher *m) {
    return m->how->effort != RESIGHT_EFFORT_FAST && m->out->suppressor_count == 0;
}

double share_of(const resight_quad *where) {
    double twice = 0;
    for (int i = 0; i < 4; i++) {
        const int next = (i + 1) % 4;
        twice += where->x[i] * where->y[next] - where->x[next] * where->y[i];
    }
    return (twice < 0 ? -twice : twice) / 2;
}

/* A still by what shows most of it; a frame of a video by a segment that it lies in, or next to. */
bool stage_skips(const resight_matcher *m, const resight_thumbnail *thumbnail) {
    const resight_answer *out = m->out;
    if (m->how->effort == RESIGHT_EFFORT_THOROUGH)
        return false;
    const bool still = m->subject->kind == RESIGHT_IMAGE;
    for (size_t i = 0; i < out->count && still; i++)
        if (share_of(&out->items[i].where) >= MOST_OF_IT)
            return true;
    for (size_t i = 0; i < out->count && !still; i++)
        for (size_t j = 0; j < out->items[i].segment_count; j++) {
            const resight_segment *s = &out->items[i].segments[j];
            if (thumbnail->time_us >= s->query_from_us - m->subject->every_us &&
                thumbnail->time_us <= s->query_to_us + m->subject->every_us)
                return true;
        }
    return false;
}

/* ---- The search ------------------------------------------------------------------------------ */

/* Frames that have a mark of quality enough to be looked up. */
static uint32_t count_frames(const resight_matcher *m) {
    const resight_mark *marks = m->subject->marks;
    uint32_t frames = 0;
    int64_t counted_us = INT64_MIN;
    for (size_t i = 0; i < m->subject->mark_count; i++)
        if (marks[i].quality >= m->how->min_quality && marks[i].time_us != counted_us) {
            counted_us = marks[i].time_us;
            frames++;
        }
    return frames;
}

static int32_t best_quality(const resight_subject *subject) {
    int32_t best = -1;
    for (size_t i = 0; i < subject->mark_count; i++)
        if (subject->marks[i].transform == RESIGHT_ORIGINAL && subject->marks[i].quality > best)
            best = subject->marks[i].quality;
    return best;
}

static int search(resight_matcher *m) {
    int status = resight_reader_renew(m->reader, m->error);
    if (status == RESIGHT_OK)
        status = banks_load(m);
    if (status == RESIGHT_OK)
        status = find_same_file(m);
    if (status == RESIGHT_OK && m->out->suppressor_count == 0)
        status = find_frames(m);
    if (status == RESIGHT_OK && goes_on(m))
        status = parts_find_trimmed(m);
    if (status == RESIGHT_OK && goes_on(m))
        status = parts_find_rectangles(m);
    if (status == RESIGHT_OK && goes_on(m))
        status = patches_find(m);
    return status == RESIGHT_OK ? answer_finish(m) : status;
}

int resight_matcher_find(resight_matcher *m, const resight_subject *subject, const resight_matching *how,
                         resight_answer *out, resight_error *error) {
    const resight_matching defaults = resight_matching_default();
    CLEANUP(resight_answer_free) resight_answer answer = {.quality = best_quality(subject)};
    m->subject = subject;
    m->how = how ? how : &defaults;
    m->out = &answer;
    m->error = error;
    answer.frames = count_frames(m);
    const int status = search(m);
    if (status != RESIGHT_OK)
        return status;
    *out = answer;
    answer = (resight_answer){0};
    return RESIGHT_OK;
}
