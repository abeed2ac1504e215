/* SPDX-License-Identifier: Apache-2.0 */
/* What a patch looks like: its orientation and its key. */
#ifndef RESIGHT_LOCAL_KEY_H
#define RESIGHT_LOCAL_KEY_H

#include "local/points.h"

/* Side of a patch in samples. */
#define KEY_SIDE 32
#define KEY_FREQUENCIES 12

typedef struct key_basis {
    float cosine[KEY_FREQUENCIES][KEY_SIDE];
    uint8_t u[64], v[64]; /* the frequencies behind the bits, along and across the orientation */
} key_basis;

void key_basis_fill(key_basis *basis);

/* Most orientations of a point. */
#define KEY_ORIENTATIONS 4

/* The angles in turns, strongest first; their number. */
unsigned key_orientations(const space *s, const point *p, float turns[KEY_ORIENTATIONS]);

/* The key of the square of this side, in pixels of octave 0, around a point. */
uint64_t key_of(const key_basis *basis, const space *s, const point *p, double width, double turns);

#endif
