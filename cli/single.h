/* SPDX-License-Identifier: Apache-2.0 */
/* A database of one file that is gone when the program ends: two files are held against each other through it, and
 * are judged by the very code that judges a bank of millions. */
#ifndef RESIGHT_CLI_SINGLE_H
#define RESIGHT_CLI_SINGLE_H

#include "settings.h"

/* A database with the file as entry 1 of the bank "file". RESIGHT_OK, or a failure after one line on stderr. */
int single_open(const settings *set, const char *path, resight_db **out);

#endif
