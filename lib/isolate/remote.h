/* SPDX-License-Identifier: Apache-2.0 */
/* One worker, seen by whoever started it: its process, and the bytes it has sent that were not yet looked at. */
#ifndef RESIGHT_ISOLATE_REMOTE_H
#define RESIGHT_ISOLATE_REMOTE_H

#include "isolate/input.h"
#include "isolate/process.h"
#include "isolate/records.h"
#include "isolate/task.h"

typedef struct remote {
    process process;
    unsigned walls;   /* resight_wall bits */
    uint32_t files;   /* it was given */
    bool crashed;     /* in the last file, by itself */
    feed *feed;       /* of the stream at hand; borrowed, NULL: a file */
    uint8_t *bytes;   /* what came; kept from process to process */
    size_t from, end; /* of bytes: what is still to be read */
} remote;

#define NO_REMOTE ((remote){.process = NO_PROCESS})

/* What a file may take, from outside; 0: no limit. Of a stream, the processor time is that of each of its minutes. */
typedef struct patience {
    uint32_t seconds;      /* of processor time */
    uint32_t wall_seconds; /* of any time */
} patience;

static inline bool remote_runs(const remote *r) {
    return r->process.channel >= 0;
}

/* Start the program and hear that it is ready. RESIGHT_OK, RESIGHT_E_UNSUPPORTED, RESIGHT_E_NOMEM. */
int remote_start(remote *r, const char *program, const worker_setup *setup, resight_error *error);

/* End the process; it may be started again. */
void remote_stop(remote *r);

/* End the process and free. */
void remote_free(remote *r);

/*
 * Have one file done. What comes is checked, and handed to the sink.
 *
 * in      handed over
 * so_far  filled with what was asked for; afterwards, how much came
 * end     written on RESIGHT_OK: how the worker says it went
 * Returns RESIGHT_OK while the worker is good for further files. Else it was ended:
 *         RESIGHT_E_FORMAT  it crashed, or gave an answer that is not possible
 *         RESIGHT_E_LIMIT   it took too long
 *         what the sink returned
 */
int remote_hash(remote *r, input *in, const worker_task *task, const patience *most, const resight_sink *sink,
                answer *so_far, record_end *end, resight_error *error);

#endif
