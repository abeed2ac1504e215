/* SPDX-License-Identifier: Apache-2.0 */
/* Words for people: one-line complaints, and names from outside made safe to print. */
#ifndef RESIGHT_CLI_TEXT_H
#define RESIGHT_CLI_TEXT_H

#include <resight/status.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One line on stderr: "resight: SUBJECT: text"; without the subject when it is NULL, for texts that hold it. Subject
 * and text may hold anything: control characters are escaped. */
void complain(const char *subject, const char *format, ...) RESIGHT_PRINTF(2, 3);
void vcomplain(const char *subject, const char *format, va_list args) RESIGHT_PRINTF(2, 0);

/* A name from outside, with what is not UTF-8 or a control as \xNN: it can neither break a line nor speak to a
 * terminal. */
void print_name(FILE *out, const char *name);

/* Seconds with three decimals: "12.340". */
void print_seconds(FILE *out, int64_t time_us);

/* A moment as "2026-01-31 12:34:56 UTC". */
void print_date(FILE *out, int64_t unix_us);

/* A share of a whole, as "12.5 %"; of nothing, "0.0 %". */
void print_share(FILE *out, uint64_t part, uint64_t whole);

/* Exactly 64 hex digits to 32 bytes, and back. */
bool parse_sha256(const char *text, uint8_t out[32]);
void format_sha256(const uint8_t digest[32], char out[65]);

#endif
