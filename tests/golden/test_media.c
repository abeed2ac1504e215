/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real files against the reference: media/expected.csv for pictures, media/vpdq for video. The media lies outside the
 * project, in ../shared/vectors beside it (licences differ); where that is absent the tests are skipped and say so.
 */
#include <criterion/criterion.h>
#include <resight/decode.h>
#include <resight/exchange.h>
#include <resight/hash.h>
#include <resight/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEDIA TEST_SOURCE_DIR "/../../shared/vectors/media"
#define ROUNDING_BITS 2 /* vectors/README.md: where only a decoder's rounding differs */
#define VPDQ_BITS 6     /* vectors/README.md: across FFmpeg versions, frames of quality 50 and more */
#define LUMA_BITS 10    /* of the luma plane from the RGB detour, on ordinary footage */

static FILE *open_or_skip(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file)
        cr_skip_test("%s is not there", path);
    return file;
}

/* What one file gives. */
typedef struct marks {
    resight_mark items[4096];
    size_t count;
} marks;

static int keep(void *user, const resight_mark *mark) {
    marks *all = user;
    cr_assert_lt(all->count, sizeof all->items / sizeof *all->items);
    all->items[all->count++] = *mark;
    return RESIGHT_OK;
}

static void hash_file(const char *path, resight_dialect dialect, int64_t every_us, bool via_rgb, marks *out) {
    resight_decode_options options = resight_decode_options_default();
    options.every_us = every_us;
    options.via_rgb = via_rgb;
    const resight_marking how = {.dialect = dialect};
    const resight_sink sink = {.mark = keep, .user = out};
    resight_error error = {0};
    out->count = 0;
    cr_assert_eq(resight_hash_file(path, &options, &how, &sink, &error), RESIGHT_OK, "%s: %s", path, error.text);
}

/* One row of expected.csv: file,dialect,quality,hash. Returns the distance in bits. */
static unsigned check_row(char *line, marks *got) {
    char *fields[4] = {line};
    for (int i = 1; i < 4; i++) {
        fields[i] = strchr(fields[i - 1], ',');
        cr_assert_not_null(fields[i]);
        *fields[i]++ = 0;
    }
    resight_dialect dialect;
    resight_hash expected;
    char path[2048];
    cr_assert_eq(resight_dialect_from_name(fields[1], &dialect), RESIGHT_OK);
    cr_assert_eq(resight_hash_from_hex(fields[3], &expected), RESIGHT_OK);
    snprintf(path, sizeof path, "%s/images/%s", MEDIA, fields[0]);
    hash_file(path, dialect, 0, false, got);
    cr_assert_eq(got->count, 1);
    const unsigned bits = resight_hash_distance(&got->items[0].hash, &expected);
    cr_expect_leq(bits, ROUNDING_BITS, "%s %s: %u bits", fields[0], fields[1], bits);
    if (bits == 0)
        cr_expect_eq(got->items[0].quality, atoi(fields[2]), "%s %s", fields[0], fields[1]);
    return bits;
}

Test(media, every_picture_hashes_as_the_reference_says) {
    static marks got;
    char line[1024];
    FILE *rows = open_or_skip(MEDIA "/expected.csv");
    unsigned count = 0, exact = 0;
    cr_assert_not_null(fgets(line, sizeof line, rows));
    for (; fgets(line, sizeof line, rows); count++) {
        line[strcspn(line, "\r\n")] = 0;
        exact += check_row(line, &got) == 0;
    }
    fclose(rows);
    cr_expect_eq(count, 41);
    cr_expect_eq(exact, count, "%u of %u rows are bit for bit the reference's", exact, count);
}

/* The frame list of one video against what we make of it; returns the widest distance at quality 50 and more. */
static unsigned check_video(const char *name, bool via_rgb) {
    static marks got;
    char path[2048], line[256];
    snprintf(path, sizeof path, "%s/vpdq/%s.txt", MEDIA, name);
    FILE *rows = open_or_skip(path);
    snprintf(path, sizeof path, "%s/videos/%s.mp4", MEDIA, name);
    hash_file(path, RESIGHT_PDQ, 0, via_rgb, &got);
    unsigned widest = 0;
    size_t count = 0;
    for (; fgets(line, sizeof line, rows); count++) {
        resight_mark expected;
        line[strcspn(line, "\r\n")] = 0;
        cr_assert_eq(resight_vpdq_parse(line, &expected, NULL), RESIGHT_OK);
        if (count >= got.count)
            continue;
        const resight_mark *mark = &got.items[count];
        const unsigned bits = resight_hash_distance(&mark->hash, &expected.hash);
        cr_expect_eq(mark->frame_number, expected.frame_number);
        cr_expect_leq(llabs(mark->time_us - expected.time_us), 1000, "%s frame %zu", name, count);
        if (expected.quality >= RESIGHT_DEFAULT_MIN_QUALITY && bits > widest)
            widest = bits;
    }
    fclose(rows);
    cr_expect_eq(got.count, count, "%s: %zu frames, expected %zu", name, got.count, count);
    return widest;
}

static const char *const videos[] = {
    "chair-19-sd-bar",   "chair-20-sd-bar",     "chair-22-sd-grey-bar",
    "pattern-hd-no-bar", "pattern-sd-grey-bar", "pattern-sd-with-small-logo-bar",
};

Test(media, video_through_rgb_gives_the_frame_lists_of_vpdq) {
    for (size_t i = 0; i < sizeof videos / sizeof *videos; i++) {
        const unsigned bits = check_video(videos[i], true);
        cr_expect_leq(bits, VPDQ_BITS, "%s: %u bits", videos[i], bits);
    }
}

Test(media, the_luma_plane_stays_near_the_frame_lists_of_vpdq) {
    for (size_t i = 0; i < sizeof videos / sizeof *videos; i++) {
        const unsigned bits = check_video(videos[i], false);
        cr_expect_leq(bits, LUMA_BITS, "%s: %u bits", videos[i], bits);
    }
}
