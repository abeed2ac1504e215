/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that ask for much more than they are, or for the impossible. */
#include "exhibit.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- JPEG: ITU-T T.81 ------------------------------------------------------------------------------------------- */

static void jpeg_head(blob *out, unsigned width_px, unsigned height_px, unsigned components) {
    put(out, "\xff\xd8\xff\xdb\0\x43\0", 7);
    put_repeated(out, 1, 64);
    put(out, "\xff\xc2", 2); /* SOF2: progressive */
    put_big16(out, 8 + 3 * components);
    put8(out, 8);
    put_big16(out, height_px);
    put_big16(out, width_px);
    put8(out, components);
    for (unsigned c = 1; c <= components; c++) {
        put8(out, c);
        put(out, "\x11\0", 2);
    }
    put(out, "\xff\xc4\0\x14\x10\1", 6); /* DHT: one AC code of one bit */
    put_repeated(out, 0, 15);
    put8(out, 0xe0); /* EOB14: a run of 2^14 and more blocks without coefficients */
}

/* A scan of one component, coefficients 1 to 63, all zero, in runs of 2^14 + 0x2aaa blocks: without a byte 0xff. */
static void jpeg_empty_scan(blob *out, unsigned width_px, unsigned height_px, unsigned component) {
    enum { RUN = 16384 + 0x2aaa };
    const unsigned blocks = ((width_px + 7) / 8) * ((height_px + 7) / 8);
    put(out, "\xff\xda\0\x08\1", 5);
    put8(out, component);
    put(out, "\0\1\x3f\0", 4);
    bits to = {.to = out};
    for (unsigned run = 0; run < blocks; run += RUN)
        put_high(&to, 0x2aaa, 15);
    put_high(&to, 0x7f, (8 - to.count) % 8);
}

static void jpeg_empty(blob *out, unsigned width_px, unsigned height_px, unsigned components, unsigned scans) {
    jpeg_head(out, width_px, height_px, components);
    for (unsigned i = 0; i < scans; i++)
        jpeg_empty_scan(out, width_px, height_px, 1);
    put(out, "\xff\xd9", 2);
}

static void jpeg_65500(blob *out) {
    jpeg_head(out, 65500, 65500, 1);
    put(out, "\xff\xda\0\x08\1\1\0\1\x3f\0\xff\xd9", 12);
}

static void jpeg_11000(blob *out) {
    jpeg_empty(out, 11000, 11000, 1, 1);
}

static void jpeg_11000_colour(blob *out) {
    jpeg_empty(out, 11000, 11000, 3, 1);
}

static void jpeg_5000_scans(blob *out) {
    jpeg_empty(out, 10000, 10000, 1, 5000);
}

static void jpeg_0x0(blob *out) {
    jpeg_empty(out, 0, 0, 1, 0);
}

/* ---- PNG -------------------------------------------------------------------------------------------------------- */

static void png_chunk(blob *out, const char *name, const void *data, size_t size) {
    blob named = {0};
    put(&named, name, 4);
    put(&named, data, size);
    put_big32(out, (uint32_t)size);
    put(out, named.bytes, named.size);
    put_big32(out, (uint32_t)crc32(0, named.bytes, (unsigned)named.size));
    free(named.bytes);
}

static void png_head(blob *out, uint32_t width_px, uint32_t height_px, unsigned depth, unsigned colour) {
    blob head = {0};
    put_big32(&head, width_px);
    put_big32(&head, height_px);
    put8(&head, depth);
    put8(&head, colour);
    put(&head, "\0\0\0", 3);
    put(out, "\x89PNG\r\n\x1a\n", 8);
    png_chunk(out, "IHDR", head.bytes, head.size);
    free(head.bytes);
}

