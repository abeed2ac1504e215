/* SPDX-License-Identifier: Apache-2.0 */
/* Segments between two sequences of frames, planted and found again. */
#include <criterion/criterion.h>
#include <math.h>
#include <resight/video.h>
#include <stdlib.h>

#define S 1000000
#define EVERY 250000 /* between known frames, as `resight add` keeps them */
#define SEGMENTS 16

/* A sequence of pairs under construction. */
typedef struct scene {
    resight_frame_pair pairs[20000];
    size_t count;
    resight_segment got[SEGMENTS];
    size_t found;
} scene;

static scene *new_scene(void) {
    scene *s = calloc(1, sizeof *s);
    cr_assert(s);
    return s;
}

static void pair(scene *s, double query_s, double known_s, unsigned bits) {
    cr_assert_lt(s->count, sizeof s->pairs / sizeof *s->pairs);
    s->pairs[s->count++] =
        (resight_frame_pair){(int64_t)llround(query_s * S), (int64_t)llround(known_s * S), (uint16_t)bits, 1};
}

/* A moving picture: query seconds from..to show known time known_from on, at a speed. The known frames nearest to the
 * moment are alike, the further off the less. */
static void play(scene *s, double from_s, double to_s, double known_from_s, double speed, double every_s) {
    for (double q = from_s; q <= to_s + 1e-9; q += every_s) {
        const double k = known_from_s + speed * (q - from_s);
        for (int64_t i = (int64_t)floor((k - 0.4) * 4); i <= (int64_t)ceil((k + 0.4) * 4); i++)
            if (i >= 0)
                pair(s, q, (double)i / 4, 2 + (unsigned)(fabs((double)i / 4 - k) * 40));
    }
}

/* A still scene: every frame of one resembles every frame of the other. */
static void hold(scene *s, double from_s, double to_s, double known_from_s, double known_to_s, double every_s) {
    for (double q = from_s; q <= to_s + 1e-9; q += every_s)
        for (double k = known_from_s; k <= known_to_s + 1e-9; k += 0.25)
            pair(s, q, k, (unsigned)(q * 37 + k * 101) % 23); /* noise of the encoding */
}

static void align(scene *s) {
    /* in an order that tells nothing */
    uint64_t state = 88172645463325252u;
    for (size_t i = s->count; i > 1; i--) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        const size_t j = state % i;
        const resight_frame_pair swapped = s->pairs[i - 1];
        s->pairs[i - 1] = s->pairs[j];
        s->pairs[j] = swapped;
    }
    cr_assert_eq(resight_align(s->pairs, s->count, NULL, s->got, SEGMENTS, &s->found), RESIGHT_OK);
    for (size_t i = 0; i < s->found; i++)
        for (size_t j = 0; j < i; j++)
            cr_expect(s->got[i].query_to_us < s->got[j].query_from_us ||
                          s->got[i].query_from_us > s->got[j].query_to_us,
                      "segments %zu and %zu overlap in query time", j, i);
}

static void expect(const resight_segment *got, double query_from_s, double query_to_s, double known_from_s,
                   double known_to_s, double speed) {
    cr_expect_float_eq((double)got->query_from_us / S, query_from_s, 0.3, "query from %.2f, not %.2f",
                       (double)got->query_from_us / S, query_from_s);
    cr_expect_float_eq((double)got->query_to_us / S, query_to_s, 0.3, "query to %.2f, not %.2f",
                       (double)got->query_to_us / S, query_to_s);
    cr_expect_float_eq((double)got->known_from_us / S, known_from_s, 0.5, "known from %.2f, not %.2f",
                       (double)got->known_from_us / S, known_from_s);
    cr_expect_float_eq((double)got->known_to_us / S, known_to_s, 0.5, "known to %.2f, not %.2f",
                       (double)got->known_to_us / S, known_to_s);
    cr_expect_float_eq(got->speed, speed, 0.02 * speed, "speed %.3f, not %.3f", got->speed, speed);
}

