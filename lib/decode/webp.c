/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Animated WebP by libwebpdemux, which composes the canvas of each frame. Still WebP goes to FFmpeg, as in builds
 * without this library, so that a still has the same hash in both.
 */
#include "decode/backend.h"
#include "decode/chunks.h"
#include "decode/sampling.h"
#include "decode/structure.h"
#include <stdio.h>
#include <stdlib.h>
#include <webp/demux.h>

/* 10 frames a second, as browsers play an animation that gives no times. */
#define DEFAULT_FRAME_US 100000

typedef struct webp_state {
    const media *file;
    WebPAnimDecoder *codec;
    buffer mended; /* a file that breaks off, up to its last whole frame */
    WebPData data;
    uint32_t width_px, height_px;
    int shown_ms; /* when the next frame is shown */
    sampling sampling;
    bool damaged;
} webp_state;

static int webp_create(void **out) {
    *out = calloc(1, sizeof(webp_state));
    return *out ? RESIGHT_OK : RESIGHT_E_NOMEM;
}

static uint32_t little24(const uint8_t *p) {
    return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* The canvas as VP8X gives it, which animated_webp() has seen to be there. */
static int check_canvas(webp_state *state, resight_error *error) {
    const media *file = state->file;
    const resight_limits *limits = &file->options->limits;
    chunk_walk walk = riff_chunks(file->bytes, file->size_bytes);
    chunk header;
    if (!riff_chunk_next(&walk, &header) || header.size_bytes < 10)
        return resight_fail(error, RESIGHT_E_FORMAT, "webp: no header of an animation");
    state->width_px = little24(header.data + 4) + 1;
    state->height_px = little24(header.data + 7) + 1;
    const int status = limits_check_raster(limits, state->width_px, state->height_px, error);
    if (status != RESIGHT_OK)
        return status;
    /* libwebpdemux keeps two canvases of RGBA, this and the last; ours is RGB. */
    return limits_check_memory(limits, (uint64_t)state->width_px * state->height_px * (4 + 4 + 3), "webp: the canvases",
                               error);
}

/* libwebpdemux refuses a file that breaks off: it is shown one that ends with the last whole chunk. */
static int mend(webp_state *state, resight_error *error) {
    const media *file = state->file;
    state->data = (WebPData){file->bytes, file->size_bytes};
    if (whole_webp(file->bytes, file->size_bytes))
        return RESIGHT_OK;
    chunk_walk walk = riff_chunks(file->bytes, file->size_bytes);
    chunk c;
    while (riff_chunk_next(&walk, &c))
        ;
    const size_t whole_bytes = file->size_bytes - walk.left;
    if (buffer_reserve(&state->mended, whole_bytes) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "webp: no memory for %zu bytes", whole_bytes);
    memcpy(state->mended.bytes, file->bytes, whole_bytes);
    for (unsigned i = 0; i < 4; i++)
        state->mended.bytes[4 + i] = (uint8_t)((whole_bytes - 8) >> (8 * i));
    state->data = (WebPData){state->mended.bytes, whole_bytes};
    state->damaged = true;
    return RESIGHT_OK;
}

static int open_codec(webp_state *state, resight_error *error) {
    WebPAnimDecoderOptions options;
    if (!WebPAnimDecoderOptionsInit(&options))
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "webp: libwebpdemux is of another version than its header");
    options.color_mode = MODE_RGBA;
    state->codec = WebPAnimDecoderNew(&state->data, &options);
    if (!state->codec)
        return resight_fail(error, RESIGHT_E_FORMAT, "webp: damaged, or without one whole frame");
    return RESIGHT_OK;
}

static int64_t duration_us(const webp_state *state) {
    WebPIterator frame;
    int64_t total_ms = 0;
    if (!WebPDemuxGetFrame(WebPAnimDecoderGetDemuxer(state->codec), 1, &frame))
        return 0;
    do
        total_ms += frame.duration;
    while (WebPDemuxNextFrame(&frame));
    WebPDemuxReleaseIterator(&frame);
    return total_ms * 1000;
}

static void describe(const webp_state *state, resight_media_info *info) {
    WebPAnimInfo animation = {0};
    WebPAnimDecoderGetInfo(state->codec, &animation);
    info->kind = animation.frame_count > 1 ? RESIGHT_VIDEO : RESIGHT_IMAGE;
    info->width_px = state->width_px;
    info->height_px = state->height_px;
    if (info->kind == RESIGHT_VIDEO)
        info->duration_us = duration_us(state);
    if (info->duration_us > 0)
        info->frames_per_second = animation.frame_count * 1e6 / (double)info->duration_us;
    snprintf(info->codec, sizeof info->codec, "webp");
}

static int webp_open(void *opaque, const media *file, resight_media_info *info, resight_error *error) {
    webp_state *state = opaque;
    state->file = file;
    state->shown_ms = 0;
    state->damaged = false;
    int status = check_canvas(state, error);
    if (status == RESIGHT_OK)
        status = mend(state, error);
    if (status == RESIGHT_OK)
        status = open_codec(state, error);
    if (status != RESIGHT_OK)
        return status;
    describe(state, info);
    if (info->kind == RESIGHT_IMAGE && state->damaged)
        return resight_fail(error, RESIGHT_E_FORMAT, "webp: the file breaks off");
    state->sampling = sampling_start(file->options->every_us, DEFAULT_FRAME_US);
    return RESIGHT_OK;
}

/* The canvas of the next frame that is to be handed out. */
static int decode_frame(webp_state *state, uint8_t **rgba, int64_t *time_us, resight_error *error) {
    const media *file = state->file;
    const resight_limits *limits = &file->options->limits;
    int64_t shown_us;
    do {
        int status = limits_check_seconds(limits, &file->started, error);
        if (status != RESIGHT_OK)
            return status;
        if (!WebPAnimDecoderHasMoreFrames(state->codec))
            return RESIGHT_END;
        status = limits_check_frames(limits, (uint64_t)state->sampling.count + 1, error);
        if (status != RESIGHT_OK)
            return status;
        shown_us = (int64_t)state->shown_ms * 1000;
        if (!WebPAnimDecoderGetNext(state->codec, rgba, &state->shown_ms)) { /* which gives when this frame ends */
            state->damaged = true;
            return state->sampling.count > 0
                       ? RESIGHT_END
                       : resight_fail(error, RESIGHT_E_FORMAT, "webp: not one frame could be decoded");
        }
    } while (!sampling_take(&state->sampling, shown_us, time_us));
    return RESIGHT_OK;
}

static int webp_next(void *opaque, resight_frame *frame, resight_error *error) {
    webp_state *state = opaque;
    uint8_t *rgba = NULL;
    int64_t time_us = 0;
    const int status = decode_frame(state, &rgba, &time_us, error);
    if (status != RESIGHT_OK)
        return status;
    *frame = (resight_frame){.image = {rgba, state->width_px, state->height_px, (size_t)state->width_px * 4, RGBA32},
                             .time_us = time_us,
                             .number = state->sampling.count - 1};
    return RESIGHT_OK;
}

static bool webp_damaged(const void *opaque) {
    const webp_state *state = opaque;
    return state->damaged;
}

static void webp_close(void *opaque) {
    webp_state *state = opaque;
    WebPAnimDecoderDelete(state->codec);
    state->codec = NULL;
}

static void webp_destroy(void *opaque) {
    webp_state *state = opaque;
    buffer_free(&state->mended);
    free(state);
}

const backend backend_webp = {
    .create = webp_create,
    .open = webp_open,
    .next = webp_next,
    .damaged = webp_damaged,
    .close = webp_close,
    .destroy = webp_destroy,
};
