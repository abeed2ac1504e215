/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames are handed out, on clocks good and bad. */
#include "decode/sampling.h"

#include <criterion/criterion.h>

#define MS 1000
#define S 1000000

/* Take frames shown at these times; what is handed out has to be these numbers and times. */
static void expect(sampling s, const int64_t *shown, size_t count, const int64_t (*wanted)[2], size_t wanted_count) {
    size_t given = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t time_us = -1;
        if (!sampling_take(&s, shown[i], &time_us))
            continue;
        cr_assert_lt(given, wanted_count, "frame %zu at %ld is one too many", i, (long)time_us);
        cr_expect_eq(s.count - 1, wanted[given][0], "number %ld, not %ld", (long)s.count - 1, (long)wanted[given][0]);
        cr_expect_eq(time_us, wanted[given][1], "frame %zu at %ld, not %ld", i, (long)time_us, (long)wanted[given][1]);
        given++;
    }
    cr_expect_eq(given, wanted_count);
}
#define EXPECT(s, shown, wanted) expect(s, shown, sizeof shown / sizeof *shown, wanted, sizeof wanted / sizeof *wanted)

Test(sampling, the_first_frame_at_or_after_each_multiple) {
    const int64_t shown[] = {7 * S,           7 * S + 400 * MS, 7 * S + 999 * MS, 8 * S,
                             8 * S + 10 * MS, 9 * S + 1,        11 * S,           11 * S + 1};
    const int64_t wanted[][2] = {{0, 0}, {3, 1 * S}, {5, 2 * S + 1}, {6, 4 * S}};
    EXPECT(sampling_start(S, 40 * MS), shown, wanted);
}

Test(sampling, zero_is_every_frame) {
    const int64_t shown[] = {-5, 0, 1, 2 * S};
    const int64_t wanted[][2] = {{0, 0}, {1, 5}, {2, 6}, {3, 2 * S + 5}};
    EXPECT(sampling_start(0, 40 * MS), shown, wanted);
}

Test(sampling, without_times_frames_follow_at_their_rate) {
    const int64_t shown[] = {SAMPLING_NO_TIME, SAMPLING_NO_TIME, SAMPLING_NO_TIME, 500 * MS, SAMPLING_NO_TIME};
    const int64_t wanted[][2] = {{0, 0}, {1, 40 * MS}, {2, 80 * MS}, {3, 500 * MS}, {4, 540 * MS}};
    EXPECT(sampling_start(0, 40 * MS), shown, wanted);
}

Test(sampling, one_time_that_is_out_of_place_moves_no_other) {
    const int64_t shown[] = {0, 40 * MS, 30 * MS, 40 * MS, 160 * MS};
    const int64_t wanted[][2] = {{0, 0}, {1, 40 * MS}, {2, 40 * MS + 1}, {3, 40 * MS + 2}, {4, 160 * MS}};
    EXPECT(sampling_start(0, 40 * MS), shown, wanted);
}

Test(sampling, a_clock_that_was_set_is_followed_from_there) {
    const int64_t day = INT64_C(86400) * S;
    const int64_t shown[] = {100 * S, 101 * S, 3 * S, 4 * S, day, day + S, INT64_MAX, INT64_MIN + 1, day + 3 * S};
    const int64_t wanted[][2] = {{0, 0},
                                 {1, 1 * S},
                                 {2, 1 * S + 40 * MS},
                                 {3, 2 * S + 40 * MS},
                                 {4, 2 * S + 80 * MS},
                                 {5, 3 * S + 80 * MS},
                                 {6, 3 * S + 120 * MS},
                                 {7, 3 * S + 160 * MS},
                                 {8, 5 * S + 80 * MS}};
    EXPECT(sampling_start(0, 40 * MS), shown, wanted);
}

/* A container that states a frame in a century, and gives no times. */
Test(sampling, absurd_rates_do_not_run_past_the_end_of_time) {
    sampling s = sampling_start(0, INT64_MAX);
    int64_t last_us = -1, time_us = 0;
    for (int i = 0; i < 100000; i++) {
        cr_assert(sampling_take(&s, SAMPLING_NO_TIME, &time_us));
        cr_assert_gt(time_us, last_us, "frame %d", i);
        last_us = time_us;
    }
}
