/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Local patches: small squares of a picture, found again after cropping, rotation, captions and screenshots, when the
 * picture as a whole is no longer the same.
 *
 *     thumbnail ──► resight_patcher_find() ──► patches ──► look their keys up ──► resight_patches_compare() ──► where
 *
 * The idea. Points that stand out from their surroundings are found at all sizes: extrema of differences of Gaussians
 * over place and scale (Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004). Each gives a
 * square of 16 times its sigma, turned to the strongest direction of the gradients around it, and of that square a key
 * of 64 bits: its 64 lowest frequencies against their median. Scaling, turning, brightness and contrast change the
 * square little; cropping and covering remove some squares and leave the others.
 *
 * One patch proves little: an arc, a corner, a letter are in a thousand pictures. What proves is that several patches
 * agree on one transform. resight_patches_compare() finds the transform with the most distinct agreeing patches, on
 * different spots and of different looks, and then asks what share of the patches that it foretells are there.
 *
 * The numbers, and where they are from: three scales an octave, the tests of contrast and edges, 36 bins of
 * orientation and peaks of 80 % are Lowe's. Bands of 64, widths from 0.045 to 0.8 of the longer side, the width of 16
 * sigmas, frequencies in the order of their length, 4 x 4 cells, 14 bits of different look, and the two thresholds were
 * chosen by recall of 36 edits of 164 pictures among 775 (../shared/robustness, seed 7) and confirmed with another
 * seed. benchmarks/bench_patches measures them.
 *
 * What it cannot do: pictures with fewer than two distinct points (a flag of three stripes, a gradient, a percent
 * sign); pictures shown at less than a quarter of the query's side; stretching by more than a fifth, which
 * resight_matcher_find() undoes by trial, and strong perspective; inverted brightness. And it finds what pictures
 * share: two screenshots of one program, two posters with one emblem are told to match, and do. Those who wish to harm
 * it can draw over every patch, at the cost of the picture.
 */
#ifndef RESIGHT_PATCH_H
#define RESIGHT_PATCH_H

#include <resight/image.h>
#include <stdbool.h>

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

/** Units of length in the longer side of a picture. */
#define RESIGHT_PATCH_UNITS 32768

/** Two keys of the same spot are within this many bits after ordinary edits. */
#define RESIGHT_PATCH_RADIUS_BITS 8

/** What patches are wanted for. The values are pinned. */
typedef enum resight_patch_role {
    RESIGHT_PATCHES_KNOWN = 1, /**< to be kept: up to 64 large ones, of 0.16 to 0.8 of the longer side, and 64 of half
                                    that and more */
    RESIGHT_PATCHES_QUERY = 2 /**< to be asked: the same and up to 64 smaller ones, for the known picture may be a small
                                   part of this one */
} resight_patch_role;
#define RESIGHT_PATCHES_KNOWN_MAX 128
#define RESIGHT_PATCHES_QUERY_MAX 192

/** Scratch memory, up to 25 MB. Opaque; one thread at a time. */
typedef struct resight_patcher resight_patcher;

/** @return RESIGHT_OK, RESIGHT_E_NOMEM */
RESIGHT_API int resight_patcher_new(resight_patcher **out);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_patcher_free(resight_patcher **patcher);

/**
 * Find the patches of a picture. The same pixels give the same patches on every machine.
 *
 * @param grey      RESIGHT_GRAY8, no side above RESIGHT_THUMBNAIL_SIDE_PX: what resight_image_thumbnail() writes
 * @param role      decides which and how many
 * @param out       written on RESIGHT_OK, the largest band first
 * @param capacity  of out: at least RESIGHT_PATCHES_KNOWN_MAX or RESIGHT_PATCHES_QUERY_MAX, as the role is
 * @param count     of patches written; 0 for a picture in which nothing stands out
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    another format, larger, or capacity is too small for the role
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(pixels); at 512 px some 3 ms for a known picture and 6 ms for a query.
 */
