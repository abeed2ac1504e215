/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of pdq_synthetic.csv: pictures by formula, hashes by the reference C++ implementation of PDQ. Bit for bit,
 * at every instruction-set level that this build and processor have.
 */
#include "patterns.h"
#include <criterion/criterion.h>
#include <resight/hash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 15

typedef struct row {
    char *field[FIELDS];
    int number;
} row;

static int split(char *line, row *out) {
    line[strcspn(line, "\r\n")] = '\0';
    for (int i = 0; i < FIELDS; i++) {
        out->field[i] = line;
        char *comma = strchr(line, ',');
        if (!comma)
            return i == FIELDS - 1 ? 0 : -1;
        *comma = '\0';
        line = comma + 1;
    }
    return -1;
}

static void expect_hash(const row *r, unsigned transform, const resight_pdq *got) {
    char hex[RESIGHT_HEX_LEN + 1];
    resight_hash_to_hex(&got->hash, hex);
    cr_expect_str_eq(hex, r->field[7 + transform], "row %d (%s %sx%sx%s %s) %s", r->number, r->field[0], r->field[2],
                     r->field[3], r->field[4], r->field[5], resight_transform_name((resight_transform)transform));
    cr_expect_eq(got->quality, atoi(r->field[6]), "row %d: quality %d, expected %s", r->number, got->quality,
                 r->field[6]);
}

static void check_row(resight_hasher *hasher, const row *r) {
    const uint32_t width = (uint32_t)atol(r->field[2]), height = (uint32_t)atol(r->field[3]);
    const uint32_t channels = (uint32_t)atol(r->field[4]);
    uint8_t *px = malloc((size_t)width * height * channels);
    cr_assert_eq(pattern_fill(r->field[0], (uint32_t)strtoul(r->field[1], NULL, 10), width, height, channels, px), 0);
    const resight_image image = {px, width, height, (size_t)width * channels,
                                 channels == 1 ? RESIGHT_GRAY8 : RESIGHT_RGB24};
    resight_dialect dialect;
    cr_assert_eq(resight_dialect_from_name(r->field[5], &dialect), RESIGHT_OK);

    resight_pdq pdq, eight[RESIGHT_TRANSFORMS];
    cr_assert_eq(resight_hasher_pdq(hasher, &image, dialect, &pdq), RESIGHT_OK);
    expect_hash(r, RESIGHT_ORIGINAL, &pdq);
    cr_assert_eq(resight_hasher_dihedral(hasher, &image, dialect, eight), RESIGHT_OK);
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++)
        if (*r->field[7 + t]) /* 64x64 has only the first */
            expect_hash(r, t, &eight[t]);
    free(px);
}

static int check_level(resight_cpu cpu) {
    resight_hasher *hasher = NULL;
    cr_assert_eq(resight_hasher_new(cpu, &hasher), RESIGHT_OK);
    FILE *csv = fopen(TEST_SOURCE_DIR "/golden/pdq_synthetic.csv", "r");
    cr_assert_not_null(csv);
    char line[2048];
    int rows = 0;
    cr_assert_not_null(fgets(line, sizeof line, csv)); /* the header */
    for (row r = {.number = 2}; fgets(line, sizeof line, csv); r.number++, rows++) {
        cr_assert_eq(split(line, &r), 0, "row %d", r.number);
        check_row(hasher, &r);
    }
    fclose(csv);
    resight_hasher_free(&hasher);
    return rows;
}

Test(golden, synthetic_pictures_hash_as_in_the_reference) {
    for (resight_cpu cpu = RESIGHT_CPU_SCALAR; cpu <= RESIGHT_CPU_AVX512; cpu++)
        if (resight_cpu_available(cpu))
            cr_expect_eq(check_level(cpu), 198);
}
