/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs, rasters, and decoding them with everything kept that a test may ask about. */
#include "making.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

blob blob_copy(const void *bytes, size_t size_bytes) {
    blob b = {0};
    blob_append(&b, bytes, size_bytes);
    return b;
}

void blob_append(blob *to, const void *bytes, size_t size_bytes) {
    to->bytes = realloc(to->bytes, to->size_bytes + size_bytes + 1);
    if (size_bytes)
        memcpy(to->bytes + to->size_bytes, bytes, size_bytes);
    to->size_bytes += size_bytes;
}

static uint8_t wave(uint32_t x, uint32_t y, unsigned c) {
    const uint32_t v = (x * (2 + c) + y * (3 - c % 3) + 40 * c) % 384;
    return (uint8_t)(32 + (v < 192 ? v : 384 - v));
}

raster make_waves(uint32_t width_px, uint32_t height_px, unsigned channels) {
    raster r = {width_px, height_px, channels, malloc((size_t)width_px * height_px * channels)};
    uint8_t *p = r.px;
    for (uint32_t y = 0; y < height_px; y++)
        for (uint32_t x = 0; x < width_px; x++)
            for (unsigned c = 0; c < channels; c++)
                *p++ = wave(x, y, c);
    return r;
}

static void put16(uint8_t *p, unsigned value, bool big) {
    p[big ? 0 : 1] = (uint8_t)(value >> 8);
    p[big ? 1 : 0] = (uint8_t)value;
}

blob make_exif(unsigned orientation, bool big, bool prefixed) {
    uint8_t tiff[8 + 2 + 24 + 4] = {0};
    memcpy(tiff, big ? "MM\0*" : "II*\0", 4);
    tiff[big ? 7 : 4] = 8;
    put16(tiff + 8, 2, big);
    put16(tiff + 10, 0x0100, big); /* another tag first: a width */
    put16(tiff + 12, 3, big);
    tiff[big ? 17 : 14] = 1;
    put16(tiff + 22, 0x0112, big);
    put16(tiff + 24, 3, big);
    tiff[big ? 29 : 26] = 1;
    put16(tiff + 30, orientation, big);
    blob b = blob_copy("Exif\0\0", prefixed ? 6 : 0);
    blob_append(&b, tiff, sizeof tiff);
    return b;
}

resight_decode_options every_frame(void) {
    resight_decode_options options = resight_decode_options_default();
    options.every_us = 0;
    return options;
}

static raster pack(const resight_image *image) {
    const unsigned channels = resight_pixel_bytes(image->format);
    const size_t row_bytes = (size_t)image->width_px * channels;
    raster r = {image->width_px, image->height_px, channels, malloc(row_bytes * image->height_px)};
    for (size_t y = 0; y < image->height_px; y++)
        memcpy(r.px + y * row_bytes, image->px + y * image->stride_bytes, row_bytes);
    return r;
}

static void keep(outcome *o, const resight_frame *frame) {
    const resight_image *image = &frame->image;
    cr_assert_eq(resight_image_check(image), RESIGHT_OK, "a frame that cannot be read");
    cr_assert_lt(o->frames, MAX_FRAMES);
    if (o->frames == 0)
        o->first = pack(image);
    const size_t middle =
        image->height_px / 2 * image->stride_bytes + (size_t)(image->width_px / 2) * resight_pixel_bytes(image->format);
    o->frame[o->frames].time_us = frame->time_us;
    o->frame[o->frames].number = frame->number;
    o->frame[o->frames].middle = image->px[middle];
    o->frame[o->frames].width_px = image->width_px;
    o->frame[o->frames].height_px = image->height_px;
    o->frame[o->frames].format = image->format;
    o->frames++;
}

outcome decode_source(resight_source *source, const resight_decode_options *options) {
    outcome o = {0};
    const resight_decode_options standard = every_frame();
    resight_decoder *decoder = NULL;
    resight_frame frame;
    cr_assert_eq(resight_decoder_new(options ? options : &standard, &decoder), RESIGHT_OK);
    o.opened = o.ended = resight_decoder_open(decoder, source, &o.info, &o.error);
    if (o.opened == RESIGHT_OK)
        while ((o.ended = resight_decoder_next(decoder, &frame, &o.error)) == RESIGHT_OK)
            keep(&o, &frame);
    cr_expect_eq(resight_decoder_next(decoder, &frame, NULL), RESIGHT_END, "a file that goes on after its end");
    cr_expect(o.ended >= 0 || o.error.text[0], "a failure without a text");
    o.damaged = resight_decoder_damaged(decoder);
    resight_decoder_free(&decoder);
    return o;
}

outcome decode_blob(const blob *b, const resight_decode_options *options) {
    resight_source *source = NULL;
    cr_assert_eq(resight_source_open_memory(b->bytes, b->size_bytes, &source, NULL), RESIGHT_OK);
    const outcome o = decode_source(source, options);
    resight_source_free(&source);
    return o;
}

int pipe_of(const blob *b) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    if (fork() == 0) {
        close(ends[0]);
        signal(SIGPIPE, SIG_IGN); /* a reader that has enough is no crash */
        for (size_t done = 0; done < b->size_bytes;) {
            const size_t left = b->size_bytes - done, most = done < 20000 ? 777 : 30000,
                         piece = left < most ? left : most;
            const ssize_t wrote = write(ends[1], b->bytes + done, piece);
            if (wrote < 0)
                _exit(1);
            done += (size_t)wrote;
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}
