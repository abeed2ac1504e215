/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of PDQ hashes, one a line. Source: ThreatExchange, pdq/cpp/io/hashio.h. */
#include <resight/exchange.h>

#include <string.h>

static const char prefix[] = "hash=";

/* The column of the first character that is no hex digit, from 1. */
static unsigned long bad_column(const char *line, const char *hex) {
    return (unsigned long)(hex - line) + strspn(hex, "0123456789abcdefABCDEF") + 1;
}

int resight_list_parse(const char *line, resight_list_row *out, resight_error *error) {
    const char *hex = line;
    resight_hash hash;
    if (line[strspn(line, " \t\r")] == 0 || line[0] == '#')
        return RESIGHT_END;
    if (line[0] == RESIGHT_APPROXIMATELY)
        return resight_fail(error, RESIGHT_E_FORMAT, "an approximate hash; expected an exact one");
    if (strncmp(hex, prefix, sizeof prefix - 1) == 0)
        hex += sizeof prefix - 1;
    if (resight_hash_from_hex(hex, &hash) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_FORMAT, "column %lu: expected %d hex digits", bad_column(line, hex),
                            RESIGHT_HEX_LEN);
    const char *end = hex + RESIGHT_HEX_LEN;
    const bool alone = end[0] == 0 || (end[0] == '\r' && end[1] == 0);
    if (!alone && end[0] != ',')
        return resight_fail(error, RESIGHT_E_FORMAT, "column %lu: expected a comma or the end after the hash",
                            (unsigned long)(end - line) + 1);
    *out = (resight_list_row){hash, alone ? NULL : end + 1};
    return RESIGHT_OK;
}
