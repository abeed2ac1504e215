/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream through a window: what the window shows, told apart into what goes on, what begins and what has ended. The
 * search itself is matcher.c's.
 */
#include "match/appearance.h"
#include "match/matcher.h"
#include "match/window.h"

#include "base/cleanup.h"
#include <string.h>

/* Inside of frames a look costs ten times as much: each is looked into three times on its way through the window. */
#define INSIDE_STEP_US (3 * RESIGHT_LIVE_STEP_US)

struct resight_live {
    resight_matcher *matcher; /* borrowed */
    resight_matching how;
    resight_live_sink sink;
    int64_t every_us;
    window recent;
    int64_t now_us;        /* the last frame */
    int64_t due_us;        /* the next look */
    int64_t inside_due_us; /* the next that goes inside of frames */
    int64_t counted_us;    /* the last frame that was counted */
    uint32_t frames;       /* of the stream, that had quality enough to be looked up */
    int32_t quality;       /* the best */
    appearance *seen;      /* [RESIGHT_LIVE_ITEMS_MAX], open or of late */
    size_t seen_count;
    resight_answer all; /* what has ended, and what took matches away */
    resight_error *error;
};

const char *resight_live_state_name(resight_live_state state) {
    switch (state) {
    case RESIGHT_BEGUN: return "begun";
    case RESIGHT_ENDED: return "ended";
    }
    return "unknown";
}

int resight_live_new(resight_matcher *matcher, const resight_matching *how, int64_t every_us,
                     const resight_live_sink *sink, resight_live **out) {
    CLEANUP(resight_live_free) resight_live *live = calloc(1, sizeof *live);
    if (!live || !(live->seen = calloc(RESIGHT_LIVE_ITEMS_MAX, sizeof *live->seen)))
        return RESIGHT_E_NOMEM;
    live->matcher = matcher;
    live->how = how ? *how : resight_matching_default();
    live->how.vpdq_rule = live->how.details = false;
    live->sink = *sink;
    live->every_us = every_us;
    live->due_us = live->inside_due_us = RESIGHT_LIVE_STEP_US;
    live->counted_us = -1;
    live->quality = -1;
    *out = STEAL(live);
    return RESIGHT_OK;
}

void resight_live_free(resight_live **live) {
    resight_live *l = *live;
    if (!l)
        return;
    for (size_t i = 0; i < l->seen_count; i++)
        answer_free_item(&l->seen[i].item);
    free(l->seen);
    window_free(&l->recent);
    resight_answer_free(&l->all);
    free(l);
    *live = NULL;
}

int64_t resight_live_now_us(const resight_live *live) {
    return live->now_us;
}

static int no_memory(const resight_live *live) {
    return resight_fail(live->error, RESIGHT_E_NOMEM, "out of memory while matching a stream");
}

/* ---- Telling --------------------------------------------------------------------------------- */

/* The shares of two videos that the segments of an item cover; of an entry that was removed since, none. */
static int cover(const resight_live *live, resight_found *item) {
    resight_entry known;
    if (item->kind != RESIGHT_VIDEO)
        return RESIGHT_OK;
    int status = resight_reader_entry(live->matcher->reader, item->entry, &known, live->error);
    if (status == RESIGHT_NOT_FOUND)
        return RESIGHT_OK;
    if (status == RESIGHT_OK)
        status = resight_segments_cover(item->segments, item->segment_count, (resight_extent){live->now_us, 0},
                                        (resight_extent){known.duration_us, 0}, &item->coverage);
    return status == RESIGHT_E_NOMEM ? no_memory(live) : status;
}

static int tell(resight_live *live, appearance *one, resight_live_state state) {
    one->item.frames = one->item.segments->frames;
    const int status = cover(live, &one->item);
    const resight_answer told = {.items = &one->item, .count = 1, .frames = live->frames, .quality = live->quality};
    one->told = true;
    return status == RESIGHT_OK ? live->sink.tell(live->sink.user, state, &told) : status;
}

/* ---- Appearances ----------------------------------------------------------------------------- */

/* The one that a segment tells more of: on its line, else mostly in its time, as a still scene is, whose line is any.
 * NULL: it is a new one. */
static appearance *told_by(const resight_live *live, const resight_found *item, const resight_segment *segment) {
    const int64_t gap_us = resight_align_options_default().gap_us;
    appearance *best = NULL;
    int64_t most_us = (segment->query_to_us - segment->query_from_us) / 2;
    for (size_t i = 0; i < live->seen_count; i++) {
        appearance *one = &live->seen[i];
        const int64_t shared_us = appearance_overlap_us(one, segment);
        if (one->item.entry != item->entry)
            continue;
        if (!one->over && shared_us >= -gap_us && appearance_leads_to(one, segment))
            return one;
        if (shared_us >= most_us) {
            best = one;
            most_us = shared_us;
        }
    }
    return best;
}

static int take_segment(resight_live *live, const resight_found *item, const resight_segment *segment) {
    const bool cut = live->recent.forgot && segment->query_from_us <= live->recent.marks[0].time_us;
    appearance *one = told_by(live, item, segment);
    if (one && !one->over)
        appearance_extend(one, item, segment, cut);
    if (one || live->seen_count == RESIGHT_LIVE_ITEMS_MAX)
        return RESIGHT_OK;
    if (!appearance_begin(&live->seen[live->seen_count], item, segment))
        return no_memory(live);
    live->seen_count++;
    return RESIGHT_OK;
}

