/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for the commands: one object a line, keys in the order they were set. Built with jansson. */
#ifndef RESIGHT_CLI_JSON_H
#define RESIGHT_CLI_JSON_H

#include <jansson.h>
#include <resight/db.h>
#include <stdio.h>

/* A string from outside: bytes that are not UTF-8 become U+FFFD, for JSON can hold no others. */
json_t *json_name(const char *text);

json_t *json_hash(const resight_hash *hash);
json_t *json_digest(const uint8_t sha256[32]);

/* {"path": PATH, "error": TEXT}; the first key is given. */
json_t *json_failure(const char *key, const char *path, const char *text);

/* Print on one line with a newline, and free. */
void print_json(FILE *out, json_t *object);

#endif