/* So many zero bytes, deflated: a thousandth. */
static void put_deflated(blob *out, uint64_t zeros) {
    static const uint8_t block[65536];
    uint8_t packed[65536];
    z_stream stream = {0};
    deflateInit(&stream, 9);
    for (int code = Z_OK; code != Z_STREAM_END;) {
        if (stream.avail_in == 0 && zeros > 0) {
            stream.next_in = (uint8_t *)(uintptr_t)block;
            stream.avail_in = zeros < sizeof block ? (unsigned)zeros : sizeof block;
            zeros -= stream.avail_in;
        }
        stream.next_out = packed;
        stream.avail_out = sizeof packed;
        code = deflate(&stream, zeros > 0 ? Z_NO_FLUSH : Z_FINISH);
        put(out, packed, sizeof packed - stream.avail_out);
    }
    deflateEnd(&stream);
}

static void png_pixels(blob *out, uint64_t bytes) {
    blob packed = {0};
    put_deflated(&packed, bytes);
    png_chunk(out, "IDAT", packed.bytes, packed.size);
    png_chunk(out, "IEND", NULL, 0);
    free(packed.bytes);
}

/* Chunks of a name each with 300 MB in it, before 64 x 64 grey pixels. */
static void png_inflating(blob *out, const char *name, unsigned count) {
    blob chunk = {0};
    put(&chunk, "name\0\0", 6);
    put_deflated(&chunk, 300000000);
    png_head(out, 64, 64, 8, 0);
    for (unsigned i = 0; i < count; i++)
        png_chunk(out, name, chunk.bytes, chunk.size);
    png_pixels(out, 65 * 64);
    free(chunk.bytes);
}

static void png_text(blob *out) {
    png_inflating(out, "zTXt", 8);
}

static void png_profile(blob *out) {
    png_inflating(out, "iCCP", 1);
}

static void png_50000(blob *out) {
    png_head(out, 50000, 50000, 1, 0);
    png_pixels(out, (uint64_t)(1 + 6250) * 50000);
}

/* As large as the limits allow. */
static void png_32768(blob *out) {
    png_head(out, 32768, 3900, 1, 0);
    png_pixels(out, (uint64_t)(1 + 4096) * 3900);
}

/* The header of a PNG as large as they come, and nothing after it. */
static void png_2g(blob *out) {
    png_head(out, 0x7fffffff, 0x7fffffff, 16, 6);
    png_pixels(out, 1000);
}

static void png_0x0(blob *out) {
    png_head(out, 0, 0, 8, 0);
    png_pixels(out, 0);
}

/* Too few pixels for the size. */
static void png_short(blob *out) {
    png_head(out, 1000, 1000, 8, 0);
    png_pixels(out, 1000);
}

static void png_small(blob *out) {
    png_head(out, 64, 64, 8, 0);
    png_pixels(out, 65 * 64);
}

static void apng_frames(blob *out) {
    enum { FRAMES = 200000 };
    blob data = {0}, pixel = {0};
    uint32_t sequence = 0;
    png_head(out, 1, 1, 8, 0);
    put_big32(&data, FRAMES);
    put_big32(&data, 0);
    png_chunk(out, "acTL", data.bytes, data.size);
    put_deflated(&pixel, 2);
    for (unsigned i = 0; i < FRAMES; i++) {
        data.size = 0;
        put_big32(&data, sequence++);
        put(&data, "\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\1\0\x19\0\0", 22); /* 1 x 1 at 0, 0, for 1/25 s */
        png_chunk(out, "fcTL", data.bytes, data.size);
        data.size = 0;
        if (i > 0)
            put_big32(&data, sequence++);
        put(&data, pixel.bytes, pixel.size);
        png_chunk(out, i > 0 ? "fdAT" : "IDAT", data.bytes, data.size);
    }
    png_chunk(out, "IEND", NULL, 0);
    free(pixel.bytes);
    free(data.bytes);
}

/* ---- GIF89a ----------------------------------------------------------------------------------------------------- */

