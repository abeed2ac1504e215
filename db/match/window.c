/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream has shown of late, kept in bounded memory whatever its clock says. */
#include "match/window.h"

#include "array.h"
#include <string.h>

/* Where every frame is taken, 60 of them in a second, 8 marks of each, the window has 9,600. */
#define MARKS_MAX 16384

static void forget_thumbnails(window *w, size_t count) {
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)w->thumbnails[i].image.px);
    w->thumbnail_count -= count;
    memmove(w->thumbnails, w->thumbnails + count, w->thumbnail_count * sizeof *w->thumbnails);
}

void window_forget(window *w, int64_t before_us) {
    size_t marks = 0, thumbnails = 0;
    while (marks < w->mark_count && w->marks[marks].time_us < before_us)
        marks++;
    while (thumbnails < w->thumbnail_count && w->thumbnails[thumbnails].time_us < before_us)
        thumbnails++;
    forget_thumbnails(w, thumbnails);
    if (marks == 0)
        return;
    w->mark_count -= marks;
    memmove(w->marks, w->marks + marks, w->mark_count * sizeof *w->marks);
    w->forgot = true;
}

int window_add_mark(window *w, const resight_mark *mark) {
    if (w->mark_count == MARKS_MAX)
        window_forget(w, w->marks[MARKS_MAX / 2].time_us);
    if (!array_reserve(&w->marks, &w->mark_capacity, w->mark_count, 1))
        return RESIGHT_E_NOMEM;
    w->marks[w->mark_count++] = *mark;
    return RESIGHT_OK;
}

int window_add_thumbnail(window *w, const resight_thumbnail *thumbnail) {
    const size_t bytes = resight_image_bytes(&thumbnail->image);
    uint8_t *px = malloc(bytes);
    if (!px)
        return RESIGHT_E_NOMEM;
    memcpy(px, thumbnail->image.px, bytes); /* thumbnails are tightly packed */
    if (w->thumbnail_count == WINDOW_THUMBNAILS_MAX)
        forget_thumbnails(w, 1);
    w->thumbnails[w->thumbnail_count] = *thumbnail;
    w->thumbnails[w->thumbnail_count++].image.px = px;
    return RESIGHT_OK;
}

void window_free(window *w) {
    forget_thumbnails(w, w->thumbnail_count);
    free(w->marks);
    *w = (window){0};
}
