/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to one query of `match`, printed. */
#ifndef RESIGHT_CLI_ANSWER_H
#define RESIGHT_CLI_ANSWER_H

#include <resight/match.h>
#include <stdio.h>

typedef struct answer_style {
    bool json;
    size_t top;           /* of so many items */
    uint32_t min_quality; /* of the query's marks: less was not looked up */
} answer_style;

/*
 * One JSON object, or a line for each item.
 *
 * kind: of the query, "hash" or as resight_media_kind_name()
 * state: of what appears in a stream; NULL: the answer is for the whole
 */
void print_answer(FILE *out, const answer_style *style, const char *name, const char *kind, const resight_subject *what,
                  const resight_answer *got, const char *state, bool damaged);

#endif
