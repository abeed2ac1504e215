/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes from outside are multiplied and added here, before any memory is reserved: true means it fits. */
#ifndef RESIGHT_BASE_SIZE_H
#define RESIGHT_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

static inline bool size_mul(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool size_add(size_t a, size_t b, size_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

#endif
