/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The .tmk file: little endian; "TMK1" "FVEC" "PDQF", then the frame rate, the numbers of periods, of coefficients, of
 * floats in a frame's feature and of frames; the periods; the coefficients; the mean; the cosine sums by period,
 * coefficient and float; the sine sums. Source: ThreatExchange, tmk/cpp/io/tmkiotypes.h and tmkio.cpp.
 */
#include "base/cleanup.h"
#include "tmk/parameters.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#define MAGIC "TMK1FVECPDQF"
#define MAGIC_BYTES 12
#define HEADER_BYTES 32
#define SUMS ((size_t)RESIGHT_TMK_PERIODS * RESIGHT_TMK_COEFFICIENTS * RESIGHT_PDQF_FLOATS)
/* The reference holds two files comparable whose coefficients differ by no more, relative to them: tmkfv.cpp. */
#define COEFFICIENT_TOLERANCE 1e-6f

_Static_assert(HEADER_BYTES + 4 * (RESIGHT_TMK_PERIODS + RESIGHT_TMK_COEFFICIENTS + RESIGHT_PDQF_FLOATS + 2 * SUMS) ==
                   RESIGHT_TMK_FILE_BYTES,
               "the parts of the file make its length");

/* ---- Packing --------------------------------------------------------------------------------- */

static uint8_t *put_u32(uint8_t *at, uint32_t value) {
    const uint32_t bytes = htole32(value);
    memcpy(at, &bytes, sizeof bytes);
    return at + sizeof bytes;
}

static uint8_t *put_floats(uint8_t *at, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        at = put_u32(at, bits);
    }
    return at;
}

void resight_tmk_pack(const resight_tmk *tmk, uint8_t out[RESIGHT_TMK_FILE_BYTES]) {
    const uint32_t numbers[] = {RESIGHT_TMK_FRAMES_PER_SECOND, RESIGHT_TMK_PERIODS, RESIGHT_TMK_COEFFICIENTS,
                                RESIGHT_PDQF_FLOATS, tmk->frame_count};
    memcpy(out, MAGIC, MAGIC_BYTES);
    uint8_t *at = out + MAGIC_BYTES;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        at = put_u32(at, numbers[i]);
    for (size_t i = 0; i < RESIGHT_TMK_PERIODS; i++)
        at = put_u32(at, (uint32_t)tmk_periods[i]);
    at = put_floats(at, tmk_coefficients, RESIGHT_TMK_COEFFICIENTS);
    at = put_floats(at, tmk->average, RESIGHT_PDQF_FLOATS);
    at = put_floats(at, tmk->cosine[0][0], SUMS);
    put_floats(at, tmk->sine[0][0], SUMS);
}

/* ---- Unpacking ------------------------------------------------------------------------------- */

static uint32_t get_u32(const uint8_t *at) {
    uint32_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return le32toh(bytes);
}

/* Returns where the floats end; NULL: one of them is not finite. */
static const uint8_t *get_floats(const uint8_t *at, float *values, size_t count) {
    for (size_t i = 0; i < count; i++, at += 4) {
        const uint32_t bits = get_u32(at);
        memcpy(&values[i], &bits, sizeof bits);
        if (!isfinite(values[i]))
            return NULL;
    }
    return at;
}

static int check_header(const uint8_t *bytes, size_t size_bytes, resight_error *error) {
    static const struct {
        const char *what;
        uint32_t value;
    } wanted[] = {
        {"frames a second", RESIGHT_TMK_FRAMES_PER_SECOND},
        {"periods", RESIGHT_TMK_PERIODS},
        {"Fourier coefficients", RESIGHT_TMK_COEFFICIENTS},
        {"floats in a frame's feature", RESIGHT_PDQF_FLOATS},
    };
    if (size_bytes < HEADER_BYTES || memcmp(bytes, MAGIC, 8) != 0)
        return resight_fail(error, RESIGHT_E_FORMAT, "not a .tmk file: it does not begin with TMK1FVEC");
    if (memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "TMK of another frame feature than PDQF");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const uint32_t got = get_u32(bytes + MAGIC_BYTES + 4 * i);
        if (got != wanted[i].value)
            return resight_fail(error, RESIGHT_E_UNSUPPORTED, "TMK with %u %s: expected %u", got, wanted[i].what,
                                wanted[i].value);
    }
    if (size_bytes != RESIGHT_TMK_FILE_BYTES)
        return resight_fail(error, RESIGHT_E_FORMAT, "a .tmk file of %zu bytes: expected %d", size_bytes,
                            RESIGHT_TMK_FILE_BYTES);
    return RESIGHT_OK;
}