Test(align, a_clip_at_equal_speed_and_any_phase) {
    scene *s = new_scene();
    play(s, 0, 20, 31.37, 1, 1);
    pair(s, 5, 70, 20), pair(s, 11, 3, 28), pair(s, 40, 9, 5); /* accidents */
    align(s);
    cr_assert_geq(s->found, 1);
    expect(&s->got[0], 0, 20, 31.37, 51.37, 1);
    cr_expect_eq(s->got[0].speed, 1);
    cr_expect_eq(s->got[0].frames, 21);
    cr_expect_geq(s->got[0].places, 10);
    cr_expect_leq(s->got[0].distance_bits, 7);
    cr_expect_eq(s->found, 2, "%zu segments: the accident at 40 s, and none of the frames that were taken", s->found);
    free(s);
}

Test(align, speeds_between_a_half_and_double_are_measured) {
    const double speeds[] = {0.5, 0.6, 0.8, 0.9, 1.1, 1.25, 1.43, 1.75, 2};
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        scene *s = new_scene();
        play(s, 2, 2 + 16 / speeds[i], 10, speeds[i], 0.25);
        align(s);
        cr_assert_eq(s->found, 1, "speed %.2f: %zu segments", speeds[i], s->found);
        cr_expect_float_eq(s->got[0].speed, speeds[i], 0.02 * speeds[i], "%.3f, not %.2f", s->got[0].speed, speeds[i]);
        expect(&s->got[0], 2, 2 + 16 / speeds[i], 10, 26, speeds[i]);
        free(s);
    }
}

Test(align, a_small_difference_of_speed_over_a_long_film_is_one_segment) {
    scene *s = new_scene();
    play(s, 0, 1500, 100, 25 / 23.976, 1); /* film to PAL */
    align(s);
    cr_assert_eq(s->found, 1);
    expect(&s->got[0], 0, 1500, 100, 100 + 1500 * 25 / 23.976, 25 / 23.976);
    cr_expect_float_eq(s->got[0].speed, 25 / 23.976, 1e-3);
    cr_expect_eq(s->got[0].frames, 1501);
    free(s);
}

Test(align, a_speed_out_of_bounds_is_not_told) {
    scene *s = new_scene();
    play(s, 0, 20, 10, 3, 1);
    align(s);
    for (size_t i = 0; i < s->found; i++)
        cr_expect(s->got[i].frames <= 2 && s->got[i].speed >= 0.5 && s->got[i].speed <= 2);
    free(s);
}

Test(align, dropped_and_repeated_frames_do_not_break_a_segment) {
    scene *s = new_scene();
    for (int q = 0; q < 40; q++) {
        if (q % 3 == 1 || (q > 20 && q < 27))
            continue; /* of bad quality, or covered */
        play(s, q, q, 60 + q, 1, 1);
        play(s, q + 0.04, q + 0.04, 60 + q, 1, 1); /* the frame before, shown again */
    }
    align(s);
    cr_assert_eq(s->found, 1);
    expect(&s->got[0], 0, 39.04, 60, 99, 1);
    free(s);
}

Test(align, scenes_in_another_order_are_several_segments) {
    scene *s = new_scene();
    play(s, 0, 9, 40, 1, 0.5);
    play(s, 10, 24, 10, 1, 0.5);
    play(s, 25, 30, 80, 1.25, 0.5);
    align(s);
    cr_assert_eq(s->found, 3);
    expect(&s->got[0], 10, 24, 10, 24, 1); /* the longest first */
    expect(&s->got[1], 0, 9, 40, 49, 1);
    expect(&s->got[2], 25, 30, 80, 86.25, 1.25);
    free(s);
}