static void gif_head(blob *out, unsigned width_px, unsigned height_px) {
    put_text(out, "GIF89a");
    put_little16(out, width_px);
    put_little16(out, height_px);
    put(out, "\x80\0\0\0\0\0\xff\xff\xff", 9);
}

/* LZW of zeros: each code stands for one pixel more than the one before, until the table is full. */
static void gif_zeros(blob *out, uint64_t pixels) {
    enum { CLEAR = 4, END = 5, FULL = 4095 };
    blob packed = {0};
    bits to = {.to = &packed};
    unsigned code = FULL, width = 3;
    put_low(&to, CLEAR, width);
    for (uint64_t run = 0; pixels > 0; pixels -= run) {
        if (code == FULL) {
            if (packed.size > 0)
                put_low(&to, CLEAR, width);
            code = END;
            width = 3;
            run = 0;
        }
        run = run + 1 < pixels ? run + 1 : pixels;
        put_low(&to, run == 1 ? 0 : END + (uint32_t)run - 1, width);
        if (run == 1 || ++code == 1u << width)
            width += run > 1 && width < 12;
    }
    put_low(&to, END, width);
    put_low(&to, 0, 7);
    put8(out, 2);
    for (size_t at = 0; at < packed.size; at += 255) {
        const size_t length = packed.size - at < 255 ? packed.size - at : 255;
        put8(out, (unsigned)length);
        put(out, packed.bytes + at, length);
    }
    put8(out, 0);
    free(packed.bytes);
}

static void gif_picture(blob *out, unsigned width_px, unsigned height_px) {
    put(out, ",\0\0\0\0", 5);
    put_little16(out, width_px);
    put_little16(out, height_px);
    put8(out, 0);
    gif_zeros(out, (uint64_t)width_px * height_px);
}

static void gif_square(blob *out, unsigned side_px) {
    gif_head(out, side_px, side_px);
    gif_picture(out, side_px, side_px);
    put8(out, 0x3b);
}

static void gif_16000(blob *out) {
    gif_square(out, 16000);
}

/* As large as the limits allow. */
static void gif_11000(blob *out) {
    gif_square(out, 11000);
}

static void gif_65535(blob *out) {
    gif_head(out, 65535, 65535);
    gif_picture(out, 1, 1);
    put8(out, 0x3b);
}

/* A million pictures of one pixel. */
static void gif_frames(blob *out) {
    gif_head(out, 1, 1);
    for (unsigned i = 0; i < 1000001; i++)
        put(out, ",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0", 15);
    put8(out, 0x3b);
}

/* ---- WebP, BMP, TIFF -------------------------------------------------------------------------------------------- */

/* VP8L with five prefix codes of one symbol each: no bit a pixel. */
static void webp_lossless(blob *out, unsigned width_px, unsigned height_px) {
    blob data = {0};
    bits to = {.to = &data};
    put_low(&to, 0x2f, 8);
    put_low(&to, width_px - 1, 14);
    put_low(&to, height_px - 1, 14);
    put_low(&to, 0, 1 + 3 + 1 + 1 + 1); /* no alpha, version 0, no transform, no colour cache, one group of codes */
    for (int i = 0; i < 5; i++)
        put_low(&to, 1, 4); /* simple, one symbol, of one bit: 0 */
    put_low(&to, 0, 16);
    data.size += data.size % 2;
    put_text(out, "RIFF");
    put_little32(out, (uint32_t)data.size + 12);
    put_text(out, "WEBPVP8L");
    put_little32(out, (uint32_t)data.size);
    put(out, data.bytes, data.size);
    free(data.bytes);
}

static void webp_16383(blob *out) {
    webp_lossless(out, 16383, 16383);
}

static void webp_127m(blob *out) {
    webp_lossless(out, 16383, 7800);
}

