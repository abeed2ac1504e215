/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG XL by libjxl, stills and animations, as stored: libjxl would turn them upright; hashes for exchange are not.
 * FFmpeg is not asked: libavcodec/libjxldec.c of FFmpeg 5.1 calls libjxl again for ever when a file breaks off.
 */
#include "decode/backend.h"
#include "decode/exif.h"
#include "decode/sampling.h"
#include <jxl/decode.h>
#include <math.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* 10 frames a second, as browsers play an animation that gives no times. */
#define DEFAULT_FRAME_US 100000
/* JXL_DEC_BOX is not looked at: without it, libjxl does not read on to the end of the file. */
#define EVENTS (JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | JXL_DEC_FRAME | JXL_DEC_FULL_IMAGE | JXL_DEC_BOX)

typedef struct jxl_state {
    const media *file;
    JxlDecoder *codec;
    JxlBasicInfo header;
    JxlPixelFormat layout;
    resight_pixel_format format; /* GRAY8, RGB24, RGBA32 or RGBA32_GREY */
    bool moving;                 /* more than one frame */
    uint64_t shown_ticks, next_ticks;
    sampling sampling;
    bool damaged;
    uint64_t reserved_bytes; /* by libjxl */
    int refused;             /* RESIGHT_OK, or why libjxl was stopped from inside, with the text */
    resight_error refusal;
} jxl_state;

/* Before what libjxl reserves: its size. */
typedef struct reservation {
    alignas(max_align_t) size_t size_bytes;
} reservation;

static void *reserve(void *opaque, size_t asked_bytes) {
    jxl_state *state = opaque;
    size_t size_bytes;
    if (__builtin_add_overflow(asked_bytes, sizeof(reservation), &size_bytes))
        return NULL;
    const int status = limits_check_memory(&state->file->options->limits, state->reserved_bytes + size_bytes,
                                           "JPEG XL: its decoder", &state->refusal);
    reservation *made = status == RESIGHT_OK ? malloc(size_bytes) : NULL;
    if (!made) {
        state->refused = status;
        return NULL;
    }
    made->size_bytes = size_bytes;
    state->reserved_bytes += size_bytes;
    return made + 1;
}

static void release(void *opaque, void *address) {
    jxl_state *state = opaque;
    if (!address)
        return;
    reservation *made = (reservation *)address - 1;
    state->reserved_bytes -= made->size_bytes;
    free(made);
}

/* libjxl does the parts of a frame one after the other, in this thread; between them it can be stopped. */
static JxlParallelRetCode run(void *opaque, void *frame, JxlParallelRunInit init, JxlParallelRunFunction part,
                              uint32_t first, uint32_t end) {
    jxl_state *state = opaque;
    const JxlParallelRetCode code = init(frame, 1);
    for (uint32_t i = first; code == 0 && i < end; i++) {
        state->refused = limits_check_seconds(&state->file->options->limits, &state->file->started, &state->refusal);
        if (state->refused != RESIGHT_OK)
            return JXL_PARALLEL_RET_RUNNER_ERROR;
        part(frame, i, 0);
    }
    return code;
}

static int jxl_create(void **out) {
    *out = calloc(1, sizeof(jxl_state));
    return *out ? RESIGHT_OK : RESIGHT_E_NOMEM;
}

static int start(jxl_state *state, resight_error *error) {
    const media *file = state->file;
    const JxlMemoryManager memory = {state, reserve, release};
    state->codec = JxlDecoderCreate(&memory);
    if (!state->codec && state->refused != RESIGHT_OK)
        return resight_fail(error, state->refused, "%s", state->refusal.text);
    if (!state->codec || JxlDecoderSetParallelRunner(state->codec, run, state) != JXL_DEC_SUCCESS ||
        JxlDecoderSubscribeEvents(state->codec, EVENTS) != JXL_DEC_SUCCESS ||
        JxlDecoderSetKeepOrientation(state->codec, JXL_TRUE) != JXL_DEC_SUCCESS ||
        JxlDecoderSetUnpremultiplyAlpha(state->codec, JXL_TRUE) != JXL_DEC_SUCCESS ||
        JxlDecoderSetInput(state->codec, file->bytes, file->size_bytes) != JXL_DEC_SUCCESS)
        return resight_fail(error, RESIGHT_E_NOMEM, "JPEG XL: no memory for a decoder");
    JxlDecoderCloseInput(state->codec);
    return RESIGHT_OK;
}

