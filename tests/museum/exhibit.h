/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow, and the makers of bad files. */
#ifndef RESIGHT_TESTS_MUSEUM_EXHIBIT_H
#define RESIGHT_TESTS_MUSEUM_EXHIBIT_H

#include <stddef.h>
#include <stdint.h>

typedef struct blob {
    uint8_t *bytes; /* owned: free() */
    size_t size, capacity;
} blob;

void put(blob *to, const void *bytes, size_t size);
void put8(blob *to, unsigned value);
void put_big16(blob *to, unsigned value);
void put_big32(blob *to, uint32_t value);
void put_little16(blob *to, unsigned value);
void put_little32(blob *to, uint32_t value);
void put_text(blob *to, const char *text);
void put_repeated(blob *to, unsigned byte, size_t count);

/* Bits into bytes, the first one into the highest bit (JPEG, H.264) or into the lowest (GIF, WebP). */
typedef struct bits {
    blob *to;
    uint32_t held;
    unsigned count;
} bits;
void put_high(bits *to, uint32_t value, unsigned count);
void put_low(bits *to, uint32_t value, unsigned count);

typedef struct exhibit {
    const char *name; /* as in the table */
    void (*make)(blob *out);
} exhibit;

/* Each list ends with a NULL name. */
extern const exhibit picture_exhibits[];
extern const exhibit video_exhibits[];

#endif
