/* SPDX-License-Identifier: Apache-2.0 */
/* The paths that a command was given, one after the other: files, folders walked in order of name, lists of paths. */
#ifndef RESIGHT_CLI_INPUTS_H
#define RESIGHT_CLI_INPUTS_H

#include "settings.h"

typedef struct inputs inputs;

/*
 * operands: paths, ends with NULL; "-" stands for the media on standard input, and stays "-". After them come the
 * paths of set->files_from. Returns NULL after one line on stderr when that file cannot be opened.
 */
inputs *inputs_open(const settings *set, char **operands);

/*
 * The next path, owned by the caller, or NULL at the end. A folder that cannot be read is one line on stderr and sets
 * inputs_failed(). Symbolic links are followed when they were named, not when they were met in a folder.
 */
char *inputs_next(inputs *in);

/* True when a path, not "-", is a folder. */
bool is_folder(const char *path);

/* True when something that was named could not be walked or read. */
bool inputs_failed(const inputs *in);

void inputs_free(inputs **in);

/* How many paths there will be, by walking the folders once; 0 when a list comes from a stream. */
uint64_t inputs_count(const settings *set, char **operands);

#endif
