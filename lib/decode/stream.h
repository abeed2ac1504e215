/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor that is read once, from front to back, as its bytes come: under a source that is a stream. */
#ifndef RESIGHT_DECODE_STREAM_H
#define RESIGHT_DECODE_STREAM_H

#include "decode/probe.h"

typedef struct stream {
    int fd;                    /* borrowed */
    int stop_fd;               /* borrowed; once it can be read, the stream is at its end. -1: none */
    bool ended;                /* nothing more will come */
    uint64_t came_bytes;       /* read from fd so far */
    uint8_t head[PROBE_BYTES]; /* the first of them, which may be read again */
} stream;

/*
 * What is there, waited for until it is one byte at least; nothing at the end.
 *
 * offset  where the last call ended, or within the head
 * Returns RESIGHT_OK or RESIGHT_E_IO.
 */
int stream_read(stream *s, uint64_t offset, uint8_t *to, size_t size_bytes, size_t *got_bytes, resight_error *error);

/* The whole head, or all there is. RESIGHT_OK or RESIGHT_E_IO. */
int stream_fill_head(stream *s, resight_error *error);

/* How much of the head has come. */
size_t stream_head_bytes(const stream *s);

#endif
