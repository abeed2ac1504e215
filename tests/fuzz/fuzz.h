/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every target shares. A target is one function, called by libFuzzer with inputs that it makes up, or by replay.c
 * with files. It asserts more than "no crash": a PROPERTY that does not hold ends the run.
 */
#ifndef RESIGHT_TESTS_FUZZ_H
#define RESIGHT_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Called once for each input; always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

/* A trap, so that SIGILL is ours alone: abort() is what LMDB calls when its own assertions fail. */
#define PROPERTY(held)                                                                                                 \
    do {                                                                                                               \
        if (!(held)) {                                                                                                 \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #held);                                  \
            __builtin_trap();                                                                                          \
        }                                                                                                              \
    } while (0)

/* What is left of an input. Numbers are taken from its front; behind its end there are zeros. */
typedef struct fuzz_input {
    const uint8_t *bytes;
    size_t left;
} fuzz_input;

static inline void take(fuzz_input *in, void *to, size_t size_bytes) {
    const size_t got = size_bytes < in->left ? size_bytes : in->left;
    memset(to, 0, size_bytes);
    if (got)
        memcpy(to, in->bytes, got);
    in->bytes += got;
    in->left -= got;
}

static inline uint8_t take8(fuzz_input *in) {
    uint8_t value;
    take(in, &value, sizeof value);
    return value;
}

static inline uint16_t take16(fuzz_input *in) {
    uint16_t value;
    take(in, &value, sizeof value);
    return value;
}

#endif
