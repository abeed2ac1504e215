/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One search on its way through the stages: what is asked, the pairs of near marks that the stage at hand found, and
 * the answer as it grows.
 *
 *     stage ──► pairs.c: marks to near pairs ──► banks.c: negative banks take away ──► gather.c: pairs to known items
 */
#ifndef RESIGHT_DB_MATCH_MATCHER_H
#define RESIGHT_DB_MATCH_MATCHER_H

#include "array.h"
#include <resight/match.h>

/* Looked up at once: 32 frames, turned and inverted. In a still scene each of them is near to every other. */
#define HASHES_A_LOOKUP 512

static const resight_area whole_picture = {0, 0, 1, 1};

/* One mark to look up. */
typedef struct asked_mark {
    const resight_mark *mark;
    uint32_t frame; /* of the query: counts frames, not marks */
    bool inverted;
} asked_mark;

/* A part of a frame that was looked up: eight marks of it. */
typedef struct asked_part {
    const resight_thumbnail *thumbnail;
    resight_rect rect;
} asked_part;

/* One pair of near marks. */
typedef struct near_pair {
    uint64_t entry;
    int64_t query_us, known_us;
    uint32_t bank;
    uint32_t frame;
    uint32_t mark; /* of those that were looked up */
    uint16_t distance_bits;
    uint8_t transform, view, known_view;
    uint8_t dialect, known_dialect;
    bool inverted;
} near_pair;

/* A known picture that shares some keys with a thumbnail. */
typedef struct patch_suspect {
    uint64_t entry;
    int64_t time_us; /* of its frame */
    uint32_t bank, set;
    uint32_t keys; /* patches of the thumbnail that have a hit there */
    uint16_t width_px, height_px;
} patch_suspect;

/* What the patches of one thumbnail say of one known picture. */
typedef struct patch_vote {
    resight_confidence confidence;
    bool mirrored;
    uint32_t agreeing;
    resight_quad where;
    size_t first_shared; /* of its agreeing patches, when details are asked for */
} patch_vote;

/* How many known items a frame of the query is near to. */
typedef struct held_frame {
    uint64_t last_entry; /* while counting */
    uint32_t holders;
} held_frame;

struct resight_matcher {
    resight_reader *reader;
    resight_bank *banks; /* in order of id */
    size_t bank_count, bank_capacity;

    /* the search at hand; all borrowed */
    const resight_subject *subject;
    const resight_matching *how;
    resight_answer *out;
    resight_error *error;

    /* scratch of a stage */
    resight_hash *hashes;      /* [HASHES_A_LOOKUP] */
    const resight_mark *marks; /* that are looked up */
    asked_mark *asked;         /* [HASHES_A_LOOKUP] */
    size_t asked_count;
    resight_matches matches;
    near_pair *pairs;
    size_t pair_count, pair_capacity;
    resight_frame_pair *times;
    size_t time_capacity;
    uint32_t last_frame; /* of those that were looked up */
    held_frame *held;    /* [last_frame + 1] */
    size_t held_capacity;
    resight_mark *frame_marks, *known_marks; /* of the query in one turn, and of one known item */
    size_t frame_mark_capacity, known_mark_capacity;

    /* inside of frames */
    resight_hasher *hasher;
    resight_finder *finder;
    resight_mark *part_marks; /* eight for each part */
    asked_part *parts;
    size_t part_mark_count, part_mark_capacity, part_capacity;

    /* patches */
    resight_patcher *patcher;
    resight_patch_hits patch_hits;
    uint32_t *chosen; /* thumbnails to ask with */
    size_t chosen_capacity;
    patch_suspect *suspects; /* of one thumbnail */
    size_t suspect_count, suspect_capacity;
    resight_patch_match *compared; /* scratch of one comparison */
    patch_vote *votes;
    size_t vote_count, vote_capacity;
    resight_shared_patch *shared; /* agreeing patches of the votes, in their order; of details only */
    size_t shared_count, shared_capacity;
};

/* ---- pairs.c */

/* Look the marks up that have quality enough, and their negatives. Fills m->pairs anew. */
int pairs_find(resight_matcher *m, const resight_mark *marks, size_t count);
/* Which way the query was turned, as one number: the inverted ones come last. */
int pair_way(const near_pair *pair);
/* qsort() of m->pairs that knows of none and one. */
void pairs_sort(resight_matcher *m, int (*order)(const void *, const void *));

/* ---- banks.c */

int banks_load(resight_matcher *m);
/* NULL when there is none */
const resight_bank *banks_get(const resight_matcher *m, uint32_t id);
/* A negative bank that was asked for by name is looked into like any other. */
bool banks_negative(const resight_matcher *m, uint32_t id);
/* Is this bank left out, because another was asked for and it is not negative? */
bool banks_left_out(const resight_matcher *m, uint32_t id);
/* Take out of m->pairs what lies in negative banks, and of each frame what is no nearer than its nearest negative. */
int banks_suppress(resight_matcher *m);
/* Remember an entry of a negative bank that took something away. */
int banks_note(resight_matcher *m, const near_pair *pair);

/* ---- gather.c */

/* What a stage has to say of an item, from the nearest pair that speaks for it: how sure, and where. */
typedef void item_teller(const resight_matcher *m, const near_pair *nearest, resight_found *item);
/* The pairs by entry, as items of the answer that were found by this evidence. */
int gather(resight_matcher *m, resight_evidence evidence, item_teller *tell);

/* ---- matcher.c */

/* A match that shows less of the query than this leaves room for another: a collage is of several pictures. */
#define MOST_OF_IT 0.5
/* The share of the query that a known picture takes up; its corners go around once. */
double share_of(const resight_quad *where);

/* Has an earlier stage found what this thumbnail shows? Then the stage at hand need not look at it. */
bool stage_skips(const resight_matcher *m, const resight_thumbnail *thumbnail);

/* ---- parts.c */

int parts_find_trimmed(resight_matcher *m);
int parts_find_rectangles(resight_matcher *m);

/* ---- patches.c */

int patches_find(resight_matcher *m);

/* ---- times.c */

/* The segments of one entry in one way. */
int times_align(resight_matcher *m, const near_pair *pairs, size_t count, resight_found *item);
/* Of two videos, the ends of the segments and what they cover. */
int times_tell(resight_matcher *m, resight_found *item, const resight_entry *known);
/* vPDQ's shares of two videos. */
int times_share(resight_matcher *m, resight_found *item, const resight_entry *known);

/* ---- answer.c */

/* The item of this entry; NULL when there is none. */
resight_found *answer_item(resight_answer *answer, uint64_t entry);
/* A new item at the end. NULL when memory is refused. */
resight_found *answer_add(resight_answer *answer, const resight_found *item);
/* Free what an item owns. */
void answer_free_item(resight_found *item);
/* Put the items into order. */
void answer_sort(resight_answer *answer);
/* Put the items into order, and give them their names. */
int answer_finish(resight_matcher *m);

/* RESIGHT_E_NOMEM, with a text. */
int out_of_memory(const resight_matcher *m);

#endif
