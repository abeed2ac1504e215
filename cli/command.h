/* SPDX-License-Identifier: Apache-2.0 */
/* One command of the program: what it is called, what it accepts, and the function that does it. */
#ifndef RESIGHT_CLI_COMMAND_H
#define RESIGHT_CLI_COMMAND_H

#include "settings.h"

typedef struct command {
    const char *name;                                 /* one word, or two: "bank create" */
    const char *summary;                              /* one line, for the list of commands */
    const char *usage;                                /* what follows the name */
    const char *text;                                 /* paragraphs for `resight help NAME` */
    unsigned groups;                                  /* option groups it accepts: see options.h */
    int least, most;                                  /* how many operands; most < 0: any number */
    int (*run)(const settings *set, char **operands); /* returns the exit code; operands end with NULL */
} command;

int run_hash(const settings *set, char **operands);
int run_compare(const settings *set, char **operands);
int run_add(const settings *set, char **operands);
int run_match(const settings *set, char **operands);
int run_explain(const settings *set, char **operands);
int run_bank_create(const settings *set, char **operands);
int run_bank_list(const settings *set, char **operands);
int run_bank_set(const settings *set, char **operands);
int run_bank_remove(const settings *set, char **operands);
int run_list(const settings *set, char **operands);
int run_show(const settings *set, char **operands);
int run_remove(const settings *set, char **operands);
int run_stats(const settings *set, char **operands);
int run_verify(const settings *set, char **operands);
int run_backup(const settings *set, char **operands);
int run_import(const settings *set, char **operands);
int run_export(const settings *set, char **operands);
int run_tmk(const settings *set, char **operands);

/* Of cmd_tmk.c, for `resight compare`: is a path a .tmk file; and the scores of two of them. */
bool is_tmk_file(const char *path);
int compare_tmk_files(const settings *set, char **operands);

#endif
