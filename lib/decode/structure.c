/* SPDX-License-Identifier: Apache-2.0 */
/* The outer structure of files: does it move, does it break off, and what of it decoders may see. */
#include "decode/structure.h"

#include "base/size.h"
#include "decode/chunks.h"
#include <resight/status.h>
#include <stdlib.h>

#define PNG_SIGNATURE_BYTES 8

bool animated_png(const uint8_t *bytes, size_t size_bytes) {
    chunk_walk walk = png_chunks(bytes, size_bytes);
    chunk c;
    while (png_chunk_next(&walk, &c) && !chunk_is(&c, "IDAT") && !chunk_is(&c, "IEND"))
        if (chunk_is(&c, "acTL"))
            return true;
    return false;
}

bool animated_webp(const uint8_t *bytes, size_t size_bytes) {
    enum { ANIMATION_FLAG = 0x02 };
    chunk_walk walk = riff_chunks(bytes, size_bytes);
    chunk c;
    return riff_chunk_next(&walk, &c) && chunk_is(&c, "VP8X") && c.size_bytes >= 10 && (c.data[0] & ANIMATION_FLAG);
}

bool whole_webp(const uint8_t *bytes, size_t size_bytes) {
    return size_bytes >= 12 && little32(bytes + 4) <= size_bytes - 8;
}

