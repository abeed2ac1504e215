/* SPDX-License-Identifier: Apache-2.0 */
/* The orientation in EXIF, alone and inside of each format that carries it. */
#include "decode/exif.h"
#include "fuzz.h"

#include <stdlib.h>

static bool is_transform(resight_transform found) {
    return (unsigned)found < RESIGHT_TRANSFORMS;
}

/* The same EXIF data with and without its prefix says the same. */
static void with_prefix(const uint8_t *bytes, size_t size_bytes) {
    uint8_t *prefixed = malloc(size_bytes + 6);
    PROPERTY(prefixed);
    memcpy(prefixed, "Exif\0\0", 6);
    if (size_bytes)
        memcpy(prefixed + 6, bytes, size_bytes);
    const bool has_one = size_bytes >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0;
    PROPERTY(has_one || exif_orientation_of(prefixed, size_bytes + 6) == exif_orientation_of(bytes, size_bytes));
    free(prefixed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    for (resight_format format = RESIGHT_FORMAT_UNKNOWN; format <= RESIGHT_FORMAT_VIDEO; format++)
        PROPERTY(is_transform(exif_orientation(format, bytes, size_bytes)));
    PROPERTY(exif_orientation(RESIGHT_FORMAT_TIFF, bytes, size_bytes) == exif_orientation_of(bytes, size_bytes));
    with_prefix(bytes, size_bytes);
    return 0;
}
