/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as they pass: what is told of what appears in them, when, and how often. */
#include "harness.h"
#include <resight/live.h>
#include <string.h>

#define S 1000000
#define EVERY 500000 /* between the frames of a stream */
#define KNOWN_EVERY 125000
#define KNOWN_S 30
#define KNOWN_MARKS (KNOWN_S * 8)

enum { TOLD = 256, HOLDERS = 8 };

/* One thing that was told. */
typedef struct told {
    resight_live_state state;
    uint64_t entry;
    resight_segment segment;
    int64_t at_us;
    resight_coverage coverage;
} told;

/* A database with one known video of ever new frames, and a stream that runs. */
typedef struct stage {
    test_place place;
    resight_db *db;
    uint32_t known;
    random_source random;
    resight_hash frames[KNOWN_MARKS];
    uint64_t video;
    resight_matcher *matcher;
    resight_live *live;
    int64_t now_us;
    told told[TOLD];
    size_t count;
    int answer; /* of the sink */
} stage;

static uint64_t add(stage *s, const resight_entry *entry) {
    resight_writer *writer = NULL;
    resight_error error;
    uint64_t id = 0;
    assert_ok(resight_writer_begin(s->db, &writer, &error));
    assert_ok(resight_writer_add(writer, entry, &id, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    return id;
}

static uint64_t add_video(stage *s) {
    resight_mark marks[KNOWN_MARKS];
    for (int i = 0; i < KNOWN_MARKS; i++) {
        marks[i] = mark_of(&s->frames[i]);
        marks[i].time_us = (int64_t)KNOWN_EVERY * i;
    }
    const resight_entry entry = {.bank = s->known,
                                 .kind = RESIGHT_VIDEO,
                                 .name = "video",
                                 .marks = marks,
                                 .mark_count = KNOWN_MARKS,
                                 .duration_us = (int64_t)KNOWN_S * S};
    return add(s, &entry);
}

static int keep(void *user, resight_live_state state, const resight_answer *answer) {
    stage *s = user;
    cr_assert(answer->count == 1 && answer->items->segment_count == 1 && s->count < TOLD);
    cr_assert_str_eq(answer->items->bank, "known");
    s->told[s->count++] =
        (told){state, answer->items->entry, answer->items->segments[0], s->now_us, answer->items->coverage};
    return s->answer;
}

static stage *raise_stage(void) {
    stage *s = calloc(1, sizeof *s);
    resight_error error;
    cr_assert_not_null(s);
    s->place = place_make();
    s->db = open_new(&s->place, 0);
    s->known = put_bank(s->db, "known", 31, 0);
    s->random = (random_source){11};
    for (int i = 0; i < KNOWN_MARKS; i++)
        s->frames[i] = random_hash(&s->random);
    s->video = add_video(s);
    assert_ok(resight_matcher_new(s->db, &s->matcher, &error));
    const resight_live_sink sink = {keep, s};
    cr_assert_eq(resight_live_new(s->matcher, NULL, EVERY, &sink, &s->live), RESIGHT_OK);
    return s;
}

static void strike(stage *s) {
    resight_live_free(&s->live);
    resight_matcher_free(&s->matcher);
    resight_db_close(&s->db);
    place_free(&s->place);
    free(s);
}

static int show(stage *s, const resight_hash *hash) {
    resight_error error = {{0}};
    resight_mark mark = mark_of(hash);
    mark.time_us = s->now_us;
    const int status = resight_live_mark(s->live, &mark, &error);
    s->now_us += EVERY;
    return status;
}

/* Something that nobody knows. */
static void pass(stage *s, int seconds) {
    for (int i = 0; i < 2 * seconds; i++) {
        const resight_hash hash = random_hash(&s->random);
        cr_assert_eq(show(s, &hash), RESIGHT_OK);
    }
}

/* The known video from a second on, its frames a little changed. */
static void play(stage *s, int from_s, int seconds) {
    for (int i = 0; i < 2 * seconds; i++) {
        const resight_hash hash = random_near(&s->random, &s->frames[from_s * 8 + i * 4], 8);
        cr_assert_eq(show(s, &hash), RESIGHT_OK);
    }
}

static void hold(stage *s, const resight_hash *hash, int frames) {
    for (int i = 0; i < frames; i++)
        cr_assert_eq(show(s, hash), RESIGHT_OK);
}

static resight_answer finish(stage *s) {
    resight_answer all = {0};
    resight_error error;
    assert_ok(resight_live_finish(s->live, &all, &error));
    return all;
}

static void expect_near(int64_t time_us, double seconds, const char *what) {
    cr_expect_leq(llabs(time_us - (int64_t)(seconds * S)), S, "%s: %ld us, expected about %g s", what, (long)time_us,
                  seconds);
}

static void expect_told(const stage *s, size_t i, resight_live_state state, double from_s, double to_s) {
    cr_assert_lt(i, s->count, "told %zu times", s->count);
    cr_expect_eq(s->told[i].state, state, "%zu", i);
    expect_near(s->told[i].segment.query_from_us, from_s, "from");
    if (state == RESIGHT_ENDED)
        expect_near(s->told[i].segment.query_to_us, to_s, "to");
}

Test(live, an_appearance_is_told_when_it_is_certain_and_when_it_is_over) {
    stage *s = raise_stage();
    pass(s, 30);
    play(s, 5, 12);
    cr_assert_eq(s->count, 1);
    expect_told(s, 0, RESIGHT_BEGUN, 30, 0);
    cr_expect_leq(s->told[0].at_us, 34 * S, "certain at once");
    cr_expect_eq(s->told[0].entry, s->video);
    expect_near(s->told[0].segment.known_from_us, 5, "known from");
    pass(s, 9);
    cr_expect_eq(s->count, 1, "it may go on");
    pass(s, 5);
    cr_assert_eq(s->count, 2);
    pass(s, 60);
    expect_told(s, 1, RESIGHT_ENDED, 30, 42);
    expect_near(s->told[1].segment.known_to_us, 17, "known to");
    cr_expect(s->told[1].segment.frames >= 22 && s->told[1].segment.frames <= 24, "%u frames",
              s->told[1].segment.frames);
    cr_expect_float_eq(s->told[1].coverage.known, 0.4, 0.05);
    resight_answer all = finish(s);
    cr_expect_eq(s->count, 2, "once each");
    cr_assert(all.count == 1 && all.items[0].segment_count == 1 && all.frames == 232 && all.quality == 100);
    cr_expect_float_eq(all.items[0].coverage.query, 12.0 / 116, 0.01);
    resight_answer_free(&all);
    strike(s);
}

/* Longer than the window: its beginning is remembered, and its frames are counted on. */
Test(live, an_appearance_that_outlasts_the_window_is_one) {
    stage *s = raise_stage();
    pass(s, 4);
    play(s, 0, KNOWN_S);
    resight_answer all = finish(s);
    cr_assert_eq(s->count, 2);
    expect_told(s, 1, RESIGHT_ENDED, 4, 34);
    expect_near(s->told[1].segment.known_from_us, 0, "known from");
    cr_expect(s->told[1].segment.frames >= 56 && s->told[1].segment.frames <= 62, "%u frames",
              s->told[1].segment.frames);
    resight_answer_free(&all);
    strike(s);
}

Test(live, what_comes_back_is_told_again_and_another_part_of_it_too) {
    stage *s = raise_stage();
    play(s, 0, 8);
    pass(s, 12); /* the window still shows it */
    play(s, 0, 8);
    play(s, 20, 8); /* a jump */
    resight_answer all = finish(s);
    cr_assert_eq(s->count, 6);
    expect_told(s, 0, RESIGHT_BEGUN, 0, 0);
    expect_told(s, 1, RESIGHT_ENDED, 0, 8);
    expect_told(s, 2, RESIGHT_BEGUN, 20, 0);
    expect_told(s, 3, RESIGHT_BEGUN, 28, 0);
    expect_told(s, 4, RESIGHT_ENDED, 20, 28);
    expect_told(s, 5, RESIGHT_ENDED, 28, 36);
    expect_near(s->told[5].segment.known_from_us, 20, "known from");
    cr_assert(all.count == 1 && all.items[0].segment_count == 3);
    resight_answer_free(&all);
    strike(s);
}

/* Every frame of it resembles every other: its line is any. */
Test(live, a_still_scene_is_told_once_however_long_it_stands) {
    stage *s = raise_stage();
    for (int i = 0; i < KNOWN_MARKS; i++)
        s->frames[i] = s->frames[0];
    add_video(s);
    hold(s, &s->frames[0], 2 * 300);
    cr_assert_eq(s->count, 2, "told %zu times", s->count); /* the first frame of the other video as well */
    resight_answer all = finish(s);
    cr_assert_eq(s->count, 4);
    expect_told(s, 3, RESIGHT_ENDED, 0, 300);
    resight_answer_free(&all);
    strike(s);
}

Test(live, a_picture_is_told_once_an_appearance_and_a_flash_when_it_is_over) {
    stage *s = raise_stage();
    const resight_hash hash = random_hash(&s->random);
    const resight_mark mark = mark_of(&hash);
    const resight_entry entry = image_of(s->known, &mark);
    const uint64_t picture = add(s, &entry);
    pass(s, 10);
    hold(s, &hash, 60);
    pass(s, 15);
    cr_assert_eq(s->count, 2);
    expect_told(s, 0, RESIGHT_BEGUN, 10, 0);
    expect_told(s, 1, RESIGHT_ENDED, 10, 40);
    cr_expect_eq(s->told[0].entry, picture);
    hold(s, &hash, 1);
    pass(s, 30);
    cr_assert_eq(s->count, 3, "one frame is not certain");
    expect_told(s, 2, RESIGHT_ENDED, 55, 55);
    strike(s);
}

/* A frame that eight items hold counts for an eighth. */
Test(live, what_many_hold_is_certain_later) {
    stage *s = raise_stage();
    for (int i = 1; i < HOLDERS; i++)
        add_video(s);
    play(s, 0, 5);
    pass(s, 1);
    cr_expect_eq(s->count, 0, "told %zu times", s->count);
    pass(s, 20);
    cr_expect_eq(s->count, HOLDERS, "each when it is over");
    strike(s);
}

Test(live, a_harmless_one_is_told_at_the_end_and_nothing_else) {
    stage *s = raise_stage();
    resight_writer *writer = NULL;
    resight_error error;
    uint32_t bank = 0;
    const resight_bank harmless = {.name = "harmless", .polarity = RESIGHT_NEGATIVE, .radius_bits = 31};
    assert_ok(resight_writer_begin(s->db, &writer, &error));
    assert_ok(resight_writer_put_bank(writer, &harmless, &bank, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    const uint32_t known = s->known;
    s->known = bank;
    const uint64_t id = add_video(s);
    s->known = known;
    play(s, 0, 20);
    resight_answer all = finish(s);
    cr_expect(s->count == 0 && all.count == 0);
    cr_assert_eq(all.suppressor_count, 1);
    cr_expect_eq(all.suppressors[0].entry, id);
    resight_answer_free(&all);
    strike(s);
}

Test(live, what_is_added_while_it_runs_is_found) {
    stage *s = raise_stage();
    const resight_hash hash = random_hash(&s->random);
    const resight_mark mark = mark_of(&hash);
    const resight_entry entry = image_of(s->known, &mark);
    pass(s, 10);
    hold(s, &hash, 8);
    cr_assert_eq(s->count, 0);
    add(s, &entry);
    hold(s, &hash, 8);
    cr_assert_eq(s->count, 1);
    expect_told(s, 0, RESIGHT_BEGUN, 10, 0);
    strike(s);
}

Test(live, the_end_remembers_the_longest_stretches) {
    stage *s = raise_stage();
    for (int i = 0; i < RESIGHT_FOUND_SEGMENTS_MAX + 4; i++) {
        play(s, 0, i == 2 ? 20 : 4);
        pass(s, 40);
    }
    resight_answer all = finish(s);
    cr_assert_eq(s->count, 2 * (RESIGHT_FOUND_SEGMENTS_MAX + 4));
    cr_assert(all.count == 1 && all.items[0].segment_count == RESIGHT_FOUND_SEGMENTS_MAX);
    expect_near(all.items[0].segments[0].query_from_us, 88, "the longest first");
    cr_expect_geq(all.items[0].frames, (RESIGHT_FOUND_SEGMENTS_MAX + 3) * 6 + 36);
    resight_answer_free(&all);
    strike(s);
}

Test(live, a_clock_that_leaps_ends_what_was_open) {
    stage *s = raise_stage();
    play(s, 0, 8);
    s->now_us += INT64_C(3600) * S;
    pass(s, 4);
    cr_assert_eq(s->count, 2);
    expect_told(s, 1, RESIGHT_ENDED, 0, 8);
    strike(s);
}

Test(live, what_the_sink_says_ends_the_run) {
    stage *s = raise_stage();
    int status = RESIGHT_OK;
    s->answer = RESIGHT_E_IO;
    for (int i = 0; i < 20 && status == RESIGHT_OK; i++)
        status = show(s, &s->frames[i * 4]);
    cr_expect(status == RESIGHT_E_IO && s->count == 1);
    strike(s);
}

Test(live, nothing_came) {
    stage *s = raise_stage();
    resight_answer all = finish(s);
    cr_expect(all.count == 0 && all.frames == 0 && all.quality == -1 && s->count == 0);
    resight_answer_free(&all);
    strike(s);
}
