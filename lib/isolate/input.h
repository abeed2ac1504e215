/* SPDX-License-Identifier: Apache-2.0 */
/* A source as a worker can be given it: a descriptor that reads and does nothing else. */
#ifndef RESIGHT_ISOLATE_INPUT_H
#define RESIGHT_ISOLATE_INPUT_H

#include "isolate/feed.h"

typedef struct input {
    int fd;       /* -1: a stream that has been handed over */
    int owned_fd; /* -1: fd is the source's */
    feed *feed;   /* of a stream, whose bytes go to the other end of fd; NULL: a file */
} input;

#define NO_INPUT ((input){-1, -1, NULL})

/* RESIGHT_OK, RESIGHT_E_IO, RESIGHT_E_NOMEM. The source is borrowed until input_close(). */
int input_open(resight_source *source, input *out, resight_error *error);

/* The worker has its descriptor: of a stream it is the only one, so that either end learns when the other is gone. */
void input_handed_over(input *in);

void input_close(input *in);

#endif
