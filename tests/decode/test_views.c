/* SPDX-License-Identifier: Apache-2.0 */
/* RESIGHT_ALPHA_VIEWS: a still with transparent pixels is three frames, the first of them what it is without asking. */
#include "making.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { W = 30, H = 20 };

/* The frames of a blob, one after the other, as luma or RGB bytes. */
typedef struct views {
    uint8_t px[4][W * H * 3];
    resight_pixel_format format[4];
    resight_view view[4];
    unsigned count;
    int ended;
} views;

static views decode_views(const blob *b, resight_alpha alpha) {
    resight_decode_options options = every_frame();
    options.alpha = alpha;
    resight_source *source = NULL;
    resight_decoder *decoder = NULL;
    resight_media_info info;
    resight_frame frame;
    views v = {.count = 0};
    cr_assert_eq(resight_source_open_memory(b->bytes, b->size_bytes, &source, NULL), RESIGHT_OK);
    cr_assert_eq(resight_decoder_new(&options, &decoder), RESIGHT_OK);
    v.ended = resight_decoder_open(decoder, source, &info, NULL);
    while (v.ended == RESIGHT_OK && (v.ended = resight_decoder_next(decoder, &frame, NULL)) == RESIGHT_OK) {
        cr_assert_lt(v.count, 4);
        const size_t row = W * resight_pixel_bytes(frame.image.format);
        for (size_t y = 0; y < H; y++)
            memcpy(v.px[v.count] + y * row, frame.image.px + y * frame.image.stride_bytes, row);
        v.format[v.count] = frame.image.format;
        cr_expect(frame.number == 0 && frame.time_us == 0);
        v.view[v.count++] = frame.view;
    }
    resight_decoder_free(&decoder);
    resight_source_free(&source);
    return v;
}

static void expect_over(const views *v, unsigned at, const raster *r, unsigned background) {
    const unsigned channels = resight_pixel_bytes(v->format[at]);
    for (size_t i = 0; i < (size_t)W * H; i++)
        for (unsigned c = 0; c < channels; c++) {
            const uint8_t *p = r->px + i * r->channels;
            const unsigned alpha = p[r->channels - 1], colour = p[r->channels == 4 ? c : 0];
            cr_assert_eq(v->px[at][i * channels + c], (colour * alpha + background * (255 - alpha) + 127) / 255);
        }
}

static void expect_three(const blob *b, const raster *r) {
    const views all = decode_views(b, RESIGHT_ALPHA_VIEWS), plain = decode_views(b, RESIGHT_ALPHA_DROP);
    cr_assert(all.count == 3 && all.ended == RESIGHT_END, "%u frames, %d", all.count, all.ended);
    cr_assert_eq(plain.count, 1);
    cr_expect(all.view[0] == RESIGHT_VIEW_STORED && all.view[1] == RESIGHT_VIEW_ON_WHITE &&
              all.view[2] == RESIGHT_VIEW_ON_BLACK);
    cr_expect_eq(all.format[0], plain.format[0]);
    cr_expect_eq(memcmp(all.px[0], plain.px[0], sizeof plain.px[0]), 0, "the stored view differs from the picture");
    expect_over(&all, 1, r, 255);
    expect_over(&all, 2, r, 0);
}

Test(views, of_png_with_grey_and_colours) {
    for (unsigned channels = 2; channels <= 4; channels += 2) {
        raster r = make_waves(W, H, channels);
        blob b = make_png(&r, 0);
        expect_three(&b, &r);
        free(b.bytes);
        free(r.px);
    }
}

Test(views, of_stills_by_ffmpeg) {
    raster r = make_waves(W, H, 4);
    blob b = make_still("tiff", &r, AV_PIX_FMT_RGBA);
    expect_three(&b, &r);
    free(b.bytes);
    free(r.px);
}

/* A screenshot has alpha, and nothing shines through: one frame, as without asking. */
Test(views, of_an_opaque_picture_is_one) {
    raster r = make_waves(W, H, 4);
    for (size_t i = 0; i < (size_t)W * H; i++)
        r.px[i * 4 + 3] = 255;
    blob b = make_png(&r, 0);
    const views all = decode_views(&b, RESIGHT_ALPHA_VIEWS), plain = decode_views(&b, RESIGHT_ALPHA_DROP);
    cr_expect(all.count == 1 && all.ended == RESIGHT_END && all.view[0] == RESIGHT_VIEW_STORED);
    cr_expect_eq(memcmp(all.px[0], plain.px[0], sizeof plain.px[0]), 0);
    r.px[W * H * 4 - 1] = 254; /* the very last pixel */
    blob last = make_png(&r, 0);
    cr_expect_eq(decode_views(&last, RESIGHT_ALPHA_VIEWS).count, 3);
    free(last.bytes);
    free(b.bytes);
    free(r.px);
}

Test(views, of_a_picture_without_alpha_is_one) {
    raster r = make_waves(W, H, 3);
    blob b = make_png(&r, 0);
    cr_expect_eq(decode_views(&b, RESIGHT_ALPHA_VIEWS).count, 1);
    free(b.bytes);
    free(r.px);
}
