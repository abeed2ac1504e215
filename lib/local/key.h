/* SPDX-License-Identifier: Apache-2.0 */
/* What a patch looks like, in 64 bits. */
#ifndef RESIGHT_LOCAL_KEY_H
#define RESIGHT_LOCAL_KEY_H

#include "local/points.h"

/* Side of a patch in samples: a step of about half a sigma of the blur that it is read from. */
#define KEY_SIDE 32
/* The 64 lowest frequencies reach to 8 half waves a side. */
#define KEY_FREQUENCIES 9

typedef struct key_basis {
    float cosine[KEY_FREQUENCIES][KEY_SIDE];
    uint8_t along[64], across[64]; /* half waves behind each bit, along the orientation and across it */
} key_basis;

void key_basis_fill(key_basis *basis);

/* The key of a square around a point: its side in pixels of octave 0, its orientation in turns. */
uint64_t key_of(const key_basis *basis, const space *s, const point *p, double width, double turns);

#endif
