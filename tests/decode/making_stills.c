/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG and PNG by libjpeg and libpng, HEIC by libheif. Errors of the encoders end the test program. */
#include "making.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static void invert(uint8_t *px, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        px[i] = (uint8_t)(255 - px[i]);
}

static J_COLOR_SPACE jpeg_space(unsigned channels) {
    return channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
}

blob make_jpeg(const raster *r, int flags, const void *exif, size_t exif_bytes) {
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long size_bytes = 0;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &bytes, &size_bytes);
    codec.image_width = r->width_px;
    codec.image_height = r->height_px;
    codec.input_components = (int)r->channels;
    codec.in_color_space = jpeg_space(r->channels);
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, 100, TRUE);
    codec.write_Adobe_marker = (flags & JPEG_ADOBE_INVERTED) != 0;
    codec.restart_in_rows = flags & JPEG_RESTARTS ? 1 : 0;
    codec.comp_info[0].h_samp_factor = codec.comp_info[0].v_samp_factor = 1; /* no colour is lost to subsampling */
    if (flags & JPEG_PROGRESSIVE)
        jpeg_simple_progression(&codec);
    jpeg_start_compress(&codec, TRUE);
    if (exif)
        jpeg_write_marker(&codec, JPEG_APP0 + 1, exif, (unsigned)exif_bytes);
    const size_t row_bytes = (size_t)r->width_px * r->channels;
    uint8_t *row = malloc(row_bytes);
    while (codec.next_scanline < codec.image_height) {
        memcpy(row, r->px + codec.next_scanline * row_bytes, row_bytes);
        if (flags & JPEG_ADOBE_INVERTED)
            invert(row, row_bytes);
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    free(row);
    return (blob){bytes, size_bytes};
}

void palette_colour(unsigned i, uint8_t rgb[3]) {
    rgb[0] = (uint8_t)i;
    rgb[1] = (uint8_t)(255 - i);
    rgb[2] = (uint8_t)(i * 7);
}

static void write_blob(png_structp codec, png_bytep bytes, size_t size_bytes) {
    blob_append(png_get_io_ptr(codec), bytes, size_bytes);
}

static void flush_blob(png_structp codec) {
    (void)codec;
}

static int png_colour(const raster *r, int flags) {
    static const int colours[5] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                   PNG_COLOR_TYPE_RGB_ALPHA};
    return flags & PNG_PALETTE ? PNG_COLOR_TYPE_PALETTE : colours[r->channels];
}

static void set_palette(png_structp codec, png_infop header) {
    png_color palette[256];
    for (unsigned i = 0; i < 256; i++) {
        uint8_t rgb[3];
        palette_colour(i, rgb);
        palette[i] = (png_color){rgb[0], rgb[1], rgb[2]};
    }
    png_set_PLTE(codec, header, palette, 256);
}

static void set_key(png_structp codec, png_infop header, const raster *r, int flags) {
    png_color_16 key = {.gray = r->px[0], .red = r->px[0], .green = r->px[1], .blue = r->px[2]};
    png_byte alpha[256];
    memset(alpha, 255, sizeof alpha);
    alpha[r->px[0]] = 0;
    if (flags & PNG_PALETTE)
        png_set_tRNS(codec, header, alpha, 256, NULL);
    else
        png_set_tRNS(codec, header, NULL, 0, &key);
}

static void put_row(const raster *r, uint32_t y, int flags, uint8_t *row) {
    const size_t samples = (size_t)r->width_px * r->channels;
    const uint8_t *from = r->px + y * samples;
    for (size_t i = 0; i < samples; i++) {
        if (flags & PNG_16_BIT) {
            row[2 * i] = from[i];
            row[2 * i + 1] = 0xff;
        } else {
            row[i] = from[i];
        }
    }
}

blob make_png(const raster *r, int flags) {
    blob b = {0};
    png_structp codec = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop header = png_create_info_struct(codec);
    png_set_write_fn(codec, &b, write_blob, flush_blob);
    png_set_IHDR(codec, header, r->width_px, r->height_px, flags & PNG_16_BIT ? 16 : 8, png_colour(r, flags),
                 flags & PNG_INTERLACED ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (flags & PNG_PALETTE)
        set_palette(codec, header);
    if (flags & PNG_KEY)
        set_key(codec, header, r, flags);
    png_write_info(codec, header);
    uint8_t *row = malloc((size_t)r->width_px * r->channels * 2);
    const int passes = png_set_interlace_handling(codec);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < r->height_px; y++) {
            put_row(r, y, flags, row);
            png_write_row(codec, row);
        }
    png_write_end(codec, NULL);
    png_destroy_write_struct(&codec, &header);
    free(row);
    return b;
}

static void append_big32(blob *b, uint32_t value) {
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    blob_append(b, bytes, 4);
}

/* PNG specification, annex D, bit by bit. */
static uint32_t png_checksum(const uint8_t *bytes, size_t size_bytes) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size_bytes; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? 0xedb88320u ^ crc >> 1 : crc >> 1;
    }
    return ~crc;
}

blob png_with_chunk(const blob *png, const char *name, const void *data, size_t size_bytes) {
    enum { HEADER_END = 8 + 25 };
    blob b = blob_copy(png->bytes, HEADER_END);
    append_big32(&b, (uint32_t)size_bytes);
    const size_t from = b.size_bytes;
    blob_append(&b, name, 4);
    blob_append(&b, data, size_bytes);
    append_big32(&b, png_checksum(b.bytes + from, b.size_bytes - from));
    blob_append(&b, png->bytes + HEADER_END, png->size_bytes - HEADER_END);
    return b;
}
