/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a worker: what is written is read, and what no worker of ours would write is refused. */
#include "isolate/records.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint8_t bytes[RECORD_BYTES_MAX + 1];

static record plain_mark(void) {
    return (record){
        .kind = RECORD_MARK,
        .mark = {.hash = {{1, 2, 3, 4}}, .quality = 100, .dialect = RESIGHT_PDQ, .view = RESIGHT_VIEW_STORED}};
}

static record plain_end(void) {
    record r = {.kind = RECORD_END,
                .end.info = {.kind = RESIGHT_VIDEO,
                             .format = RESIGHT_FORMAT_VIDEO,
                             .codec = "h264",
                             .width_px = 1920,
                             .height_px = 1080,
                             .orientation = RESIGHT_ROTATE_90,
                             .duration_us = 5,
                             .frames_per_second = 29.97}};
    return r;
}

static record plain_picture(const uint8_t *px, uint32_t width_px, uint32_t height_px, size_t stride_bytes) {
    return (record){.kind = RECORD_THUMBNAIL,
                    .thumbnail = {.image = {px, width_px, height_px, stride_bytes, RESIGHT_GRAY8},
                                  .time_us = 7,
                                  .view = RESIGHT_VIEW_ON_BLACK}};
}

static int read_back(const record *from, record *to) {
    size_t used = 0;
    const size_t size = record_write(from, bytes);
    const int status = record_read(bytes, size, to, &used, NULL);
    cr_expect(status != RESIGHT_OK || used == size);
    return status;
}

Test(records, what_is_written_is_read) {
    static uint8_t px[600 * 512];
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * 7);
    record got;
    const record mark = plain_mark(), end = plain_end(), picture = plain_picture(px, 512, 512, 600);
    cr_expect_eq(read_back(&mark, &got), RESIGHT_OK);
    cr_expect(memcmp(&got.mark, &mark.mark, sizeof mark.mark) == 0);
    cr_expect_eq(read_back(&end, &got), RESIGHT_OK);
    cr_expect(got.end.info.kind == RESIGHT_VIDEO && strcmp(got.end.info.codec, "h264") == 0 &&
              got.end.info.width_px == 1920 && got.end.info.height_px == 1080 &&
              got.end.info.orientation == RESIGHT_ROTATE_90 && got.end.info.duration_us == 5 &&
              got.end.info.frames_per_second == 29.97 && !got.end.damaged);
    cr_expect_eq(read_back(&picture, &got), RESIGHT_OK);
    cr_expect(got.thumbnail.image.width_px == 512 && got.thumbnail.time_us == 7 &&
              got.thumbnail.view == RESIGHT_VIEW_ON_BLACK);
    for (size_t y = 0; y < 512; y++)
        cr_assert(memcmp(got.thumbnail.image.px + y * 512, px + y * 600, 512) == 0);
}

Test(records, a_part_of_a_record_is_waited_for) {
    static const uint8_t px[6] = {0};
    const record all[] = {plain_mark(), plain_end(), plain_picture(px, 3, 2, 3), {.kind = RECORD_HELLO}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const size_t size = record_write(&all[i], bytes);
        record got;
        size_t used = 0;
        for (size_t part = 0; part < size; part++)
            cr_expect_eq(record_read(bytes, part, &got, &used, NULL), RESIGHT_END);
        cr_expect_eq(record_read(bytes, size + 1, &got, &used, NULL), RESIGHT_OK);
        cr_expect_eq(used, size);
    }
}

