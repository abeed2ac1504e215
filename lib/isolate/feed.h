/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a stream, handed on to a worker as they come. The worker could read the stream's own descriptor, but not
 * be told to stop; and what is in between is counted and ended here. Nothing looks at the bytes.
 */
#ifndef RESIGHT_ISOLATE_FEED_H
#define RESIGHT_ISOLATE_FEED_H

#include <resight/decode.h>

#define FEED_BYTES (64 * 1024)

typedef struct feed {
    resight_source *source; /* borrowed */
    int to;                 /* the worker reads the other end; -1: all has been handed on, or nobody takes more */
    uint64_t at;            /* of the source */
    size_t from, end;       /* of bytes: what is still to be handed on */
    int status;             /* of reading the source, */
    resight_error failure;  /* with its text */
    uint8_t bytes[FEED_BYTES];
} feed;

/*
 * theirs: the end that the worker reads, owned by the caller
 * Returns RESIGHT_OK, RESIGHT_E_NOMEM, RESIGHT_E_IO. *out is owned by the caller; feed_free().
 */
int feed_new(resight_source *source, feed **out, int *theirs, resight_error *error);

void feed_free(feed **f);

/* Wait until the channel has something to say, or bytes can be moved, and move them; at most so long. */
void feed_step(feed *f, int channel, int most_ms);

#endif
