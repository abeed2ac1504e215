/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over the marks of two videos: vPDQ's percentages by hand, pruning, and the second look at a segment's ends. */
#include <criterion/criterion.h>
#include <resight/video.h>
#include <stdlib.h>

#define S 1000000

/* A hash of a number, and one that lies some bits from it. */
static resight_hash hash_of(uint64_t number) {
    resight_hash hash;
    for (size_t i = 0; i < 4; i++) {
        uint64_t z = number * 4 + i + 1;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        hash.w[i] = z ^ z >> 31;
    }
    return hash;
}

static resight_hash off(resight_hash hash, unsigned bits) {
    for (unsigned b = 0; b < bits; b++)
        hash.w[b % 4] ^= (uint64_t)1 << b / 4;
    return hash;
}

static resight_mark mark(resight_hash hash, int64_t time_us, uint8_t quality) {
    return (resight_mark){.hash = hash, .time_us = time_us, .quality = quality, .dialect = RESIGHT_PDQ};
}

/* ---- vPDQ ------------------------------------------------------------------------------------- */

Test(vpdq, shares_of_different_hashes_of_good_quality) {
    const resight_mark query[] = {
        mark(hash_of(1), 0, 100),          mark(hash_of(1), 0, 100), /* the same again: does not count */
        mark(off(hash_of(2), 31), 0, 50),                            /* just near enough, of just enough quality */
        mark(off(hash_of(3), 32), 0, 100),                           /* just too far */
        mark(hash_of(4), 0, 49),                                     /* of too little quality */
        mark(hash_of(5), 0, 90),
    };
    const resight_mark known[] = {
        mark(hash_of(1), 0, 80), mark(hash_of(2), 0, 80), mark(hash_of(3), 0, 80),
        mark(hash_of(4), 0, 80), mark(hash_of(5), 0, 20), mark(hash_of(6), 0, 80),
        mark(hash_of(7), 0, 80), mark(hash_of(8), 0, 80), mark(off(hash_of(1), 3), 0, 80),
    };
    resight_vpdq_result got;
    cr_assert_eq(resight_vpdq_percentages(query, 6, known, 9, NULL, &got), RESIGHT_OK);
    cr_expect_eq(got.query_hashes, 4);     /* 1, 2, 3, 5 */
    cr_expect_eq(got.known_hashes, 8);     /* all but 5 */
    cr_expect_eq(got.query_percent, 50);   /* 1 and 2 */
    cr_expect_eq(got.known_percent, 37.5); /* 1, 2, and the one 3 bits from 1 */
    cr_expect_not(got.matched);
    resight_vpdq_rule rule = resight_vpdq_rule_default();
    rule.query_percent = 50;
    cr_assert_eq(resight_vpdq_percentages(query, 6, known, 9, &rule, &got), RESIGHT_OK);
    cr_expect(got.matched);
    rule.known_percent = 37.6;
    cr_assert_eq(resight_vpdq_percentages(query, 6, known, 9, &rule, &got), RESIGHT_OK);
    cr_expect_not(got.matched);
    rule.radius_bits = 32;
    cr_assert_eq(resight_vpdq_percentages(query, 6, known, 9, &rule, &got), RESIGHT_OK);
    cr_expect(got.query_percent == 75 && got.known_percent == 50 && got.matched);
}

Test(vpdq, four_of_five_are_enough) {
    resight_mark query[5], known[4];
    for (size_t i = 0; i < 5; i++)
        query[i] = mark(hash_of(i), 0, 100);
    for (size_t i = 0; i < 4; i++)
        known[i] = mark(off(hash_of(i), 10), 0, 100);
    resight_vpdq_result got;
    cr_assert_eq(resight_vpdq_percentages(query, 5, known, 4, NULL, &got), RESIGHT_OK);
    cr_expect(got.query_percent == 80 && got.known_percent == 100 && got.matched);
    cr_assert_eq(resight_vpdq_percentages(query, 5, known, 3, NULL, &got), RESIGHT_OK);
    cr_expect(got.query_percent == 60 && !got.matched);
}