static void choose_pixels(jxl_state *state) {
    const bool grey = state->header.num_color_channels == 1;
    if (state->header.alpha_bits > 0 && state->file->keep_alpha)
        state->format = grey ? RGBA32_GREY : RGBA32;
    else
        state->format = grey ? RESIGHT_GRAY8 : RESIGHT_RGB24;
    const bool wide = state->format == RGBA32 || state->format == RGBA32_GREY;
    state->layout = (JxlPixelFormat){.num_channels = wide ? 4 : grey ? 1 : 3, .data_type = JXL_TYPE_UINT8};
}

static uint64_t raster_bytes(const jxl_state *state) {
    return (uint64_t)state->header.xsize * state->header.ysize * state->layout.num_channels;
}

/* The raster, and each channel of a frame as 32-bit numbers. libjxl 0.7 takes most of its memory elsewhere than from
 * reserve(): less than this where it goes through a frame in groups, up to twice as much where it has to keep it. */
static int check_memory(const jxl_state *state, uint64_t width_px, uint64_t height_px, resight_error *error) {
    const uint64_t channels = (uint64_t)state->header.num_color_channels + state->header.num_extra_channels;
    uint64_t bytes;
    if (__builtin_mul_overflow(width_px * height_px, channels * sizeof(float), &bytes) ||
        __builtin_add_overflow(bytes, raster_bytes(state), &bytes))
        bytes = UINT64_MAX;
    return limits_check_memory(&state->file->options->limits, bytes, "JPEG XL: the pixels", error);
}

static int on_header(jxl_state *state, resight_error *error) {
    const JxlBasicInfo *header = &state->header;
    if (JxlDecoderGetBasicInfo(state->codec, &state->header) != JXL_DEC_SUCCESS)
        return resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: no header");
    choose_pixels(state);
    const int status = limits_check_raster(&state->file->options->limits, header->xsize, header->ysize, error);
    return status == RESIGHT_OK ? check_memory(state, header->xsize, header->ysize, error) : status;
}

/* Pixels come as they are coded. Where libjxl can not, for it knows no ICC profiles and the pixels are coded in its own
 * colours, it would give linear light; what the profile of a picture for screens stands for is close to sRGB. */
static int on_colour(jxl_state *state, resight_error *error) {
    JxlColorEncoding colour;
    if (state->header.uses_original_profile ||
        JxlDecoderGetColorAsEncodedProfile(state->codec, &state->layout, JXL_COLOR_PROFILE_TARGET_ORIGINAL, NULL) ==
            JXL_DEC_SUCCESS)
        return RESIGHT_OK;
    colour = (JxlColorEncoding){.color_space =
                                    state->header.num_color_channels == 1 ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB,
                                .white_point = JXL_WHITE_POINT_D65,
                                .primaries = JXL_PRIMARIES_SRGB,
                                .transfer_function = JXL_TRANSFER_FUNCTION_SRGB,
                                .rendering_intent = JXL_RENDERING_INTENT_RELATIVE};
    if (JxlDecoderSetPreferredColorProfile(state->codec, &colour) != JXL_DEC_SUCCESS)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "JPEG XL: colours that libjxl cannot give as sRGB");
    return RESIGHT_OK;
}

static int on_frame(jxl_state *state, resight_error *error) {
    JxlFrameHeader frame;
    if (JxlDecoderGetFrameHeader(state->codec, &frame) != JXL_DEC_SUCCESS)
        return resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: a frame without a header");
    if (state->sampling.count == 0)
        state->moving = state->header.have_animation && !frame.is_last;
    state->shown_ticks = state->next_ticks;
    state->next_ticks += frame.duration;
    return RESIGHT_OK;
}

