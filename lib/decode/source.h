/* SPDX-License-Identifier: Apache-2.0 */
/* Where bytes come from, seen from the backends. */
#ifndef RESIGHT_DECODE_SOURCE_H
#define RESIGHT_DECODE_SOURCE_H

#include "base/buffer.h"
#include <resight/decode.h>

/*
 * The whole source in memory: its own bytes when they are there already, else read into scratch, which then has to stay
 * as it is for as long as the bytes are used.
 *
 * RESIGHT_OK, RESIGHT_E_IO or RESIGHT_E_NOMEM.
 */
int source_read_whole(resight_source *source, buffer *scratch, const uint8_t **bytes, size_t *size_bytes,
                      resight_error *error);

/* Read from a descriptor of a regular file whose length is known: nothing is asked of the system but pread(). Borrowed,
 * as by resight_source_open_fd(). RESIGHT_OK or RESIGHT_E_NOMEM. */
int source_open_descriptor(int fd, uint64_t size_bytes, resight_source **out, resight_error *error);

/* The same for a stream. */
int source_open_pipe(int fd, resight_source **out, resight_error *error);

/* As resight_source_read(); but of a stream only what is there, waited for until it is a byte at least: fewer bytes
 * than asked do not mean the end, none do. */
int source_read_some(resight_source *source, uint64_t offset, void *to, size_t size_bytes, size_t *got_bytes,
                     resight_error *error);

/* What ends a stream when it can be read; -1: nothing does. */
int source_stop_descriptor(const resight_source *source);

/* The descriptor that a source reads from; -1 when it is in memory. */
int source_descriptor(const resight_source *source);

/* The bytes of a source in memory; NULL when it reads from a descriptor. */
const uint8_t *source_bytes(const resight_source *source);

#endif
