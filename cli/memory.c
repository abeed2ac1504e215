/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that either works or ends the program with one line. */
#include "memory.h"

#include "settings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void must_fail(void) {
    fputs("resight: out of memory\n", stderr);
    exit(EXIT_TROUBLE);
}

static void *checked(void *memory) {
    if (!memory)
        must_fail();
    return memory;
}

void *must_have(size_t count, size_t item_bytes) {
    return checked(calloc(count ? count : 1, item_bytes));
}

char *must_copy(const char *text) {
    return checked(strdup(text));
}

void *must_copy_array(const void *items, size_t count, size_t item_bytes) {
    void *copy = must_have(count, item_bytes);
    return count > 0 ? memcpy(copy, items, count * item_bytes) : copy;
}

void must_resize(void *items, size_t count, size_t item_bytes) {
    void *old = NULL;
    memcpy(&old, items, sizeof old);
    void *resized = checked(reallocarray(old, count, item_bytes));
    memcpy(items, &resized, sizeof resized);
}

void must_grow(void *items, size_t count, size_t item_bytes) {
    const size_t first = 16;
    if (count != 0 && (count < first || (count & (count - 1)) != 0))
        return; /* the room doubles only when the count reaches a power of two */
    void *old = NULL;
    memcpy(&old, items, sizeof old);
    void *grown = checked(reallocarray(old, count < first ? first : 2 * count, item_bytes));
    memcpy(items, &grown, sizeof grown);
}

FILE *must_open_text(char **text, size_t *bytes) {
    return checked(open_memstream(text, bytes));
}
