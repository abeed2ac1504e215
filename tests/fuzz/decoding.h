/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding an input in two ways that have to agree: shared by the targets for pictures and for video. */
#ifndef RESIGHT_TESTS_FUZZ_DECODING_H
#define RESIGHT_TESTS_FUZZ_DECODING_H

#include <resight/decode.h>

/*
 * Decode from memory by a new decoder, and through a descriptor by one that has seen every input before (two, with and
 * without options->fast): statuses, frames, times and pixels have to be the same, unless one of them was over a limit
 * of time.
 */
void decode_twice(const uint8_t *bytes, size_t size_bytes, const resight_decode_options *options);

#endif
