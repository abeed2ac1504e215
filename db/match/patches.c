/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last stage: local patches of the query's pictures are looked up; the known pictures to which they lead most often
 * are suspects, and each suspect's patches are compared with the query's. What agrees on a place is a near pair like
 * any other.
 */
#include "match/matcher.h"

#include <math.h>
#include <string.h>

/* Frames of a video that are asked with patches, spread evenly: each costs as much as a picture. */
#define PATCHED_FRAMES 16
/* A key near more known patches than this tells none of them from the others. */
#define COMMON_PATCHES 1000
/* Without two patches there is no place for them to agree on. */
#define SUSPICIOUS_KEYS 2
/* Suspects that are compared for one picture, at a tenth of a millisecond each. */
#define SUSPECTS_MAX 64
/* Second looks are at a thumbnail of this side: half of the first, and above that at which it would be doubled. */
#define AGAIN_SIDE_PX 272
#define AGAIN_RECTANGLES 2
/* Undoes a stretch by 4 / 3 or by 5 / 4 to within what keys bear. */
#define STRETCH 1.28

/* Every patch of a picture, and its mirror image. */
static uint32_t list_keys(const resight_patch *patches, size_t count, uint64_t *keys) {
    for (size_t i = 0; i < count; i++) {
        keys[2 * i] = patches[i].key;
        keys[2 * i + 1] = resight_patch_mirrored_key(patches[i].key);
    }
    return (uint32_t)(2 * count);
}

/* ---- Suspects -------------------------------------------------------------------------------- */

static bool same_picture(const resight_patch_hit *a, const resight_patch_hit *b) {
    return a->entry == b->entry && a->set == b->set;
}

/* Patches of the query with a hit in one known picture. */
static uint32_t count_keys(const resight_patch_hit *hits, size_t count) {
    bool seen[RESIGHT_PATCHES_QUERY_MAX] = {false};
    uint32_t keys = 0;
    for (size_t i = 0; i < count; i++) {
        keys += !seen[hits[i].query / 2];
        seen[hits[i].query / 2] = true;
    }
    return keys;
}

static int most_keys(const void *left, const void *right) {
    const patch_suspect *a = left, *b = right;
    if (a->keys != b->keys)
        return a->keys > b->keys ? -1 : 1;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    return (a->set > b->set) - (a->set < b->set);
}

/* The known pictures that share keys with the query, those that share most first. */
static int find_suspects(resight_matcher *m) {
    const resight_patch_hit *hits = m->patch_hits.items;
    m->suspect_count = 0;
    for (size_t from = 0, to; from < m->patch_hits.count; from = to) {
        for (to = from; to < m->patch_hits.count && same_picture(&hits[to], &hits[from]);)
            to++;
        const uint32_t keys = count_keys(hits + from, to - from);
        if (keys < SUSPICIOUS_KEYS || banks_left_out(m, hits[from].bank))
            continue;
        if (!array_reserve(&m->suspects, &m->suspect_capacity, m->suspect_count, 1))
            return out_of_memory(m);
        m->suspects[m->suspect_count++] =
            (patch_suspect){hits[from].entry,    hits[from].time_us,  hits[from].bank, hits[from].set, keys,
                            hits[from].width_px, hits[from].height_px};
    }
    if (m->suspect_count > 1)
        qsort(m->suspects, m->suspect_count, sizeof *m->suspects, most_keys);
    if (m->suspect_count > SUSPECTS_MAX)
        m->suspect_count = SUSPECTS_MAX;
    return RESIGHT_OK;
}

/* ---- Looks ----------------------------------------------------------------------------------- */

/* A thumbnail, or a part of it, at the size and in the proportions in which its patches were found. */
typedef struct look {
    const resight_thumbnail *thumbnail;
    uint32_t frame;
    resight_rect part;
    resight_image image;
} look;

static double longer_px(const resight_image *image) {
    return image->width_px > image->height_px ? image->width_px : image->height_px;
}

/* Pixels of the look to pixels of the thumbnail. */
static double column_of(const look *at, double x_px) {
    return at->part.x_px + x_px * at->part.width_px / at->image.width_px;
}

static double row_of(const look *at, double y_px) {
    return at->part.y_px + y_px * at->part.height_px / at->image.height_px;
}

