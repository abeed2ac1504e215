/* SPDX-License-Identifier: Apache-2.0 */
/* Thumbnails of a known item to the mark of its trimmed picture, and to patches. */
#include "inside.h"

#include "base/cleanup.h"
#include "memory.h"

struct inside {
    resight_hasher *hasher;
    resight_patcher *patcher;
    resight_patch_set *sets;
    size_t set_count;
    resight_patch *patches;
    size_t count, capacity;
};

inside *inside_new(resight_cpu cpu, resight_error *error) {
    CLEANUP(inside_free) inside *in = must_have(1, sizeof *in);
    int status = resight_hasher_new(cpu, &in->hasher);
    if (status == RESIGHT_OK)
        status = resight_patcher_new(&in->patcher);
    if (status == RESIGHT_OK)
        return STEAL(in);
    resight_fail(error, status, "cannot make what looks inside of pictures: %s", resight_status_name(status));
    return NULL;
}

void inside_free(inside **in) {
    if (!*in)
        return;
    resight_hasher_free(&(*in)->hasher);
    resight_patcher_free(&(*in)->patcher);
    free((*in)->sets);
    free((*in)->patches);
    free(*in);
    *in = NULL;
}

void inside_clear(inside *in) {
    in->set_count = in->count = 0;
}

int inside_trimmed(inside *in, const resight_thumbnail *thumbnail, resight_mark *out) {
    resight_rect rest;
    resight_mark marks[RESIGHT_TRANSFORMS];
    int status = resight_trim(&thumbnail->image, &rest);
    if (status == RESIGHT_OK)
        status = resight_part_marks(in->hasher, thumbnail, rest, RESIGHT_VIEW_TRIMMED, marks);
    if (status == RESIGHT_OK)
        *out = marks[RESIGHT_ORIGINAL];
    return status;
}

/* Room for another set of patches behind the first `count`. */
static resight_patch *room(inside *in) {
    const size_t need = in->count + RESIGHT_PATCHES_KNOWN_MAX;
    if (need > in->capacity) {
        in->capacity = 2 * need;
        must_resize(&in->patches, in->capacity, sizeof *in->patches);
    }
    return in->patches + in->count;
}

/* Of a picture with transparent parts, the view on white stands for all: the opaque parts look the same in each. */
int inside_patches(inside *in, const resight_thumbnail *thumbnail) {
    size_t count = 0;
    if (thumbnail->view == RESIGHT_VIEW_ON_BLACK)
        return RESIGHT_OK;
    if (thumbnail->view == RESIGHT_VIEW_ON_WHITE)
        inside_clear(in);
    if (in->count + RESIGHT_PATCHES_KNOWN_MAX > RESIGHT_ENTRY_PATCHES_MAX)
        return RESIGHT_OK; /* of a video of many hours, the first ones */
    const int status = resight_patcher_find(in->patcher, &thumbnail->image, RESIGHT_PATCHES_KNOWN, room(in),
                                            RESIGHT_PATCHES_KNOWN_MAX, &count);
    if (status != RESIGHT_OK || count == 0)
        return status;
    must_grow(&in->sets, in->set_count, sizeof *in->sets);
    in->sets[in->set_count++] = (resight_patch_set){
        .time_us = thumbnail->time_us,
        .first = (uint32_t)in->count,
        .count = (uint32_t)count,
        .width_px = (uint16_t)thumbnail->image.width_px,
        .height_px = (uint16_t)thumbnail->image.height_px,
        .view = (uint8_t)thumbnail->view,
    };
    in->count += count;
    return RESIGHT_OK;
}

patches_inside inside_found(const inside *in) {
    return (patches_inside){in->sets, in->set_count, in->patches, in->count};
}
