/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG: colours, sizes, orientation, damage. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Quality 100 without subsampling still rounds twice, through the transform and the colours. */
#define ROUNDING 4

static void expect_close(const raster *got, const raster *wanted, const char *what) {
    cr_assert_eq(got->channels, wanted->channels, "%s", what);
    for (size_t i = 0; i < (size_t)wanted->width_px * wanted->height_px * wanted->channels; i++)
        cr_assert_leq(abs(got->px[i] - wanted->px[i]), ROUNDING, "%s: sample %zu is %u, not %u", what, i, got->px[i],
                      wanted->px[i]);
}

Test(jpeg, grey_and_colour_in_odd_sizes) {
    static const uint32_t sizes[][2] = {{1, 1}, {1, 37}, {41, 1}, {8, 8}, {16, 9}, {33, 31}, {301, 203}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (unsigned channels = 1; channels <= 3; channels += 2)
            for (int flags = 0; flags <= JPEG_PROGRESSIVE; flags++) {
                raster r = make_waves(sizes[i][0], sizes[i][1], channels);
                blob b = make_jpeg(&r, flags, NULL, 0);
                outcome o = decode_blob(&b, NULL);
                cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
                cr_assert_eq(o.frames, 1);
                cr_assert(o.info.kind == RESIGHT_IMAGE && o.info.format == RESIGHT_FORMAT_JPEG);
                cr_assert_str_eq(o.info.codec, "jpeg");
                cr_assert(o.info.width_px == r.width_px && o.info.height_px == r.height_px);
                cr_assert_eq(o.frame[0].format, channels == 1 ? RESIGHT_GRAY8 : RESIGHT_RGB24);
                cr_assert(o.frame[0].time_us == 0 && o.frame[0].number == 0);
                expect_close(&o.first, &r, "a JPEG");
                free(o.first.px);
                free(b.bytes);
                free(r.px);
            }
}

/* What is left of white after an ink and black. */
static raster without_inks(const raster *cmyk) {
    raster rgb = make_waves(cmyk->width_px, cmyk->height_px, 3);
    for (size_t i = 0; i < (size_t)cmyk->width_px * cmyk->height_px; i++)
        for (unsigned c = 0; c < 3; c++)
            rgb.px[i * 3 + c] = (uint8_t)((255 - cmyk->px[i * 4 + c]) * (255 - cmyk->px[i * 4 + 3]) / 255);
    return rgb;
}

Test(jpeg, cmyk_becomes_rgb_in_both_senses) {
    raster cmyk = make_waves(35, 21, 4), wanted = without_inks(&cmyk);
    for (int flags = 0; flags <= JPEG_ADOBE_INVERTED; flags += JPEG_ADOBE_INVERTED) {
        blob b = make_jpeg(&cmyk, flags, NULL, 0);
        outcome o = decode_blob(&b, NULL);
        cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
        expect_close(&o.first, &wanted, flags ? "inverted" : "plain");
        free(o.first.px);
        free(b.bytes);
    }
    free(cmyk.px);
    free(wanted.px);
}

Test(jpeg, orientation_is_reported_and_not_applied) {
    raster r = make_waves(30, 20, 3);
    blob exif = make_exif(6, true, true), b = make_jpeg(&r, 0, exif.bytes, exif.size_bytes);
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.info.orientation, RESIGHT_ROTATE_270);
    cr_assert(o.info.width_px == 30 && o.first.width_px == 30);
    free(o.first.px);
    free(b.bytes);
    free(exif.bytes);
    free(r.px);
}

/* A picture with grey filler would get a hash, and that of no picture anyone has seen. */
Test(jpeg, no_cut_gives_a_picture) {
    raster r = make_waves(64, 48, 3);
    for (int flags = 0; flags <= 5; flags++) {
        if (flags & JPEG_ADOBE_INVERTED)
            continue;
        blob whole = make_jpeg(&r, flags, NULL, 0);
        for (size_t cut = 0; cut < whole.size_bytes; cut += cut < 700 || cut + 40 > whole.size_bytes ? 1 : 13) {
            blob b = blob_copy(whole.bytes, cut);
            outcome o = decode_blob(&b, NULL);
            cr_assert_eq(o.ended, RESIGHT_E_FORMAT, "flags %d cut at %zu of %zu", flags, cut, whole.size_bytes);
            cr_assert_eq(o.frames, 0);
            free(b.bytes);
        }
        free(whole.bytes);
    }
    free(r.px);
}