#define REFUSED(make, change)                                                                                          \
    do {                                                                                                               \
        record r = make, got;                                                                                          \
        change;                                                                                                        \
        cr_expect_eq(read_back(&r, &got), RESIGHT_E_FORMAT, #change);                                                  \
    } while (0)

Test(records, a_field_out_of_range_is_refused) {
    REFUSED(plain_mark(), r.mark.quality = 101);
    REFUSED(plain_mark(), r.mark.dialect = 0);
    REFUSED(plain_mark(), r.mark.dialect = 3);
    REFUSED(plain_mark(), r.mark.transform = 8);
    REFUSED(plain_mark(), r.mark.view = 3);
    REFUSED(plain_mark(), r.mark.view = 7);
    REFUSED(plain_mark(), r.mark.time_us = -1);
    REFUSED(plain_mark(), r.mark.frame_number = -1);
    REFUSED(plain_end(), r.end.status = 1);
    REFUSED(plain_end(), r.end.status = -11);
    REFUSED(plain_end(), r.end.info.kind = (resight_media_kind)0);
    REFUSED(plain_end(), r.end.info.kind = (resight_media_kind)3);
    REFUSED(plain_end(), r.end.info.format = (resight_format)11);
    REFUSED(plain_end(), r.end.info.width_px = 0);
    REFUSED(plain_end(), r.end.info.height_px = (1u << 20) + 1);
    REFUSED(plain_end(), r.end.info.orientation = (resight_transform)8);
    REFUSED(plain_end(), r.end.info.duration_us = -1);
    REFUSED(plain_end(), r.end.info.frames_per_second = -1);
    REFUSED(plain_end(), r.end.info.frames_per_second = NAN);
    REFUSED(plain_end(), r.end.info.frames_per_second = INFINITY);
    REFUSED(((record){.kind = RECORD_HELLO}), r.hello.walls = 16);
    REFUSED(plain_mark(), r.mark.view = RESIGHT_VIEW_APPROXIMATE + 3);
    REFUSED(plain_mark(), r.mark.view = 2 * RESIGHT_VIEW_APPROXIMATE);
    for (unsigned view = 0; view <= 6; view++)
        for (unsigned approximate = 0; view != 3 && approximate <= 1; approximate++) {
            record r = plain_mark(), got;
            r.mark.view = (uint8_t)(view | approximate * RESIGHT_VIEW_APPROXIMATE);
            cr_expect_eq(read_back(&r, &got), RESIGHT_OK, "view %u", r.mark.view);
        }
}

/* Texts as a worker that was taken over would write them: without an end, or with a word to the terminal. */
Test(records, texts_end_and_are_plain) {
    const record end = {.kind = RECORD_END, .end.status = RESIGHT_E_FORMAT};
    record got;
    size_t used = 0;
    const size_t size = record_write(&end, bytes);
    memset(bytes + size - 256, 'x', 256);
    cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_E_FORMAT);
    bytes[size - 1] = 0;
    cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_OK);
    bytes[size - 10] = 0x1b;
    cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_E_FORMAT);
    bytes[size - 10] = 0; /* and more behind the end */
    cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_E_FORMAT);

    record quoting = {.kind = RECORD_END, .end = {.status = RESIGHT_E_FORMAT, .error.text = "a \x1b[2J \xff codec"}};
    cr_expect_eq(read_back(&quoting, &got), RESIGHT_OK);
    cr_expect_str_eq(got.end.error.text, "a ?[2J ? codec");
}

Test(records, a_failure_is_not_described_and_a_success_has_no_text) {
    const record good = plain_end(), bad = {.kind = RECORD_END, .end.status = RESIGHT_E_FORMAT};
    record got;
    size_t used = 0, size = record_write(&good, bytes);
    bytes[size - 256] = 'x';
    cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_E_FORMAT);
    size = record_write(&bad, bytes);
    bytes[24] = 1; /* the width */
    cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_E_FORMAT);

    record second = plain_end(); /* what a first attempt said */
    second.end.error = (resight_error){"not a JPEG"};
    cr_expect_eq(read_back(&second, &got), RESIGHT_OK);
    cr_expect_str_empty(got.end.error.text);
}

Test(records, a_picture_is_as_large_as_it_says) {
    static const uint8_t px[6] = {0};
    const record picture = plain_picture(px, 3, 2, 3);
    record got;
    size_t used = 0;
    const size_t size = record_write(&picture, bytes);
    static const uint32_t sizes[][2] = {{0, 2}, {3, 0}, {3, 3}, {2, 2}, {513, 1}, {1u << 31, 2}, {0x80000003u, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memcpy(bytes + 16, sizes[i], 8);
        cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_E_FORMAT, "%u x %u", sizes[i][0],
                     sizes[i][1]);
    }
    const uint32_t length = 24 + 512 * 512 + 1;
    memcpy(bytes + 4, &length, 4);
    cr_expect_eq(record_read(bytes, size, &got, &used, NULL), RESIGHT_E_FORMAT);
}

