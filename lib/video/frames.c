/* SPDX-License-Identifier: Apache-2.0 */
/* An opened file to marks and thumbnails: where decoding and hashing meet. A still is a video of one frame. */
#include "base/cleanup.h"
#include "video/moved.h"
#include <resight/video.h>
#include <stdlib.h>

typedef struct marker {
    resight_hasher *hasher;
    const resight_marking *how;
    const resight_sink *sink;
    resight_error *error;
    resight_hash scene; /* of the last frame that got a thumbnail */
    int64_t scene_us;   /* its time */
    bool has_scene;
    uint8_t *px;  /* RESIGHT_THUMBNAIL_BYTES_MAX; NULL: no thumbnails are asked for */
    buffer moved; /* an approximate picture */
} marker;

static void free_pixels(marker *m) {
    free(m->px);
    buffer_free(&m->moved);
}

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

static int failed(const marker *m, const resight_frame *frame, int status) {
    return resight_fail(m->error, status, "hashing a %ux%u frame: %s", frame->image.width_px, frame->image.height_px,
                        resight_status_name(status));
}

/* The hashes of one picture: pdq[0], or all eight. */
static int hash_picture(const marker *m, const resight_image *image, resight_pdq pdq[RESIGHT_TRANSFORMS]) {
    switch (m->how->turning) {
    case RESIGHT_AS_STORED: return resight_hasher_pdq(m->hasher, image, m->how->dialect, pdq);
    case RESIGHT_TURNED: return resight_hasher_turned(m->hasher, image, m->how->dialect, pdq);
    case RESIGHT_DERIVED: return resight_hasher_dihedral(m->hasher, image, m->how->dialect, pdq);
    }
    return RESIGHT_E_ARG;
}

/* The same of a picture that was decoded at a part of its size. Moving comes after turning. */
static int hash_approximate(marker *m, const resight_image *image, resight_pdq pdq[RESIGHT_TRANSFORMS]) {
    const unsigned count = m->how->turning == RESIGHT_TURNED ? RESIGHT_TRANSFORMS : 1;
    resight_image moved;
    int status = RESIGHT_OK;
    for (unsigned t = 0; t < count && status == RESIGHT_OK; t++) {
        status = picture_moved(image, (resight_transform)t, &m->moved, &moved);
        if (status == RESIGHT_OK && m->how->turning == RESIGHT_DERIVED)
            status = resight_hasher_dihedral(m->hasher, &moved, m->how->dialect, pdq);
        else if (status == RESIGHT_OK)
            status = resight_hasher_pdq(m->hasher, &moved, m->how->dialect, &pdq[t]);
    }
    return status;
}

/* first is the hash of the picture as it stands. */
static int mark_picture(marker *m, const resight_frame *frame, resight_hash *first) {
    resight_pdq pdq[RESIGHT_TRANSFORMS];
    const bool small = frame->view & RESIGHT_VIEW_APPROXIMATE && !(frame->view & RESIGHT_VIEW_REDUCED);
    int status = small ? hash_approximate(m, &frame->image, pdq) : hash_picture(m, &frame->image, pdq);
    if (status != RESIGHT_OK)
        return failed(m, frame, status);
    const unsigned count = m->how->turning == RESIGHT_AS_STORED ? 1 : RESIGHT_TRANSFORMS;
    for (unsigned t = 0; t < count && status == RESIGHT_OK; t++) {
        const resight_mark mark = mark_of(frame, &pdq[t], m->how->dialect, (resight_transform)t);
        status = m->sink->mark(m->sink->user, &mark);
    }
    *first = pdq[RESIGHT_ORIGINAL].hash;
    return status;
}

static int mark_reduced(marker *m, const resight_frame *frame) {
    uint8_t px[RESIGHT_REDUCED_SIDE_PX * RESIGHT_REDUCED_SIDE_PX];
    resight_hash first;
    resight_frame reduced = *frame;
    reduced.view |= RESIGHT_VIEW_REDUCED;
    if (frame->image.width_px < RESIGHT_MIN_SIDE_PX || frame->image.height_px < RESIGHT_MIN_SIDE_PX)
        return RESIGHT_OK; /* too small to be hashed stays too small */
    const int status = resight_image_reduce(&frame->image, px, &reduced.image);
    return status == RESIGHT_OK ? mark_picture(m, &reduced, &first) : failed(m, frame, status);
}

/* Does the frame show what the last thumbnail did, or come too soon after it? The views of a still are at one time. */
static bool is_old(const marker *m, const resight_frame *frame, const resight_hash *hash) {
    return m->has_scene && frame->time_us > 0 &&
           (frame->time_us < m->scene_us + RESIGHT_SCENE_US ||
            resight_hash_distance(hash, &m->scene) <= RESIGHT_DEFAULT_RADIUS_BITS);
}

static int show(marker *m, const resight_frame *frame, const resight_hash *hash) {
    if (is_old(m, frame, hash))
        return RESIGHT_OK;
    m->scene = *hash;
    m->scene_us = frame->time_us;
    m->has_scene = true;
    resight_thumbnail small = {.time_us = frame->time_us, .view = frame->view};
    const int status = resight_image_thumbnail(&frame->image, m->px, &small.image);
    return status == RESIGHT_OK ? m->sink->thumbnail(m->sink->user, &small) : failed(m, frame, status);
}

static int hash_frame(marker *m, const resight_frame *frame) {
    resight_hash hash;
    int status = mark_picture(m, frame, &hash);
    if (status == RESIGHT_OK && m->how->reduced)
        status = mark_reduced(m, frame);
    if (status == RESIGHT_OK && m->px)
        status = show(m, frame, &hash);
    return status;
}

int resight_hash_frames(resight_decoder *decoder, resight_hasher *hasher, const resight_marking *how,
                        const resight_sink *sink, resight_error *error) {
    CLEANUP(free_pixels) marker m = {.hasher = hasher, .how = how, .sink = sink, .error = error};
    if (sink->thumbnail && !(m.px = malloc(RESIGHT_THUMBNAIL_BYTES_MAX)))
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a thumbnail");
    resight_frame frame;
    int status;
    while ((status = resight_decoder_next(decoder, &frame, error)) == RESIGHT_OK)
        if ((status = hash_frame(&m, &frame)) != RESIGHT_OK)
            return status;
    return status == RESIGHT_END ? RESIGHT_OK : status;
}
