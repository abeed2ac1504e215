/* SPDX-License-Identifier: Apache-2.0 */
/* A stream on standard input, from its first frame to its end or an interrupt, and each line at once. */
#include "live.h"

#include "base/cleanup.h"
#include "memory.h"
#include <resight/live.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct live_run {
    const answer_style *style;
    resight_live *live;
    int status; /* of matching and printing, with its text */
    resight_error error;
} live_run;

/* ---- Interrupts ------------------------------------------------------------------------------ */

static int stop_fd = -1;
static volatile sig_atomic_t stopped;

static void stop(int number) {
    const uint64_t once = 1;
    (void)number;
    stopped = 1;
    const ssize_t done = write(stop_fd, &once, sizeof once); /* a counter is never full of ones */
    (void)done;
}

int live_interrupt(void) {
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd >= 0) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
    }
    return stop_fd;
}

/* ---- The stream ------------------------------------------------------------------------------ */

static resight_subject subject_of(const live_run *run) {
    return (resight_subject){.kind = RESIGHT_VIDEO, .duration_us = resight_live_now_us(run->live)};
}

/* In one piece: other threads may print, too. Whoever reads has the line now. */
static int tell(void *user, resight_live_state state, const resight_answer *answer) {
    live_run *run = user;
    CLEANUP_FREE char *text = NULL;
    size_t bytes = 0;
    const resight_subject what = subject_of(run);
    FILE *out = must_open_text(&text, &bytes);
    print_answer(out, run->style, "-", "video", &what, answer, resight_live_state_name(state), false);
    fclose(out);
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? RESIGHT_OK : RESIGHT_E_IO; /* which main() tells */
}

static int take_mark(void *user, const resight_mark *mark) {
    live_run *run = user;
    return run->status = resight_live_mark(run->live, mark, &run->error);
}

static int take_thumbnail(void *user, const resight_thumbnail *thumbnail) {
    live_run *run = user;
    return run->status = resight_live_thumbnail(run->live, thumbnail, &run->error);
}

static void end(live_run *run) {
    resight_live_free(&run->live);
}

int live_match(media_reader *reader, resight_matcher *matcher, const resight_matching *how, int64_t every_us,
               const answer_style *style, live_result *out, resight_error *error) {
    CLEANUP(end) live_run run = {.style = style};
    const resight_live_sink told = {tell, &run};
    const resight_sink sink = {take_mark, take_thumbnail, &run};
    bool damaged = false;
    if (resight_live_new(matcher, how, every_us, &told, &run.live) != RESIGHT_OK)
        must_fail();
    const int status = media_follow(reader, &sink, &damaged, error);
    if (run.status == RESIGHT_OK) { /* what was begun is ended, also when the stream came to harm */
        CLEANUP(resight_answer_free) resight_answer all = {0};
        run.status = resight_live_finish(run.live, &all, &run.error);
        if (run.status == RESIGHT_OK && status == RESIGHT_OK) {
            *out = (live_result){all, subject_of(&run), damaged && !stopped}; /* which breaks a packet off */
            all = (resight_answer){0};
        }
    }
    if (run.status != RESIGHT_OK)
        *error = run.error;
    return run.status != RESIGHT_OK ? run.status : status;
}
