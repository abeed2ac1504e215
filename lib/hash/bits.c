/* SPDX-License-Identifier: Apache-2.0 */
/* The last step: which coefficients lie above their median. And what turning a picture does to them. */
#include "hash/bits.h"

#include <stdbool.h>
#include <string.h>

#define COEFFICIENTS 256
/* The lower median of 256 numbers, counted from 0: pdq/cpp/hashing/torben.cpp. */
#define MEDIAN_RANK 127

/* Hoare's selection: narrow [from, to] until only the rank is left. */
static float select_rank(float v[COEFFICIENTS], size_t rank) {
    size_t from = 0, to = COEFFICIENTS - 1;
    while (from < to) {
        const float pivot = v[from + (to - from) / 2];
        size_t i = from, j = to;
        while (true) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            const float swapped = v[i];
            v[i++] = v[j];
            v[j--] = swapped;
        }
        if (rank <= j)
            to = j;
        else
            from = j + 1;
    }
    return v[rank];
}

resight_hash bits_above_median(const resight_dct16 *dct) {
    float sorted[COEFFICIENTS];
    memcpy(sorted, dct->freq, sizeof sorted);
    const float median = select_rank(sorted, MEDIAN_RANK);
    resight_hash hash = {{0}};
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < 16; j++)
            if (dct->freq[i][j] > median)
                hash.w[i / 4] |= (uint64_t)1 << (16 * (i % 4) + j);
    return hash;
}

/*
 * Mirroring an axis negates the odd frequencies along it, and row 0 here is frequency 1; swapping the axes transposes.
 * pdq/cpp/hashing/pdqhashing.cpp, dct16OriginalToRotate90 and its seven siblings.
 */
void dct_turned(const resight_dct16 *dct, resight_transform transform, resight_dct16 *out) {
    static const struct {
        bool swap, mirror_x, mirror_y; /* of the result */
    } turns[RESIGHT_TRANSFORMS] = {
        [RESIGHT_ORIGINAL] = {false, false, false},   [RESIGHT_ROTATE_90] = {true, false, true},
        [RESIGHT_ROTATE_180] = {false, true, true},   [RESIGHT_ROTATE_270] = {true, true, false},
        [RESIGHT_FLIP_X] = {false, false, true},      [RESIGHT_FLIP_Y] = {false, true, false},
        [RESIGHT_FLIP_PLUS_1] = {true, false, false}, [RESIGHT_FLIP_MINUS_1] = {true, true, true},
    };
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < 16; j++) {
            const float value = turns[transform].swap ? dct->freq[j][i] : dct->freq[i][j];
            const bool negate = (turns[transform].mirror_y && i % 2 == 0) != (turns[transform].mirror_x && j % 2 == 0);
            out->freq[i][j] = negate ? -value : value;
        }
}