static void bmp(blob *out, uint32_t width_px, uint32_t height_px, uint32_t data_bytes) {
    put_text(out, "BM");
    put_little32(out, 54 + data_bytes);
    put_little32(out, 0);
    put_little32(out, 54);
    put_little32(out, 40);
    put_little32(out, width_px);
    put_little32(out, height_px);
    put_little16(out, 1);
    put_little16(out, 24);
    put_repeated(out, 0, 24);
    put_repeated(out, 0, data_bytes);
}

static void bmp_huge(blob *out) {
    bmp(out, 0x7fffffff, 0x7fffffff, 100);
}

static void bmp_negative(blob *out) {
    bmp(out, 1, 0x80000000, 100);
}

static void bmp_runs(blob *out) {
    bmp(out, 30000, 4000, 0); /* as many pixels as the limits allow */
    out->bytes[2] = 54 + 4 + 2;
    out->bytes[28] = 8;                 /* bits a pixel */
    out->bytes[30] = 1;                 /* BI_RLE8 */
    out->bytes[10] = (uint8_t)(54 + 4); /* a palette of one colour before the runs */
    out->bytes[46] = 1;
    put(out, "\0\0\0\0\0\1", 6); /* black, and the end of the picture */
}

static void tiff_entry(blob *out, unsigned tag, unsigned type, uint32_t value) {
    put_little16(out, tag);
    put_little16(out, type);
    put_little32(out, 1);
    put_little32(out, value);
}

static void tiff(blob *out, uint32_t side_px, uint32_t strip_bytes) {
    put(out, "II*\0\x08\0\0\0\x08\0", 10);
    tiff_entry(out, 256, 4, side_px);
    tiff_entry(out, 257, 4, side_px);
    tiff_entry(out, 258, 3, 8);
    tiff_entry(out, 259, 3, 1);
    tiff_entry(out, 262, 3, 1);
    tiff_entry(out, 273, 4, 8);
    tiff_entry(out, 278, 4, side_px);
    tiff_entry(out, 279, 4, strip_bytes);
    put_little32(out, 8); /* the next directory is this one */
}

static void tiff_huge(blob *out) {
    tiff(out, 0xffffffff, 0xffffffff);
}

static void tiff_11000(blob *out) {
    tiff(out, 11000, 121000000);
}

static void nothing(blob *out) {
    put(out, NULL, 0);
}

const exhibit picture_exhibits[] = {
    {"jpeg-65500.jpg", jpeg_65500},
    {"jpeg-11000.jpg", jpeg_11000},
    {"jpeg-11000-colour.jpg", jpeg_11000_colour},
    {"jpeg-5000-scans.jpg", jpeg_5000_scans},
    {"jpeg-0x0.jpg", jpeg_0x0},
    {"png-8-texts-of-300MB.png", png_text},
    {"png-profile-of-300MB.png", png_profile},
    {"png-50000.png", png_50000},
    {"png-32768x3900.png", png_32768},
    {"png-2147483647.png", png_2g},
    {"png-0x0.png", png_0x0},
    {"png-too-few-pixels.png", png_short},
    {"png-as.jpg", png_small},
    {"png-as.mp4", png_small},
    {"png-without-extension", png_small},
    {"new\\nline.png", png_small},
    {"quote\"'`$(x).png", png_small},
    {"not-utf8-\\xff\\xfe.png", png_small},
    {"escape-\\x1b[31m.png", png_small},
    {"--help", png_small},
    {"apng-200000-frames.png", apng_frames},
    {"gif-16000.gif", gif_16000},
    {"gif-11000.gif", gif_11000},
    {"gif-65535.gif", gif_65535},
    {"gif-1000001-frames.gif", gif_frames},
    {"webp-16383.webp", webp_16383},
    {"webp-16383x7800.webp", webp_127m},
    {"bmp-2147483647.bmp", bmp_huge},
    {"bmp-negative.bmp", bmp_negative},
    {"bmp-runs.bmp", bmp_runs},
    {"tiff-4294967295.tif", tiff_huge},
    {"tiff-11000.tif", tiff_11000},
    {"empty.jpg", nothing},
    {NULL, NULL},
};
