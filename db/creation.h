/* SPDX-License-Identifier: Apache-2.0 */
/* The first moments of a database, before and after which the power may fail. */
#ifndef RESIGHT_DB_CREATION_H
#define RESIGHT_DB_CREATION_H

#include <resight/status.h>
#include <stdbool.h>

/* Is it what the power's failing leaves of a header that was being written: no commit, and a part of it missing? */
bool creation_was_cut_off(int fd);

/**
 * Empty such a file: LMDB makes a header in an empty one only. Not when another process has it open: then that one has
 * seen to it.
 *
 * @param dir  of a database that this process has claimed and not opened
 * @return RESIGHT_OK (also when there was nothing to do), RESIGHT_E_IO
 */
int creation_clear(const char *dir, resight_error *error);

/* Make the names durable: of the files in the directory, and of the directory itself. */
void creation_flush_names(const char *dir);

#endif