Test(vpdq, nothing_left_is_no_match) {
    const resight_mark bad = mark(hash_of(1), 0, 10), good = mark(hash_of(1), 0, 90);
    resight_vpdq_rule rule = resight_vpdq_rule_default();
    resight_vpdq_result got;
    rule.query_percent = 0;
    cr_assert_eq(resight_vpdq_percentages(&bad, 1, &good, 1, &rule, &got), RESIGHT_OK);
    cr_expect(got.query_percent == 0 && got.known_percent == 0 && !got.matched);
    cr_assert_eq(resight_vpdq_percentages(NULL, 0, NULL, 0, &rule, &got), RESIGHT_OK);
    cr_expect_not(got.matched);
}

/* ---- Pruning ---------------------------------------------------------------------------------- */

Test(prune, what_says_nothing_new_goes) {
    resight_mark marks[] = {
        mark(hash_of(1), 0, 90),
        mark(off(hash_of(1), 8), 40000, 90),   /* within the radius of the first */
        mark(off(hash_of(1), 9), 80000, 90),   /* not within: kept, and what follows is held against it */
        mark(off(hash_of(1), 15), 120000, 90), /* 6 bits from that */
        mark(hash_of(2), 160000, 90),
        mark(hash_of(2), 200000, 90),
        mark(hash_of(2), 1160000, 90), /* a second after the last kept */
        mark(hash_of(2), 1200000, 90),
    };
    cr_assert_eq(resight_prune_marks(marks, 8, 8, S), 4);
    const int64_t expected_us[] = {0, 80000, 160000, 1160000};
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(marks[i].time_us, expected_us[i], "mark %zu", i);
}

Test(prune, ways_of_looking_are_held_apart) {
    resight_mark marks[6];
    for (size_t i = 0; i < 6; i++)
        marks[i] = mark(hash_of(1), (int64_t)(i / 3) * 40000, 90);
    marks[1].view = marks[4].view = RESIGHT_VIEW_REDUCED;
    marks[2].transform = marks[5].transform = RESIGHT_FLIP_Y;
    cr_expect_eq(resight_prune_marks(marks, 6, 8, S), 3);
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(marks[i].time_us, 0);
    resight_mark odd[2] = {mark(hash_of(1), 0, 90), mark(hash_of(1), 0, 90)};
    odd[0].dialect = odd[1].dialect = 77; /* of no known kind: left alone */
    cr_expect_eq(resight_prune_marks(odd, 2, 8, S), 2);
    cr_expect_eq(resight_prune_marks(NULL, 0, 8, S), 0);
}

/* A time that jumps back is a new beginning, and times of any size do no harm. */
Test(prune, times_from_files) {
    resight_mark marks[] = {mark(hash_of(1), INT64_MAX, 90), mark(hash_of(1), INT64_MIN, 90),
                            mark(hash_of(1), INT64_MAX, 90)};
    cr_expect_eq(resight_prune_marks(marks, 3, 8, S), 3);
}

/* ---- The second look -------------------------------------------------------------------------- */

#define KNOWN 80
#define QUERY 24

/* Known frames each quarter of a second; the query shows seconds 4 to 16 of them at speed 1, sampled each half. Only
 * the middle of it lies within the radius of a search. */
static void make_clip(resight_mark *known, resight_mark *query) {
    for (size_t i = 0; i < KNOWN; i++)
        known[i] = mark(hash_of(i), (int64_t)i * 250000, 90);
    for (size_t i = 0; i < QUERY; i++)
        query[i] = mark(off(hash_of(16 + 2 * i), i >= 9 && i < 15 ? 5 : 60), (int64_t)i * 500000, 90);
}

static resight_segment found_in_the_middle(void) {
    return (resight_segment){
        .query_from_us = 4500000,
        .query_to_us = 7000000,
        .known_from_us = 8500000,
        .known_to_us = 11000000,
        .speed = 1,
        .evidence = 5,
        .frames = 6,
        .places = 6,
    };
}

