/* SPDX-License-Identifier: Apache-2.0 */
/* The scale space of a small grey picture: ever more blurred copies, in octaves of half the size each. */
#ifndef RESIGHT_LOCAL_SPACE_H
#define RESIGHT_LOCAL_SPACE_H

#include "base/buffer.h"
#include <resight/patch.h>

/* Scales of an octave in which points are looked for: Lowe 2004, section 3.2. Each needs a neighbour on both sides, and
 * each difference two levels. */
#define SPACE_SCALES 3
#define SPACE_LEVELS (SPACE_SCALES + 3)
/* 512 px halved to the least side on which there is anything to find. */
#define SPACE_OCTAVES 7
#define SPACE_MIN_SIDE_PX 8
/*
 * Blur of level 0, in pixels of its octave: half of Lowe's 1.6, so that no picture has to be doubled first. Points are
 * placed less finely for that; the quotas of small patches are filled at a quarter of the cost.
 */
#define SPACE_SIGMA 0.8

typedef struct plane {
    float *px;
    uint32_t width, height;
    size_t stride; /* in floats, a multiple of PLANE_LANES; what lies beyond the width is there, and means nothing */
} plane;
#define PLANE_LANES 16

typedef struct octave {
    plane level[SPACE_LEVELS];
    plane difference[SPACE_LEVELS - 1]; /* memory shared by all octaves: valid until the next is filled */
} octave;

typedef struct space {
    buffer memory;
    octave octave[SPACE_OCTAVES];
    unsigned octaves; /* 0 for a picture too small to find anything in */
    float *line;      /* scratch: a row and its borders */
    plane between;    /* scratch: blurred along rows only */
    uint32_t side_px; /* the longer side in pixels of octave 0 */
} space;

/* Lay out the memory and fill level 0 of octave 0. The picture has been checked. RESIGHT_OK or RESIGHT_E_NOMEM. */
int space_start(space *s, const resight_image *grey);

/* Fill all levels of an octave, or only what the next needs, and level 0 of the next: from the lowest to the highest,
 * each once. */
void space_fill(space *s, unsigned octave);
void space_skip(space *s, unsigned octave);

/* The largest sigma of a point that can be found in an octave, in pixels of octave 0. */
double space_widest(unsigned octave);

void space_free(space *s);

#endif
