/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Local patches: small squares of a picture, found again after cropping, rotation, captions and screenshots, when the
 * picture as a whole is no longer the same.
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
    RESIGHT_PATCHES_KNOWN = 1, /**< to be kept: at most RESIGHT_PATCHES_KNOWN_MAX */
    RESIGHT_PATCHES_QUERY = 2  /**< to be asked: small ones too, for the known picture may be a small part of this one */
} resight_patch_role;
#define RESIGHT_PATCHES_KNOWN_MAX 128
#define RESIGHT_PATCHES_QUERY_MAX 192

/** Scratch memory. Opaque; one thread at a time. */
typedef struct resight_patcher resight_patcher;

/** @return RESIGHT_OK, RESIGHT_E_NOMEM */
RESIGHT_API int resight_patcher_new(resight_patcher **out);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_patcher_free(resight_patcher **patcher);

/**
 * Find the patches of a picture.
 *
 * @param grey      RESIGHT_GRAY8, no side above RESIGHT_THUMBNAIL_SIDE_PX: what resight_image_thumbnail() writes
 * @param role      decides which and how many
 * @param out       room for RESIGHT_PATCHES_QUERY_MAX patches, or RESIGHT_PATCHES_KNOWN_MAX
 * @param count     patches written, strongest first within each band of widths; 0 for a picture without any
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    another format, larger, or capacity is too small for the role
 *         RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_patcher_find(resight_patcher *patcher, const resight_image *grey, resight_patch_role role,
                                     resight_patch *out, size_t capacity, size_t *count);

/** The key that the same patch has in the picture mirrored left to right. */
RESIGHT_API uint64_t resight_patch_mirrored_key(uint64_t key);

/** The patches of one picture. */
typedef struct resight_patch_list {
    const resight_patch *patches; /**< borrowed */
    uint32_t count;
    uint32_t width_px, height_px; /**< of the picture they are from, at any scale: only the proportion counts */
} resight_patch_list;

/** How sure it is that a picture shows another. The values are pinned. */
typedef enum resight_patch_level {
    RESIGHT_PATCHES_NOTHING = 0,
    RESIGHT_PATCHES_PROBABLE = 1,
    RESIGHT_PATCHES_CERTAIN = 2
} resight_patch_level;

typedef struct resight_patch_place {
    float x, y; /**< in units of the query's patches */
} resight_patch_place;

/** What the patches of two pictures say of each other. */
typedef struct resight_patch_match {
    resight_patch_level level;
    bool mirrored;                                    /**< the query shows the known picture mirrored */
    uint32_t agreeing;                                /**< distinct patches that agree on the transform */
    bool affine; 
    uint32_t large;                                   /**< of them with a large known patch */
    float score;                                      /**< bits of evidence that this is no chance */
    float matrix[2][3];                               /**< from the known picture to the query, in their units */
    resight_patch_place corner[4];                    /**< of the known picture within the query: top left, top right,
                                                           bottom right, bottom left of the known picture */
    uint8_t query[RESIGHT_PATCHES_KNOWN_MAX];         /**< the agreeing patches, by their places in the two lists */
    uint8_t known[RESIGHT_PATCHES_KNOWN_MAX];
} resight_patch_match;

/**
 * Decide by their patches whether, and where, a query shows a known picture.
 */
RESIGHT_API int resight_patches_compare(const resight_patch_list *query, const resight_patch_list *known,
                                        resight_patch_match *out);

#ifdef __cplusplus
}
#endif
#endif
