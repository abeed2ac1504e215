/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a worker: set-up, walls, then one file after the other until the channel is closed. */
#ifndef RESIGHT_ISOLATE_WORKER_WORKER_H
#define RESIGHT_ISOLATE_WORKER_WORKER_H

#include "isolate/records.h"
#include "isolate/task.h"
#include "isolate/worker/sandbox.h"

/* What a worker does with a file: fills end. Records before it go out by worker_say(). */
typedef struct worker_trade {
    sandbox_needs needs;
    /* Load and prepare what a sandboxed process no longer could. Returns a resight_status. */
    int (*prepare)(void *user, const worker_setup *setup);
    void (*work)(void *user, const worker_task *task, int fd, record_end *end);
    void *user;
} worker_trade;

/* Send a record, by and by. RESIGHT_OK, or RESIGHT_E_IO when nobody listens. */
int worker_say(const record *what);

/* Send what still waits. The same. */
int worker_flush(void);

/* Serve until the channel is closed. Returns the exit code of the program. */
int worker_serve(const worker_trade *trade);

#endif
