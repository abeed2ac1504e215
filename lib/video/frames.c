/* SPDX-License-Identifier: Apache-2.0 */
/* An opened file to marks: where decoding and hashing meet. A still is a video of one frame. */
#include <resight/video.h>

static resight_mark mark_of(const resight_frame *frame, const resight_pdq *pdq, resight_dialect dialect,
                            resight_transform transform) {
    return (resight_mark){
        .hash = pdq->hash,
        .time_us = frame->time_us,
        .frame_number = frame->number < INT32_MAX ? (int32_t)frame->number : INT32_MAX,
        .quality = (uint8_t)pdq->quality,
        .dialect = (uint8_t)dialect,
        .transform = (uint8_t)transform,
        .view = (uint8_t)frame->view,
    };
}

/* The hashes of one frame: pdq[0], or all eight. */
static int hash_frame(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                      resight_turning turning, resight_pdq pdq[RESIGHT_TRANSFORMS]) {
    switch (turning) {
    case RESIGHT_AS_STORED: return resight_hasher_pdq(hasher, image, dialect, pdq);
    case RESIGHT_TURNED: return resight_hasher_turned(hasher, image, dialect, pdq);
    case RESIGHT_DERIVED: return resight_hasher_dihedral(hasher, image, dialect, pdq);
    }
    return RESIGHT_E_ARG;
}

int resight_hash_frames(resight_decoder *decoder, resight_hasher *hasher, resight_dialect dialect,
                        resight_turning turning, resight_mark_sink sink, void *user, resight_error *error) {
    const unsigned transforms = turning == RESIGHT_AS_STORED ? 1 : RESIGHT_TRANSFORMS;
    resight_frame frame;
    int status;
    while ((status = resight_decoder_next(decoder, &frame, error)) == RESIGHT_OK) {
        resight_pdq pdq[RESIGHT_TRANSFORMS];
        status = hash_frame(hasher, &frame.image, dialect, turning, pdq);
        if (status != RESIGHT_OK)
            return resight_fail(error, status, "hashing a %ux%u frame: %s", frame.image.width_px, frame.image.height_px,
                                resight_status_name(status));
        for (unsigned t = 0; t < transforms; t++) {
            const resight_mark mark = mark_of(&frame, &pdq[t], dialect, (resight_transform)t);
            status = sink(user, &mark);
            if (status != RESIGHT_OK)
                return status;
        }
    }
    return status == RESIGHT_END ? RESIGHT_OK : status;
}
