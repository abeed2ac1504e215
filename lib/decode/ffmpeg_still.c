/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BMP, TIFF and still WebP by FFmpeg's decoders alone: the whole file is one packet, no demuxer sees it. The
 * size is known only when the picture is decoded, so that happens when the file is opened.
 */
#include "decode/ffmpeg.h"
#include "decode/structure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct still_state {
    const media *file;
    ffmpeg_guard guard;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *scaler;
} still_state;

static enum AVCodecID codec_of(resight_format format) {
    switch (format) {
    case RESIGHT_FORMAT_BMP: return AV_CODEC_ID_BMP;
    case RESIGHT_FORMAT_TIFF: return AV_CODEC_ID_TIFF;
    case RESIGHT_FORMAT_WEBP: return AV_CODEC_ID_WEBP;
    default: return AV_CODEC_ID_NONE;
    }
}

static void still_destroy(void *opaque) {
    still_state *state = opaque;
    av_packet_free(&state->packet);
    av_frame_free(&state->frame);
    sws_freeContext(state->scaler);
    free(state);
}

static int still_create(void **out) {
    ffmpeg_prepare();
    still_state *state = calloc(1, sizeof *state);
    if (!state)
        return RESIGHT_E_NOMEM;
    state->packet = av_packet_alloc();
    state->frame = av_frame_alloc();
    if (!state->packet || !state->frame) {
        still_destroy(state);
        return RESIGHT_E_NOMEM;
    }
    *out = state;
    return RESIGHT_OK;
}

/* A decoder that meets damage stops instead of going on with filler. FFmpeg's for TIFF would then also stop at each tag
 * that it does not know, and most files have one; it checks the bounds of every strip in any case. */
static int strictness(resight_format format) {
    return format == RESIGHT_FORMAT_TIFF ? 0 : AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
}

static int open_codec(still_state *state, resight_error *error) {
    const AVCodec *codec = avcodec_find_decoder(codec_of(state->file->format));
    if (!codec)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "%s: this build of FFmpeg has no decoder for it",
                            resight_format_name(state->file->format));
    int code = ffmpeg_codec_new(codec, NULL, &state->guard, &state->codec);
    if (code >= 0) {
        state->codec->err_recognition = strictness(state->file->format);
        state->codec->max_pixels =
            INT_MAX; /* these ask for the frame first, and our own check says which limit it is */
        code = avcodec_open2(state->codec, codec, NULL);
    }
    return code < 0 ? ffmpeg_fail(error, code, codec->name) : RESIGHT_OK;
}

/* The packet is a copy: decoders read some bytes past its end, and those must be there and zero. */
static int decode(still_state *state, resight_error *error) {
    const media *file = state->file;
    if (file->size_bytes > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "%zu bytes are too many for one picture", file->size_bytes);
    int code = av_new_packet(state->packet, (int)file->size_bytes);
    if (code >= 0) {
        memcpy(state->packet->data, file->bytes, file->size_bytes);
        state->packet->flags |= AV_PKT_FLAG_KEY;
        code = avcodec_send_packet(state->codec, state->packet);
    }
    if (code >= 0)
        code = avcodec_send_packet(state->codec, NULL);
    if (code >= 0)
        code = avcodec_receive_frame(state->codec, state->frame);
    av_packet_unref(state->packet);
    if (state->guard.status != RESIGHT_OK)
        return resight_fail(error, state->guard.status, "%s", state->guard.failure.text);
    if (code < 0 || state->frame->decode_error_flags || (state->frame->flags & AV_FRAME_FLAG_CORRUPT))
        return ffmpeg_fail(error, code < 0 && code != AVERROR_EOF ? code : AVERROR_INVALIDDATA,
                           resight_format_name(file->format));
    return RESIGHT_OK;
}

/* What FFmpeg's decoders would let pass. */
static bool breaks_off(const media *file) {
    switch (file->format) {
    case RESIGHT_FORMAT_WEBP: return !whole_webp(file->bytes, file->size_bytes);
    case RESIGHT_FORMAT_BMP: return !whole_bmp(file->bytes, file->size_bytes);
    default: return false;
    }
}

/* FFmpeg refuses what is far too large without saying that it is. */
static int check_size(const media *file, resight_error *error) {
    uint32_t width_px = 0, height_px = 0;
    if (file->format != RESIGHT_FORMAT_WEBP || !webp_size(file->bytes, file->size_bytes, &width_px, &height_px))
        return RESIGHT_OK;
    return limits_check_raster(&file->options->limits, width_px, height_px, error);
}

static int still_open(void *opaque, const media *file, resight_media_info *info, resight_error *error) {
    still_state *state = opaque;
    state->file = file;
    state->guard = (ffmpeg_guard){.file = file};
    if (breaks_off(file))
        return resight_fail(error, RESIGHT_E_FORMAT, "%s: the file breaks off", resight_format_name(file->format));
    int status = check_size(file, error);
    if (status == RESIGHT_OK)
        status = open_codec(state, error);
    if (status == RESIGHT_OK)
        status = decode(state, error);
    if (status != RESIGHT_OK)
        return status;
    info->kind = RESIGHT_IMAGE;
    info->width_px = (uint32_t)state->frame->width;
    info->height_px = (uint32_t)state->frame->height;
    snprintf(info->codec, sizeof info->codec, "%s", avcodec_get_name(state->codec->codec_id));
    return limits_check_seconds(&file->options->limits, &file->started, error);
}

static int still_next(void *opaque, resight_frame *frame, resight_error *error) {
    still_state *state = opaque;
    *frame = (resight_frame){0};
    return ffmpeg_picture(&state->scaler, state->file, state->frame, PICTURE_STILL, &frame->image, error);
}

static void still_close(void *opaque) {
    still_state *state = opaque;
    av_frame_unref(state->frame);
    avcodec_free_context(&state->codec);
}

const backend backend_ffmpeg_still = {
    .create = still_create,
    .open = still_open,
    .next = still_next,
    .close = still_close,
    .destroy = still_destroy,
};
