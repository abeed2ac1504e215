/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory that only grows. */
#include "base/buffer.h"

#include "base/size.h"
#include <resight/status.h>
#include <stdlib.h>
#include <sys/mman.h>

/* A raster of 12 megapixels has 9,000 small pages, and finding each costs the kernel and libjpeg a fifth of the decoding;
 * of large pages it has 18. A quarter of one is where one begins to cost less than growing by small pages. Where large
 * pages have another size this is only rounding. */
#define LARGE_PAGE_BYTES ((size_t)2 * 1024 * 1024)
#define LARGE_BYTES (LARGE_PAGE_BYTES / 4)

int buffer_reserve(buffer *scratch, size_t size_bytes) {
    if (size_bytes <= scratch->capacity)
        return RESIGHT_OK;
    buffer_free(scratch);
    const size_t align = size_bytes < LARGE_BYTES ? BUFFER_ALIGN : LARGE_PAGE_BYTES;
    size_t rounded = 0;
    if (!size_add(size_bytes, align - 1, &rounded))
        return RESIGHT_E_NOMEM;
    rounded -= rounded % align;
    scratch->bytes = aligned_alloc(align, rounded);
    if (!scratch->bytes)
        return RESIGHT_E_NOMEM;
    if (align == LARGE_PAGE_BYTES)
        madvise(scratch->bytes, rounded, MADV_HUGEPAGE);
    scratch->capacity = rounded;
    return RESIGHT_OK;
}

void buffer_free(buffer *scratch) {
    free(scratch->bytes);
    *scratch = (buffer){0};
}