static uint32_t little24(const uint8_t *p) {
    return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* RFC 9649, section 2.7, 3.4 and RFC 6386, section 9.1: the canvas, or the first picture. */
bool webp_size(const uint8_t *bytes, size_t size_bytes, uint32_t *width_px, uint32_t *height_px) {
    chunk_walk walk = riff_chunks(bytes, size_bytes);
    chunk c;
    if (!riff_chunk_next(&walk, &c) || c.size_bytes < 10)
        return false;
    if (chunk_is(&c, "VP8X")) {
        *width_px = little24(c.data + 4) + 1;
        *height_px = little24(c.data + 7) + 1;
    } else if (chunk_is(&c, "VP8L")) {
        *width_px = (little32(c.data + 1) & 0x3fff) + 1;
        *height_px = (little32(c.data + 1) >> 14 & 0x3fff) + 1;
    } else if (chunk_is(&c, "VP8 ")) {
        *width_px = little32(c.data + 6) & 0x3fff;
        *height_px = little32(c.data + 6) >> 16 & 0x3fff;
    } else {
        return false;
    }
    return true;
}

/* Microsoft's BITMAPCOREHEADER (12 bytes) and BITMAPINFOHEADER: rows are padded to four bytes. */
bool whole_bmp(const uint8_t *bytes, size_t size_bytes) {
    enum { CORE_HEADER = 12, INFO_BYTES = 14 + 40, UNCOMPRESSED = 0, BIT_FIELDS = 3, ALPHA_BIT_FIELDS = 6 };
    if (size_bytes < INFO_BYTES)
        return false;
    const bool core = little32(bytes + 14) == CORE_HEADER;
    const uint64_t width = core ? little32(bytes + 18) & 0xffff : little32(bytes + 18);
    const int32_t top_down = (int32_t)little32(bytes + 22);
    const uint64_t height = core ? little32(bytes + 18) >> 16 : (uint64_t)llabs(top_down);
    const uint64_t depth = core ? little32(bytes + 22) >> 16 : little32(bytes + 26) >> 16;
    const uint32_t compression = core ? UNCOMPRESSED : little32(bytes + 30);
    const uint64_t offset = little32(bytes + 10);
    size_t needed = little32(bytes + 34);
    if (compression == UNCOMPRESSED || compression == BIT_FIELDS || compression == ALPHA_BIT_FIELDS)
        return size_mul((width * depth + 31) / 32 * 4, height, &needed) && size_add(needed, offset, &needed) &&
               needed <= size_bytes;
    return offset + needed <= size_bytes;
}

/* An EBML length: the position of the first one bit gives its bytes, RFC 8794, section 4. All ones is "not known". */
static bool ebml_length(const uint8_t *bytes, size_t left, size_t *length_bytes, uint64_t *value) {
    if (left == 0 || bytes[0] == 0)
        return false;
    const size_t count = (size_t)__builtin_clz(bytes[0]) - 24 + 1;
    if (left < count)
        return false;
    uint64_t got = bytes[0] & (0xffu >> count);
    bool known = got != 0xffu >> count;
    for (size_t i = 1; i < count; i++) {
        got = got << 8 | bytes[i];
        known = known || bytes[i] != 0xff;
    }
    *length_bytes = count;
    *value = got;
    return known;
}

bool whole_matroska(const uint8_t *first, size_t first_bytes, uint64_t size_bytes) {
    size_t length_bytes = 0;
    uint64_t length = 0;
    if (first_bytes < 4 || memcmp(first, "\x1a\x45\xdf\xa3", 4) != 0 ||
        !ebml_length(first + 4, first_bytes - 4, &length_bytes, &length) || length > first_bytes)
        return true;
    const size_t segment = 4 + length_bytes + (size_t)length;
    if (segment + 4 > first_bytes || memcmp(first + segment, "\x18\x53\x80\x67", 4) != 0 ||
        !ebml_length(first + segment + 4, first_bytes - segment - 4, &length_bytes, &length))
        return true;
    return length <= size_bytes && segment + 4 + length_bytes + length <= size_bytes;
}

/* A run of length-prefixed blocks, closed by an empty one. */
static bool gif_skip_blocks(const uint8_t *bytes, size_t size_bytes, size_t *at) {
    while (*at < size_bytes) {
        const size_t length = bytes[*at];
        *at += 1 + length;
        if (length == 0)
            return true;
    }
    return false;
}

static size_t gif_palette_bytes(uint8_t flags) {
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

bool whole_gif(const uint8_t *bytes, size_t size_bytes) {
    enum { EXTENSION = 0x21, PICTURE = 0x2c, TRAILER = 0x3b, HEADER_BYTES = 13, PICTURE_BYTES = 10 };
    if (size_bytes < HEADER_BYTES)
        return false;
    size_t at = HEADER_BYTES + gif_palette_bytes(bytes[10]);
    while (at < size_bytes) {
        const uint8_t kind = bytes[at];
        if (kind == TRAILER)
            return true;
        if (kind == EXTENSION)
            at += 2;
        else if (kind == PICTURE && at + PICTURE_BYTES <= size_bytes)
            at += PICTURE_BYTES + gif_palette_bytes(bytes[at + 9]) + 1;
        else
            return false;
        if (!gif_skip_blocks(bytes, size_bytes, &at))
            return false;
    }
    return false;
}

static bool apng_needs(const chunk *c) {
    static const char names[][5] = {"IHDR", "PLTE", "tRNS", "acTL", "fcTL", "IDAT", "fdAT", "IEND"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (chunk_is(c, names[i]))
            return true;
    return false;
}

int apng_strip(const uint8_t *bytes, size_t size_bytes, buffer *out, size_t *out_bytes) {
    if (buffer_reserve(out, size_bytes) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    chunk_walk walk = png_chunks(bytes, size_bytes);
    chunk c = {0};
    size_t written = PNG_SIGNATURE_BYTES;
    memcpy(out->bytes, bytes, PNG_SIGNATURE_BYTES);
    while (!chunk_is(&c, "IEND") && png_chunk_next(&walk, &c)) { /* what lies behind its end is not of the file */
        if (!apng_needs(&c))
            continue;
        memcpy(out->bytes + written, c.from, c.whole_bytes);
        written += c.whole_bytes;
    }
    *out_bytes = written;
    return chunk_is(&c, "IEND") ? RESIGHT_OK : RESIGHT_E_FORMAT;
}