Test(align, an_insertion_into_foreign_footage_is_located) {
    scene *s = new_scene();
    play(s, 25, 33, 0, 1, 1);
    pair(s, 3, 4, 25), pair(s, 50, 2, 29);
    align(s);
    cr_assert_geq(s->found, 1);
    expect(&s->got[0], 25, 33, 0, 8, 1);
    cr_expect_eq(s->got[0].frames, 9);
    free(s);
}

Test(align, a_pause_longer_than_the_gap_splits_a_segment) {
    scene *s = new_scene();
    play(s, 0, 10, 5, 1, 1);
    play(s, 30, 40, 35, 1, 1); /* the same line, twenty seconds of something else between */
    align(s);
    cr_assert_eq(s->found, 2);
    resight_align_options how = resight_align_options_default();
    how.gap_us = 30 * (int64_t)S;
    cr_assert_eq(resight_align(s->pairs, s->count, &how, s->got, SEGMENTS, &s->found), RESIGHT_OK);
    cr_assert_eq(s->found, 1);
    expect(&s->got[0], 0, 40, 5, 45, 1);
    free(s);
}

Test(align, a_loop_in_the_query_is_a_segment_for_each_turn) {
    scene *s = new_scene();
    for (int turn = 0; turn < 4; turn++)
        play(s, 6 * turn, 6 * turn + 5.5, 20, 1, 0.5);
    align(s);
    cr_assert_eq(s->found, 4);
    for (size_t i = 0; i < s->found; i++)
        expect(&s->got[i], 6 * (double)i, 6 * (double)i + 5.5, 20, 25.5, 1);
    free(s);
}

Test(align, a_loop_in_the_known_video_is_told_once) {
    scene *s = new_scene();
    for (int turn = 0; turn < 4; turn++)
        play(s, 3, 9, 10 + 20 * turn, 1, 0.5);
    align(s);
    cr_assert_eq(s->found, 1);
    cr_expect_eq(s->got[0].frames, 13);
    cr_expect_eq(s->got[0].query_to_us - s->got[0].query_from_us, 6 * S);
    free(s);
}

/* Every line through the block of a still scene is as good as any other: that is no reason to tell a speed. */
Test(align, a_still_scene_shows_no_speed) {
    const double lengths[][2] = {{10, 10}, {10, 5}, {5, 10}, {30, 16}, {2, 60}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        scene *s = new_scene();
        hold(s, 0, lengths[i][0], 100, 100 + lengths[i][1], 0.5);
        align(s);
        cr_assert_geq(s->found, 1);
        cr_expect_eq(s->got[0].speed, 1, "%.0f and %.0f s: speed %.3f", lengths[i][0], lengths[i][1], s->got[0].speed);
        cr_expect_eq(s->got[0].places, 1);
        const double shorter = fmin(lengths[i][0], lengths[i][1]);
        cr_expect_geq((double)(s->got[0].query_to_us - s->got[0].query_from_us) / S, shorter);
        free(s);
    }
}

Test(align, a_still_scene_does_not_bend_the_moving_ones_beside_it) {
    scene *s = new_scene();
    play(s, 0, 8, 50, 1, 1);
    hold(s, 9, 19, 59, 69, 1); /* as long in both */
    play(s, 20, 28, 70, 1, 1);
    align(s);
    cr_assert_geq(s->found, 1);
    expect(&s->got[0], 0, 28, 50, 78, 1);
    cr_expect_eq(s->got[0].frames, 29);
    free(s);
}

Test(align, a_still_scene_does_not_shout_down_a_moving_one) {
    scene *s = new_scene();
    play(s, 0, 6, 60, 1, 1);
    hold(s, 7, 10, 0, 10, 1);
    align(s);
    cr_assert_geq(s->found, 2);
    expect(&s->got[0], 0, 6, 60, 66, 1);
    cr_expect_eq(s->got[1].query_from_us, 7 * S);
    cr_expect_eq(s->got[1].frames, 4);
    cr_expect_eq(s->got[1].places, 1);
    free(s);
}

