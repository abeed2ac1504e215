/* SPDX-License-Identifier: Apache-2.0 */
/* Points that stand out in scale space. */
#ifndef RESIGHT_LOCAL_POINTS_H
#define RESIGHT_LOCAL_POINTS_H

#include "local/space.h"

typedef struct point {
    float x, y, sigma;     /* in pixels of octave 0, from the centre of its first pixel */
    float strength;        /* of the difference at the extremum, grey levels */
    uint8_t octave, level; /* where it was found */
} point;

/* Append the extrema of an octave that is filled; *count never passes points_bound(). */
void points_find(const space *s, unsigned o, point *points, size_t *count);

/* Most points that a picture can have. */
size_t points_bound(const space *s);

#endif
