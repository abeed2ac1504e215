/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .tmk file: the input as it is, or a sound one that the input changes and cuts. What is unpacked packs to the same
 * bytes, the constants of the format aside, and its scores are numbers.
 */
#include "fuzz.h"

#include <math.h>
#include <resight/tmk.h>
#include <stdlib.h>

/* Of the file: the Fourier coefficients, which are compared with a tolerance and then ours. */
#define COEFFICIENTS_AT (32 + 4 * RESIGHT_TMK_PERIODS)
#define COEFFICIENTS_END (COEFFICIENTS_AT + 4 * RESIGHT_TMK_COEFFICIENTS)

static uint8_t sound[RESIGHT_TMK_FILE_BYTES];
static resight_tmk sound_tmk;

static void make_sound(void) {
    resight_tmk_maker *maker = NULL;
    float pdqf[RESIGHT_PDQF_FLOATS];
    PROPERTY(resight_tmk_maker_new(&maker) == RESIGHT_OK);
    resight_tmk_maker_start(maker, 0);
    for (int frame = 0; frame < 5; frame++) {
        for (int k = 0; k < RESIGHT_PDQF_FLOATS; k++)
            pdqf[k] = (float)((frame * 31 + k * 17) % 101 - 50);
        resight_tmk_maker_feature(maker, pdqf);
    }
    PROPERTY(resight_tmk_maker_finish(maker, &sound_tmk) == RESIGHT_OK);
    resight_tmk_maker_free(&maker);
    resight_tmk_pack(&sound_tmk, sound);
}

static void check_scores(const resight_tmk *a, const resight_tmk *b) {
    const double level1 = resight_tmk_level1(a, b), level2 = resight_tmk_level2(a, b);
    PROPERTY(fabs(level1) <= 1 + 1e-9 && level1 == resight_tmk_level1(b, a));
    PROPERTY(isfinite(level2) && level2 == resight_tmk_level2(a, b));
}

static void check(const uint8_t *bytes, size_t size_bytes, bool scores) {
    static resight_tmk first, second;
    static uint8_t packed[RESIGHT_TMK_FILE_BYTES];
    resight_error error = {""};
    const int status = resight_tmk_unpack(bytes, size_bytes, &first, &error);
    if (status != RESIGHT_OK) {
        PROPERTY((status == RESIGHT_E_FORMAT || status == RESIGHT_E_UNSUPPORTED) && error.text[0]);
        return;
    }
    PROPERTY(size_bytes == RESIGHT_TMK_FILE_BYTES);
    resight_tmk_pack(&first, packed);
    PROPERTY(memcmp(packed, bytes, COEFFICIENTS_AT) == 0);
    PROPERTY(memcmp(packed + COEFFICIENTS_END, bytes + COEFFICIENTS_END, sizeof packed - COEFFICIENTS_END) == 0);
    PROPERTY(resight_tmk_unpack(packed, sizeof packed, &second, NULL) == RESIGHT_OK);
    PROPERTY(memcmp(&first, &second, sizeof first) == 0);
    if (scores)
        check_scores(&first, &sound_tmk);
}

/* Four bytes at a time: near the front, where the counts are, or anywhere. */
static void check_changed(fuzz_input *in, uint8_t how) {
    uint8_t *bytes = malloc(RESIGHT_TMK_FILE_BYTES);
    size_t size_bytes = RESIGHT_TMK_FILE_BYTES;
    PROPERTY(bytes);
    memcpy(bytes, sound, sizeof sound);
    if (how & 4)
        size_bytes -= take16(in);
    while (in->left > 0) {
        uint8_t where[3];
        take(in, where, sizeof where);
        const size_t far = (size_t)where[0] << 16 | (size_t)where[1] << 8 | where[2];
        take(in, bytes + (how & 2 ? far % (sizeof sound / 4) * 4 : where[2]), 4);
    }
    uint8_t *exact = realloc(bytes, size_bytes);
    PROPERTY(exact);
    check(exact, size_bytes, how & 8);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    if (sound_tmk.frame_count == 0)
        make_sound();
    const uint8_t how = take8(&in);
    if (how & 1)
        check(in.bytes, in.left, true);
    else
        check_changed(&in, how);
    return 0;
}
