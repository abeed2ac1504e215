/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the database that the command line means, with the words that people need when it does not open. */
#ifndef RESIGHT_CLI_DATABASE_H
#define RESIGHT_CLI_DATABASE_H

#include "settings.h"

/* --db, else $RESIGHT_DB, else "resight.db". */
const char *database_path(const settings *set);

typedef enum database_use {
    DATABASE_READ,  /* must exist */
    DATABASE_WRITE, /* must exist */
    DATABASE_CREATE /* made when it is not there */
} database_use;

/* NULL after one line on stderr. */
resight_db *database_open(const settings *set, database_use use);

/* A snapshot; NULL after one line on stderr. */
resight_reader *database_reader(const settings *set, resight_db *db);

/* The bank of that name: RESIGHT_OK, or another status after one line on stderr. */
int database_bank(const settings *set, resight_reader *reader, const char *name, resight_bank *out);

/* What add and import fill when no bank is named. */
#define DEFAULT_BANK "known"

/* The bank, made with default policy when it is not there: RESIGHT_OK, or a failure after one line on stderr. */
int database_make_bank(const settings *set, resight_db *db, const char *name, resight_bank *out);

/*
 * The policy of --positive, --negative, --radius and --min-quality, over what a bank has. RESIGHT_E_ARG after one line
 * on stderr.
 */
int bank_apply(const settings *set, resight_bank *bank);

/* How to look media up, as the options say; bank: its id, or 0 for all. */
resight_matching database_matching(const settings *set, uint32_t bank);

/* A bank with default policy. The name is checked: RESIGHT_E_ARG after one line on stderr. */
int bank_init(const char *name, resight_bank *out);

/* The labels of --label in one block, owned by the caller. */
resight_label *labels_of(const settings *set);

/* The number of an entry as it is written on the command line: false after one line on stderr. */
bool parse_entry(const char *text, uint64_t *out);

/* One line on stderr about the database and the status, for the caller to return. */
int database_trouble(const settings *set, int status, const resight_error *error);

#endif