static resight_quad place_in(const look *at, const resight_patch_place corner[4]) {
    const double px = longer_px(&at->image) / RESIGHT_PATCH_UNITS;
    resight_quad where;
    for (int i = 0; i < 4; i++) {
        where.x[i] = column_of(at, (double)corner[i].x * px) / at->thumbnail->image.width_px;
        where.y[i] = row_of(at, (double)corner[i].y * px) / at->thumbnail->image.height_px;
    }
    return where;
}

/* A patch of the look as one of the thumbnail. Of a look in other proportions the square is only about right. */
static resight_patch outward(const look *at, resight_patch patch) {
    const double px = longer_px(&at->image) / RESIGHT_PATCH_UNITS;
    const double unit = RESIGHT_PATCH_UNITS / longer_px(&at->thumbnail->image);
    patch.x = (uint16_t)(column_of(at, patch.x * px) * unit + 0.5);
    patch.y = (uint16_t)(row_of(at, patch.y * px) * unit + 0.5);
    patch.width = (uint16_t)(patch.width * px * at->part.width_px / at->image.width_px * unit + 0.5);
    return patch;
}

/* ---- Votes ----------------------------------------------------------------------------------- */

/* The agreeing patches, for those who want to see them. */
static int keep_shared(resight_matcher *m, const look *at, const resight_patch *query, const resight_patch *known) {
    const resight_patch_match *got = m->compared;
    if (!m->how->details)
        return RESIGHT_OK;
    if (!array_reserve(&m->shared, &m->shared_capacity, m->shared_count, got->agreeing))
        return out_of_memory(m);
    for (uint32_t i = 0; i < got->agreeing; i++)
        m->shared[m->shared_count++] = (resight_shared_patch){outward(at, query[got->query[i]]), known[got->known[i]]};
    return RESIGHT_OK;
}

/* What a comparison found, as a near pair: the higher its score, the nearer. */
static int keep_vote(resight_matcher *m, const look *at, const patch_suspect *suspect) {
    const float score = m->compared->score * 1000;
    if (!array_reserve(&m->votes, &m->vote_capacity, m->vote_count, 1) ||
        !array_reserve(&m->pairs, &m->pair_capacity, m->pair_count, 1))
        return out_of_memory(m);
    m->pairs[m->pair_count++] = (near_pair){
        .entry = suspect->entry,
        .bank = suspect->bank,
        .query_us = at->thumbnail->time_us,
        .known_us = suspect->time_us,
        .frame = at->frame,
        .mark = (uint32_t)m->vote_count,
        .distance_bits = (uint16_t)(score < UINT16_MAX ? UINT16_MAX - (uint16_t)score : 0),
        .view = (uint8_t)at->thumbnail->view,
    };
    m->votes[m->vote_count++] = (patch_vote){
        .confidence = m->compared->level == RESIGHT_PATCHES_CERTAIN ? RESIGHT_CERTAIN : RESIGHT_PROBABLE,
        .mirrored = m->compared->mirrored,
        .agreeing = m->compared->agreeing,
        .where = place_in(at, m->compared->corner),
        .first_shared = m->shared_count,
    };
    return RESIGHT_OK;
}

static int compare(resight_matcher *m, const look *at, const resight_patch_list *query, const patch_suspect *suspect) {
    resight_patch patches[RESIGHT_PATCHES_KNOWN_MAX];
    size_t count = 0;
    int status = resight_reader_patches(m->reader, suspect->entry, suspect->set, patches, RESIGHT_PATCHES_KNOWN_MAX,
                                        &count, m->error);
    if (status != RESIGHT_OK)
        return status;
    const resight_patch_list known = {patches, (uint32_t)count, suspect->width_px, suspect->height_px};
    status = resight_patches_compare(query, &known, m->compared);
    if (status != RESIGHT_OK) /* patches that no picture has: the record came from elsewhere */
        return status == RESIGHT_E_ARG ? RESIGHT_OK : status;
    if (m->compared->level == RESIGHT_PATCHES_NOTHING)
        return RESIGHT_OK;
    status = keep_vote(m, at, suspect);
    return status == RESIGHT_OK ? keep_shared(m, at, query->patches, patches) : status;
}

/* ---- The stage ------------------------------------------------------------------------------- */

