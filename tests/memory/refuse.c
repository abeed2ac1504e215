/* SPDX-License-Identifier: Apache-2.0 */
/* The wrapped allocators: each asks whether it is its turn to fail. */
#include "refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Shared with every child, so that a walk knows what became of a process that has ended. */
typedef struct refusing {
    atomic_uint_fast64_t requests, refused, wanted;
    atomic_bool ever;
} refusing;

static refusing *state;

void refuse_at(uint64_t n, bool ever) {
    if (!state)
        state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (state == MAP_FAILED)
        abort();
    state->requests = state->refused = 0;
    state->ever = ever;
    state->wanted = n;
}

uint64_t refuse_refused(void) {
    return state->refused;
}

static bool is_refused(void) {
    if (!state || state->wanted == 0)
        return false;
    const uint64_t number = ++state->requests, from = state->wanted;
    if (number < from || (number > from && !state->ever))
        return false;
    state->refused++;
    errno = ENOMEM;
    return true;
}

/* NAME as the linker calls it: __wrap_NAME is ours, __real_NAME the system's. */
#define WRAPPED(type, name, parameters, arguments)                                                                     \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        return is_refused() ? NULL : __real_##name arguments;                                                          \
    }

WRAPPED(void *, malloc, (size_t size), (size))
WRAPPED(void *, calloc, (size_t count, size_t size), (count, size))
WRAPPED(void *, realloc, (void *old, size_t size), (old, size))
WRAPPED(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
WRAPPED(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAPPED(char *, strdup, (const char *text), (text))
WRAPPED(char *, strndup, (const char *text, size_t size), (text, size))
WRAPPED(FILE *, open_memstream, (char **text, size_t *size), (text, size))

static int print(char **out, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static int print(char **out, const char *format, va_list args) {
    *out = NULL;
    return is_refused() ? -1 : vasprintf(out, format, args);
}

int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What asprintf() becomes under _FORTIFY_SOURCE. */
int __wrap___asprintf_chk(char **out, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

int __wrap_asprintf(char **out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int length = print(out, format, args);
    va_end(args);
    return length;
}

int __wrap___asprintf_chk(char **out, int flag, const char *format, ...) {
    va_list args;
    (void)flag;
    va_start(args, format);
    const int length = print(out, format, args);
    va_end(args);
    return length;
}
