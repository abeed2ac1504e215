/* SPDX-License-Identifier: Apache-2.0 */
/* Which way a point looks. */
#ifndef RESIGHT_LOCAL_ORIENTATION_H
#define RESIGHT_LOCAL_ORIENTATION_H

#include "local/points.h"

/* Most orientations of a point: more than two mean that it has none. */
#define ORIENTATIONS 2

/* The angles in turns, counter-clockwise as drawn, strongest first; their number, which may be 0. */
unsigned orientations_of(const space *s, const point *p, float turns[ORIENTATIONS]);

#endif