/* Whatever the bytes: no crash, and what is accepted is written back as it was. */
Test(records, any_bytes) {
    static uint8_t again[RECORD_BYTES_MAX];
    srand(1);
    unsigned accepted = 0;
    for (int round = 0; round < 200000; round++) {
        const record seed = rand() % 2 ? plain_mark() : plain_end();
        const size_t size = record_write(&seed, bytes);
        for (int change = rand() % 3; change >= 0; change--)
            bytes[(size_t)rand() % size] = (uint8_t)rand();
        record got;
        size_t used = 0;
        if (record_read(bytes, size, &got, &used, NULL) != RESIGHT_OK || got.kind == RECORD_END)
            continue;
        accepted++;
        cr_assert(record_write(&got, again) == used && memcmp(again, bytes, used) == 0);
    }
    cr_expect_gt(accepted, 1000);
}

/* ---- Order ------------------------------------------------------------------------------------- */

static answer asking(resight_turning turning, bool reduced) {
    return (answer){.how = {RESIGHT_PDQ, turning, reduced}, .max_frames = 3};
}

static int take_mark(answer *a, int64_t time_us, int32_t number, unsigned transform, unsigned view) {
    record r = plain_mark();
    r.mark.time_us = time_us;
    r.mark.frame_number = number;
    r.mark.transform = (uint8_t)transform;
    r.mark.view = (uint8_t)view;
    return answer_take(a, &r, NULL);
}

static int take_view(answer *a, int64_t time_us, resight_view view) {
    static const uint8_t px[1];
    record r = plain_picture(px, 1, 1, 1);
    r.thumbnail.time_us = time_us;
    r.thumbnail.view = view;
    return answer_take(a, &r, NULL);
}

static int take_picture(answer *a, int64_t time_us) {
    return take_view(a, time_us, RESIGHT_VIEW_ON_BLACK);
}

Test(answer, marks_come_in_order_and_as_asked) {
    answer a = asking(RESIGHT_AS_STORED, false);
    cr_expect_eq(take_mark(&a, 0, 0, 1, 0), RESIGHT_E_FORMAT, "turned");
    cr_expect_eq(take_mark(&a, 0, 0, 0, RESIGHT_VIEW_REDUCED), RESIGHT_E_FORMAT, "reduced");
    cr_expect_eq(take_mark(&a, 5, 5, 0, 0), RESIGHT_OK);
    cr_expect_eq(take_mark(&a, 5, 6, 0, 0), RESIGHT_E_FORMAT, "the same time");
    cr_expect_eq(take_mark(&a, 6, 5, 0, 0), RESIGHT_E_FORMAT, "the same number");
    cr_expect_eq(take_mark(&a, 4, 4, 0, 0), RESIGHT_E_FORMAT, "backwards");
    cr_expect_eq(take_mark(&a, 6, 6, 0, 0), RESIGHT_OK);
    cr_expect_eq(take_mark(&a, 7, 7, 0, 0), RESIGHT_OK);
    cr_expect_eq(take_mark(&a, 8, 8, 0, 0), RESIGHT_E_FORMAT, "a fourth frame of three");
}

Test(answer, approximate_only_when_fast_was_asked_for) {
    for (int fast = 0; fast <= 1; fast++) {
        const int expected = fast ? RESIGHT_OK : RESIGHT_E_FORMAT;
        answer a = asking(RESIGHT_AS_STORED, false);
        a.fast = fast;
        a.thumbnails = true;
        cr_expect_eq(take_mark(&a, 0, 0, 0, RESIGHT_VIEW_APPROXIMATE), expected);
        cr_assert_eq(take_mark(&a, 1, 1, 0, RESIGHT_VIEW_STORED), RESIGHT_OK);
        cr_expect_eq(take_view(&a, 1, RESIGHT_VIEW_APPROXIMATE), expected);
    }
}

Test(answer, a_frame_has_so_many_marks) {
    const struct {
        resight_turning turning;
        bool reduced;
        unsigned most;
    } cases[] = {{RESIGHT_AS_STORED, false, 3}, {RESIGHT_TURNED, false, 24}, {RESIGHT_TURNED, true, 48}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        answer a = asking(cases[i].turning, cases[i].reduced);
        for (unsigned m = 0; m < cases[i].most; m++)
            cr_assert_eq(take_mark(&a, 0, 0, 0, 0), RESIGHT_OK);
        cr_expect_eq(take_mark(&a, 0, 0, 0, 0), RESIGHT_E_FORMAT);
    }
}

