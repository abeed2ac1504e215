/* SPDX-License-Identifier: Apache-2.0 */
/* The worker processes of the program: where their programs lie, and what there is to say about their walls. */
#ifndef RESIGHT_CLI_ISOLATION_H
#define RESIGHT_CLI_ISOLATION_H

#include "settings.h"

/* A pool as the options ask for it. Says so once when there is no isolation. NULL: error is filled. */
resight_pool *isolation_pool(const settings *set, resight_decode_options decode, resight_error *error);

/* Once in a run: one line on stderr when nothing at all stands around the workers. */
void isolation_warn(resight_pool *pool);

/* The walls of this machine, for people. */
void isolation_print(void);

#endif
