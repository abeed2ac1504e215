/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a thumbnail to marks. */
#include <resight/video.h>

int resight_part_marks(resight_hasher *hasher, const resight_thumbnail *thumbnail, resight_rect part, resight_view kind,
                       resight_mark out[RESIGHT_TRANSFORMS]) {
    resight_pdq pdq[RESIGHT_TRANSFORMS];
    const resight_image region = resight_image_part(&thumbnail->image, part);
    const int status = resight_region_pdq(hasher, &region, pdq);
    for (unsigned t = 0; status == RESIGHT_OK && t < RESIGHT_TRANSFORMS; t++)
        out[t] = (resight_mark){
            .hash = pdq[t].hash,
            .time_us = thumbnail->time_us,
            .quality = (uint8_t)pdq[t].quality,
            .dialect = RESIGHT_PDQ,
            .transform = (uint8_t)t,
            .view = (uint8_t)(thumbnail->view | RESIGHT_VIEW_REDUCED | kind),
        };
    return status;
}
