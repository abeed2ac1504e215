/* SPDX-License-Identifier: Apache-2.0 */
/* A hash as a value: distance, complement, hex, and the names of the dialects. */
#include <resight/hash.h>

#include <string.h>

unsigned resight_hash_distance(const resight_hash *a, const resight_hash *b) {
    unsigned bits = 0;
    for (size_t i = 0; i < 4; i++)
        bits += (unsigned)__builtin_popcountll(a->w[i] ^ b->w[i]);
    return bits;
}

resight_hash resight_hash_complement(const resight_hash *hash) {
    return (resight_hash){{~hash->w[0], ~hash->w[1], ~hash->w[2], ~hash->w[3]}};
}

void resight_hash_to_hex(const resight_hash *hash, char out[RESIGHT_HEX_LEN + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < RESIGHT_HEX_LEN; i++) {
        const size_t nibble = RESIGHT_HEX_LEN - 1 - i;
        out[i] = digits[hash->w[nibble / 16] >> (4 * (nibble % 16)) & 15];
    }
    out[RESIGHT_HEX_LEN] = '\0';
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int resight_hash_from_hex(const char *text, resight_hash *out) {
    resight_hash hash = {{0}};
    for (size_t i = 0; i < RESIGHT_HEX_LEN; i++) {
        const int value = hex_value(text[i]);
        if (value < 0)
            return RESIGHT_E_FORMAT;
        const size_t nibble = RESIGHT_HEX_LEN - 1 - i;
        hash.w[nibble / 16] |= (uint64_t)value << (4 * (nibble % 16));
    }
    *out = hash;
    return RESIGHT_OK;
}

const char *resight_dialect_name(resight_dialect dialect) {
    switch (dialect) {
    case RESIGHT_PDQ: return "pdq";
    case RESIGHT_PDQ512: return "pdq512";
    }
    return "unknown";
}

int resight_dialect_from_name(const char *name, resight_dialect *out) {
    for (resight_dialect dialect = RESIGHT_PDQ; dialect <= RESIGHT_PDQ512; dialect++)
        if (strcmp(name, resight_dialect_name(dialect)) == 0) {
            *out = dialect;
            return RESIGHT_OK;
        }
    return RESIGHT_E_ARG;
}
