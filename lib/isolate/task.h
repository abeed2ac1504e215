/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker is told: once how to decode, then a task and a descriptor for each file. It trusts whoever started it;
 * records.h is the other direction, which nobody trusts.
 */
#ifndef RESIGHT_ISOLATE_TASK_H
#define RESIGHT_ISOLATE_TASK_H

#include <resight/pool.h>

/* The descriptor at which a worker finds its socket. */
#define WORKER_CHANNEL 3

/* The one argument of a worker program; one of another build ends with the exit code at once. */
#define WORKER_VERSION RESIGHT_VERSION "/4"
enum { WORKER_OTHER_VERSION = 64, WORKER_NOT_EXECUTED = 127 };

/* The first message. */
typedef struct worker_setup {
    resight_decode_options decode;
    resight_cpu cpu;
    uint64_t max_bytes; /* of memory; 0: no limit */
} worker_setup;

/* Each further message, with the file as a descriptor beside it. */
typedef struct worker_task {
    resight_marking how;
    bool thumbnails;
    bool tmk;            /* the signature is wanted, and no marks */
    bool stream;         /* the descriptor is to be read as it comes */
    uint64_t size_bytes; /* of the file */
} worker_task;

#endif
