/* SPDX-License-Identifier: Apache-2.0 */
/* A stream on standard input, looked up while it runs. */
#ifndef RESIGHT_CLI_LIVE_H
#define RESIGHT_CLI_LIVE_H

#include "answer.h"
#include "media.h"

/* How it was at the end. */
typedef struct live_result {
    resight_answer answer;   /* for the whole; resight_answer_free() */
    resight_subject subject; /* without its marks */
    bool damaged;
} live_result;

/*
 * Look up the stream that is open in a reader. What begins and ends is printed to stdout at once, a line each, as style
 * has it. Returns a resight_status; out is written on RESIGHT_OK.
 */
int live_match(media_reader *reader, resight_matcher *matcher, const resight_matching *how, int64_t every_us,
               const answer_style *style, live_result *out, resight_error *error);

/* A descriptor that can be read when SIGINT or SIGTERM came, which then end the program no more; a second one does. */
int live_interrupt(void);

#endif