static int on_pixels(jxl_state *state, resight_error *error) {
    buffer *pixels = state->file->pixels;
    size_t wanted_bytes = 0;
    if (raster_bytes(state) > SIZE_MAX || buffer_reserve(pixels, (size_t)raster_bytes(state)) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "JPEG XL: no memory for %u x %u pixels", state->header.xsize,
                            state->header.ysize);
    if (JxlDecoderImageOutBufferSize(state->codec, &state->layout, &wanted_bytes) != JXL_DEC_SUCCESS ||
        wanted_bytes != raster_bytes(state) ||
        JxlDecoderSetImageOutBuffer(state->codec, &state->layout, pixels->bytes, wanted_bytes) != JXL_DEC_SUCCESS)
        return resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: rows of an unexpected length");
    return RESIGHT_OK;
}

static int handle(jxl_state *state, JxlDecoderStatus event, resight_error *error) {
    if (state->refused != RESIGHT_OK)
        return resight_fail(error, state->refused, "%s", state->refusal.text);
    switch (event) {
    case JXL_DEC_BASIC_INFO: return on_header(state, error);
    case JXL_DEC_COLOR_ENCODING: return on_colour(state, error);
    case JXL_DEC_FRAME: return on_frame(state, error);
    case JXL_DEC_NEED_IMAGE_OUT_BUFFER: return on_pixels(state, error);
    case JXL_DEC_FULL_IMAGE:
    case JXL_DEC_BOX:
    case JXL_DEC_SUCCESS: return limits_check_seconds(&state->file->options->limits, &state->file->started, error);
    case JXL_DEC_NEED_MORE_INPUT: return resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: the file breaks off");
    default: return resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: the file is damaged");
    }
}

/* Read on until something is there; RESIGHT_END when the file ends before. */
static int advance(jxl_state *state, JxlDecoderStatus wanted, resight_error *error) {
    for (;;) {
        const JxlDecoderStatus event = JxlDecoderProcessInput(state->codec);
        const int status = handle(state, event, error);
        if (status != RESIGHT_OK || event == wanted)
            return status;
        if (event == JXL_DEC_SUCCESS)
            return RESIGHT_END;
    }
}

static void describe(const jxl_state *state, resight_media_info *info) {
    info->kind = state->moving ? RESIGHT_VIDEO : RESIGHT_IMAGE;
    info->width_px = state->header.xsize;
    info->height_px = state->header.ysize;
    info->orientation = exif_upright((uint32_t)state->header.orientation);
    snprintf(info->codec, sizeof info->codec, "jpegxl");
}

static int check_layer(const jxl_state *state, const JxlDecoder *codec, resight_error *error) {
    const resight_limits *limits = &state->file->options->limits;
    JxlFrameHeader layer;
    if (JxlDecoderGetFrameHeader(codec, &layer) != JXL_DEC_SUCCESS)
        return resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: a frame without a header");
    const uint64_t width_px = layer.layer_info.xsize, height_px = layer.layer_info.ysize;
    int status = limits_check_seconds(limits, &state->file->started, error);
    if (status == RESIGHT_OK)
        status = limits_check_raster(limits, width_px, height_px, error);
    return status == RESIGHT_OK ? check_memory(state, width_px, height_px, error) : status;
}

/* A layer may be far larger than the picture that shows a part of it, and libjxl decodes all of it. A second decoder,
 * which is asked for no pixels, skips from header to header. Whatever else is wrong is for the first one to say. */