RESIGHT_API int resight_patcher_find(resight_patcher *patcher, const resight_image *grey, resight_patch_role role,
                                     resight_patch *out, size_t capacity, size_t *count);

/**
 * The key that the same patch has in the picture mirrored left to right: the bits flip whose frequency is odd across
 * the orientation. To ask for mirrored copies too, look up both keys of every patch.
 */
RESIGHT_API uint64_t resight_patch_mirrored_key(uint64_t key);

/** The patches of one picture. */
typedef struct resight_patch_list {
    const resight_patch *patches; /**< borrowed */
    uint32_t count;
    uint32_t width_px, height_px; /**< of the picture they are from, at any scale: only the proportion counts */
} resight_patch_list;

/**
 * How sure it is that a query shows a known picture, or a part of it. The values are pinned.
 *
 * Measured over 473,000 pairs of pictures that are not copies of each other: see benchmarks/README.md.
 */
typedef enum resight_patch_level {
    RESIGHT_PATCHES_NOTHING = 0,
    RESIGHT_PATCHES_PROBABLE = 1, /**< score >= 0.3: one unrelated pair in 100,000 */
    RESIGHT_PATCHES_CERTAIN = 2   /**< score >= 0.8, and in no quarter of what the two share could 20 patches agree and
                                     none does: no unrelated pair was seen, and of pictures in one frame, or under one
                                     banner, few */
} resight_patch_level;

/** A point of the query. */
typedef struct resight_patch_place {
    float x, y; /**< in units of the query's patches; may lie outside of it */
} resight_patch_place;

/** What the patches of two pictures say of each other. */
typedef struct resight_patch_match {
    resight_patch_level level;
    /**
     * (n + s)^2 / (m + 16) * (c / p)^(1/3), and 0 when n < 2.
     * n: distinct patches with keys within RESIGHT_PATCH_RADIUS_BITS that agree on the transform, the strong evidence;
     * s: distinct patches within 16 bits on the spots that it foretells;
     * m: patches that could have agreed: the known ones that the query must show, or the query's that must be of the
     *    known picture, whichever are fewer;
     * c: the share that those s cover of what the two pictures share: what is alike by chance, and emblems and captions
     *    that are alike in many pictures, lies in one place;
     * p: pairs within the radius that the vote had to choose from: among many, some agree by chance.
     */
    float score;
    uint32_t agreeing;             /**< n */
    bool mirrored;                 /**< the query shows the known picture mirrored */
    bool affine;                   /**< the transform is affine (five patches and more), not a similarity */
    float matrix[2][3];            /**< takes a place of the known picture to one of the query, in units of each */
    resight_patch_place corner[4]; /**< of the known picture within the query: its top left, top right, bottom right,
                                        bottom left */
    uint8_t query[RESIGHT_PATCHES_KNOWN_MAX]; /**< the agreeing patches, by their numbers in the two lists */
    uint8_t known[RESIGHT_PATCHES_KNOWN_MAX];
} resight_patch_match;

/**
 * Decide by their patches whether, and where, a query shows a known picture.
 *
 * Meant for the few known pictures to which a look-up of the query's keys, and of their mirrored keys, leads at least
 * twice: without two patches there is no transform. A list may hold only those of the known patches that the look-up
 * found: `agreeing` is then right, and a cheap first sieve; the level is right only with all of them.
 *
 * @param query  up to RESIGHT_PATCHES_QUERY_MAX patches
 * @param known  up to RESIGHT_PATCHES_KNOWN_MAX patches
 * @param out    written on RESIGHT_OK; level RESIGHT_PATCHES_NOTHING when fewer than two agree
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  a list is too long, a picture has no size, or a patch no width
 *
 * Cost: bounded whatever the lists hold: the square of at most 1,024 pairs, twice. Some 0.1 ms; no allocation, 0.3 MB
 * of stack.
 */
RESIGHT_API int resight_patches_compare(const resight_patch_list *query, const resight_patch_list *known,
                                        resight_patch_match *out);

#ifdef __cplusplus
}
#endif
#endif
