/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes in hex, PDQ lists, vPDQ lines: what is printed is read back as it was. */
#include "fuzz.h"

#include <resight/exchange.h>
#include <stdlib.h>

static void check_hex(const char *text) {
    resight_hash hash, again;
    char hex[RESIGHT_HEX_LEN + 1];
    const int status = resight_hash_from_hex(text, &hash);
    PROPERTY(status == RESIGHT_OK || status < 0);
    if (status != RESIGHT_OK)
        return;
    resight_hash_to_hex(&hash, hex);
    PROPERTY(strlen(hex) == RESIGHT_HEX_LEN && strncasecmp(hex, text, RESIGHT_HEX_LEN) == 0);
    PROPERTY(resight_hash_from_hex(hex, &again) == RESIGHT_OK && memcmp(&hash, &again, sizeof hash) == 0);
}

static void check_list(const char *line, size_t length) {
    resight_list_row row = {0}, again;
    resight_error error = {""};
    const int status = resight_list_parse(line, &row, &error);
    PROPERTY(status == RESIGHT_OK || status == RESIGHT_END || (status == RESIGHT_E_FORMAT && error.text[0]));
    if (status != RESIGHT_OK)
        return;
    PROPERTY(!row.metadata || (row.metadata > line && row.metadata <= line + length));
    char hex[RESIGHT_HEX_LEN + 1];
    resight_hash_to_hex(&row.hash, hex);
    PROPERTY(resight_list_parse(hex, &again, NULL) == RESIGHT_OK && !again.metadata);
    PROPERTY(memcmp(&row.hash, &again.hash, sizeof row.hash) == 0);
}

/* A line is printed with milliseconds: it has to stay as it is from the first printing on. */
static void check_vpdq(const char *line) {
    resight_mark mark = {0}, again;
    resight_error error = {""};
    const int status = resight_vpdq_parse(line, &mark, &error);
    PROPERTY(status == RESIGHT_OK || status == RESIGHT_END || (status == RESIGHT_E_FORMAT && error.text[0]));
    if (status != RESIGHT_OK)
        return;
    char first[RESIGHT_VPDQ_LINE_MAX], second[RESIGHT_VPDQ_LINE_MAX];
    PROPERTY(mark.quality <= 100 && mark.frame_number >= 0 && mark.time_us >= -1);
    resight_vpdq_print(&mark, first);
    PROPERTY(resight_vpdq_parse(first, &again, NULL) == RESIGHT_OK);
    PROPERTY(memcmp(&mark.hash, &again.hash, sizeof mark.hash) == 0);
    PROPERTY(mark.frame_number == again.frame_number && mark.quality == again.quality);
    PROPERTY(mark.time_us < 0 || llabs(mark.time_us - again.time_us) <= 500);
    resight_vpdq_print(&again, second);
    PROPERTY(strcmp(first, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    char *line = malloc(size_bytes + 1);
    PROPERTY(line);
    if (size_bytes)
        memcpy(line, bytes, size_bytes);
    line[size_bytes] = '\0';
    check_hex(line);
    check_list(line, size_bytes);
    check_vpdq(line);
    free(line);
    return 0;
}
