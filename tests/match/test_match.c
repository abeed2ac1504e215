/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a search: what each finds, how surely and where, when the next is entered, and in which order it is
 * told. */
#include "drawing.h"
#include "harness.h"
#include <resight/match.h>

enum { MARKS = 1024, THUMBNAILS = 16 };

/* A database with a bank of each kind, and what looks at pictures. */
typedef struct stand {
    test_place place;
    resight_db *db;
    uint32_t known, harmless;
    resight_hasher *hasher;
    resight_patcher *patcher;
} stand;

/* What is asked, in memory of the test. */
typedef struct asking {
    resight_subject subject;
    resight_mark marks[MARKS];
    resight_thumbnail thumbnails[THUMBNAILS];
} asking;

static stand stand_up(void) {
    stand s = {.place = place_make()};
    s.db = open_new(&s.place, 0);
    s.known = put_bank(s.db, "known", 31, 0);
    resight_writer *writer = NULL;
    resight_error error;
    const resight_bank harmless = {.name = "harmless", .polarity = RESIGHT_NEGATIVE, .radius_bits = 31};
    assert_ok(resight_writer_begin(s.db, &writer, &error));
    assert_ok(resight_writer_put_bank(writer, &harmless, &s.harmless, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    cr_assert_eq(resight_hasher_new(RESIGHT_CPU_AUTO, &s.hasher), RESIGHT_OK);
    cr_assert_eq(resight_patcher_new(&s.patcher), RESIGHT_OK);
    return s;
}

static void stand_down(stand *s) {
    resight_hasher_free(&s->hasher);
    resight_patcher_free(&s->patcher);
    resight_db_close(&s->db);
    place_free(&s->place);
}

static uint64_t add(stand *s, const resight_entry *entry) {
    resight_writer *writer = NULL;
    resight_error error;
    uint64_t id = 0;
    assert_ok(resight_writer_begin(s->db, &writer, &error));
    assert_ok(resight_writer_add(writer, entry, &id, &error));
    assert_ok(resight_writer_commit(&writer, &error));
    return id;
}

static resight_mark mark_at(const resight_hash *hash, int64_t time_us, unsigned view) {
    return (resight_mark){
        .hash = *hash, .time_us = time_us, .quality = 100, .dialect = RESIGHT_PDQ, .view = (uint8_t)view};
}

static resight_hash hash_of(stand *s, const canvas *c) {
    resight_pdq pdq;
    cr_assert_eq(resight_hasher_pdq(s->hasher, &c->image, RESIGHT_PDQ, &pdq), RESIGHT_OK);
    return pdq.hash;
}

/* Keep a picture as the program does, whole and by its patches. */
static uint64_t keep(stand *s, const canvas *c) {
    resight_patch patches[RESIGHT_PATCHES_KNOWN_MAX];
    size_t count = 0;
    const resight_hash hash = hash_of(s, c);
    const resight_mark mark = mark_of(&hash);
    resight_entry entry = image_of(s->known, &mark);
    cr_assert_eq(
        resight_patcher_find(s->patcher, &c->image, RESIGHT_PATCHES_KNOWN, patches, RESIGHT_PATCHES_KNOWN_MAX, &count),
        RESIGHT_OK);
    const resight_patch_set set = {
        .count = (uint32_t)count, .width_px = (uint16_t)c->image.width_px, .height_px = (uint16_t)c->image.height_px};
    entry.patch_sets = &set;
    entry.patch_set_count = count > 0;
    entry.patches = patches;
    entry.patch_count = (uint32_t)count;
    return add(s, &entry);
}

static asking *ask_nothing(resight_media_kind kind) {
    asking *a = calloc(1, sizeof *a);
    cr_assert_not_null(a);
    a->subject = (resight_subject){
        .kind = kind, .marks = a->marks, .thumbnails = a->thumbnails, .every_us = 1000000, .duration_us = 10000000};
    return a;
}

static void show_frame(asking *a, stand *s, const canvas *c, int64_t time_us) {
    const resight_hash hash = hash_of(s, c);
    cr_assert(a->subject.mark_count < MARKS && a->subject.thumbnail_count < THUMBNAILS);
    a->marks[a->subject.mark_count++] = mark_at(&hash, time_us, RESIGHT_VIEW_STORED);
    a->thumbnails[a->subject.thumbnail_count++] = (resight_thumbnail){c->image, time_us, RESIGHT_VIEW_STORED};
}

static resight_answer find(stand *s, const resight_subject *subject, resight_effort effort) {
    resight_matching how = resight_matching_default();
    resight_matcher *matcher = NULL;
    resight_answer answer = {0};
    resight_error error;
    how.effort = effort;
    assert_ok(resight_matcher_new(s->db, &matcher, &error));
    assert_ok(resight_matcher_find(matcher, subject, &how, &answer, &error));
    resight_matcher_free(&matcher);
    return answer;
}

static resight_answer find_picture(stand *s, const canvas *c, resight_effort effort) {
    asking *a = ask_nothing(RESIGHT_IMAGE);
    show_frame(a, s, c, 0);
    const resight_answer answer = find(s, &a->subject, effort);
    free(a);
    return answer;
}

static resight_answer find_mark(stand *s, const resight_mark *mark) {
    const resight_subject subject = {.kind = RESIGHT_IMAGE, .marks = mark, .mark_count = 1};
    return find(s, &subject, RESIGHT_EFFORT_NORMAL);
}

static canvas photo(uint32_t width_px, uint32_t height_px, uint32_t seed) {
    canvas c = canvas_new(width_px, height_px, 0);
    paint_photo(&c, (resight_rect){0, 0, width_px, height_px}, seed);
    return c;
}

/* Part of `from` put at x, y of `on`. */
static void paste(canvas *on, uint32_t x, uint32_t y, const canvas *from, resight_rect part) {
    for (uint32_t row = 0; row < part.height_px; row++)
        memcpy(on->px + (y + row) * on->image.stride_bytes + x,
               from->px + (part.y_px + row) * from->image.stride_bytes + part.x_px, part.width_px);
}

static canvas part_of(const canvas *from, resight_rect part) {
    canvas c = canvas_new(part.width_px, part.height_px, 0);
    paste(&c, 0, 0, from, part);
    return c;
}

/* ---- Whole frames ---------------------------------------------------------------------------- */

Test(match, reduced_frames_have_to_be_nearer_to_be_certain) {
    static const struct {
        unsigned view, bits;
        resight_confidence confidence;
    } cases[] = {{RESIGHT_VIEW_STORED, 31, RESIGHT_CERTAIN},
                 {RESIGHT_VIEW_REDUCED, 20, RESIGHT_CERTAIN},
                 {RESIGHT_VIEW_REDUCED, 21, RESIGHT_PROBABLE}};
    stand s = stand_up();
    random_source random = {1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const resight_hash known = random_hash(&random), near = random_near(&random, &known, cases[i].bits);
        const resight_mark kept = mark_at(&known, 0, cases[i].view), asked = mark_at(&near, 0, cases[i].view);
        const resight_entry entry = image_of(s.known, &kept);
        const uint64_t id = add(&s, &entry);
        resight_answer answer = find_mark(&s, &asked);
        cr_assert_eq(answer.count, 1);
        cr_expect(answer.items[0].entry == id && answer.items[0].evidence == RESIGHT_BY_FRAME);
        cr_expect_eq(answer.items[0].confidence, cases[i].confidence, "case %zu", i);
        cr_expect_eq(answer.items[0].distance_bits, cases[i].bits);
        resight_answer_free(&answer);
    }
    stand_down(&s);
}

Test(match, what_is_harmless_takes_away_and_ends_the_search) {
    stand s = stand_up();
    canvas c = photo(400, 300, 7), part = part_of(&c, (resight_rect){80, 60, 240, 180});
    keep(&s, &c); /* patches would find it */
    const resight_hash hash = hash_of(&s, &part);
    const resight_mark mark = mark_of(&hash);
    const resight_entry harmless = image_of(s.harmless, &mark);
    const uint64_t id = add(&s, &harmless);
    resight_answer answer = find_picture(&s, &part, RESIGHT_EFFORT_NORMAL);
    cr_expect_eq(answer.count, 0);
    cr_assert_eq(answer.suppressor_count, 1);
    cr_expect(answer.suppressors[0].entry == id && strcmp(answer.suppressors[0].bank, "harmless") == 0);
    resight_answer_free(&answer);
    canvas_free(&part);
    canvas_free(&c);
    stand_down(&s);
}

Test(match, what_is_nearer_than_the_harmless_stays) {
    stand s = stand_up();
    random_source random = {3};
    const resight_hash asked = random_hash(&random);
    const resight_hash near = random_near(&random, &asked, 5), between = random_near(&random, &asked, 10),
                       far = random_near(&random, &asked, 20);
    const uint64_t nearest = add_hash(s.db, s.known, &near);
    add_hash(s.db, s.harmless, &between);
    add_hash(s.db, s.known, &far);
    const resight_mark mark = mark_of(&asked);
    resight_answer answer = find_mark(&s, &mark);
    cr_assert_eq(answer.count, 1);
    cr_expect(answer.items[0].entry == nearest && answer.suppressor_count == 1);
    resight_answer_free(&answer);
    stand_down(&s);
}

Test(match, the_same_file_is_known_without_any_hash) {
    stand s = stand_up();
    const resight_entry entry = {
        .bank = s.known, .kind = RESIGHT_IMAGE, .name = "a", .has_sha256 = true, .sha256 = {7}};
    const uint64_t id = add(&s, &entry);
    const resight_subject subject = {.kind = RESIGHT_IMAGE, .sha256 = entry.sha256};
    resight_answer answer = find(&s, &subject, RESIGHT_EFFORT_FAST);
    cr_assert_eq(answer.count, 1);
    cr_expect(answer.items[0].entry == id && answer.items[0].evidence == RESIGHT_BY_FILE);
    resight_answer_free(&answer);
    stand_down(&s);
}

/* Each of its frames is near to every other: more than are kept, and those kept have to lie on common lines. */
Test(match, a_still_scene_is_one_segment) {
    enum { SECONDS = 600 };
    stand s = stand_up();
    random_source random = {2};
    const resight_hash hash = random_hash(&random);
    asking *a = ask_nothing(RESIGHT_VIDEO);
    for (int i = 0; i < SECONDS; i++)
        a->marks[i] = mark_at(&hash, INT64_C(1000000) * i, RESIGHT_VIEW_STORED);
    a->subject.mark_count = SECONDS;
    a->subject.duration_us = INT64_C(1000000) * SECONDS;
    const resight_entry entry = {.bank = s.known,
                                 .kind = RESIGHT_VIDEO,
                                 .name = "still",
                                 .marks = a->marks,
                                 .mark_count = SECONDS,
                                 .duration_us = INT64_C(1000000) * SECONDS};
    add(&s, &entry);
    resight_answer answer = find(&s, &a->subject, RESIGHT_EFFORT_FAST);
    cr_assert(answer.count == 1 && answer.items[0].segment_count >= 1);
    const resight_segment *first = &answer.items[0].segments[0];
    cr_expect_gt(first->frames, SECONDS * 9 / 10);
    cr_expect(first->query_from_us - first->known_from_us < 2000000 && first->speed == 1);
    cr_expect_gt(answer.items[0].coverage.query, 0.9);
    resight_answer_free(&answer);
    free(a);
    stand_down(&s);
}

/* ---- Inside of pictures ---------------------------------------------------------------------- */

static void expect_place(const resight_quad *where, double left, double top, double right, double bottom) {
    const double x[4] = {left, right, right, left}, y[4] = {top, top, bottom, bottom};
    for (int i = 0; i < 4; i++)
        cr_expect(where->x[i] > x[i] - 0.05 && where->x[i] < x[i] + 0.05 && where->y[i] > y[i] - 0.05 &&
                      where->y[i] < y[i] + 0.05,
                  "corner %d lies at %.3f,%.3f, not at %.3f,%.3f", i, where->x[i], where->y[i], x[i], y[i]);
}

Test(match, a_picture_in_a_border_is_found_where_it_lies) {
    stand s = stand_up();
    canvas c = photo(300, 200, 3), framed = canvas_new(400, 300, 255);
    paste(&framed, 40, 70, &c, (resight_rect){0, 0, 300, 200});
    const uint64_t id = keep(&s, &c);
    resight_answer answer = find_picture(&s, &framed, RESIGHT_EFFORT_NORMAL);
    cr_assert_eq(answer.count, 1);
    cr_expect(answer.items[0].entry == id && answer.items[0].evidence == RESIGHT_BY_TRIMMED);
    expect_place(&answer.items[0].where, 40 / 400.0, 70 / 300.0, 340 / 400.0, 270 / 300.0);
    resight_answer_free(&answer);
    answer = find_picture(&s, &framed, RESIGHT_EFFORT_FAST);
    cr_expect_eq(answer.count, 0);
    canvas_free(&c);
    canvas_free(&framed);
    stand_down(&s);
}

Test(match, a_crop_is_found_by_patches_where_it_was_cut_out) {
    stand s = stand_up();
    canvas c = photo(400, 300, 4), part = part_of(&c, (resight_rect){80, 60, 240, 180});
    const uint64_t id = keep(&s, &c);
    resight_answer answer = find_picture(&s, &part, RESIGHT_EFFORT_NORMAL);
    cr_assert_eq(answer.count, 1);
    cr_expect(answer.items[0].entry == id && answer.items[0].evidence == RESIGHT_BY_PATCHES);
    cr_expect_eq(answer.items[0].confidence, RESIGHT_CERTAIN);
    cr_expect_eq(answer.items[0].distance_bits, UINT16_MAX);
    expect_place(&answer.items[0].where, -80 / 240.0, -60 / 180.0, 320 / 240.0, 240 / 180.0);
    resight_answer_free(&answer);
    canvas_free(&part);
    canvas_free(&c);
    stand_down(&s);
}

Test(match, a_mirrored_crop_is_found_too) {
    stand s = stand_up();
    canvas c = photo(400, 300, 4), part = part_of(&c, (resight_rect){80, 60, 240, 180});
    canvas mirrored = turned_canvas(&part, RESIGHT_FLIP_Y);
    const uint64_t id = keep(&s, &c);
    resight_answer answer = find_picture(&s, &mirrored, RESIGHT_EFFORT_NORMAL);
    cr_assert_eq(answer.count, 1);
    cr_expect(answer.items[0].entry == id && answer.items[0].transform == RESIGHT_FLIP_Y);
    expect_place(&answer.items[0].where, 320 / 240.0, -60 / 180.0, -80 / 240.0, 240 / 180.0);
    resight_answer_free(&answer);
    canvas_free(&mirrored);
    canvas_free(&part);
    canvas_free(&c);
    stand_down(&s);
}

/* Keys bear a fifth; this is undone first. */
Test(match, a_stretched_crop_is_found_where_it_was_cut_out) {
    static const uint32_t sizes[][2] = {{360, 200}, {270, 267}}; /* 4 / 3 as wide as it was, and 3 / 4 */
    stand s = stand_up();
    canvas c = photo(400, 300, 4), part = part_of(&c, (resight_rect){60, 40, 300, 222});
    const uint64_t id = keep(&s, &c);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        canvas stretched = canvas_new(sizes[i][0], sizes[i][1], 0);
        cr_assert_eq(resight_image_average(&part.image, sizes[i][0], sizes[i][1], stretched.px, &stretched.image), 0);
        resight_answer answer = find_picture(&s, &stretched, RESIGHT_EFFORT_NORMAL);
        cr_assert_eq(answer.count, 1);
        cr_expect(answer.items[0].entry == id && answer.items[0].evidence == RESIGHT_BY_PATCHES);
        expect_place(&answer.items[0].where, -60 / 300.0, -40 / 222.0, 340 / 300.0, 260 / 222.0);
        resight_answer_free(&answer);
        canvas_free(&stretched);
    }
    canvas_free(&part);
    canvas_free(&c);
    stand_down(&s);
}

/* The entry that shows more of it was added last. */
Test(match, of_two_found_by_patches_the_one_that_shares_more_comes_first) {
    stand s = stand_up();
    canvas c = photo(480, 360, 5), other = photo(480, 360, 6), part = part_of(&c, (resight_rect){0, 0, 400, 300});
    paste(&other, 200, 100, &c, (resight_rect){40, 40, 240, 200});
    const uint64_t less = keep(&s, &other), more = keep(&s, &c);
    resight_answer answer = find_picture(&s, &part, RESIGHT_EFFORT_NORMAL);
    cr_assert_eq(answer.count, 2);
    cr_expect(answer.items[0].entry == more && answer.items[1].entry == less);
    cr_expect_gt(answer.items[0].patches, answer.items[1].patches);
    cr_expect_eq(answer.items[0].confidence, answer.items[1].confidence);
    resight_answer_free(&answer);
    canvas_free(&part);
    canvas_free(&other);
    canvas_free(&c);
    stand_down(&s);
}

/* One picture stands there whole, a part of another beside it: the first one found does not hide the second. */
Test(match, what_shows_little_of_a_collage_does_not_end_the_search) {
    stand s = stand_up();
    canvas whole = photo(200, 150, 8), cut = photo(400, 300, 9), collage = canvas_new(512, 300, 255);
    paste(&collage, 10, 60, &whole, (resight_rect){0, 0, 200, 150});
    paste(&collage, 230, 20, &cut, (resight_rect){60, 20, 270, 260});
    const uint64_t first = keep(&s, &whole), second = keep(&s, &cut);
    resight_answer answer = find_picture(&s, &collage, RESIGHT_EFFORT_NORMAL);
    cr_assert_eq(answer.count, 2);
    for (size_t i = 0; i < 2; i++)
        cr_expect_eq(answer.items[i].evidence,
                     answer.items[i].entry == first ? RESIGHT_BY_RECTANGLE : RESIGHT_BY_PATCHES);
    cr_expect(answer.items[0].entry == second || answer.items[1].entry == second);
    resight_answer_free(&answer);
    canvas_free(&collage);
    canvas_free(&cut);
    canvas_free(&whole);
    stand_down(&s);
}

/* ---- Inside of videos ------------------------------------------------------------------------ */

/* Half of the clip is as it was, half of it got bars: the second half is found by what lies between them. */
Test(match, frames_that_nothing_was_found_in_are_looked_at_further) {
    enum { SECONDS = 10, PLAIN = 5 };
    stand s = stand_up();
    resight_mark known[SECONDS];
    canvas shown[SECONDS];
    asking *a = ask_nothing(RESIGHT_VIDEO);
    for (int i = 0; i < SECONDS; i++) {
        canvas c = photo(320, 180, 100 + (uint32_t)i);
        const resight_hash hash = hash_of(&s, &c);
        known[i] = mark_at(&hash, INT64_C(1000000) * i, RESIGHT_VIEW_STORED);
        shown[i] = c;
        if (i >= PLAIN) {
            shown[i] = canvas_new(320, 300, 0);
            paste(&shown[i], 0, 60, &c, (resight_rect){0, 0, 320, 180});
            canvas_free(&c);
        }
        show_frame(a, &s, &shown[i], INT64_C(1000000) * i);
    }
    const resight_entry entry = {.bank = s.known,
                                 .kind = RESIGHT_VIDEO,
                                 .name = "clip",
                                 .marks = known,
                                 .mark_count = SECONDS,
                                 .duration_us = INT64_C(1000000) * SECONDS};
    const uint64_t id = add(&s, &entry);
    resight_answer answer = find(&s, &a->subject, RESIGHT_EFFORT_FAST);
    cr_assert(answer.count == 1 && answer.items[0].entry == id);
    cr_expect_eq(answer.items[0].frames, PLAIN);
    resight_answer_free(&answer);
    answer = find(&s, &a->subject, RESIGHT_EFFORT_NORMAL);
    cr_assert_eq(answer.count, 1);
    cr_expect_eq(answer.items[0].evidence, RESIGHT_BY_FRAME);
    cr_expect_geq(answer.items[0].frames, SECONDS - 1); /* that next to the first half counts as part of it */
    cr_expect_eq(answer.items[0].segment_count, 2);
    resight_answer_free(&answer);
    for (int i = 0; i < SECONDS; i++)
        canvas_free(&shown[i]);
    free(a);
    stand_down(&s);
}
