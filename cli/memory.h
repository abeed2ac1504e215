/* SPDX-License-Identifier: Apache-2.0 */
/* Small allocations of the program: when memory is refused there is nothing better to do than to say so and end. */
#ifndef RESIGHT_CLI_MEMORY_H
#define RESIGHT_CLI_MEMORY_H

#include <stddef.h>
#include <stdio.h>

/* Memory was refused: one line, and the end of the program. */
_Noreturn void must_fail(void);

/* count * item_bytes, zeroed. Ends the program when refused. */
void *must_have(size_t count, size_t item_bytes);

/* A copy of a string, owned by the caller. Ends the program when refused. */
char *must_copy(const char *text);

/* Room for one more item at items[count]: call before appending. Doubles from 16. Ends the program when refused. */
void must_grow(void *items, size_t count, size_t item_bytes);

/* A copy of count items, owned by the caller. Ends the program when refused. */
void *must_copy_array(const void *items, size_t count, size_t item_bytes);

/* Make the array at *items (a pointer to a pointer) hold count items. Ends the program when refused. */
void must_resize(void *items, size_t count, size_t item_bytes);

/* A stream that writes to memory: *text is owned by the caller once it is closed. Ends the program when refused. */
FILE *must_open_text(char **text, size_t *bytes);

#endif
