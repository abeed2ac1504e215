/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory that only grows, aligned for the widest vectors. Its content does not survive growth. */
#ifndef RESIGHT_BASE_BUFFER_H
#define RESIGHT_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#define BUFFER_ALIGN 64

/* All zero is a valid empty buffer. */
typedef struct buffer {
    uint8_t *bytes;
    size_t capacity;
} buffer;

/* At least size_bytes at scratch->bytes: RESIGHT_OK or RESIGHT_E_NOMEM. On failure the buffer is empty. */
int buffer_reserve(buffer *scratch, size_t size_bytes);

void buffer_free(buffer *scratch);

#endif
