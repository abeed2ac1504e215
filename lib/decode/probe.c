/* SPDX-License-Identifier: Apache-2.0 */
/* A table of first bytes: the name of a file is never asked. Containers of video are left to FFmpeg's own probing. */
#include "decode/probe.h"

#include "decode/chunks.h"
#include <string.h>

typedef struct signature {
    size_t offset;
    const char *bytes;
    size_t size_bytes;
    resight_format format;
} signature;

#define SIGNATURE(offset, text, format)                                                                                \
    { offset, text, sizeof(text) - 1, format }

static const signature signatures[] = {
    SIGNATURE(0, "\xff\xd8\xff", RESIGHT_FORMAT_JPEG),
    SIGNATURE(0, "\x89PNG\r\n\x1a\n", RESIGHT_FORMAT_PNG),
    SIGNATURE(8, "WEBP", RESIGHT_FORMAT_WEBP), /* after "RIFF" and a length; confirmed below */
    SIGNATURE(0, "GIF87a", RESIGHT_FORMAT_GIF),
    SIGNATURE(0, "GIF89a", RESIGHT_FORMAT_GIF),
    SIGNATURE(0, "BM", RESIGHT_FORMAT_BMP), /* two bytes are little; confirmed below */
    SIGNATURE(0, "II*\0", RESIGHT_FORMAT_TIFF),
    SIGNATURE(0, "MM\0*", RESIGHT_FORMAT_TIFF),
    SIGNATURE(0, "\xff\x0a", RESIGHT_FORMAT_JXL),
    SIGNATURE(0, "\0\0\0\x0cJXL \r\n\x87\n", RESIGHT_FORMAT_JXL),
};

/* ISO/IEC 23008-12 and the AVIF specification. "mif1" and "msf1" say only that the file is of the family. */
static const struct brand {
    char name[5];
    resight_format format;
} brands[] = {
    {"avif", RESIGHT_FORMAT_AVIF}, {"avis", RESIGHT_FORMAT_AVIF}, {"heic", RESIGHT_FORMAT_HEIC},
    {"heix", RESIGHT_FORMAT_HEIC}, {"heim", RESIGHT_FORMAT_HEIC}, {"heis", RESIGHT_FORMAT_HEIC},
    {"hevc", RESIGHT_FORMAT_HEIC}, {"hevx", RESIGHT_FORMAT_HEIC},
};

static resight_format brand_format(const uint8_t *name) {
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        if (memcmp(name, brands[i].name, 4) == 0)
            return brands[i].format;
    return RESIGHT_FORMAT_UNKNOWN;
}

/* The major brand of an ISO file and, when that is one of the family, the first compatible brand that says more. */
static resight_format iso_format(const uint8_t *bytes, size_t size_bytes) {
    if (size_bytes < 16 || memcmp(bytes + 4, "ftyp", 4) != 0)
        return RESIGHT_FORMAT_UNKNOWN;
    const bool family = memcmp(bytes + 8, "mif1", 4) == 0 || memcmp(bytes + 8, "msf1", 4) == 0;
    if (!family)
        return brand_format(bytes + 8);
    const uint32_t box_bytes = big32(bytes);
    const size_t end = box_bytes < size_bytes ? box_bytes : size_bytes;
    for (size_t at = 16; at + 4 <= end; at += 4)
        if (brand_format(bytes + at) != RESIGHT_FORMAT_UNKNOWN)
            return brand_format(bytes + at);
    return RESIGHT_FORMAT_UNKNOWN;
}

/* Reserved words are zero and the second header has one of the lengths that were ever used. */
static bool is_bmp(const uint8_t *bytes, size_t size_bytes) {
    static const uint32_t header_bytes[] = {12, 16, 40, 52, 56, 64, 108, 124};
    if (size_bytes < 26 || little32(bytes + 6) != 0)
        return false;
    for (size_t i = 0; i < sizeof header_bytes / sizeof *header_bytes; i++)
        if (little32(bytes + 14) == header_bytes[i])
            return true;
    return false;
}

static bool confirmed(resight_format format, const uint8_t *bytes, size_t size_bytes) {
    switch (format) {
    case RESIGHT_FORMAT_WEBP: return memcmp(bytes, "RIFF", 4) == 0;
    case RESIGHT_FORMAT_BMP: return is_bmp(bytes, size_bytes);
    default: return true;
    }
}

resight_format probe_format(const uint8_t *bytes, size_t size_bytes) {
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const signature *s = &signatures[i];
        if (size_bytes >= s->offset + s->size_bytes && memcmp(bytes + s->offset, s->bytes, s->size_bytes) == 0 &&
            confirmed(s->format, bytes, size_bytes))
            return s->format;
    }
    return iso_format(bytes, size_bytes);
}

/* QuickTime files need not begin with "ftyp". */
bool probe_is_iso(const uint8_t *bytes, size_t size_bytes) {
    static const char boxes[][5] = {"ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"};
    for (size_t i = 0; size_bytes >= 8 && i < sizeof boxes / sizeof *boxes; i++)
        if (memcmp(bytes + 4, boxes[i], 4) == 0)
            return true;
    return false;
}

bool probe_streams(const uint8_t *bytes, size_t size_bytes) {
    if (probe_format(bytes, size_bytes) != RESIGHT_FORMAT_UNKNOWN)
        return false;
    if (!probe_is_iso(bytes, size_bytes))
        return true;
    const uint32_t second = memcmp(bytes + 4, "ftyp", 4) == 0 ? big32(bytes) : 0;
    return second <= size_bytes && size_bytes - second >= 8 && memcmp(bytes + second + 4, "moov", 4) == 0;
}

const char *resight_format_name(resight_format format) {
    static const char *const names[] = {"unknown", "jpeg", "png",  "webp", "gif",  "bmp",
                                        "tiff",    "avif", "heic", "jxl",  "video"};
    return (size_t)format < sizeof names / sizeof *names ? names[format] : "unknown";
}

const char *resight_media_kind_name(resight_media_kind kind) {
    switch (kind) {
    case RESIGHT_IMAGE: return "image";
    case RESIGHT_VIDEO: return "video";
    }
    return "unknown";
}

const char *resight_view_name(resight_view view) {
    static const char *const names[][RESIGHT_VIEWS] = {
        {"stored", "on-white", "on-black"},
        {"reduced", "on-white-reduced", "on-black-reduced"},
        {"trimmed", "on-white-trimmed", "on-black-trimmed"},
        {"rectangle", "on-white-rectangle", "on-black-rectangle"},
    };
    view &= ~(unsigned)RESIGHT_VIEW_APPROXIMATE;
    const unsigned of = view % 4, part = view / 4; /* a part is always reduced */
    const unsigned row = part & 4 ? 3 : part & 2 ? 2 : part;
    return of < RESIGHT_VIEWS && part < 8 && (part < 2 || part & 1) ? names[row][of] : "unknown";
}
