/* SPDX-License-Identifier: Apache-2.0 */
/* What was found, in words and as JSON: `match` and `explain` say it the same way. */
#ifndef RESIGHT_CLI_FOUND_H
#define RESIGHT_CLI_FOUND_H

#include <jansson.h>
#include <resight/match.h>
#include <stdio.h>

/* One known item, as an object of the caller's. what: the query it was found in. */
json_t *json_found(const resight_found *item, const resight_subject *what);

/* What negative banks took away, as an array of the caller's. */
json_t *json_suppressors(const resight_answer *got);

/* One known item in a line: "NAME: STATE: BANK entry N ITEM, 6 bits, flipy, ...". name: the query's; state: of what
 * appears in a stream, else NULL. */
void print_found(FILE *out, const char *name, const resight_found *item, const resight_subject *what,
                 const resight_answer *got, const char *state);

/* "NAME: no match", and why, where that is known. min_quality: less than it was not looked up. */
void print_nothing_found(FILE *out, const char *name, const resight_answer *got, uint32_t min_quality);

#endif
