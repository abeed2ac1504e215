/* SPDX-License-Identifier: Apache-2.0 */
/* The last seconds of a stream: marks and thumbnails, and nothing older. */
#ifndef RESIGHT_DB_MATCH_WINDOW_H
#define RESIGHT_DB_MATCH_WINDOW_H

#include <resight/live.h>

/* At most one a second comes: RESIGHT_SCENE_US. */
#define WINDOW_THUMBNAILS_MAX 32

/* All zero is an empty one. */
typedef struct window {
    resight_mark *marks; /* in order of time */
    size_t mark_count, mark_capacity;
    resight_thumbnail thumbnails[WINDOW_THUMBNAILS_MAX]; /* likewise; their pixels are owned */
    size_t thumbnail_count;
    bool forgot; /* something came before the first mark */
} window;

/* Both return RESIGHT_OK or RESIGHT_E_NOMEM. */
int window_add_mark(window *w, const resight_mark *mark);
int window_add_thumbnail(window *w, const resight_thumbnail *thumbnail);

/* Forget what came before a time. */
void window_forget(window *w, int64_t before_us);

void window_free(window *w);

#endif
