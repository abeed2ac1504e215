/* SPDX-License-Identifier: Apache-2.0 */
/* The scale space of a small grey picture: ever more blurred copies, in octaves of half the size each. */
#ifndef RESIGHT_LOCAL_SPACE_H
#define RESIGHT_LOCAL_SPACE_H

#include "base/buffer.h"
#include <resight/patch.h>

/* Scales in an octave in which points are looked for: Lowe 2004, section 3.2. Each needs a neighbour on both sides, and
 * each difference two pictures. */
#define SPACE_SCALES 3
#define SPACE_LEVELS (SPACE_SCALES + 3)
#define SPACE_OCTAVES 6
#define SPACE_MIN_SIDE_PX 8

typedef struct plane {
    float *px;
    uint32_t width, height;
    size_t stride; /* in floats, a multiple of PLANE_LANES; the floats beyond the width repeat the last pixel or so */
} plane;
#define PLANE_LANES 16

typedef struct octave {
    plane level[SPACE_LEVELS];
    plane difference[SPACE_LEVELS - 1]; /* shared by all octaves: valid until the next is made */
} octave;

typedef struct space {
    buffer memory;
    octave octave[SPACE_OCTAVES];
    unsigned octaves;
    float *line, *rows;     /* scratch of the blur */
    plane between;
    double pixels_per_unit; /* of octave 0, one unit being the longer side of the picture */
} space;

/* Blur of level 0 of octave 0, in its pixels. */
double space_sigma0(void);

/* Lay out the memory, and make level 0 of octave 0. The picture has been checked. RESIGHT_OK or RESIGHT_E_NOMEM. */
int space_begin(space *s, const resight_image *grey);

/* Make all levels of octave o, and level 0 of the next. From the lowest to the highest, each once. */
void space_octave(space *s, unsigned o);
void space_skip(space *s, unsigned o);

void space_free(space *s);

#endif
