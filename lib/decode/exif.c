/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One number out of EXIF: the orientation, in the first directory of a TIFF structure. Everything else in there is left
 * alone, so a dozen lines that check each offset do, and no library has to parse what a stranger wrote.
 *
 * Source: TIFF 6.0, section 2; CIPA DC-008 (EXIF 2.32), 4.6.4 Orientation.
 */
#include "decode/exif.h"

#include "decode/chunks.h"

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3
#define ENTRY_BYTES 12

typedef struct tiff {
    const uint8_t *bytes;
    size_t size_bytes;
    bool big;
} tiff;

static uint32_t tiff16(const tiff *t, size_t at) {
    const uint8_t *p = t->bytes + at;
    return t->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t tiff32(const tiff *t, size_t at) {
    return t->big ? big32(t->bytes + at) : little32(t->bytes + at);
}

static bool tiff_start(const uint8_t *bytes, size_t size_bytes, tiff *out) {
    if (size_bytes < 8 || (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0))
        return false;
    *out = (tiff){bytes, size_bytes, bytes[0] == 'M'};
    return true;
}

/* The value of the tag, 1..8; 0 when it is not there. */
static uint32_t orientation_tag(const tiff *t) {
    const uint64_t directory = tiff32(t, 4);
    if (directory + 2 > t->size_bytes)
        return 0;
    const uint32_t entries = tiff16(t, (size_t)directory);
    for (uint32_t i = 0; i < entries; i++) {
        const uint64_t entry = directory + 2 + (uint64_t)i * ENTRY_BYTES;
        if (entry + ENTRY_BYTES > t->size_bytes)
            return 0;
        if (tiff16(t, (size_t)entry) == TAG_ORIENTATION)
            return tiff16(t, (size_t)entry + 2) == TYPE_SHORT ? tiff16(t, (size_t)entry + 8) : 0;
    }
    return 0;
}

resight_transform exif_upright(uint32_t value) {
    /* 6, for one: "the 0th row is the visual right-hand side", so the raster has to be turned clockwise. */
    static const resight_transform upright[9] = {
        [1] = RESIGHT_ORIGINAL,    [2] = RESIGHT_FLIP_Y,     [3] = RESIGHT_ROTATE_180,   [4] = RESIGHT_FLIP_X,
        [5] = RESIGHT_FLIP_PLUS_1, [6] = RESIGHT_ROTATE_270, [7] = RESIGHT_FLIP_MINUS_1, [8] = RESIGHT_ROTATE_90,
    };
    return value <= 8 ? upright[value] : RESIGHT_ORIGINAL;
}

resight_transform exif_orientation_of(const uint8_t *exif, size_t size_bytes) {
    if (size_bytes >= 6 && memcmp(exif, "Exif\0\0", 6) == 0) {
        exif += 6;
        size_bytes -= 6;
    }
    tiff t;
    if (!tiff_start(exif, size_bytes, &t))
        return RESIGHT_ORIGINAL;
    return exif_upright(orientation_tag(&t));
}

static bool is_exif(resight_format format, const chunk *c) {
    switch (format) {
    case RESIGHT_FORMAT_JPEG: return c->name[0] == 0xe1 && c->size_bytes >= 6 && memcmp(c->data, "Exif\0\0", 6) == 0;
    case RESIGHT_FORMAT_PNG: return chunk_is(c, "eXIf");
    default: return chunk_is(c, "EXIF");
    }
}

static resight_transform first_exif(resight_format format, chunk_walk walk, bool (*next)(chunk_walk *, chunk *)) {
    chunk c;
    while (next(&walk, &c))
        if (is_exif(format, &c))
            return exif_orientation_of(c.data, c.size_bytes);
    return RESIGHT_ORIGINAL;
}

resight_transform exif_orientation(resight_format format, const uint8_t *bytes, size_t size_bytes) {
    switch (format) {
    case RESIGHT_FORMAT_JPEG: return first_exif(format, jpeg_segments(bytes, size_bytes), jpeg_segment_next);
    case RESIGHT_FORMAT_PNG: return first_exif(format, png_chunks(bytes, size_bytes), png_chunk_next);
    case RESIGHT_FORMAT_WEBP: return first_exif(format, riff_chunks(bytes, size_bytes), riff_chunk_next);
    case RESIGHT_FORMAT_TIFF: return exif_orientation_of(bytes, size_bytes);
    default: return RESIGHT_ORIGINAL;
    }
}
