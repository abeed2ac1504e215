/* SPDX-License-Identifier: Apache-2.0 */
/* The stills that FFmpeg decodes: BMP, TIFF, WebP, and GIF, APNG and AVIF of one picture. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* How a raster of pattern is given to an encoder, and what has to come out. */
typedef struct still_case {
    const char *encoder;
    enum AVPixelFormat format;
    unsigned channels; /* of the raster that is encoded */
    unsigned expected; /* channels of the picture */
    const char *order; /* which channel of the raster each sample of the picture is */
    resight_format detected;
} still_case;

static const still_case cases[] = {
    {"bmp", AV_PIX_FMT_BGR24, 3, 3, "210", RESIGHT_FORMAT_BMP},
    {"bmp", AV_PIX_FMT_BGRA, 4, 3, "210", RESIGHT_FORMAT_BMP},
    {"bmp", AV_PIX_FMT_GRAY8, 1, 3, "000", RESIGHT_FORMAT_BMP}, /* a palette of greys */
    {"tiff", AV_PIX_FMT_RGB24, 3, 3, "012", RESIGHT_FORMAT_TIFF},
    {"tiff", AV_PIX_FMT_RGBA, 4, 3, "012", RESIGHT_FORMAT_TIFF},
    {"tiff", AV_PIX_FMT_GRAY8, 1, 1, "0", RESIGHT_FORMAT_TIFF},
    {"tiff", AV_PIX_FMT_YA8, 2, 1, "0", RESIGHT_FORMAT_TIFF},
    {"tiff", AV_PIX_FMT_GRAY16LE, 2, 1, "1", RESIGHT_FORMAT_TIFF}, /* the upper byte */
    {"tiff", AV_PIX_FMT_RGB48LE, 6, 3, "135", RESIGHT_FORMAT_TIFF},
    {"libwebp", AV_PIX_FMT_BGRA, 4, 3, "210", RESIGHT_FORMAT_WEBP},
};
#define CASES (sizeof cases / sizeof *cases)

static raster reorder(const raster *r, const still_case *c) {
    raster out = {r->width_px, r->height_px, c->expected, malloc((size_t)r->width_px * r->height_px * c->expected)};
    for (size_t i = 0; i < (size_t)r->width_px * r->height_px; i++)
        for (unsigned k = 0; k < c->expected; k++)
            out.px[i * c->expected + k] = r->px[i * r->channels + (unsigned)(c->order[k] - '0')];
    return out;
}

Test(stills, lossless_formats_give_their_pixels) {
    static const uint32_t sizes[][2] = {{1, 1}, {1, 19}, {21, 1}, {65, 33}};
    for (size_t i = 0; i < CASES; i++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const still_case *c = &cases[i];
            raster r = make_waves(sizes[s][0], sizes[s][1], c->channels), wanted = reorder(&r, c);
            blob b = make_still(c->encoder, &r, c->format);
            if (b.size_bytes == 0) {
                cr_log_warn("no encoder %s here", c->encoder);
            } else {
                outcome o = decode_blob(&b, NULL);
                cr_assert_eq(o.ended, RESIGHT_END, "case %zu: %s", i, o.error.text);
                cr_assert(o.frames == 1 && o.info.kind == RESIGHT_IMAGE && o.info.format == c->detected, "case %zu", i);
                cr_assert(o.info.width_px == r.width_px && o.info.height_px == r.height_px);
                cr_assert_eq(o.first.channels, c->expected, "case %zu", i);
                cr_assert_eq(memcmp(o.first.px, wanted.px, (size_t)r.width_px * r.height_px * c->expected), 0,
                             "case %zu, %u x %u: other pixels", i, r.width_px, r.height_px);
                free(o.first.px);
            }
            free(b.bytes);
            free(wanted.px);
            free(r.px);
        }
}

Test(stills, alpha_is_composited_when_asked) {
    resight_decode_options options = every_frame();
    options.alpha = RESIGHT_ALPHA_COMPOSITE;
    memset(options.background_rgb, 77, 3);
    raster r = make_waves(30, 20, 4);
    blob b = make_still("tiff", &r, AV_PIX_FMT_RGBA);
    outcome o = decode_blob(&b, &options);
    cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    for (size_t i = 0; i < 30 * 20; i++)
        for (unsigned c = 0; c < 3; c++) {
            const unsigned alpha = r.px[i * 4 + 3], wanted = (r.px[i * 4 + c] * alpha + 77 * (255 - alpha) + 127) / 255;
            cr_assert_eq(o.first.px[i * 3 + c], wanted);
        }
    free(o.first.px);
    free(b.bytes);
    free(r.px);
}

