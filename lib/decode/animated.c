/* SPDX-License-Identifier: Apache-2.0 */
/* The outer structure of APNG, WebP and GIF files: does it move, does it break off, and what of it decoders may see. */
#include "decode/animated.h"

#include "decode/chunks.h"
#include <resight/status.h>

#define PNG_SIGNATURE_BYTES 8

bool animated_png(const uint8_t *bytes, size_t size_bytes) {
    chunk_walk walk = png_chunks(bytes, size_bytes);
    chunk c;
    while (png_chunk_next(&walk, &c) && !chunk_is(&c, "IDAT"))
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
    while (png_chunk_next(&walk, &c)) {
        if (!apng_needs(&c))
            continue;
        memcpy(out->bytes + written, c.from, c.whole_bytes);
        written += c.whole_bytes;
    }
    *out_bytes = written;
    return chunk_is(&c, "IEND") ? RESIGHT_OK : RESIGHT_E_FORMAT;
}
