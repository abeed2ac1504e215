/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures given by formula, so that expected hashes can be checked without shipping a picture. */
#ifndef RESIGHT_TESTS_PATTERNS_H
#define RESIGHT_TESTS_PATTERNS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fill width * height * channels bytes, tightly packed, with the pattern "noise", "waves" or "boxes" from a seed: a
 * xorshift32 state. Returns 0, or -1 when there is no such pattern.
 */
int pattern_fill(const char *pattern, uint32_t seed, uint32_t width, uint32_t height, uint32_t channels, uint8_t *px);

#endif
