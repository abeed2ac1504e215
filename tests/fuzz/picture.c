/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of every format that has a signature, still and animated. */
#include "decode/probe.h"
#include "decoding.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    resight_decode_options options = resight_decode_options_default();
    options.limits.max_pixels = 1 << 17;
    options.limits.max_memory_bytes = 64 << 20;
    options.limits.max_frames = 20;
    options.limits.max_seconds = 2;
    options.every_us = 0;
    options.alpha = RESIGHT_ALPHA_VIEWS;
    const resight_format format = probe_format(bytes, size_bytes);
    if (format != RESIGHT_FORMAT_UNKNOWN)
        decode_twice(bytes, size_bytes, &options);
    if (format == RESIGHT_FORMAT_JPEG) {
        options.limits.max_pixels = 1 << 19; /* only a shorter side of 505 and more is decoded in part */
        options.fast = true;
        decode_twice(bytes, size_bytes, &options);
    }
    return 0;
}
