/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a region, if there is enough in it to know it by. */
#include <resight/region.h>
#include <stdlib.h>
#include <string.h>

#define SIDE RESIGHT_REDUCED_SIDE_PX
/* What PDQ sees of 64x64 are its sixteen lowest frequencies: detail is looked for at 32x32, where thin lines, of which
 * tables and frames are made, have faded. */
#define COARSE (SIDE / 2)
/* Neighbours that differ by this much are detail; noise and JPEG, averaged, stay below. */
#define DETAIL_LEVELS 8

static void coarsen(const uint8_t px[SIDE * SIDE], int out[COARSE][COARSE]) {
    for (size_t y = 0; y < COARSE; y++)
        for (size_t x = 0; x < COARSE; x++) {
            const uint8_t *p = px + 2 * y * SIDE + 2 * x;
            out[y][x] = (p[0] + p[1] + p[SIDE] + p[SIDE + 1]) / 4;
        }
}

/* Pairs of neighbours that differ: along rows or along columns, whichever are fewer. */
static int detail(const uint8_t px[SIDE * SIDE]) {
    int coarse[COARSE][COARSE], along_rows = 0, along_columns = 0;
    coarsen(px, coarse);
    for (size_t i = 0; i < COARSE; i++)
        for (size_t j = 1; j < COARSE; j++) {
            along_rows += abs(coarse[i][j] - coarse[i][j - 1]) >= DETAIL_LEVELS;
            along_columns += abs(coarse[j][i] - coarse[j - 1][i]) >= DETAIL_LEVELS;
        }
    return along_rows < along_columns ? along_rows : along_columns;
}

int resight_region_pdq(resight_hasher *hasher, const resight_image *region, resight_pdq out[RESIGHT_TRANSFORMS]) {
    uint8_t px[SIDE * SIDE];
    resight_image reduced;
    resight_pdq turned[RESIGHT_TRANSFORMS];
    int status = resight_image_reduce(region, px, &reduced);
    if (status != RESIGHT_OK)
        return status;
    if (detail(px) < RESIGHT_REGION_MIN_DETAIL)
        return RESIGHT_NOT_FOUND;
    status = resight_hasher_turned(hasher, &reduced, RESIGHT_PDQ, turned);
    if (status != RESIGHT_OK)
        return status;
    if (turned[RESIGHT_ORIGINAL].quality < RESIGHT_REGION_MIN_QUALITY)
        return RESIGHT_NOT_FOUND;
    memcpy(out, turned, sizeof turned);
    return RESIGHT_OK;
}
