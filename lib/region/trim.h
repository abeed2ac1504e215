/* SPDX-License-Identifier: Apache-2.0 */
/* What trimming shares with the search for rectangles. */
#ifndef RESIGHT_REGION_TRIM_H
#define RESIGHT_REGION_TRIM_H

#include <resight/region.h>
#include <stdbool.h>

/* The pictures that this room reads: grey, and no larger than a thumbnail. */
bool trim_accepts(const resight_image *grey);

/* How far to peel. */
typedef struct trim_manner {
    bool through_text; /* bars with lines of text in them, not only what is all background */
    bool from_text;    /* a bar may be cut through a line of its text */
    bool to_edges;     /* only what ends in a straight edge: a border, but not the white around a drawing */
} trim_manner;

/* Peel until nothing changes. False when nothing is peeled, or too little would be left. */
bool trim_peel(const resight_image *grey, trim_manner manner, resight_rect *rect);

#endif
