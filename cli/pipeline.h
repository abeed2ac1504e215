/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many inputs at once, answers in order: worker threads take paths one after the other, the main thread is handed the
 * results in the order of the paths. Memory is bounded: a slow input holds the others back after a few dozen.
 */
#ifndef RESIGHT_CLI_PIPELINE_H
#define RESIGHT_CLI_PIPELINE_H

#include "settings.h"

/* One input on its way. */
typedef struct job {
    char *path; /* owned by the pipeline */
    int status; /* a resight_status; when it is negative, error has the text */
    resight_error error;
    char *text;   /* what goes to stdout; made by malloc(), freed by the pipeline; may be NULL */
    bool matched; /* for the exit code */
    bool damaged; /* a video that was read in part */
    void *made;   /* anything; take() sets it to NULL when it takes it over */
} job;

typedef struct pipeline {
    void *shared; /* handed to every function */
    /* A thread's own tools; called before the threads start. NULL: error is filled, and the run ends. */
    void *(*worker_new)(void *shared, resight_error *error);
    void (*worker_free)(void *worker);
    /* On a worker's thread: fill the job. */
    void (*work)(void *worker, void *shared, job *item);
    /*
     * On the main thread, in order. idle: the next job is not ready yet, so there is time to flush. At the very end it
     * is called once more with item NULL. Returns RESIGHT_OK, or a failure that ends the run; it has been complained
     * of.
     */
    int (*take)(void *shared, job *item, bool idle);
    /* Free what a job made and take() left in it, because the run was ended before. NULL when jobs make nothing. */
    void (*drop)(void *made);
} pipeline;

/*
 * Run over all inputs. A job that failed is one line on stderr before it is taken.
 *
 * Returns EXIT_TROUBLE when any input failed or the run was ended, else EXIT_MATCHED when any job matched, else
 * EXIT_NOTHING.
 */
int pipeline_run(const pipeline *line, const settings *set, char **operands);

/* Print a job's text to stdout; flush when idle. RESIGHT_E_IO after a complaint when stdout cannot be written. */
int print_job(job *item, bool idle);

#endif
