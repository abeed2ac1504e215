/* SPDX-License-Identifier: Apache-2.0 */
/* The stages that look inside of frames: without borders and bars, and at rectangles that may be pictures. */
#include "match/matcher.h"

#define CERTAIN_PART_BITS 12

/* One part of one thumbnail, as marks in the eight turns. Too little in it: it is left out. */
static int add_part(resight_matcher *m, const resight_thumbnail *thumbnail, resight_rect part, resight_view kind) {
    if (!array_reserve(&m->part_marks, &m->part_mark_capacity, m->part_mark_count, RESIGHT_TRANSFORMS) ||
        !array_reserve(&m->parts, &m->part_capacity, m->part_mark_count / RESIGHT_TRANSFORMS, 1))
        return out_of_memory(m);
    const int status = resight_part_marks(m->hasher, thumbnail, part, kind, m->part_marks + m->part_mark_count);
    if (status != RESIGHT_OK)
        return status == RESIGHT_NOT_FOUND ? RESIGHT_OK : status;
    m->parts[m->part_mark_count / RESIGHT_TRANSFORMS] = (asked_part){thumbnail, part};
    m->part_mark_count += RESIGHT_TRANSFORMS;
    return RESIGHT_OK;
}

static int add_trimmed(resight_matcher *m, const resight_thumbnail *thumbnail) {
    resight_rect rest;
    const int status = resight_trim(&thumbnail->image, &rest);
    if (status != RESIGHT_OK)
        return status == RESIGHT_NOT_FOUND ? RESIGHT_OK : status;
    return add_part(m, thumbnail, rest, RESIGHT_VIEW_TRIMMED);
}

/* A rectangle as it is, and without the borders and bars that lie inside of it. */
static int add_rectangle(resight_matcher *m, const resight_thumbnail *thumbnail, resight_rect whole) {
    resight_rect rest;
    const resight_image inside = resight_image_part(&thumbnail->image, whole);
    const int status = add_part(m, thumbnail, whole, RESIGHT_VIEW_RECTANGLE);
    if (status != RESIGHT_OK || resight_trim(&inside, &rest) != RESIGHT_OK)
        return status;
    rest.x_px += whole.x_px;
    rest.y_px += whole.y_px;
    return add_part(m, thumbnail, rest, RESIGHT_VIEW_RECTANGLE);
}

static int add_rectangles(resight_matcher *m, const resight_thumbnail *thumbnail) {
    resight_rect found[RESIGHT_RECTANGLES_MAX];
    unsigned count = 0;
    int status = resight_rectangles(m->finder, &thumbnail->image, found, &count);
    if (status == RESIGHT_NOT_FOUND)
        return RESIGHT_OK;
    for (unsigned i = 0; status == RESIGHT_OK && i < count; i++)
        status = add_rectangle(m, thumbnail, found[i]);
    return status;
}

/* Parts are smaller and plainer than pictures: what is near enough for a frame makes them probable. */
static void tell_part(const resight_matcher *m, const near_pair *nearest, resight_found *item) {
    const asked_part *part = &m->parts[nearest->mark / RESIGHT_TRANSFORMS];
    const resight_area area = resight_rect_area(part->rect, &part->thumbnail->image);
    item->confidence = nearest->distance_bits <= CERTAIN_PART_BITS ? RESIGHT_CERTAIN : RESIGHT_PROBABLE;
    resight_region_place(&area, item->transform, &whole_picture, &item->where);
}

static int find_parts(resight_matcher *m, int (*add)(resight_matcher *m, const resight_thumbnail *thumbnail),
                      resight_evidence evidence) {
    const resight_subject *subject = m->subject;
    int status = RESIGHT_OK;
    m->part_mark_count = 0;
    for (size_t i = 0; status == RESIGHT_OK && i < subject->thumbnail_count; i++)
        if (!stage_skips(m, &subject->thumbnails[i]))
            status = add(m, &subject->thumbnails[i]);
    if (status == RESIGHT_OK)
        status = pairs_find(m, m->part_marks, m->part_mark_count);
    if (status == RESIGHT_OK)
        status = banks_suppress(m);
    return status == RESIGHT_OK ? gather(m, evidence, tell_part) : status;
}

int parts_find_trimmed(resight_matcher *m) {
    return find_parts(m, add_trimmed, RESIGHT_BY_TRIMMED);
}

int parts_find_rectangles(resight_matcher *m) {
    return find_parts(m, add_rectangles, RESIGHT_BY_RECTANGLE);
}
