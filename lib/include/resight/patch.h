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

/** What patches are wanted for. */
typedef enum resight_patch_role {
    RESIGHT_PATCHES_KNOWN = 1,
    RESIGHT_PATCHES_QUERY = 2
} resight_patch_role;
#define RESIGHT_PATCHES_MAX 192

typedef struct resight_patcher resight_patcher;
RESIGHT_API int resight_patcher_new(resight_patcher **out);
RESIGHT_API void resight_patcher_free(resight_patcher **patcher);
RESIGHT_API int resight_patcher_find(resight_patcher *patcher, const resight_image *grey, resight_patch_role role,
                                     resight_patch *out, size_t capacity, size_t *count);
RESIGHT_API uint64_t resight_patch_mirror(uint64_t key);

typedef struct resight_patch_pair {
    resight_patch query, known;
    uint8_t distance_bits;
    uint8_t mirrored;
    uint8_t agrees; /**< written by the vote */
} resight_patch_pair;

typedef struct resight_patch_vote {
    double matrix[2][3];
    double corner[4][2];
    uint32_t agreeing, large, evidence;
    uint32_t mirrored, affine;
    double spread, best;
} resight_patch_vote;
RESIGHT_API int resight_patches_vote(resight_patch_pair *pairs, size_t count, uint32_t known_width_px,
                                     uint32_t known_height_px, resight_patch_vote *out);

#ifdef __cplusplus
}
#endif
#endif
