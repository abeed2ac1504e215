/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a pool. */
#include "asking.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

resight_pool *ask_whom(const char *programs, const resight_pool_options *options) {
    resight_pool *pool = NULL;
    resight_error error = {0};
    resight_pool_options chosen = options ? *options : resight_pool_options_default();
    chosen.programs = programs;
    cr_assert_eq(resight_pool_new(&chosen, &pool, &error), RESIGHT_OK, "%s", error.text);
    return pool;
}

static int keep_mark(void *user, const resight_mark *mark) {
    asked *a = user;
    if (a->marks < ASKED_MARKS)
        a->mark[a->marks] = *mark;
    a->marks++;
    return RESIGHT_OK;
}

static int keep_picture(void *user, const resight_thumbnail *picture) {
    asked *a = user;
    const resight_image *image = &picture->image;
    uint64_t sum =
        14695981039346656037u ^ image->width_px ^ (uint64_t)picture->time_us << 16 ^ picture->view; /* FNV-1a */
    for (uint32_t y = 0; y < image->height_px; y++)
        for (uint32_t x = 0; x < image->width_px; x++)
            sum = (sum ^ image->px[y * image->stride_bytes + x]) * 1099511628211u;
    if (a->pictures < ASKED_PICTURES)
        a->picture[a->pictures] = sum;
    a->pictures++;
    return RESIGHT_OK;
}

asked ask_source(resight_pool *pool, resight_source *source, const resight_marking *how, bool pictures) {
    static const resight_marking plain = {.dialect = RESIGHT_PDQ};
    asked a = {0};
    const resight_sink sink = {keep_mark, pictures ? keep_picture : NULL, &a};
    a.status = resight_pool_hash(pool, source, how ? how : &plain, &sink, &a.info, &a.damaged, &a.error);
    return a;
}

asked ask(resight_pool *pool, const void *bytes, size_t size_bytes, const resight_marking *how, bool pictures) {
    resight_source *source = NULL;
    cr_assert_eq(resight_source_open_memory(bytes, size_bytes, &source, NULL), RESIGHT_OK);
    const asked a = ask_source(pool, source, how, pictures);
    resight_source_free(&source);
    return a;
}

asked ask_order(resight_pool *pool, bool image, const char *order) {
    char file[512];
    snprintf(file, sizeof file, "%s%s", image ? "\xff\xd8\xff" : "", order);
    return ask(pool, file, strlen(file), NULL, false);
}