static int ask(resight_matcher *m, const look *at, resight_patch_role role) {
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    uint64_t keys[2 * RESIGHT_PATCHES_QUERY_MAX];
    size_t count = 0;
    int status = resight_patcher_find(m->patcher, &at->image, role, patches, RESIGHT_PATCHES_QUERY_MAX, &count);
    if (status != RESIGHT_OK)
        return resight_fail(m->error, status, "looking for patches: %s", resight_status_name(status));
    if (count == 0)
        return RESIGHT_OK;
    const resight_patch_query_options options = {.common = COMMON_PATCHES, .least = SUSPICIOUS_KEYS};
    const resight_patch_list query = {patches, (uint32_t)count, at->image.width_px, at->image.height_px};
    status = resight_reader_query_patches(m->reader, keys, list_keys(patches, count, keys), &options, &m->patch_hits,
                                          m->error);
    if (status == RESIGHT_OK)
        status = find_suspects(m);
    for (size_t i = 0; status == RESIGHT_OK && i < m->suspect_count; i++)
        status = compare(m, at, &query, &m->suspects[i]);
    return status;
}

static int ask_part(resight_matcher *m, look at, resight_rect part) {
    at.part = part;
    at.image = resight_image_part(&at.thumbnail->image, part);
    return ask(m, &at, RESIGHT_PATCHES_QUERY);
}

/* At AGAIN_SIDE_PX, which costs a third, and in proportions so many times as wide. */
static int ask_again(resight_matcher *m, look at, resight_rect part, double times) {
    const resight_image inside = resight_image_part(&at.thumbnail->image, part);
    const double width = part.width_px * times, height = part.height_px, longer = width > height ? width : height;
    uint8_t px[AGAIN_SIDE_PX * AGAIN_SIDE_PX];
    at.part = part;
    const int status = resight_image_average(&inside, (uint32_t)fmax(1, width / longer * AGAIN_SIDE_PX),
                                             (uint32_t)fmax(1, height / longer * AGAIN_SIDE_PX), px, &at.image);
    if (status != RESIGHT_OK)
        return resight_fail(m->error, status, "looking for patches again: %s", resight_status_name(status));
    return ask(m, &at, RESIGHT_PATCHES_KNOWN);
}

/* Does what was found since show most of the picture? Then it need not be looked at again. */
static bool explained(const resight_matcher *m, size_t votes) {
    for (size_t i = votes; i < m->vote_count; i++)
        if (share_of(&m->votes[i].where) >= MOST_OF_IT)
            return true;
    return false;
}

/* What lies between borders and bars: they take up room and patches, and make what is left smaller than the known
 * picture was when its patches were found. */
static int ask_trimmed(resight_matcher *m, const look *at) {
    resight_rect rest;
    const int status = resight_trim(&at->thumbnail->image, &rest);
    return status == RESIGHT_OK ? ask_part(m, *at, rest) : status < 0 ? status : RESIGHT_OK;
}

/* The likeliest rectangles of the stage before, for the same reason: a tile of a collage may have been cut to fit. */
static int ask_rectangles(resight_matcher *m, const look *at) {
    const double whole = (double)at->part.width_px * at->part.height_px;
    size_t asked = 0;
    int status = RESIGHT_OK;
    for (size_t i = 0; status == RESIGHT_OK && asked < AGAIN_RECTANGLES && i * RESIGHT_TRANSFORMS < m->part_mark_count;
         i++) {
        const asked_part *part = &m->parts[i];
        if (part->thumbnail != at->thumbnail || part->rect.width_px * (double)part->rect.height_px > MOST_OF_IT * whole)
            continue;
        status = ask_again(m, *at, part->rect, 1);
        asked++;
    }
    return status;
}

/* The whole; while it says nothing of most of the picture, its parts, and then what it was before somebody stretched
 * it: keys bear a fifth. */
static int ask_thumbnail(resight_matcher *m, const resight_thumbnail *thumbnail, uint32_t frame) {
    const resight_rect whole = {0, 0, thumbnail->image.width_px, thumbnail->image.height_px};
    const look at = {thumbnail, frame, whole, thumbnail->image};
    const size_t votes = m->vote_count;
    int status = ask(m, &at, RESIGHT_PATCHES_QUERY);
    const bool again = m->subject->kind == RESIGHT_IMAGE;
    if (status == RESIGHT_OK && again && !explained(m, votes))
        status = ask_trimmed(m, &at);
    if (status == RESIGHT_OK && again && !explained(m, votes))
        status = ask_rectangles(m, &at);
    if (status == RESIGHT_OK && again && !explained(m, votes))
        status = ask_again(m, at, whole, STRETCH);
    if (status == RESIGHT_OK && again && !explained(m, votes))
        status = ask_again(m, at, whole, 1 / STRETCH);
    return status;
}

