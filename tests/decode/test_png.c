/* SPDX-License-Identifier: Apache-2.0 */
/* PNG: colour types, depths, transparency, text that must not be inflated, damage. Lossless, so pixels are exact. */
#include "making.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_pixels(const blob *b, const resight_decode_options *options, const raster *wanted,
                          const char *what) {
    outcome o = decode_blob(b, options);
    cr_assert_eq(o.ended, RESIGHT_END, "%s: %s", what, o.error.text);
    cr_assert_eq(o.frames, 1);
    cr_assert_eq(o.info.kind, RESIGHT_IMAGE);
    cr_assert(o.first.width_px == wanted->width_px && o.first.height_px == wanted->height_px, "%s", what);
    cr_assert_eq(o.first.channels, wanted->channels, "%s", what);
    cr_assert_eq(memcmp(o.first.px, wanted->px, (size_t)wanted->width_px * wanted->height_px * wanted->channels), 0,
                 "%s: other pixels", what);
    free(o.first.px);
}

/* The first `kept` channels of each pixel. */
static raster drop_alpha(const raster *r) {
    const unsigned kept = r->channels - (r->channels % 2 == 0);
    raster less = {r->width_px, r->height_px, kept, malloc((size_t)r->width_px * r->height_px * kept)};
    for (size_t i = 0; i < (size_t)r->width_px * r->height_px; i++)
        memcpy(less.px + i * kept, r->px + i * r->channels, kept);
    return less;
}

Test(png, every_colour_type_size_depth_and_interlacing) {
    static const uint32_t sizes[][2] = {{1, 1}, {1, 29}, {31, 1}, {5, 3}, {67, 45}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (unsigned channels = 1; channels <= 4; channels++)
            for (int flags = 0; flags < 4; flags++) {
                char what[64];
                snprintf(what, sizeof what, "%ux%u, %u channels, flags %d", sizes[i][0], sizes[i][1], channels, flags);
                raster r = make_waves(sizes[i][0], sizes[i][1], channels), wanted = drop_alpha(&r);
                blob b = make_png(&r, flags);
                expect_pixels(&b, NULL, &wanted, what);
                free(b.bytes);
                free(wanted.px);
                free(r.px);
            }
}

static raster colour_by_palette(const raster *indexes) {
    raster rgb = make_waves(indexes->width_px, indexes->height_px, 3);
    for (size_t i = 0; i < (size_t)rgb.width_px * rgb.height_px; i++)
        palette_colour(indexes->px[i], rgb.px + i * 3);
    return rgb;
}

Test(png, palettes_are_expanded_and_their_alpha_is_dropped) {
    raster indexes = make_waves(50, 20, 1), wanted = colour_by_palette(&indexes);
    for (int flags = PNG_PALETTE; flags <= (PNG_PALETTE | PNG_KEY); flags += PNG_KEY) {
        blob b = make_png(&indexes, flags);
        expect_pixels(&b, NULL, &wanted, flags & PNG_KEY ? "a palette with alpha" : "a palette");
        free(b.bytes);
    }
    free(indexes.px);
    free(wanted.px);
}

static uint8_t blend(unsigned colour, unsigned background, unsigned alpha) {
    return (uint8_t)((double)(colour * alpha + background * (255 - alpha)) / 255 + 0.5);
}

Test(png, alpha_is_composited_when_asked) {
    static const uint8_t background[3] = {10, 200, 90};
    resight_decode_options options = every_frame();
    options.alpha = RESIGHT_ALPHA_COMPOSITE;
    memcpy(options.background_rgb, background, 3);
    for (unsigned channels = 2; channels <= 4; channels += 2)
        for (int flags = 0; flags < 4; flags++) {
            raster r = make_waves(23, 17, channels), wanted = make_waves(23, 17, 3);
            for (size_t i = 0; i < 23 * 17; i++)
                for (unsigned c = 0; c < 3; c++)
                    wanted.px[i * 3 + c] = blend(r.px[i * channels + (channels == 4 ? c : 0)], background[c],
                                                 r.px[i * channels + channels - 1]);
            blob b = make_png(&r, flags);
            expect_pixels(&b, &options, &wanted, "composited");
            free(b.bytes);
            free(wanted.px);
            free(r.px);
        }
}

Test(png, a_transparent_colour_is_alpha) {
    static const uint8_t background[3] = {1, 2, 3};
    resight_decode_options options = every_frame();
    options.alpha = RESIGHT_ALPHA_COMPOSITE;
    memcpy(options.background_rgb, background, 3);
    raster r = make_waves(23, 17, 3), wanted = make_waves(23, 17, 3);
    for (size_t i = 0; i < 23 * 17; i++)
        if (memcmp(r.px + i * 3, r.px, 3) == 0)
            memcpy(wanted.px + i * 3, background, 3);
    blob b = make_png(&r, PNG_KEY);
    expect_pixels(&b, &options, &wanted, "composited");
    expect_pixels(&b, NULL, &r, "dropped");
    free(b.bytes);
    free(wanted.px);
    free(r.px);
}

/* More chunks than libpng keeps, with content that does not inflate: the picture is what it is. */
Test(png, text_and_profiles_do_no_harm) {
    raster r = make_waves(23, 17, 3);
    static const char *const names[] = {"zTXt", "iTXt", "iCCP", "tEXt", "sPLT", "eXIf"};
    blob b = make_png(&r, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (unsigned times = 0; times < 300; times++) {
            blob more = png_with_chunk(&b, names[i], "k\0\0\x78\xda\xff\xff\xff\xff", 9);
            free(b.bytes);
            b = more;
        }
    expect_pixels(&b, NULL, &r, "many chunks");
    free(b.bytes);
    free(r.px);
}

Test(png, orientation_in_an_exif_chunk) {
    raster r = make_waves(23, 17, 3);
    blob plain = make_png(&r, 0), exif = make_exif(8, false, false);
    blob b = png_with_chunk(&plain, "eXIf", exif.bytes, exif.size_bytes);
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.info.orientation, RESIGHT_ROTATE_90);
    free(o.first.px);
    free(b.bytes);
    free(exif.bytes);
    free(plain.bytes);
    free(r.px);
}

Test(png, no_cut_and_no_flipped_bit_gives_another_picture) {
    raster r = make_waves(40, 40, 3);
    for (int flags = 0; flags <= PNG_INTERLACED; flags++) {
        blob whole = make_png(&r, flags);
        for (size_t at = 0; at < whole.size_bytes; at++) {
            blob b = blob_copy(whole.bytes, at);
            outcome o = decode_blob(&b, NULL);
            cr_assert_eq(o.ended, RESIGHT_E_FORMAT, "cut at %zu of %zu", at, whole.size_bytes);
            cr_assert_eq(o.frames, 0);
            free(b.bytes);
            b = blob_copy(whole.bytes, whole.size_bytes);
            b.bytes[at] ^= 0x10;
            o = decode_blob(&b, NULL);
            cr_assert(o.frames == 0 || memcmp(o.first.px, r.px, 40 * 40 * 3) == 0, "a bit flipped at %zu", at);
            free(o.first.px);
            free(b.bytes);
        }
        free(whole.bytes);
    }
    free(r.px);
}
