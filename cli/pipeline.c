/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of jobs between worker threads and the main thread. */
#include "pipeline.h"

#include "base/cleanup.h"
#include "inputs.h"
#include "memory.h"
#include "progress.h"
#include "text.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define SLOTS_A_WORKER 8 /* how far the fast may run ahead of the slow */

typedef enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_DONE } slot_state;

typedef struct ring {
    const pipeline *line;
    inputs *in;
    job *jobs;
    slot_state *states;
    size_t slots;

    pthread_mutex_t feed; /* held while the next path is fetched: a stream of paths may be slow */
    uint64_t fed;         /* jobs begun; under feed */

    pthread_mutex_t lock;
    pthread_cond_t freed, done; /* a slot was */
    uint64_t taken;             /* jobs delivered */
    uint64_t total;             /* jobs in all, once the paths are at their end */
    bool ended, stopped;        /* no further paths; no further work is wanted */
} ring;

typedef struct worker {
    ring *ring;
    void *tools;
    pthread_t thread;
} worker;

/* Under feed: wait for the slot, and fetch a path for it. NULL: there are no more. */
static job *fetch(ring *r) {
    const size_t slot = r->fed % r->slots;
    pthread_mutex_lock(&r->lock);
    while (r->states[slot] != SLOT_FREE && !r->stopped)
        pthread_cond_wait(&r->freed, &r->lock);
    const bool over = r->ended || r->stopped;
    pthread_mutex_unlock(&r->lock);
    char *path = over ? NULL : inputs_next(r->in);

    pthread_mutex_lock(&r->lock);
    if (path) {
        r->jobs[slot] = (job){.path = path};
        r->states[slot] = SLOT_TAKEN;
        r->fed++;
    } else {
        r->ended = true;
        r->total = r->fed;
        pthread_cond_signal(&r->done);
    }
    pthread_mutex_unlock(&r->lock);
    return path ? &r->jobs[slot] : NULL;
}

static void *work_on(void *argument) {
    worker *w = argument;
    ring *r = w->ring;
    for (;;) {
        pthread_mutex_lock(&r->feed);
        job *item = fetch(r);
        pthread_mutex_unlock(&r->feed);
        if (!item)
            return NULL;
        r->line->work(w->tools, r->line->shared, item);
        pthread_mutex_lock(&r->lock);
        const size_t slot = (size_t)(item - r->jobs);
        const bool awaited = slot == r->taken % r->slots;
        r->states[slot] = SLOT_DONE;
        pthread_mutex_unlock(&r->lock);
        if (awaited) /* without the lock, which the main thread would only wake up to wait for */
            pthread_cond_signal(&r->done);
    }
}

/* Wait for the next job in order; NULL at the end. idle tells whether the one after it is still being worked on. */
static job *next_done(ring *r, bool *idle) {
    const size_t slot = r->taken % r->slots, following = (r->taken + 1) % r->slots;
    pthread_mutex_lock(&r->lock);
    while (r->states[slot] != SLOT_DONE && !(r->ended && r->taken == r->total))
        pthread_cond_wait(&r->done, &r->lock);
    job *item = r->states[slot] == SLOT_DONE ? &r->jobs[slot] : NULL;
    *idle = r->states[following] != SLOT_DONE;
    pthread_mutex_unlock(&r->lock);
    return item;
}

static void release(ring *r, job *item) {
    free(item->path);
    free(item->text);
    if (item->made)
        r->line->drop(item->made);
    *item = (job){0};
    pthread_mutex_lock(&r->lock);
    r->states[item - r->jobs] = SLOT_FREE;
    r->taken++;
    pthread_cond_broadcast(&r->freed);
    pthread_mutex_unlock(&r->lock);
}

static void stop(ring *r) {
    pthread_mutex_lock(&r->lock);
    r->stopped = true;
    pthread_cond_broadcast(&r->freed);
    pthread_mutex_unlock(&r->lock);
}

/* Hand out every job in order. After a failure of take() the rest is only let go of. */
static int deliver(ring *r) {
    bool failed = false, matched = false, ended = false, idle = false;
    for (job *item; (item = next_done(r, &idle)); release(r, item)) {
        if (ended)
            continue;
        progress_show(r->taken + 1);
        if (item->status < 0)
            complain(item->path, "%s", item->error.text);
        else if (item->damaged)
            complain(item->path, "damaged or broken off: only a part could be read");
        failed |= item->status < 0;
        matched |= item->matched;
        if (r->line->take(r->line->shared, item, idle) != RESIGHT_OK) {
            ended = true;
            stop(r);
        }
    }
    if (!ended && r->line->take(r->line->shared, NULL, true) != RESIGHT_OK)
        ended = true;
    return failed || ended || inputs_failed(r->in) ? EXIT_TROUBLE : matched ? EXIT_MATCHED : EXIT_NOTHING;
}

static unsigned workers_wanted(const settings *set) {
    cpu_set_t cores;
    if (set->jobs.given)
        return (unsigned)set->jobs.value;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
}

/* Make the tools of every worker, then start the threads. Returns how many run; fewer than wanted is fine, 0 is not. */
static unsigned start_workers(ring *r, worker *workers, unsigned wanted) {
    resight_error error = {0};
    unsigned ready = 0, running = 0;
    for (; ready < wanted; ready++) {
        workers[ready] = (worker){.ring = r, .tools = r->line->worker_new(r->line->shared, &error)};
        if (!workers[ready].tools)
            break;
    }
    while (running < ready && pthread_create(&workers[running].thread, NULL, work_on, &workers[running]) == 0)
        running++;
    for (unsigned i = running; i < ready; i++)
        r->line->worker_free(workers[i].tools);
    if (running == 0)
        complain("cannot start", "%s", ready ? "no thread could be made" : error.text);
    return running;
}

int pipeline_run(const pipeline *line, const settings *set, char **operands) {
    const unsigned wanted = workers_wanted(set);
    CLEANUP(inputs_free) inputs *in = inputs_open(set, operands);
    if (!in)
        return EXIT_TROUBLE;
    const size_t slots = (size_t)wanted * SLOTS_A_WORKER;
    CLEANUP_FREE job *jobs = must_have(slots, sizeof *jobs);
    CLEANUP_FREE slot_state *states = must_have(slots, sizeof *states);
    CLEANUP_FREE worker *workers = must_have(wanted, sizeof *workers);
    ring r = {.line = line, .in = in, .jobs = jobs, .states = states, .slots = slots};
    pthread_mutex_init(&r.feed, NULL);
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.freed, NULL);
    pthread_cond_init(&r.done, NULL);

    int code = EXIT_TROUBLE;
    const unsigned running = start_workers(&r, workers, wanted);
    if (running > 0) {
        progress_start(isatty(STDERR_FILENO) ? inputs_count(set, operands) : 0);
        code = deliver(&r);
        progress_end();
    }
    for (unsigned i = 0; i < running; i++) {
        pthread_join(workers[i].thread, NULL);
        line->worker_free(workers[i].tools);
    }
    return code;
}

int print_job(job *item, bool idle) {
    if (item && item->text)
        fputs(item->text, stdout);
    if (idle ? fflush(stdout) == 0 : !ferror(stdout))
        return RESIGHT_OK;
    return RESIGHT_E_IO; /* which main() tells */
}
