/* SPDX-License-Identifier: Apache-2.0 */
/* What a transform foretells of two pictures, and how much of it is there. */
#ifndef RESIGHT_LOCAL_FORETOLD_H
#define RESIGHT_LOCAL_FORETOLD_H

#include "local/fit.h"
#include <stddef.h>

/* The two lists, and whether the known one is taken mirrored. Known places are then those of the mirrored picture whose
 * right border is at 0, so that all transforms turn and scale alike. */
typedef struct sides {
    const resight_patch_list *query, *known;
    bool mirrored;
} sides;

typedef struct foretold {
    unsigned possible; /* patches that could agree: of the known picture or of the query, whichever are fewer */
    double share;      /* of what both pictures show, this much lies under patches that agree */
    bool gap;          /* in a quarter of it many could agree, and hardly any do */
} foretold;

/* The pairs are those that agree with the transform, whose determinant is positive. */
foretold foretold_by(const sides *s, const fit *f, const fit_pair *pairs, size_t count);

/* The picture of a list in units of its patches: from left to right, and from 0 to the bottom. */
typedef struct rectangle {
    double left, right, bottom;
} rectangle;
rectangle rectangle_of(const resight_patch_list *list, bool mirrored);

#endif
