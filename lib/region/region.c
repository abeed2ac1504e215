/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a region, if there is enough in it to know it by. */
#include <resight/region.h>
#include <stdlib.h>

int resight_region_pdq(resight_hasher *hasher, const resight_image *region, resight_pdq out[RESIGHT_TRANSFORMS]) {
    uint8_t px[RESIGHT_REDUCED_SIDE_PX * RESIGHT_REDUCED_SIDE_PX];
    resight_image reduced;
    int status = resight_image_reduce(region, px, &reduced);
    if (status != RESIGHT_OK)
        return status;
    resight_pdq turned[RESIGHT_TRANSFORMS];
    status = resight_hasher_turned(hasher, &reduced, RESIGHT_PDQ, turned);
    if (status != RESIGHT_OK)
        return status;
    if (turned[0].quality < (getenv("MINQ") ? atoi(getenv("MINQ")) : 50))
        return RESIGHT_NOT_FOUND;
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++)
        out[t] = turned[t];
    return RESIGHT_OK;
}
