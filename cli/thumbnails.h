/* SPDX-License-Identifier: Apache-2.0 */
/* The thumbnails of one file, kept until it is known whether they are needed; of a long video, an even choice. */
#ifndef RESIGHT_CLI_THUMBNAILS_H
#define RESIGHT_CLI_THUMBNAILS_H

#include <resight/video.h>

/* About 38 MB of widescreen frames. */
#define THUMBNAILS_MAX 256

typedef struct thumbnails {
    resight_thumbnail items[THUMBNAILS_MAX]; /* their pixels are owned */
    size_t count;
    uint64_t seen;  /* of the file */
    uint64_t every; /* of those seen is kept; doubles whenever there is no room */
} thumbnails;

/* Keep a copy, if it is the turn of this one; after thumbnails_clear(). Ends the program when memory is refused. */
void thumbnails_keep(thumbnails *list, const resight_thumbnail *thumbnail);

/* Forget all, free their pixels; ready for the next file. */
void thumbnails_clear(thumbnails *list);

#endif