static int check_layers(jxl_state *state, resight_error *error) {
    const JxlMemoryManager memory = {state, reserve, release};
    JxlDecoder *codec = JxlDecoderCreate(&memory);
    int status = RESIGHT_OK;
    if (!codec || JxlDecoderSubscribeEvents(codec, JXL_DEC_FRAME) != JXL_DEC_SUCCESS ||
        JxlDecoderSetCoalescing(codec, JXL_FALSE) != JXL_DEC_SUCCESS ||
        JxlDecoderSetInput(codec, state->file->bytes, state->file->size_bytes) != JXL_DEC_SUCCESS)
        status = resight_fail(error, RESIGHT_E_NOMEM, "JPEG XL: no memory for a decoder");
    while (status == RESIGHT_OK && JxlDecoderProcessInput(codec) == JXL_DEC_FRAME)
        status = check_layer(state, codec, error);
    if (codec)
        JxlDecoderDestroy(codec);
    return status;
}

static int jxl_open(void *opaque, const media *file, resight_media_info *info, resight_error *error) {
    jxl_state *state = opaque;
    *state = (jxl_state){.file = file, .sampling = sampling_start(file->options->every_us, DEFAULT_FRAME_US)};
    int status = start(state, error);
    if (status == RESIGHT_OK)
        status = advance(state, JXL_DEC_FRAME, error);
    if (status == RESIGHT_OK)
        status = check_layers(state, error);
    if (status == RESIGHT_END)
        return resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: there is no picture in it");
    if (status == RESIGHT_OK)
        describe(state, info);
    return status;
}

/* A still is given when its file has been seen to end as it should. */
static int decode_still(jxl_state *state, int64_t *time_us, resight_error *error) {
    int status = advance(state, JXL_DEC_FULL_IMAGE, error);
    if (status == RESIGHT_OK)
        status = advance(state, JXL_DEC_SUCCESS, error);
    *time_us = 0;
    state->sampling.count = 1;
    return status == RESIGHT_END ? resight_fail(error, RESIGHT_E_FORMAT, "JPEG XL: there is no picture in it") : status;
}

static int64_t shown_us(const jxl_state *state) {
    const JxlAnimationHeader *clock = &state->header.animation;
    if (clock->tps_numerator == 0)
        return SAMPLING_NO_TIME;
    const double us = (double)state->shown_ticks * clock->tps_denominator / clock->tps_numerator * 1e6;
    return us < (double)(INT64_MAX / 2) ? (int64_t)llround(us) : SAMPLING_NO_TIME;
}

/* The next frame that is to be handed out. All are decoded: later ones are drawn over them. */
static int decode_frame(jxl_state *state, int64_t *time_us, resight_error *error) {
    do {
        int status = advance(state, JXL_DEC_FULL_IMAGE, error);
        if (status == RESIGHT_E_FORMAT && state->sampling.count > 0) {
            state->damaged = true;
            return RESIGHT_END;
        }
        if (status == RESIGHT_OK)
            status = limits_check_frames(&state->file->options->limits, (uint64_t)state->sampling.count + 1, error);
        if (status != RESIGHT_OK)
            return status;
    } while (!sampling_take(&state->sampling, shown_us(state), time_us));
    return RESIGHT_OK;
}

static int jxl_next(void *opaque, resight_frame *frame, resight_error *error) {
    jxl_state *state = opaque;
    int64_t time_us = 0;
    const int status = state->moving ? decode_frame(state, &time_us, error) : decode_still(state, &time_us, error);
    if (status != RESIGHT_OK)
        return status;
    *frame = (resight_frame){.image = {state->file->pixels->bytes, state->header.xsize, state->header.ysize,
                                       (size_t)state->header.xsize * state->layout.num_channels, state->format},
                             .time_us = time_us,
                             .number = state->sampling.count - 1};
    return RESIGHT_OK;
}

static bool jxl_damaged(const void *opaque) {
    const jxl_state *state = opaque;
    return state->damaged;
}

static void jxl_close(void *opaque) {
    jxl_state *state = opaque;
    if (state->codec)
        JxlDecoderDestroy(state->codec);
    state->codec = NULL;
}

const backend backend_jxl = {
    .create = jxl_create,
    .open = jxl_open,
    .next = jxl_next,
    .damaged = jxl_damaged,
    .close = jxl_close,
    .destroy = free,
};