static int check_parameters(const uint8_t *at, resight_error *error) {
    for (size_t i = 0; i < RESIGHT_TMK_PERIODS; i++, at += 4)
        if (get_u32(at) != (uint32_t)tmk_periods[i])
            return resight_fail(error, RESIGHT_E_UNSUPPORTED, "TMK with a period of %u frames: expected %d",
                                get_u32(at), tmk_periods[i]);
    float got[RESIGHT_TMK_COEFFICIENTS];
    if (!get_floats(at, got, RESIGHT_TMK_COEFFICIENTS))
        return resight_fail(error, RESIGHT_E_FORMAT, "a Fourier coefficient is not a finite number");
    for (size_t j = 0; j < RESIGHT_TMK_COEFFICIENTS; j++)
        if (fabsf(got[j] - tmk_coefficients[j]) > COEFFICIENT_TOLERANCE * tmk_coefficients[j])
            return resight_fail(error, RESIGHT_E_UNSUPPORTED, "TMK with Fourier coefficient %zu of %g: expected %g", j,
                                (double)got[j], (double)tmk_coefficients[j]);
    return RESIGHT_OK;
}

int resight_tmk_unpack(const void *bytes, size_t size_bytes, resight_tmk *out, resight_error *error) {
    const uint8_t *at = bytes;
    int status = check_header(at, size_bytes, error);
    if (status == RESIGHT_OK)
        status = check_parameters(at + HEADER_BYTES, error);
    if (status != RESIGHT_OK)
        return status;
    CLEANUP_FREE resight_tmk *got = malloc(sizeof *got);
    if (!got)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a TMK signature");
    got->frame_count = get_u32(at + HEADER_BYTES - 4);
    at += HEADER_BYTES + 4 * (RESIGHT_TMK_PERIODS + RESIGHT_TMK_COEFFICIENTS);
    at = get_floats(at, got->average, RESIGHT_PDQF_FLOATS);
    at = at ? get_floats(at, got->cosine[0][0], SUMS) : NULL;
    at = at ? get_floats(at, got->sine[0][0], SUMS) : NULL;
    if (!at)
        return resight_fail(error, RESIGHT_E_FORMAT, "a value of the .tmk file is not a finite number");
    *out = *got;
    return RESIGHT_OK;
}

/* ---- Files ----------------------------------------------------------------------------------- */

int resight_tmk_read(const char *path, resight_tmk *out, resight_error *error) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    size_t got = 0;
    int status = resight_source_open_path(path, &source, error);
    if (status != RESIGHT_OK)
        return status;
    if (resight_source_size(source) > RESIGHT_TMK_FILE_BYTES)
        return resight_fail(error, RESIGHT_E_FORMAT, "a .tmk file of %llu bytes: expected %d",
                            (unsigned long long)resight_source_size(source), RESIGHT_TMK_FILE_BYTES);
    CLEANUP_FREE uint8_t *bytes = malloc(RESIGHT_TMK_FILE_BYTES);
    if (!bytes)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a .tmk file");
    status = resight_source_read(source, 0, bytes, RESIGHT_TMK_FILE_BYTES, &got, error);
    return status == RESIGHT_OK ? resight_tmk_unpack(bytes, got, out, error) : status;
}

int resight_tmk_write(const char *path, const resight_tmk *tmk, resight_error *error) {
    CLEANUP_FREE uint8_t *bytes = malloc(RESIGHT_TMK_FILE_BYTES);
    if (!bytes)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a .tmk file");
    resight_tmk_pack(tmk, bytes);
    CLEANUP_FILE FILE *file = fopen(path, "wbxe");
    if (!file)
        return resight_fail(error, RESIGHT_E_IO, "cannot be written: %s", strerror(errno));
    const bool whole = fwrite(bytes, 1, RESIGHT_TMK_FILE_BYTES, file) == RESIGHT_TMK_FILE_BYTES;
    const bool closed = fclose(STEAL(file)) == 0;
    return whole && closed ? RESIGHT_OK
                           : resight_fail(error, RESIGHT_E_IO, "cannot be written whole: %s", strerror(errno));
}
