/* SPDX-License-Identifier: Apache-2.0 */
/* The worker processes of the program: where their programs lie, and what there is to say about their walls. */
#ifndef RESIGHT_CLI_ISOLATION_H
#define RESIGHT_CLI_ISOLATION_H

#include "settings.h"
#include <limits.h>

/* A pool as the options ask for it. Says so once when there is no isolation. NULL: error is filled. */
resight_pool *isolation_pool(const settings *set, resight_decode_options decode, resight_error *error);

/* Once in a run: one line on stderr when nothing at all stands around the workers. */
void isolation_warn(resight_pool *pool);

/*
 * For --isolate=off, before anything is done: true in the program that has the decoders in it. Any other becomes that
 * program, with the same arguments; false after one line on stderr when it cannot.
 */
bool isolation_leave(char **argv);

/* The path of a program that is installed with the workers and built with this one; false: it is not to be told. */
bool isolation_program(const char *name, char path[PATH_MAX]);

/* The walls of this machine, for people. */
void isolation_print(void);

#endif
