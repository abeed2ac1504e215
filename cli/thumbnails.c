/* SPDX-License-Identifier: Apache-2.0 */
/* An even choice of a file's thumbnails, in bounded memory, without knowing how many are to come. */
#include "thumbnails.h"

#include "memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void free_pixels(resight_thumbnail *thumbnail) {
    free((void *)(uintptr_t)thumbnail->image.px);
}

void thumbnails_clear(thumbnails *list) {
    for (size_t i = 0; i < list->count; i++)
        free_pixels(&list->items[i]);
    list->count = 0;
    list->seen = 0;
    list->every = 1;
}

/* Every second one goes. */
static void halve(thumbnails *list) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (i % 2 == 0)
            list->items[kept++] = list->items[i];
        else
            free_pixels(&list->items[i]);
    list->count = kept;
    list->every *= 2;
}

void thumbnails_keep(thumbnails *list, const resight_thumbnail *thumbnail) {
    const uint64_t number = list->seen++;
    if (number % list->every == 0 && list->count == THUMBNAILS_MAX)
        halve(list);
    if (number % list->every != 0)
        return;
    const size_t bytes = resight_image_bytes(&thumbnail->image);
    uint8_t *px = must_have(1, bytes);
    memcpy(px, thumbnail->image.px, bytes); /* thumbnails are tightly packed */
    list->items[list->count] = *thumbnail;
    list->items[list->count++].image.px = px;
}
