/* SPDX-License-Identifier: Apache-2.0 */
/* What a known item is kept with beside the hashes of its frames, so that it is found inside of other pictures. */
#ifndef RESIGHT_CLI_INSIDE_H
#define RESIGHT_CLI_INSIDE_H

#include <resight/db.h>

/* The patches of one file; borrowed. */
typedef struct patches_inside {
    const resight_patch_set *sets;
    size_t set_count;
    const resight_patch *items;
    size_t count;
} patches_inside;

/* Opaque; one thread at a time. */
typedef struct inside inside;

/* NULL: error is filled. */
inside *inside_new(resight_cpu cpu, resight_error *error);
void inside_free(inside **in);

/* Forget the patches: the next thumbnail is another file's. */
void inside_clear(inside *in);

/* The mark of what is left without borders and bars; RESIGHT_NOT_FOUND when there is nothing to trim. */
int inside_trimmed(inside *in, const resight_thumbnail *thumbnail, resight_mark *out);

/* Add the patches of a thumbnail. */
int inside_patches(inside *in, const resight_thumbnail *thumbnail);

/* Those of all thumbnails since inside_clear(). */
patches_inside inside_found(const inside *in);

#endif
