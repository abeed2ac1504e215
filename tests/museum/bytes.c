/* SPDX-License-Identifier: Apache-2.0 */
/* Writing bytes and bits. */
#include "exhibit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void put(blob *to, const void *bytes, size_t size) {
    if (to->size + size > to->capacity) {
        to->capacity = 2 * (to->size + size);
        to->bytes = realloc(to->bytes, to->capacity);
        if (!to->bytes) {
            fputs("museum: out of memory\n", stderr);
            exit(2);
        }
    }
    if (size > 0)
        memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

void put8(blob *to, unsigned value) {
    const uint8_t byte = (uint8_t)value;
    put(to, &byte, 1);
}

void put_big16(blob *to, unsigned value) {
    put8(to, value >> 8);
    put8(to, value);
}

void put_big32(blob *to, uint32_t value) {
    put_big16(to, value >> 16);
    put_big16(to, value & 0xffff);
}

void put_little16(blob *to, unsigned value) {
    put8(to, value);
    put8(to, value >> 8);
}

void put_little32(blob *to, uint32_t value) {
    put_little16(to, value & 0xffff);
    put_little16(to, value >> 16);
}

void put_text(blob *to, const char *text) {
    put(to, text, strlen(text));
}

void put_repeated(blob *to, unsigned byte, size_t count) {
    uint8_t block[4096];
    memset(block, (int)byte, sizeof block);
    for (; count > 0; count -= count < sizeof block ? count : sizeof block)
        put(to, block, count < sizeof block ? count : sizeof block);
}

void put_high(bits *to, uint32_t value, unsigned count) {
    while (count-- > 0) {
        to->held = to->held << 1 | (value >> count & 1);
        if (++to->count == 8) {
            put8(to->to, to->held);
            to->held = to->count = 0;
        }
    }
}

void put_low(bits *to, uint32_t value, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        to->held |= (value >> i & 1) << to->count;
        if (++to->count == 8) {
            put8(to->to, to->held);
            to->held = to->count = 0;
        }
    }
}
