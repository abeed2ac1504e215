/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that move: GIF, APNG, WebP. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 12

static blob make(const char *format) {
    static const clip gif = {"gif", "gif", AV_PIX_FMT_GRAY8, 40, 30, FRAMES};
    static const clip apng = {"apng", "apng", AV_PIX_FMT_RGB24, 40, 30, FRAMES};
    return strcmp(format, "webp") == 0 ? make_animated_webp(40, 30, FRAMES)
                                       : make_clip(strcmp(format, "gif") == 0 ? &gif : &apng);
}

static void expect_frames(const outcome *o, size_t most, const char *what) {
    cr_expect_leq(o->frames, most, "%s: %zu frames", what, o->frames);
    for (size_t i = 0; i < o->frames; i++) {
        cr_expect_eq(o->frame[i].number, (int64_t)i, "%s", what);
        cr_expect_leq(abs(o->frame[i].middle - (20 + 3 * (int)i)), 1, "%s: frame %zu is %u", what, i,
                      o->frame[i].middle);
        cr_expect_eq(o->frame[i].format, RESIGHT_RGB24, "%s", what);
        cr_expect(i == 0 || o->frame[i].time_us > o->frame[i - 1].time_us, "%s", what);
    }
}

Test(animated, every_frame_in_order) {
    static const char *const formats[] = {"gif", "png", "webp"};
    static const int64_t frame_us[] = {40000, 40000, 100000};
    for (size_t i = 0; i < 3; i++) {
        blob b = make(formats[i]);
        if (b.size_bytes == 0)
            continue;
        outcome o = decode_blob(&b, NULL);
        cr_assert_eq(o.ended, RESIGHT_END, "%s: %s", formats[i], o.error.text);
        cr_expect_eq(o.frames, FRAMES, "%s: %zu frames", formats[i], o.frames);
        cr_expect_eq(o.info.kind, RESIGHT_VIDEO, "%s", formats[i]);
        cr_expect_str_eq(resight_format_name(o.info.format), formats[i]);
        cr_expect_not(o.damaged, "%s", formats[i]);
        cr_expect_leq(llabs(o.frame[FRAMES - 1].time_us - (FRAMES - 1) * frame_us[i]), 5000, "%s: %ld", formats[i],
                      (long)o.frame[FRAMES - 1].time_us);
        expect_frames(&o, FRAMES, formats[i]);
        free(o.first.px);
        free(b.bytes);
    }
}

Test(animated, what_breaks_off_gives_the_frames_before_and_says_so) {
    static const char *const formats[] = {"gif", "png", "webp"};
    for (size_t i = 0; i < 3; i++) {
        blob whole = make(formats[i]);
        size_t most = 0;
        for (size_t cut = 0; cut < whole.size_bytes; cut++) {
            blob b = blob_copy(whole.bytes, cut);
            outcome o = decode_blob(&b, NULL);
            cr_assert(o.ended == RESIGHT_END || o.ended == RESIGHT_E_FORMAT, "%s cut at %zu: %s", formats[i], cut,
                      o.error.text);
            if (o.frames) {
                cr_assert(o.damaged, "%s cut at %zu of %zu is not called damaged", formats[i], cut, whole.size_bytes);
                expect_frames(&o, FRAMES, formats[i]);
            }
            most = o.frames > most ? o.frames : most;
            free(o.first.px);
            free(b.bytes);
        }
        cr_expect(whole.size_bytes == 0 || most >= FRAMES - 1, "%s: at most %zu frames of a broken file", formats[i],
                  most);
        free(whole.bytes);
    }
}

/* FFmpeg's decoder would inflate it. */
Test(animated, an_apng_is_stripped_of_text) {
    blob plain = make("png");
    blob b = png_with_chunk(&plain, "zTXt", "k\0\0broken", 9);
    blob more = png_with_chunk(&b, "iCCP", "k\0\0broken", 9);
    outcome o = decode_blob(&more, NULL);
    cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    cr_expect_eq(o.frames, FRAMES);
    expect_frames(&o, FRAMES, "stripped");
    free(o.first.px);
    free(more.bytes);
    free(b.bytes);
    free(plain.bytes);
}
