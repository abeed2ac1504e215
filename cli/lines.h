/* SPDX-License-Identifier: Apache-2.0 */
/* A list that somebody else wrote, line by line: of hashes, of frames, of paths. */
#ifndef RESIGHT_CLI_LINES_H
#define RESIGHT_CLI_LINES_H

#include <stdbool.h>
#include <stdio.h>

typedef struct lines {
    const char *path; /* borrowed */
    FILE *file;
    int separator;
    char *text;           /* the line, without its separator */
    unsigned long number; /* of the line, from 1 */
    bool failed;          /* the list could not be read to its end; it has been complained of */
} lines;

/* "-" is standard input. separator: '\n' or 0. False after one line on stderr. */
bool lines_open(lines *list, const char *path, int separator);

/* The next line into list->text; false at the end, and after one line on stderr when the list cannot be read. */
bool lines_next(lines *list);

void lines_close(lines *list);

#endif