Test(locate, ends_are_found_within_a_wider_radius) {
    resight_mark known[KNOWN], query[QUERY];
    resight_segment segment = found_in_the_middle();
    make_clip(known, query);
    cr_assert_eq(resight_locate(&segment, 1, query, QUERY, known, KNOWN, NULL), RESIGHT_OK);
    cr_expect_eq(segment.query_from_us, 0);
    cr_expect_eq(segment.query_to_us, 11500000);
    cr_expect_eq(segment.known_from_us, 4 * S);
    cr_expect_eq(segment.known_to_us, 15500000);
    cr_expect(segment.frames == 6 && segment.evidence == 5); /* what decides stays */
}

Test(locate, ends_are_put_between_frames) {
    resight_mark known[KNOWN], query[QUERY];
    resight_segment segment = found_in_the_middle();
    resight_locate_options how = resight_locate_options_default();
    make_clip(known, query);
    for (size_t i = 0; i < 4; i++)
        query[i].hash = hash_of(1000 + i); /* foreign: the clip begins at 2 s */
    how.query = (resight_extent){12 * S, 500000};
    how.known = (resight_extent){15700000, 250000};
    cr_assert_eq(resight_locate(&segment, 1, query, QUERY, known, KNOWN, &how), RESIGHT_OK);
    cr_expect_eq(segment.query_from_us, 1750000); /* half an interval before its first frame */
    cr_expect_eq(segment.known_from_us, 5750000);
    cr_expect_eq(segment.query_to_us, 12 * S);   /* its last frame is the query's last */
    cr_expect_eq(segment.known_to_us, 15700000); /* at most the end of the known video */
}

Test(locate, neighbours_keep_their_time) {
    resight_mark known[KNOWN], query[QUERY];
    resight_segment segments[2] = {found_in_the_middle(), found_in_the_middle()};
    make_clip(known, query);
    segments[1].query_from_us = 8 * S; /* another place, which its frames do not agree with */
    segments[1].query_to_us = 9 * S;
    segments[1].known_from_us = 0;
    segments[1].known_to_us = S;
    segments[1].frames = 3;
    cr_assert_eq(resight_locate(segments, 2, query, QUERY, known, KNOWN, NULL), RESIGHT_OK);
    cr_expect_eq(segments[0].query_from_us, 0);
    cr_expect_eq(segments[0].query_to_us, 7500000);
    cr_expect(segments[1].query_from_us == 8 * S && segments[1].query_to_us == 9 * S);
}

Test(locate, a_speed_that_few_places_left_open_is_found) {
    resight_mark known[KNOWN], query[10];
    for (size_t i = 0; i < KNOWN; i++)
        known[i] = mark(hash_of(i), (int64_t)i * 250000, 90);
    for (size_t i = 0; i < 10; i++) /* twice as fast, from the beginning on */
        query[i] = mark(off(hash_of(4 * i), 55), (int64_t)i * 500000, 90);
    resight_segment segment = {.known_to_us = 250000, .speed = 1, .frames = 1, .places = 1};
    cr_assert_eq(resight_locate(&segment, 1, query, 10, known, KNOWN, NULL), RESIGHT_OK);
    cr_expect_float_eq(segment.speed, 2, 0.01, "speed %.3f", segment.speed);
    cr_expect(segment.query_to_us == 4500000 && segment.known_to_us == 9 * S);
}

Test(locate, other_dialects_and_nothing_at_all) {
    resight_mark known[KNOWN], query[QUERY];
    resight_segment segment = found_in_the_middle();
    make_clip(known, query);
    for (size_t i = 0; i < KNOWN; i++)
        known[i].dialect = RESIGHT_PDQ512;
    cr_assert_eq(resight_locate(&segment, 1, query, QUERY, known, KNOWN, NULL), RESIGHT_OK);
    cr_expect_eq(segment.query_from_us, 4500000);
    cr_assert_eq(resight_locate(&segment, 1, NULL, 0, NULL, 0, NULL), RESIGHT_OK);
    cr_expect_eq(segment.query_from_us, 4500000);
    resight_locate_options how = resight_locate_options_default();
    how.corridor_us = -1;
    cr_expect_eq(resight_locate(&segment, 1, query, QUERY, known, KNOWN, &how), RESIGHT_E_ARG);
}
