/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership by scope: a variable marked so is released when its scope ends, and handed over by STEAL. Header only, so
 * that every room of the house may use it.
 */
#ifndef RESIGHT_BASE_CLEANUP_H
#define RESIGHT_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* CLEANUP(resight_decoder_free) resight_decoder *decoder = NULL; the function takes the address of the variable. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* return STEAL(pointer): the value goes out, the variable is left NULL and its cleanup does nothing. */
#define STEAL(pointer)                                                                                                 \
    __extension__({                                                                                                    \
        __typeof__(pointer) stolen_ = (pointer);                                                                       \
        (pointer) = NULL;                                                                                              \
        stolen_;                                                                                                       \
    })

static inline void cleanup_free(void *variable) {
    free(*(void **)variable);
}
#define CLEANUP_FREE CLEANUP(cleanup_free)

static inline void cleanup_file(FILE **file) {
    if (*file)
        fclose(*file);
}
#define CLEANUP_FILE CLEANUP(cleanup_file)

/* A descriptor that is not open is -1. */
static inline void cleanup_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
}
#define CLEANUP_FD CLEANUP(cleanup_fd)

#endif
