/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays that grow: a pointer, a count and a capacity that belong to the caller. */
#ifndef RESIGHT_DB_ARRAY_H
#define RESIGHT_DB_ARRAY_H

#include "base/size.h"
#include <stdlib.h>

/* The array with room for count + more items, moved or not; NULL when memory is refused, and nothing has changed. */
static inline void *array_grown(void *items, size_t *capacity, size_t count, size_t more, size_t item_bytes) {
    size_t need = 0, bytes = 0;
    if (!size_add(count, more, &need))
        return NULL;
    if (need <= *capacity && items)
        return items;
    const size_t room = *capacity * 2 > need ? *capacity * 2 : need + 8;
    if (!size_mul(room, item_bytes, &bytes))
        return NULL;
    void *grown = realloc(items, bytes);
    if (grown)
        *capacity = room;
    return grown;
}

/* Room for `more` items after the first `count` of *items? */
#define array_reserve(items, capacity, count, more)                                                                    \
    __extension__({                                                                                                    \
        void *grown_ = array_grown(*(items), (capacity), (count), (more), sizeof **(items));                           \
        if (grown_)                                                                                                    \
            *(items) = grown_;                                                                                         \
        grown_ != NULL;                                                                                                \
    })

#endif
