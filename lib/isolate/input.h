/* SPDX-License-Identifier: Apache-2.0 */
/* A source as a worker can be given it: a descriptor that reads and does nothing else. */
#ifndef RESIGHT_ISOLATE_INPUT_H
#define RESIGHT_ISOLATE_INPUT_H

#include <resight/decode.h>

typedef struct input {
    int fd;
    int owned_fd; /* -1: fd is the source's */
} input;

#define NO_INPUT ((input){-1, -1})

/* RESIGHT_OK, RESIGHT_E_IO, RESIGHT_E_NOMEM. */
int input_open(const resight_source *source, input *out, resight_error *error);

void input_close(input *in);

#endif
