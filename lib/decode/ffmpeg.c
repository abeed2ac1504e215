/* SPDX-License-Identifier: Apache-2.0 */
/* What FFmpeg's two backends share: its codes, its limits, its silence. */
#include "decode/ffmpeg.h"

#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <pthread.h>

/* The smallest pictures are coded in blocks of up to 128 x 128, two or three on a side. */
#define BLOCKS_PX (1 << 17)

/* AVERROR(EIO) is not a failure of ours to read, which is noted where it happens: demuxers say so when a file is short.
 */
int ffmpeg_status(int code) {
    switch (code) {
    case AVERROR(ENOMEM): return RESIGHT_E_NOMEM;
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_PATCHWELCOME:
    case AVERROR(ENOSYS): return RESIGHT_E_UNSUPPORTED;
    default: return RESIGHT_E_FORMAT;
    }
}

/* Its decoders return an errno where they mean bad data, and not always the one that they meant. Nothing of the system
 * is ever asked here, so "device or resource busy" would only mislead. */
static bool is_errno(int code) {
    const int last_errno = 4095; /* Linux: include/linux/err.h; FFmpeg's own codes are four letters */
    return code < 0 && code >= -last_errno;
}

int ffmpeg_fail(resight_error *error, int code, const char *what) {
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(is_errno(code) && ffmpeg_status(code) == RESIGHT_E_FORMAT ? AVERROR_INVALIDDATA : code, text,
                sizeof text);
    return resight_fail(error, ffmpeg_status(code), "%s: %s", what, text);
}

static void prepare_once(void) {
    av_log_set_level(AV_LOG_QUIET);
    av_max_alloc((size_t)resight_limits_default().max_memory_bytes);
}

void ffmpeg_prepare(void) {
    static pthread_once_t prepared = PTHREAD_ONCE_INIT;
    pthread_once(&prepared, prepare_once);
}

/* The rasters that a decoder holds at once: those it may refer to, the one it fills, and the one we look at. */
static uint64_t held_bytes(const AVCodecContext *codec, const AVFrame *frame) {
    const int raster = av_image_get_buffer_size(frame->format, frame->width, frame->height, 1);
    const int kept = codec->refs > codec->has_b_frames ? codec->refs : codec->has_b_frames;
    return raster > 0 ? (uint64_t)raster * (uint64_t)(2 + (kept > 0 ? kept : 0)) : 0;
}

static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags) {
    ffmpeg_guard *guard = codec->opaque;
    const resight_limits *limits = &guard->file->options->limits;
    int status = limits_check_raster(limits, (uint64_t)codec->width, (uint64_t)codec->height, &guard->failure);
    if (status == RESIGHT_OK)
        status = limits_check_memory(limits, held_bytes(codec, frame), "frames held at once", &guard->failure);
    if (status != RESIGHT_OK) {
        guard->status = status;
        return AVERROR(ENOMEM);
    }
    return avcodec_default_get_buffer2(codec, frame, flags);
}

int64_t ffmpeg_max_pixels(const resight_limits *limits) {
    const uint64_t most = limits->max_pixels;
    return most == 0 || most > INT_MAX / 4 ? INT_MAX : (int64_t)most * 2 + BLOCKS_PX;
}

int ffmpeg_codec_new(const AVCodec *codec, const AVCodecParameters *parameters, ffmpeg_guard *guard,
                     AVCodecContext **out) {
    AVCodecContext *context = avcodec_alloc_context3(codec);
    const int code = !context ? AVERROR(ENOMEM) : parameters ? avcodec_parameters_to_context(context, parameters) : 0;
    if (code < 0) {
        avcodec_free_context(&context);
        return code;
    }
    context->opaque = guard;
    context->get_buffer2 = get_buffer;
    context->max_pixels = ffmpeg_max_pixels(&guard->file->options->limits);
    context->thread_count = 1;
    *out = context;
    return 0;
}