static void tell_vote(const resight_matcher *m, const near_pair *nearest, resight_found *item) {
    const patch_vote *vote = &m->votes[nearest->mark];
    item->confidence = vote->confidence;
    item->patches = vote->agreeing;
    item->distance_bits = item->pdq_bits = UINT16_MAX;
    item->transform = vote->mirrored ? RESIGHT_FLIP_Y : RESIGHT_ORIGINAL;
    item->where = vote->where;
}

/* Of a still with transparent parts, the view on white stands for all, as it does when it is kept. */
static bool stands_back(const resight_subject *subject, size_t i) {
    const resight_thumbnail *it = &subject->thumbnails[i]; /* a JPEG, which alone may be approximate, has one */
    return it->view == RESIGHT_VIEW_ON_BLACK ||
           (it->view == RESIGHT_VIEW_STORED && i + 1 < subject->thumbnail_count && it[1].view == RESIGHT_VIEW_ON_WHITE);
}

/* The agreeing patches of one vote: from its first shared patch to that of the next. */
static int show_vote(const resight_matcher *m, const near_pair *pair, resight_found *item) {
    const size_t first = m->votes[pair->mark].first_shared;
    const size_t end = pair->mark + 1 < m->vote_count ? m->votes[pair->mark + 1].first_shared : m->shared_count;
    const size_t bytes = (end - first) * sizeof *m->shared;
    if (end == first)
        return RESIGHT_OK;
    if (!(item->agreement.patches = malloc(bytes)))
        return out_of_memory(m);
    memcpy(item->agreement.patches, m->shared + first, bytes);
    item->agreement.count = end - first;
    item->agreement.query_us = pair->query_us;
    item->agreement.known_us = pair->known_us;
    return RESIGHT_OK;
}

/* Of every item of the answer, the vote that most patches agree in. */
static int show_votes(resight_matcher *m) {
    int status = RESIGHT_OK;
    for (size_t i = 0; status == RESIGHT_OK && i < m->out->count; i++) {
        const near_pair *best = NULL;
        for (size_t j = 0; j < m->pair_count; j++)
            if (m->pairs[j].entry == m->out->items[i].entry &&
                (!best || m->pairs[j].distance_bits < best->distance_bits))
                best = &m->pairs[j];
        if (best)
            status = show_vote(m, best, &m->out->items[i]);
    }
    return status;
}

/* The thumbnails to ask with: one of a still, of a video an even choice of those that nothing was found in. */
static int choose_frames(resight_matcher *m, size_t *count) {
    const resight_subject *subject = m->subject;
    *count = 0;
    if (!array_reserve(&m->chosen, &m->chosen_capacity, 0, subject->thumbnail_count))
        return out_of_memory(m);
    for (size_t i = 0; i < subject->thumbnail_count; i++)
        if (!stands_back(subject, i) && !stage_skips(m, &subject->thumbnails[i]))
            m->chosen[(*count)++] = (uint32_t)i;
    return RESIGHT_OK;
}

int patches_find(resight_matcher *m) {
    const bool thorough = m->how->effort == RESIGHT_EFFORT_THOROUGH;
    size_t count = 0;
    int status = choose_frames(m, &count);
    const size_t step = thorough || count <= PATCHED_FRAMES ? 1 : (count + PATCHED_FRAMES - 1) / PATCHED_FRAMES;
    m->pair_count = m->vote_count = m->shared_count = 0;
    m->last_frame = (uint32_t)m->subject->thumbnail_count;
    for (size_t i = 0; status == RESIGHT_OK && i < count; i += step)
        status = ask_thumbnail(m, &m->subject->thumbnails[m->chosen[i]], m->chosen[i]);
    if (status == RESIGHT_OK)
        status = banks_suppress(m);
    if (status == RESIGHT_OK)
        status = gather(m, RESIGHT_BY_PATCHES, tell_vote);
    return status == RESIGHT_OK && m->how->details ? show_votes(m) : status;
}
