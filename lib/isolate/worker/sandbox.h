/* SPDX-License-Identifier: Apache-2.0 */
/* The walls that a worker builds around itself before it sees the first byte of a file. */
#ifndef RESIGHT_ISOLATE_WORKER_SANDBOX_H
#define RESIGHT_ISOLATE_WORKER_SANDBOX_H

#include <resight/pool.h>

/* What a worker program may need beyond the shortest list of system calls. */
typedef enum sandbox_needs {
    SANDBOX_JPEG_PNG = 0,
    SANDBOX_ALL_DECODERS = 1 /* some of which start threads, and ask for files */
} sandbox_needs;

/* First of all: dies with its parent, is nobody's to look into, and gains no right by any exec. */
void sandbox_begin(void);

/*
 * After everything has been loaded: limits, Landlock, no capabilities, and last the filter of system calls.
 *
 * max_bytes: of memory; 0: no limit
 * Returns the walls that stand, as resight_wall bits.
 */
unsigned sandbox_close(sandbox_needs needs, uint64_t max_bytes);

/* The filter alone (filter.c); false where there is none. */
bool sandbox_filter(sandbox_needs needs);

/* Landlock alone (landlock.c); false where the kernel has none. */
bool sandbox_landlock(void);

#endif
