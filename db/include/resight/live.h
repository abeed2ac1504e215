/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A stream that need not end, to the known items it shows while it runs.
 *
 *     marks and thumbnails as they come ──► resight_live ──► begun, ended, begun, ended … ──► resight_live_finish():
 * all
 *
 * The last seconds of the stream are looked up like a video, again and again. What they show is held against what is
 * open already, so that each appearance of a known item is told twice: when it becomes certain, and when it is over,
 * with its last ends.
 *
 * Certain: the item's confidence is, and more than one frame speaks for it; or, while each frame by itself would only
 * make it probable, several known moments come in their order. What does not become so is told once, when it is over,
 * as a search in a file would tell it. Over: a stretch of the stream as long as resight_align_options.gap_us has shown
 * nothing of it, or the stream is at its end.
 *
 * Memory does not grow with the stream. Forgotten are frames older than the window, with all that was found in them
 * but what is told of appearances; and for the answer at the end, of each item all segments but the
 * RESIGHT_FOUND_SEGMENTS_MAX longest, and all items but the first RESIGHT_LIVE_ITEMS_MAX. Counts go on counting.
 */
#ifndef RESIGHT_LIVE_H
#define RESIGHT_LIVE_H

#include <resight/match.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is looked up at once: twice the gap that ends a segment, so that it is seen on both sides. */
#define RESIGHT_LIVE_WINDOW_US 20000000
/** How often. */
#define RESIGHT_LIVE_STEP_US 2000000
/** Open at one time, and in the answer at the end. */
#define RESIGHT_LIVE_ITEMS_MAX 1024

/** What is told of an appearance. The values are pinned. */
typedef enum resight_live_state {
    RESIGHT_BEGUN = 1, /**< it has become certain, and goes on or has just ended */
    RESIGHT_ENDED = 2  /**< it is over */
} resight_live_state;

/** "begun", "ended"; "unknown" for anything else. */
RESIGHT_API const char *resight_live_state_name(resight_live_state state);

/** Where appearances are told. */
typedef struct resight_live_sink {
    /**
     * answer: borrowed; one item with one segment, times and frames since the beginning of the stream, coverage of the
     * stream so far. Anything but RESIGHT_OK ends the run and is its result.
     */
    int (*tell)(void *user, resight_live_state state, const resight_answer *answer);
    void *user;
} resight_live_sink;

/** One stream. Opaque; one thread at a time. */
typedef struct resight_live resight_live;

/**
 * @param matcher   borrowed; used by nobody else meanwhile
 * @param how       NULL for the defaults; vpdq_rule and details do not count
 * @param every_us  between the sampled frames of the stream
 * @param sink      copied
 * @param out       owned by the caller; free with resight_live_free()
 * @return RESIGHT_OK, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_live_new(resight_matcher *matcher, const resight_matching *how, int64_t every_us,
                                 const resight_live_sink *sink, resight_live **out);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_live_free(resight_live **live);

/**
 * The next mark, as resight_sink.mark is handed it. Every RESIGHT_LIVE_STEP_US it looks the window up, among everything
 * committed so far, and tells what is new.
 *
 * @return as resight_matcher_find(), or what the sink returned
 *
 * Cost: nothing, or that of a match of RESIGHT_LIVE_WINDOW_US of video.
 */
RESIGHT_API int resight_live_mark(resight_live *live, const resight_mark *mark, resight_error *error);

/** The next thumbnail, likewise; its pixels are copied. RESIGHT_OK, RESIGHT_E_NOMEM. */
RESIGHT_API int resight_live_thumbnail(resight_live *live, const resight_thumbnail *thumbnail, resight_error *error);

/**
 * The stream is at its end: look at what is left, end what is open, and answer for the whole as for a video of its
 * length.
 *
 * @param out  written on RESIGHT_OK; free with resight_answer_free()
 * @return as resight_live_mark()
 */
RESIGHT_API int resight_live_finish(resight_live *live, resight_answer *out, resight_error *error);

/** The time of the last frame. */
RESIGHT_API int64_t resight_live_now_us(const resight_live *live);

#ifdef __cplusplus
}
#endif
#endif
