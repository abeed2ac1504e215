/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last stage: local patches of the query's pictures are looked up, and of every known picture that shares some, the
 * patches vote on one place where it would have to lie. A vote that is sure enough is a near pair like any other.
 */
#include "match/matcher.h"

#include <string.h>

/* Frames of a video that are asked with patches, spread evenly: each costs as much as a picture. */
#define PATCHED_FRAMES 16
/* A key near more known patches than this tells none of them from the others. */
#define COMMON_PATCHES 2000

/* Every patch of a picture, and its mirror image. */
static uint32_t list_keys(const resight_patch *patches, size_t count, uint64_t *keys) {
    for (size_t i = 0; i < count; i++) {
        keys[2 * i] = patches[i].key;
        keys[2 * i + 1] = resight_patch_mirror(patches[i].key);
    }
    return (uint32_t)(2 * count);
}

/* Of the pairs that just voted, those that agree, for those who want to see them. */
static int keep_shared(resight_matcher *m, size_t count) {
    if (!m->how->details)
        return RESIGHT_OK;
    if (!array_reserve(&m->shared, &m->shared_capacity, m->shared_count, count))
        return out_of_memory(m);
    for (size_t i = 0; i < count; i++)
        if (m->patch_pairs[i].agrees)
            m->shared[m->shared_count++] = (resight_shared_patch){m->patch_pairs[i].query, m->patch_pairs[i].known};
    return RESIGHT_OK;
}

/* A vote as a near pair: the more patches agree, the nearer. */
static int keep_vote(resight_matcher *m, const resight_thumbnail *thumbnail, uint32_t frame,
                     const resight_patch_match *match, int64_t known_us, const resight_patch_vote *vote) {
    if (!array_reserve(&m->votes, &m->vote_capacity, m->vote_count, 1) ||
        !array_reserve(&m->pairs, &m->pair_capacity, m->pair_count, 1))
        return out_of_memory(m);
    m->pairs[m->pair_count++] = (near_pair){
        .entry = match->entry,
        .bank = match->bank,
        .query_us = thumbnail->time_us,
        .known_us = known_us,
        .frame = frame,
        .mark = (uint32_t)m->vote_count,
        .distance_bits = (uint16_t)(UINT16_MAX - (vote->agreeing < UINT16_MAX ? vote->agreeing : UINT16_MAX)),
        .view = (uint8_t)thumbnail->view,
    };
    m->votes[m->vote_count++] =
        (asked_vote){*vote, thumbnail->image.width_px, thumbnail->image.height_px, m->shared_count};
    return RESIGHT_OK;
}

/* The matches of one known picture vote. */
static int vote(resight_matcher *m, const resight_thumbnail *thumbnail, uint32_t frame, const resight_patch *patches,
                const resight_patch_match *matches, size_t count) {
    resight_patch_vote result;
    if (count < 2)
        return RESIGHT_OK;
    if (!array_reserve(&m->patch_pairs, &m->patch_pair_capacity, 0, count))
        return out_of_memory(m);
    for (size_t i = 0; i < count; i++)
        m->patch_pairs[i] = (resight_patch_pair){
            .query = patches[matches[i].query / 2],
            .known = matches[i].known,
            .distance_bits = (uint8_t)matches[i].distance_bits,
            .mirrored = matches[i].query % 2,
        };
    const int status = resight_patches_vote(m->patch_pairs, count, matches->width_px, matches->height_px, &result);
    if (status != RESIGHT_OK)
        return status == RESIGHT_NOT_FOUND ? RESIGHT_OK : status;
    if (result.agreeing < 2 || (result.agreeing == 2 && result.large == 0))
        return RESIGHT_OK;
    const int kept = keep_vote(m, thumbnail, frame, matches, matches->time_us, &result);
    return kept == RESIGHT_OK ? keep_shared(m, count) : kept;
}

static bool same_picture(const resight_patch_match *a, const resight_patch_match *b) {
    return a->entry == b->entry && a->set == b->set;
}

static int ask_thumbnail(resight_matcher *m, const resight_thumbnail *thumbnail, uint32_t frame) {
    resight_patch patches[RESIGHT_PATCHES_MAX];
    uint64_t keys[2 * RESIGHT_PATCHES_MAX];
    size_t count = 0;
    int status = resight_patcher_find(m->patcher, &thumbnail->image, RESIGHT_PATCHES_QUERY, patches,
                                      RESIGHT_PATCHES_MAX, &count);
    if (status != RESIGHT_OK || count == 0)
        return status;
    const resight_patch_query_options options = {.common = COMMON_PATCHES};
    status = resight_reader_query_patches(m->reader, keys, list_keys(patches, count, keys), &options, &m->patch_matches,
                                          m->error);
    const resight_patch_match *found = m->patch_matches.items;
    for (size_t from = 0, to; status == RESIGHT_OK && from < m->patch_matches.count; from = to) {
        for (to = from; to < m->patch_matches.count && same_picture(&found[to], &found[from]);)
            to++;
        if (!banks_left_out(m, found[from].bank))
            status = vote(m, thumbnail, frame, patches, found + from, to - from);
    }
    return status;
}

static void tell_vote(const resight_matcher *m, const near_pair *nearest, resight_found *item) {
    const asked_vote *asked = &m->votes[nearest->mark];
    const double longer = asked->width_px > asked->height_px ? asked->width_px : asked->height_px;
    item->confidence = asked->vote.agreeing >= 4 ? RESIGHT_CERTAIN : RESIGHT_PROBABLE;
    item->patches = asked->vote.agreeing;
    item->distance_bits = 0;
    item->transform = asked->vote.mirrored ? RESIGHT_FLIP_Y : RESIGHT_ORIGINAL;
    for (int i = 0; i < 4; i++)
        item->corner[i] = (resight_point){(float)(asked->vote.corner[i][0] * longer / 32768 / asked->width_px),
                                          (float)(asked->vote.corner[i][1] * longer / 32768 / asked->height_px)};
}

/* Of a still with transparent parts, the view on white stands for all, as it does when it is kept. */
static bool stands_back(const resight_subject *subject, size_t i) {
    const resight_thumbnail *it = &subject->thumbnails[i];
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

int patches_find(resight_matcher *m) {
    const size_t count = m->subject->thumbnail_count;
    const bool thorough = m->how->effort == RESIGHT_EFFORT_THOROUGH;
    const size_t step = thorough || count <= PATCHED_FRAMES ? 1 : (count + PATCHED_FRAMES - 1) / PATCHED_FRAMES;
    int status = RESIGHT_OK;
    m->pair_count = m->vote_count = m->shared_count = 0;
    m->last_frame = count > 0 ? (uint32_t)count - 1 : 0;
    for (size_t i = 0; status == RESIGHT_OK && i < count; i += step)
        if (!stands_back(m->subject, i))
            status = ask_thumbnail(m, &m->subject->thumbnails[i], (uint32_t)i);
    if (status == RESIGHT_OK)
        status = banks_suppress(m);
    if (status == RESIGHT_OK)
        status = gather(m, RESIGHT_BY_PATCHES, tell_vote);
    return status == RESIGHT_OK && m->how->details ? show_votes(m) : status;
}
