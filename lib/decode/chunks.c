/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the pieces of JPEG, PNG and RIFF files. Every length is checked against what is left before it is used. */
#include "decode/chunks.h"

static chunk_walk walk_after(const uint8_t *bytes, size_t size_bytes, size_t signature_bytes) {
    if (size_bytes < signature_bytes)
        return (chunk_walk){bytes, 0};
    return (chunk_walk){bytes + signature_bytes, size_bytes - signature_bytes};
}

static void advance(chunk_walk *walk, size_t bytes) {
    walk->bytes += bytes;
    walk->left -= bytes;
}

chunk_walk png_chunks(const uint8_t *bytes, size_t size_bytes) {
    return walk_after(bytes, size_bytes, 8);
}

/* Length, name, data, checksum. */
bool png_chunk_next(chunk_walk *walk, chunk *out) {
    if (walk->left < 12)
        return false;
    const size_t size_bytes = big32(walk->bytes);
    if (size_bytes > walk->left - 12)
        return false;
    *out =
        (chunk){.data = walk->bytes + 8, .size_bytes = size_bytes, .from = walk->bytes, .whole_bytes = size_bytes + 12};
    memcpy(out->name, walk->bytes + 4, 4);
    advance(walk, size_bytes + 12);
    return true;
}

chunk_walk riff_chunks(const uint8_t *bytes, size_t size_bytes) {
    return walk_after(bytes, size_bytes, 12);
}

/* Name, length, data, and a byte more when the length is odd. */
bool riff_chunk_next(chunk_walk *walk, chunk *out) {
    if (walk->left < 8)
        return false;
    const size_t size_bytes = little32(walk->bytes + 4);
    if (size_bytes > walk->left - 8)
        return false;
    size_t whole_bytes = size_bytes + 8;
    if (size_bytes % 2 == 1 && whole_bytes < walk->left)
        whole_bytes++;
    *out = (chunk){.data = walk->bytes + 8, .size_bytes = size_bytes, .from = walk->bytes, .whole_bytes = whole_bytes};
    memcpy(out->name, walk->bytes, 4);
    advance(walk, whole_bytes);
    return true;
}

chunk_walk jpeg_segments(const uint8_t *bytes, size_t size_bytes) {
    return walk_after(bytes, size_bytes, 2);
}

/* 0xff as often as wanted, marker, length that counts itself, data. */
bool jpeg_segment_next(chunk_walk *walk, chunk *out) {
    enum { START_OF_SCAN = 0xda, END_OF_IMAGE = 0xd9 };
    while (walk->left >= 2 && walk->bytes[0] == 0xff && walk->bytes[1] == 0xff)
        advance(walk, 1);
    if (walk->left < 4 || walk->bytes[0] != 0xff)
        return false;
    const uint8_t marker = walk->bytes[1];
    const size_t length = (size_t)walk->bytes[2] << 8 | walk->bytes[3];
    if (marker == START_OF_SCAN || marker == END_OF_IMAGE || length < 2 || length > walk->left - 2)
        return false;
    *out = (chunk){.name = {marker},
                   .data = walk->bytes + 4,
                   .size_bytes = length - 2,
                   .from = walk->bytes,
                   .whole_bytes = length + 2};
    advance(walk, length + 2);
    return true;
}
