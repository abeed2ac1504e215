/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Local patches: small squares of a picture, found again after cropping, rotation, captions and screenshots, when the
 * picture as a whole is no longer the same.
 */
#ifndef RESIGHT_PATCH_H
#define RESIGHT_PATCH_H

#include <resight/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A square around a point that stands out, turned to its own orientation, and 64 bits of what it shows. Lengths are in
 * units of 1/32768 of the longer side of the picture. The layout is pinned: FORMAT.md stores it field by field.
 */
typedef struct resight_patch {
    uint64_t key;   /**< one bit for each of the 64 lowest frequencies of the square; compared by Hamming distance */
    uint16_t x, y;  /**< the centre of the square, from the top left corner */
    uint16_t width; /**< side of the square */
    uint16_t angle; /**< orientation, in 1/65536 of a turn, counter-clockwise as drawn on a screen */
} resight_patch;
_Static_assert(sizeof(resight_patch) == 16, "a patch has no padding");

/** Two keys of the same spot are within this many bits after ordinary edits. */
#define RESIGHT_PATCH_RADIUS_BITS 8

#ifdef __cplusplus
}
#endif
#endif