/* The cuts of a slide show tell its speed although each slide stands still. */
Test(align, a_slide_show_played_slower_shows_its_speed) {
    scene *s = new_scene();
    for (int i = 0; i < 8; i++)
        hold(s, 5 * i, 5 * i + 4.5, 4 * i, 4 * i + 3.5, 0.5);
    align(s);
    cr_assert_geq(s->found, 1);
    cr_expect_float_eq(s->got[0].speed, 0.8, 0.04, "speed %.3f", s->got[0].speed);
    cr_expect_geq(s->got[0].places, 7);
    cr_expect_geq(s->got[0].frames, 76);
    free(s);
}

Test(align, one_frame_is_a_segment_of_no_length) {
    resight_frame_pair one = {5 * S, 7 * S, 12, 1};
    resight_segment got;
    size_t found = 0;
    cr_assert_eq(resight_align(&one, 1, NULL, &got, 1, &found), RESIGHT_OK);
    cr_assert_eq(found, 1);
    cr_expect(got.query_from_us == 5 * S && got.query_to_us == 5 * S && got.known_from_us == 7 * S &&
              got.known_to_us == 7 * S && got.frames == 1 && got.places == 1 && got.distance_bits == 12);
    cr_expect_eq(got.speed, 1);
}

/* A picture finds its moment: the still scene it was taken from, from its first frame to its last. */
Test(align, a_picture_finds_its_moment) {
    scene *s = new_scene();
    hold(s, 0, 0, 12, 15, 1);
    pair(s, 0, 80, 30);
    align(s);
    cr_assert_eq(s->found, 1);
    cr_expect_eq(s->got[0].known_from_us, 12 * S);
    cr_expect_eq(s->got[0].known_to_us, 15 * S);
    free(s);
}

Test(align, frames_that_everybody_has_weigh_less) {
    scene *s = new_scene();
    play(s, 0, 9, 100, 1, 1); /* an intro, known of forty videos */
    for (size_t i = 0; i < s->count; i++)
        s->pairs[i].weight = 1 / 40.f;
    play(s, 20, 23, 300, 1, 1); /* and four frames of this one's own */
    align(s);
    cr_assert_eq(s->found, 2);
    cr_expect_eq(s->got[0].query_from_us, 20 * S);
    cr_expect_gt(s->got[0].evidence, 10 * s->got[1].evidence);
    cr_expect_eq(s->got[1].frames, 10);
    free(s);
}

Test(align, pairs_without_weight_are_passed_over) {
    resight_frame_pair pairs[] = {{0, 0, 0, 0}, {S, S, 0, -1}, {2 * S, 2 * S, 0, NAN}};
    resight_segment got;
    size_t found = 7;
    cr_assert_eq(resight_align(pairs, 3, NULL, &got, 1, &found), RESIGHT_OK);
    cr_expect_eq(found, 0);
    pairs[1].weight = INFINITY;
    cr_assert_eq(resight_align(pairs, 3, NULL, &got, 1, &found), RESIGHT_OK);
    cr_expect(found == 1 && got.frames == 1 && got.evidence == 1);
}

/* Times come from files. */
Test(align, hostile_times_are_survived) {
    resight_frame_pair pairs[64];
    for (int i = 0; i < 64; i++)
        pairs[i] = (resight_frame_pair){i % 2 ? INT64_MAX - i : INT64_MIN + i, i % 3 ? INT64_MIN + i : INT64_MAX - i,
                                        UINT16_MAX, 1};
    resight_align_options how = resight_align_options_default();
    how.tolerance_us = 0;
    how.min_speed = 0.125;
    how.max_speed = 8;
    resight_segment got[SEGMENTS];
    size_t found = 0;
    cr_assert_eq(resight_align(pairs, 64, &how, got, SEGMENTS, &found), RESIGHT_OK);
    cr_expect_eq(found, 0); /* beyond 2^51 us: passed over */
    pairs[0] = (resight_frame_pair){7, (INT64_C(1) << 51) - 1, 0, 1};
    cr_assert_eq(resight_align(pairs, 64, NULL, got, SEGMENTS, &found), RESIGHT_OK);
    cr_expect(found == 1 && got[0].known_to_us == (INT64_C(1) << 51) - 1);
}