Test(answer, pictures_belong_to_a_frame) {
    answer a = asking(RESIGHT_AS_STORED, false);
    cr_assert_eq(take_mark(&a, 1, 1, 0, 0), RESIGHT_OK);
    cr_expect_eq(take_picture(&a, 1), RESIGHT_E_FORMAT, "none was asked for");
    a.thumbnails = true;
    cr_expect_eq(take_picture(&a, 2), RESIGHT_E_FORMAT, "of another time");
    for (int i = 0; i < RESIGHT_VIEWS; i++)
        cr_expect_eq(take_picture(&a, 1), RESIGHT_OK);
    cr_expect_eq(take_picture(&a, 1), RESIGHT_E_FORMAT, "of a fourth view");
}

Test(answer, a_picture_has_one_frame_and_an_end_is_the_end) {
    record end = plain_end();
    const record hello = {.kind = RECORD_HELLO};
    end.end.info.kind = RESIGHT_IMAGE;
    answer a = asking(RESIGHT_AS_STORED, false);
    cr_expect_eq(answer_take(&a, &hello, NULL), RESIGHT_E_FORMAT);
    cr_expect_eq(answer_take(&a, &end, NULL), RESIGHT_E_FORMAT, "without a mark");
    a = asking(RESIGHT_AS_STORED, false);
    cr_assert_eq(take_mark(&a, 0, 0, 0, 0), RESIGHT_OK);
    cr_expect_eq(answer_take(&a, &end, NULL), RESIGHT_OK);
    cr_expect_eq(answer_take(&a, &end, NULL), RESIGHT_E_FORMAT, "a second end");
    a = asking(RESIGHT_AS_STORED, false);
    cr_assert_eq(take_mark(&a, 0, 0, 0, 0), RESIGHT_OK);
    cr_assert_eq(take_mark(&a, 1, 1, 0, 0), RESIGHT_OK);
    cr_expect_eq(answer_take(&a, &end, NULL), RESIGHT_E_FORMAT, "a picture of two frames");
}

/* ---- Signatures -------------------------------------------------------------------------------- */

static resight_tmk signature, taken;
static uint8_t packed[RESIGHT_TMK_FILE_BYTES];

/* What becomes of one record after another, when a signature was asked for. */
static int take_records(const record *from, size_t count) {
    answer a = {.how = {.dialect = RESIGHT_PDQ}, .tmk = &taken};
    int status = RESIGHT_OK;
    for (size_t i = 0; i < count && status == RESIGHT_OK; i++)
        status = answer_take(&a, &from[i], NULL);
    return status;
}

Test(records, a_signature_comes_once_and_when_it_is_asked_for) {
    record got;
    const record sent = {.kind = RECORD_TMK, .signature = packed}, end = plain_end();
    const record failure = {.kind = RECORD_END, .end.status = RESIGHT_E_FORMAT};
    signature.frame_count = 5;
    signature.sine[3][31][255] = 0.5f;
    resight_tmk_pack(&signature, packed);
    cr_expect_eq(read_back(&sent, &got), RESIGHT_OK);
    cr_expect_eq(take_records((record[]){got, end}, 2), RESIGHT_OK);
    cr_expect(memcmp(&taken, &signature, sizeof taken) == 0);
    cr_expect_eq(take_records((record[]){failure}, 1), RESIGHT_OK);

    cr_expect_eq(take_records((record[]){got, got}, 2), RESIGHT_E_FORMAT);
    cr_expect_eq(take_records((record[]){end}, 1), RESIGHT_E_FORMAT);
    cr_expect_eq(take_records((record[]){got, failure}, 2), RESIGHT_E_FORMAT);
    cr_expect_eq(take_records((record[]){plain_mark()}, 1), RESIGHT_E_FORMAT);
    answer marks = {.how = {.dialect = RESIGHT_PDQ}};
    cr_expect_eq(answer_take(&marks, &got, NULL), RESIGHT_E_FORMAT);

    signature.cosine[0][7][1] = NAN;
    resight_tmk_pack(&signature, packed);
    cr_expect_eq(read_back(&sent, &got), RESIGHT_OK);
    cr_expect_eq(take_records((record[]){got, end}, 2), RESIGHT_E_FORMAT);
}
