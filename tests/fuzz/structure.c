/* SPDX-License-Identifier: Apache-2.0 */
/* The outer structure of files: what they are, their pieces, whether they break off, and an APNG without its text. */
#include "decode/structure.h"
#include "decode/chunks.h"
#include "decode/probe.h"
#include "fuzz.h"

#include <stdlib.h>

/* Pieces lie one behind the other inside the file; data lies inside its piece. */
static void walk(const uint8_t *bytes, size_t size_bytes, chunk_walk start, bool (*next)(chunk_walk *, chunk *)) {
    const uint8_t *end = bytes + size_bytes, *at = start.bytes;
    chunk c;
    while (next(&start, &c)) {
        PROPERTY(c.from >= at && c.whole_bytes >= 4 && c.whole_bytes <= (size_t)(end - c.from));
        PROPERTY(c.data >= c.from && c.size_bytes <= c.whole_bytes &&
                 (size_t)(c.data - c.from) <= c.whole_bytes - c.size_bytes);
        at = c.from + c.whole_bytes;
        PROPERTY(start.left <= (size_t)(end - at));
    }
}

/* What was stripped once has nothing more to strip, and still moves. */
static void strip(const uint8_t *bytes, size_t size_bytes) {
    buffer once = {0}, twice = {0};
    size_t once_bytes = 0, twice_bytes = 0;
    const int status = apng_strip(bytes, size_bytes, &once, &once_bytes);
    PROPERTY(status == RESIGHT_OK || status == RESIGHT_E_FORMAT);
    PROPERTY(once_bytes <= size_bytes);
    PROPERTY(apng_strip(once.bytes, once_bytes, &twice, &twice_bytes) == status);
    PROPERTY(once_bytes == twice_bytes && memcmp(once.bytes, twice.bytes, once_bytes) == 0);
    PROPERTY(animated_png(once.bytes, once_bytes) == animated_png(bytes, size_bytes));
    buffer_free(&once);
    buffer_free(&twice);
}

/* A file that is whole stays whole when something is put behind it. */
static void append(const uint8_t *bytes, size_t size_bytes) {
    uint8_t *longer = malloc(size_bytes + 7);
    PROPERTY(longer);
    if (size_bytes)
        memcpy(longer, bytes, size_bytes);
    memset(longer + size_bytes, 0x5a, 7);
    PROPERTY(!whole_gif(bytes, size_bytes) || whole_gif(longer, size_bytes + 7));
    PROPERTY(!whole_webp(bytes, size_bytes) || whole_webp(longer, size_bytes + 7));
    PROPERTY(!whole_bmp(bytes, size_bytes) || whole_bmp(longer, size_bytes + 7));
    PROPERTY(!whole_matroska(bytes, size_bytes, size_bytes) || whole_matroska(bytes, size_bytes, size_bytes + 7));
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    PROPERTY((unsigned)probe_format(bytes, size_bytes) <= RESIGHT_FORMAT_VIDEO);
    walk(bytes, size_bytes, png_chunks(bytes, size_bytes), png_chunk_next);
    walk(bytes, size_bytes, riff_chunks(bytes, size_bytes), riff_chunk_next);
    walk(bytes, size_bytes, jpeg_segments(bytes, size_bytes), jpeg_segment_next);
    (void)animated_webp(bytes, size_bytes);
    uint32_t width_px = 0, height_px = 0;
    PROPERTY(!webp_size(bytes, size_bytes, &width_px, &height_px) || (width_px <= 1u << 24 && height_px <= 1u << 24));
    append(bytes, size_bytes);
    if (size_bytes >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
        strip(bytes, size_bytes);
    return 0;
}
