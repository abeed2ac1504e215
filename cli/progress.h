/* SPDX-License-Identifier: Apache-2.0 */
/* A line on the terminal that says how far a run is, how fast, and how long it will still take. */
#ifndef RESIGHT_CLI_PROGRESS_H
#define RESIGHT_CLI_PROGRESS_H

#include <stdint.h>

/* Begin. total: how many inputs there will be; 0: not known. Does nothing when stderr is not a terminal. */
void progress_start(uint64_t total);

/* So many inputs are done. Draws at most ten times a second. */
void progress_show(uint64_t done);

/* Take the line away, for another line to be printed; the next progress_show() draws it again. */
void progress_hide(void);

/* Take the line away for good. */
void progress_end(void);

#endif
