/* SPDX-License-Identifier: Apache-2.0 */
/* Voting for the offset between two sequences of frames. */
#include <criterion/criterion.h>
#include <resight/video.h>

#define S 1000000

Test(align, the_offset_with_most_query_frames_wins) {
    resight_frame_pair pairs[] = {
        {9 * S, 2 * S, 3},   {3 * S, 33 * S + 100, 8}, {1 * S, 31 * S, 0},
        {2 * S, 32 * S, 10}, {4 * S, 34 * S - 100, 1}, {2 * S, 32 * S + 200, 9}, /* the same query frame again */
        {8 * S, 90 * S, 2},
    };
    resight_segment got;
    cr_assert_eq(resight_align(pairs, sizeof pairs / sizeof *pairs, 1000, &got), RESIGHT_OK);
    cr_expect_eq(got.query_from_us, 1 * S);
    cr_expect_eq(got.query_to_us, 4 * S);
    cr_expect_eq(got.known_from_us, 31 * S);
    cr_expect_eq(got.known_to_us, 34 * S - 100);
    cr_expect_eq(got.frames, 4);
}

/* A second of moving picture is told from a still scene in which every frame resembles every other. */
Test(align, a_still_scene_does_not_shout_down_a_moving_one) {
    resight_frame_pair pairs[100];
    size_t count = 0;
    for (int q = 0; q < 6; q++) /* the moving part: one partner each, 60 seconds on */
        pairs[count++] = (resight_frame_pair){q * S, (60 + q) * S, 0};
    for (int q = 6; q < 10; q++) /* the still part: it resembles seconds 0 to 9 of the other */
        for (int k = 0; k < 10; k++)
            pairs[count++] = (resight_frame_pair){q * S, k * S, 0};
    resight_segment got;
    cr_assert_eq(resight_align(pairs, count, S, &got), RESIGHT_OK);
    cr_expect(got.query_from_us == 0 && got.query_to_us == 5 * S && got.known_from_us == 60 * S && got.frames == 6);
}

Test(align, one_pair_is_a_segment_of_no_length) {
    resight_frame_pair pair = {5 * S, 7 * S, 0};
    resight_segment got;
    cr_assert_eq(resight_align(&pair, 1, 0, &got), RESIGHT_OK);
    cr_expect(got.query_from_us == 5 * S && got.query_to_us == 5 * S && got.known_from_us == 7 * S && got.frames == 1);
}

Test(align, wrong_arguments_are_refused) {
    resight_frame_pair pair = {0, 0, 0};
    resight_segment got;
    cr_expect_eq(resight_align(&pair, 0, 1, &got), RESIGHT_E_ARG);
    cr_expect_eq(resight_align(&pair, 1, -1, &got), RESIGHT_E_ARG);
}
