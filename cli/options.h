/* SPDX-License-Identifier: Apache-2.0 */
/* The options of all commands, in one table. */
#ifndef RESIGHT_CLI_OPTIONS_H
#define RESIGHT_CLI_OPTIONS_H

#include "command.h"
#include <stdio.h>

/* Options that are accepted together. A command names the groups it takes. */
enum {
    TAKES_ALWAYS = 0, /* --help, --version */
    TAKES_DB = 1 << 0,
    TAKES_BANK = 1 << 1,
    TAKES_LABEL = 1 << 2,
    TAKES_POLICY = 1 << 3,   /* radius and minimum quality */
    TAKES_MEDIA = 1 << 4,    /* how media is decoded and hashed */
    TAKES_INPUTS = 1 << 5,   /* lists of paths, jobs */
    TAKES_HASHING = 1 << 6,  /* resight hash alone */
    TAKES_MATCHING = 1 << 7, /* resight match alone */
    TAKES_SHA256 = 1 << 8,
    TAKES_LOOKUPS = 1 << 9,
    TAKES_LIST_FORMAT = 1 << 10,
    TAKES_JSON = 1 << 11,
    TAKES_POLARITY = 1 << 12,
    TAKES_DIALECT = 1 << 13,
    TAKES_DRAWING = 1 << 14, /* resight explain alone */
    TAKES_FAST = 1 << 15,    /* whatever stores and exchanges nothing */
};

/* Values before any option was read. */
settings settings_default(void);

/*
 * Read the options of a command. Options and operands may be mixed, as getopt_long() allows; "--" ends the options.
 *
 * operands: [argc + 1], filled with what is not an option, ends with NULL; borrowed from argv.
 * Returns how many operands there are, or -1 after one line on stderr.
 */
int options_read(const command *which, int argc, char **argv, settings *set, char **operands);

/* Free the lists inside; the words are argv's. */
void settings_free(settings *set);

/* One line for each option that the groups accept. */
void options_print(unsigned groups, FILE *out);

#endif
