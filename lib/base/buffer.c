/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory that only grows. */
#include "base/buffer.h"

#include "base/size.h"
#include <resight/status.h>
#include <stdlib.h>

int buffer_reserve(buffer *scratch, size_t size_bytes) {
    if (size_bytes <= scratch->capacity)
        return RESIGHT_OK;
    buffer_free(scratch);
    size_t rounded = 0;
    if (!size_add(size_bytes, BUFFER_ALIGN - 1, &rounded))
        return RESIGHT_E_NOMEM;
    rounded -= rounded % BUFFER_ALIGN;
    scratch->bytes = aligned_alloc(BUFFER_ALIGN, rounded);
    if (!scratch->bytes)
        return RESIGHT_E_NOMEM;
    scratch->capacity = rounded;
    return RESIGHT_OK;
}

void buffer_free(buffer *scratch) {
    free(scratch->bytes);
    *scratch = (buffer){0};
}