/* The end marker is there, what stood before it is not: a cut that was tidied up. */
Test(jpeg, a_cut_that_is_closed_is_noticed) {
    raster r = make_waves(64, 48, 3);
    for (int flags = 0; flags <= JPEG_PROGRESSIVE; flags++) {
        blob b = make_jpeg(&r, flags, NULL, 0);
        memcpy(b.bytes + b.size_bytes * 9 / 10, "\xff\xd9", 2);
        outcome o = decode_blob(&b, NULL);
        cr_expect_eq(o.ended, RESIGHT_E_FORMAT, "flags %d", flags);
        cr_expect_eq(o.frames, 0);
        free(o.first.px);
        free(b.bytes);
    }
    free(r.px);
}

/* Restart markers swapped: libjpeg would resynchronise and go on. */
Test(jpeg, damage_within_is_noticed) {
    raster r = make_waves(64, 64, 1);
    blob b = make_jpeg(&r, JPEG_RESTARTS, NULL, 0);
    size_t at = b.size_bytes / 2;
    while (at + 1 < b.size_bytes && !(b.bytes[at] == 0xff && (b.bytes[at + 1] & 0xf8) == 0xd0))
        at++;
    cr_assert_lt(at + 1, b.size_bytes);
    b.bytes[at + 1] ^= 4;
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.ended, RESIGHT_E_FORMAT);
    cr_assert_eq(o.frames, 0);
    free(b.bytes);
    free(r.px);
}

Test(jpeg, bytes_after_the_end_do_no_harm) {
    raster r = make_waves(64, 64, 3);
    blob b = make_jpeg(&r, 0, NULL, 0);
    blob_append(&b, "a second picture, or a signature", 32);
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    expect_close(&o.first, &r, "with a trailer");
    free(o.first.px);
    free(b.bytes);
    free(r.px);
}

/* The file without its segments of one kind. */
static blob without_segments(const blob *b, uint8_t marker) {
    blob out = blob_copy(b->bytes, 2);
    size_t at = 2;
    while (b->bytes[at + 1] != 0xda) {
        const size_t length = 2 + ((size_t)b->bytes[at + 2] << 8 | b->bytes[at + 3]);
        if (b->bytes[at + 1] != marker)
            blob_append(&out, b->bytes + at, length);
        at += length;
    }
    blob_append(&out, b->bytes + at, b->size_bytes - at);
    return out;
}

static int decode_with(resight_decoder *decoder, const blob *b) {
    resight_source *source = NULL;
    resight_media_info info;
    resight_frame frame;
    cr_assert_eq(resight_source_open_memory(b->bytes, b->size_bytes, &source, NULL), RESIGHT_OK);
    int status = resight_decoder_open(decoder, source, &info, NULL);
    if (status == RESIGHT_OK)
        status = resight_decoder_next(decoder, &frame, NULL);
    resight_source_free(&source);
    return status;
}

/* libjpeg keeps tables from one file to the next, for those who ask it to: a picture would hash as what came before. */
Test(jpeg, no_table_is_left_for_the_next_file) {
    enum { QUANTISATION = 0xdb };
    raster r = make_waves(64, 64, 3);
    blob whole = make_jpeg(&r, 0, NULL, 0);
    blob bare = without_segments(&whole, QUANTISATION);
    resight_decoder *decoder = NULL;
    cr_assert_lt(bare.size_bytes, whole.size_bytes);
    cr_assert_eq(resight_decoder_new(NULL, &decoder), RESIGHT_OK);
    cr_expect_eq(decode_with(decoder, &bare), RESIGHT_E_FORMAT);
    cr_expect_eq(decode_with(decoder, &whole), RESIGHT_OK);
    cr_expect_eq(decode_with(decoder, &bare), RESIGHT_E_FORMAT, "decoded with the tables of the file before");
    resight_decoder_free(&decoder);
    free(bare.bytes);
    free(whole.bytes);
    free(r.px);
}
