/* SPDX-License-Identifier: Apache-2.0 */
/* What jansson does not have: strings that may not be UTF-8, and the line. */
#include "json.h"

#include "base/cleanup.h"
#include "memory.h"
#include "text.h"
#include <string.h>

/* Length of the UTF-8 character at the start, or 0 when there is none: jansson is the judge. */
static size_t character(const char *text, size_t left) {
    for (size_t length = 1; length <= 4 && length <= left; length++) {
        json_t *probe = json_stringn(text, length);
        if (probe) {
            json_decref(probe);
            return length;
        }
    }
    return 0;
}

json_t *json_name(const char *text) {
    static const char replacement[] = "\xef\xbf\xbd";
    json_t *plain = json_string(text);
    if (plain)
        return plain;
    size_t left = strlen(text), used = 0;
    CLEANUP_FREE char *fixed = must_have(left + 1, sizeof replacement);
    while (left > 0) {
        const size_t length = character(text, left), step = length ? length : 1;
        memcpy(fixed + used, length ? text : replacement, length ? length : sizeof replacement - 1);
        used += length ? length : sizeof replacement - 1;
        text += step;
        left -= step;
    }
    return json_stringn(fixed, used);
}

json_t *json_hash(const resight_hash *hash) {
    char hex[RESIGHT_HEX_LEN + 1];
    resight_hash_to_hex(hash, hex);
    return json_string(hex);
}

json_t *json_digest(const uint8_t sha256[32]) {
    char hex[65];
    format_sha256(sha256, hex);
    return json_string(hex);
}

json_t *json_failure(const char *key, const char *path, const char *text) {
    json_t *record = json_object();
    json_object_set_new(record, key, json_name(path));
    json_object_set_new(record, "error", json_name(text));
    return record;
}

void print_json(FILE *out, json_t *object) {
    json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(10));
    putc('\n', out);
    json_decref(object);
}