/* Only what lies behind the last pixel may be missing. */
Test(stills, no_cut_gives_another_picture) {
    for (size_t i = 0; i < CASES; i++) {
        const still_case *c = &cases[i];
        raster r = make_waves(33, 21, c->channels), wanted = reorder(&r, c);
        blob whole = make_still(c->encoder, &r, c->format);
        for (size_t cut = 0; cut < whole.size_bytes; cut += cut < 200 || cut + 200 > whole.size_bytes ? 1 : 11) {
            blob b = blob_copy(whole.bytes, cut);
            outcome o = decode_blob(&b, NULL);
            cr_assert(o.ended == RESIGHT_E_FORMAT || o.ended == RESIGHT_END, "case %zu cut at %zu: %s", i, cut,
                      o.error.text);
            if (o.frames)
                cr_assert_eq(memcmp(o.first.px, wanted.px, (size_t)33 * 21 * c->expected), 0,
                             "case %zu cut at %zu of %zu", i, cut, whole.size_bytes);
            free(o.first.px);
            free(b.bytes);
        }
        free(whole.bytes);
        free(wanted.px);
        free(r.px);
    }
}

Test(stills, animations_of_one_picture_are_stills) {
    static const struct {
        clip clip;
        resight_format format;
        resight_pixel_format pixels;
    } ones[] = {
        {{"gif", "gif", AV_PIX_FMT_GRAY8, 40, 30, 1}, RESIGHT_FORMAT_GIF, RESIGHT_RGB24},
        {{"apng", "apng", AV_PIX_FMT_RGB24, 40, 30, 1}, RESIGHT_FORMAT_PNG, RESIGHT_RGB24},
        {{"avif", "libaom-av1", AV_PIX_FMT_YUV444P, 40, 30, 1}, RESIGHT_FORMAT_AVIF, RESIGHT_RGB24},
    };
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        blob b = make_clip(&ones[i].clip);
        if (b.size_bytes == 0)
            continue;
        outcome o = decode_blob(&b, NULL);
        cr_assert_eq(o.ended, RESIGHT_END, "%s: %s", ones[i].clip.container, o.error.text);
        cr_expect(o.frames == 1 && o.info.kind == RESIGHT_IMAGE, "%s", ones[i].clip.container);
        cr_expect_eq(o.info.format, ones[i].format, "%s", ones[i].clip.container);
        cr_expect_eq(o.frame[0].format, ones[i].pixels, "%s", ones[i].clip.container);
        cr_expect(o.info.duration_us == 0 && o.info.frames_per_second == 0);
        for (size_t cut = 0; cut < b.size_bytes; cut++) {
            blob less = blob_copy(b.bytes, cut);
            outcome broken = decode_blob(&less, NULL);
            cr_assert_eq(broken.frames, 0, "%s cut at %zu of %zu", ones[i].clip.container, cut, b.size_bytes);
            free(broken.first.px);
            free(less.bytes);
        }
        free(o.first.px);
        free(b.bytes);
    }
}

Test(stills, webp_orientation) {
    raster r = make_waves(30, 20, 4);
    blob b = make_still("libwebp", &r, AV_PIX_FMT_BGRA), exif = make_exif(3, true, true);
    if (b.size_bytes == 0)
        cr_skip_test("no encoder for WebP here");
    const uint8_t size[4] = {(uint8_t)exif.size_bytes};
    blob_append(&b, "EXIF", 4);
    blob_append(&b, size, 4);
    blob_append(&b, exif.bytes, exif.size_bytes);
    const size_t riff_bytes = b.size_bytes - 8;
    b.bytes[4] = (uint8_t)riff_bytes;
    b.bytes[5] = (uint8_t)(riff_bytes >> 8);
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    cr_expect_eq(o.info.orientation, RESIGHT_ROTATE_180);
    free(o.first.px);
    free(b.bytes);
    free(exif.bytes);
    free(r.px);
}
