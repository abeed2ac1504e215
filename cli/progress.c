/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The progress line. There is one terminal, so there is one line, and its state belongs to it: guarded, like the
 * terminal itself, by the lock of stderr.
 */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
    bool wanted, drawn;
    uint64_t total;
    double started, last;
} line;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_start(uint64_t total) {
    line.wanted = isatty(STDERR_FILENO) == 1;
    line.drawn = false;
    line.total = total;
    line.started = line.last = now();
}

void progress_show(uint64_t done) {
    const double time = now(), tenth = 0.1;
    if (!line.wanted || time - line.last < tenth)
        return;
    flockfile(stderr);
    const double rate = (double)done / (time - line.started);
    fprintf(stderr, "\r\033[K%llu", (unsigned long long)done);
    if (line.total)
        fprintf(stderr, " of %llu", (unsigned long long)line.total);
    fprintf(stderr, " files, %.*f a second", rate < 10 ? 1 : 0, rate);
    if (line.total > done && done > 0) {
        const unsigned long left = (unsigned long)((double)(line.total - done) / rate + 0.5);
        fprintf(stderr, ", %lu:%02lu:%02lu left", left / 3600, left / 60 % 60, left % 60);
    }
    fflush(stderr);
    line.drawn = true;
    line.last = time;
    funlockfile(stderr);
}

void progress_hide(void) {
    flockfile(stderr);
    if (line.drawn)
        fputs("\r\033[K", stderr);
    line.drawn = false;
    funlockfile(stderr);
}

void progress_end(void) {
    progress_hide();
    line.wanted = false;
}
