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
    if (probe_format(bytes, size_bytes) != RESIGHT_FORMAT_UNKNOWN)
        decode_twice(bytes, size_bytes, &options);
    return 0;
}