static int earliest_first(const void *left, const void *right) {
    const resight_segment *a = left, *b = right;
    return (a->query_from_us > b->query_from_us) - (a->query_from_us < b->query_from_us);
}

static int take_answer(resight_live *live, const resight_answer *found) {
    int status = RESIGHT_OK;
    for (size_t i = 0; i < found->count; i++) {
        const resight_found *item = &found->items[i];
        if (item->segment_count > 1)
            qsort(item->segments, item->segment_count, sizeof *item->segments, earliest_first);
        for (size_t j = 0; status == RESIGHT_OK && j < item->segment_count; j++)
            status = take_segment(live, item, &item->segments[j]);
    }
    for (size_t i = 0; status == RESIGHT_OK && i < live->seen_count; i++)
        if (!live->seen[i].told && appearance_is_certain(&live->seen[i]))
            status = tell(live, &live->seen[i], RESIGHT_BEGUN);
    return status;
}

/* What ended before a time is over. */
static int end_before(resight_live *live, int64_t time_us) {
    int status = RESIGHT_OK;
    for (size_t i = 0; status == RESIGHT_OK && i < live->seen_count; i++) {
        appearance *one = &live->seen[i];
        if (one->over || one->item.segments->query_to_us >= time_us)
            continue;
        one->over = true;
        status = tell(live, one, RESIGHT_ENDED);
        if (status == RESIGHT_OK && !answer_add_appearance(&live->all, one))
            status = no_memory(live);
    }
    return status;
}

/* What is over and ended before a time, no window shows again. */
static void forget_before(resight_live *live, int64_t time_us) {
    size_t kept = 0;
    for (size_t i = 0; i < live->seen_count; i++)
        if (live->seen[i].over && live->seen[i].item.segments->query_to_us < time_us)
            answer_free_item(&live->seen[i].item);
        else
            live->seen[kept++] = live->seen[i];
    live->seen_count = kept;
}

/* ---- The stream ------------------------------------------------------------------------------ */

static resight_subject subject_of(const resight_live *live, bool inside) {
    return (resight_subject){
        .kind = RESIGHT_VIDEO,
        .marks = live->recent.marks,
        .mark_count = live->recent.mark_count,
        .thumbnails = live->recent.thumbnails,
        .thumbnail_count = inside ? live->recent.thumbnail_count : 0,
        .every_us = live->every_us,
        .duration_us = live->now_us, /* what is open ends with the last frame, not beyond it */
    };
}

static int look(resight_live *live, bool inside) {
    CLEANUP(resight_answer_free) resight_answer found = {0};
    const int64_t window_us = live->now_us - RESIGHT_LIVE_WINDOW_US;
    window_forget(&live->recent, window_us);
    forget_before(live, window_us);
    live->due_us = live->now_us + RESIGHT_LIVE_STEP_US;
    if (inside)
        live->inside_due_us = live->now_us + INSIDE_STEP_US;
    const resight_subject subject = subject_of(live, inside);
    int status = resight_matcher_find(live->matcher, &subject, &live->how, &found, live->error);
    if (status == RESIGHT_OK)
        status = take_answer(live, &found);
    if (status == RESIGHT_OK && !answer_add_suppressors(&live->all, &found))
        status = no_memory(live);
    return status == RESIGHT_OK ? end_before(live, live->now_us - resight_align_options_default().gap_us) : status;
}

static void count(resight_live *live, const resight_mark *mark) {
    if (mark->transform == RESIGHT_ORIGINAL && mark->quality > live->quality)
        live->quality = mark->quality;
    if (mark->quality < live->how.min_quality || mark->time_us == live->counted_us)
        return;
    live->counted_us = mark->time_us;
    live->frames += live->frames < UINT32_MAX;
}

/* A frame is complete when the next begins. A look is due, or would come too late after a gap. */
int resight_live_mark(resight_live *live, const resight_mark *mark, resight_error *error) {
    int status = RESIGHT_OK;
    live->error = error;
    if (mark->time_us > live->now_us &&
        (live->now_us >= live->due_us || mark->time_us > live->due_us + RESIGHT_LIVE_STEP_US))
        status = look(live, live->now_us >= live->inside_due_us);
    live->now_us = mark->time_us;
    count(live, mark);
    if (status == RESIGHT_OK && window_add_mark(&live->recent, mark) != RESIGHT_OK)
        status = no_memory(live);
    return status;
}

int resight_live_thumbnail(resight_live *live, const resight_thumbnail *thumbnail, resight_error *error) {
    live->error = error;
    return window_add_thumbnail(&live->recent, thumbnail) == RESIGHT_OK ? RESIGHT_OK : no_memory(live);
}

static int longest_first(const void *left, const void *right) {
    const int64_t a_us = segment_length_us(left), b_us = segment_length_us(right);
    return (a_us < b_us) - (a_us > b_us);
}

int resight_live_finish(resight_live *live, resight_answer *out, resight_error *error) {
    live->error = error;
    int status = look(live, true);
    if (status == RESIGHT_OK)
        status = end_before(live, INT64_MAX);
    for (size_t i = 0; status == RESIGHT_OK && i < live->all.count; i++)
        status = cover(live, &live->all.items[i]);
    if (status != RESIGHT_OK)
        return status;
    answer_sort(&live->all);
    for (size_t i = 0; i < live->all.count; i++)
        qsort(live->all.items[i].segments, live->all.items[i].segment_count, sizeof(resight_segment), longest_first);
    live->all.frames = live->frames;
    live->all.quality = live->quality;
    *out = live->all;
    live->all = (resight_answer){0};
    return RESIGHT_OK;
}
