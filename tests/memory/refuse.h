/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is refused on purpose. The linker hands every call of our own objects for memory to the functions here
 * (--wrap); other people's libraries keep theirs.
 */
#ifndef RESIGHT_TESTS_MEMORY_REFUSE_H
#define RESIGHT_TESTS_MEMORY_REFUSE_H

#include <stdbool.h>
#include <stdint.h>

/* From here on, refuse the n-th request, counted from 1, and when `ever` is set all later ones too. 0: none. */
void refuse_at(uint64_t n, bool ever);

/* How many requests have been refused since, in this process and its children. */
uint64_t refuse_refused(void);

#endif