/* What it costs is not asserted here; a cost that grew with the square of the pairs would be noticed. */
Test(align, two_hundred_thousand_pairs_of_a_still_scene, .timeout = 60) {
    const size_t side = 448, count = side * side;
    resight_frame_pair *pairs = malloc(count * sizeof *pairs);
    cr_assert(pairs);
    for (size_t i = 0; i < count; i++)
        pairs[i] = (resight_frame_pair){(int64_t)(i / side) * S, (int64_t)(i % side) * EVERY, 4, 1};
    resight_segment got[SEGMENTS];
    size_t found = 0;
    cr_assert_eq(resight_align(pairs, count, NULL, got, SEGMENTS, &found), RESIGHT_OK);
    cr_assert_geq(found, 4);
    for (size_t i = 0; i < found; i++)
        cr_expect(got[i].speed == 1 && got[i].places == 1);
    free(pairs);
}

Test(align, wrong_arguments_are_refused) {
    resight_frame_pair one = {0, 0, 0, 1};
    resight_segment got;
    size_t found = 3;
    resight_align_options how = resight_align_options_default();
    cr_expect_eq(resight_align(&one, 0, &how, &got, 1, &found), RESIGHT_OK);
    cr_expect_eq(found, 0);
    cr_expect_eq(resight_align(&one, 1, &how, &got, 0, &found), RESIGHT_E_ARG);
    const resight_align_options wrong[] = {
        {-1, 0, 0.5, 2, 1}, {0, -1, 0.5, 2, 1}, {0, 0, 1.1, 2, 1}, {0, 0, 0, 2, 1},
        {0, 0, 0.5, 9, 1},  {0, 0, 0.5, 2, 0},  {0, 0, NAN, 2, 1}, {0, 0, 0.5, NAN, 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(resight_align(&one, 1, &wrong[i], &got, 1, &found), RESIGHT_E_ARG, "options %zu", i);
}

Test(cover, the_union_counts_once) {
    const resight_segment segments[] = {
        {.query_from_us = 0, .query_to_us = 9 * S, .known_from_us = 40 * S, .known_to_us = 49 * S},
        {.query_from_us = 20 * S, .query_to_us = 29 * S, .known_from_us = 45 * S, .known_to_us = 54 * S},
        {.query_from_us = 35 * S, .query_to_us = 45 * S, .known_from_us = 0, .known_to_us = 9 * S},
    };
    resight_coverage got;
    cr_assert_eq(resight_segments_cover(segments, 3, (resight_extent){40 * S, S}, (resight_extent){100 * S, S}, &got),
                 RESIGHT_OK);
    cr_expect_float_eq(got.query, 25 / 40.0, 1e-9, "%f", got.query);  /* the third is cut at the end */
    cr_expect_float_eq(got.known, 25 / 100.0, 1e-9, "%f", got.known); /* 40..55 and 0..10 */
}

Test(cover, what_has_no_length_is_not_covered) {
    const resight_segment one = {.query_from_us = INT64_MIN, .query_to_us = INT64_MAX, .known_to_us = INT64_MAX};
    resight_coverage got;
    cr_assert_eq(resight_segments_cover(&one, 1, (resight_extent){0, S}, (resight_extent){INT64_MAX, INT64_MAX}, &got),
                 RESIGHT_OK);
    cr_expect_eq(got.query, 0);
    cr_expect_eq(got.known, 1);
    cr_assert_eq(resight_segments_cover(NULL, 0, (resight_extent){S, S}, (resight_extent){S, S}, &got), RESIGHT_OK);
    cr_expect_eq(got.known, 0);
}
