/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outer structure of JPEG, PNG and RIFF files in memory: a list of pieces, each with a name and a length. Read to
 * find what the decoders are not asked about (orientation, animation) and to tell a file that breaks off.
 */
#ifndef RESIGHT_DECODE_CHUNKS_H
#define RESIGHT_DECODE_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t big32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t little32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Where a walk stands: the bytes not yet read. */
typedef struct chunk_walk {
    const uint8_t *bytes;
    size_t left;
} chunk_walk;

/* One piece; all of data is inside the file. */
typedef struct chunk {
    uint8_t name[4]; /* of a JPEG segment: its marker, then zeros */
    const uint8_t *data;
    size_t size_bytes;
    const uint8_t *from; /* the whole piece, with name, length and checksum */
    size_t whole_bytes;
} chunk;

static inline bool chunk_is(const chunk *c, const char *name) {
    return memcmp(c->name, name, 4) == 0;
}

/* Stand before the first piece. A file too short for its signature gives an empty walk. */
chunk_walk png_chunks(const uint8_t *bytes, size_t size_bytes);
chunk_walk riff_chunks(const uint8_t *bytes, size_t size_bytes);
chunk_walk jpeg_segments(const uint8_t *bytes, size_t size_bytes);

/* The next piece; false at the end and where the structure breaks. */
bool png_chunk_next(chunk_walk *walk, chunk *out);
bool riff_chunk_next(chunk_walk *walk, chunk *out);
/* Ends before the first scan. */
bool jpeg_segment_next(chunk_walk *walk, chunk *out);

#endif
