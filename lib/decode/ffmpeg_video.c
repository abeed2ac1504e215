/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Video, animated GIF and PNG, and AVIF: packets of a container to sampled frames. What cannot be decoded is passed
 * over and remembered; a container of a still format that holds one picture is a still, and then nothing is passed
 * over.
 */
#include "decode/ffmpeg.h"
#include "decode/ffmpeg_plan.h"
#include "decode/sampling.h"
#include "decode/structure.h"
#include <stdio.h>
#include <stdlib.h>

/* 25 frames a second: when the container gives no rate, as FFmpeg assumes. */
#define DEFAULT_FRAME_US 40000
#define MICROSECONDS ((AVRational){1, 1000000})
/* Two packets tell an animation from a still. */
#define PEEKED 2
/* What the limits of a stream hold for. */
#define MINUTE_US 60000000

typedef struct video_state {
    const media *file;
    ffmpeg_input input;
    ffmpeg_guard guard;
    AVCodecContext *codec;
    AVPacket
        *peeked[PEEKED]; /* read when the file was opened; those from peeked_at to peeked_end are not decoded yet */
    unsigned peeked_at, peeked_end;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *scaler;
    sampling sampling;
    plan plan;
    int64_t since_frame; /* of a stream: the first of this minute, which the limit of frames is counted from */
    picture_style style;
    int64_t last_number; /* of the frame handed out last; -1: none */
    int end_code;        /* why there are no more packets */
    bool damaged;
    bool draining;   /* the decoder was told that there are no more packets */
    bool restarting; /* it was told so, but only to be flushed */
    bool decoded;    /* a frame came out */
} video_state;

static void video_destroy(void *opaque) {
    video_state *state = opaque;
    for (unsigned i = 0; i < PEEKED; i++)
        av_packet_free(&state->peeked[i]);
    av_packet_free(&state->packet);
    av_frame_free(&state->frame);
    sws_freeContext(state->scaler);
    plan_free(&state->plan);
    buffer_free(&state->input.stripped);
    free(state);
}

static int video_create(void **out) {
    ffmpeg_prepare();
    video_state *state = calloc(1, sizeof *state);
    if (!state)
        return RESIGHT_E_NOMEM;
    bool there = (state->packet = av_packet_alloc()) && (state->frame = av_frame_alloc());
    for (unsigned i = 0; i < PEEKED; i++)
        there = (state->peeked[i] = av_packet_alloc()) && there;
    if (!there) {
        video_destroy(state);
        return RESIGHT_E_NOMEM;
    }
    *out = state;
    return RESIGHT_OK;
}

/* The next packet of the video from the container: FFmpeg's code. */
static int read_packet(video_state *state, AVPacket *packet) {
    for (;;) {
        av_packet_unref(packet);
        const int code = av_read_frame(state->input.container, packet);
        if (code < 0 || packet->stream_index == state->input.stream->index)
            return code;
    }
}

static int peek(video_state *state, resight_error *error) {
    while (state->peeked_end < PEEKED && read_packet(state, state->peeked[state->peeked_end]) >= 0)
        state->peeked_end++;
    if (state->input.status != RESIGHT_OK)
        return resight_fail(error, state->input.status, "%s", state->input.failure.text);
    if (state->peeked_end == 0)
        return resight_fail(error, RESIGHT_E_FORMAT, "%s: there is no picture in it",
                            resight_format_name(state->file->format));
    return RESIGHT_OK;
}

static bool breaks_off(const video_state *state) {
    const media *file = state->file;
    return ffmpeg_input_breaks_off(&state->input) ||
           (file->format == RESIGHT_FORMAT_GIF && !whole_gif(file->bytes, file->size_bytes));
}

static int open_codec(video_state *state, bool still, resight_error *error) {
    const AVCodec *codec = state->input.codec;
    int code = ffmpeg_codec_new(codec, state->input.stream->codecpar, &state->guard, &state->codec);
    if (code >= 0) {
        state->codec->pkt_timebase = state->input.stream->time_base;
        if (still)
            state->codec->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
        code = avcodec_open2(state->codec, codec, NULL);
    }
    return code < 0 ? ffmpeg_fail(error, code, codec->name) : RESIGHT_OK;
}

static double frames_per_second(const AVStream *stream) {
    if (stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0)
        return av_q2d(stream->avg_frame_rate);
    if (stream->r_frame_rate.num > 0 && stream->r_frame_rate.den > 0)
        return av_q2d(stream->r_frame_rate);
    return 0;
}

static int64_t duration_us(const ffmpeg_input *input) {
    int64_t duration = input->container->duration;
    if (input->stream->duration != AV_NOPTS_VALUE)
        duration = av_rescale_q(input->stream->duration, input->stream->time_base, MICROSECONDS);
    return duration > 0 ? duration : 0; /* AV_NOPTS_VALUE is negative */
}

static void describe(const video_state *state, resight_media_kind kind, resight_media_info *info) {
    const AVStream *stream = state->input.stream;
    info->kind = kind;
    info->width_px = (uint32_t)stream->codecpar->width;
    info->height_px = (uint32_t)stream->codecpar->height;
    if (state->file->format != RESIGHT_FORMAT_PNG) /* which may have EXIF, and has no matrix */
        info->orientation = ffmpeg_input_orientation(&state->input);
    if (kind == RESIGHT_VIDEO) {
        info->duration_us = duration_us(&state->input);
        info->frames_per_second = frames_per_second(stream);
    }
    snprintf(info->codec, sizeof info->codec, "%s", avcodec_get_name(stream->codecpar->codec_id));
}

static int video_open(void *opaque, const media *file, resight_media_info *info, resight_error *error) {
    video_state *state = opaque;
    state->file = file;
    state->guard = (ffmpeg_guard){.file = file};
    state->damaged = state->draining = state->restarting = state->decoded = false;
    state->last_number = -1;
    state->since_frame = 0;
    int status = ffmpeg_input_open(&state->input, file, error);
    if (status == RESIGHT_OK && file->format != RESIGHT_FORMAT_VIDEO)
        status = peek(state, error);
    if (status != RESIGHT_OK)
        return status;
    const bool still = state->peeked_end == 1;
    if (still && breaks_off(state))
        return resight_fail(error, RESIGHT_E_FORMAT, "%s: the file breaks off", resight_format_name(file->format));
    const double rate = frames_per_second(state->input.stream);
    state->sampling = sampling_start(file->options->every_us, rate > 0 ? (int64_t)(1e6 / rate) : DEFAULT_FRAME_US);
    plan_start(&state->plan, state->input.stream, &state->sampling,
               file->format == RESIGHT_FORMAT_VIDEO && file->options->every_us > 0 &&
                   !resight_source_is_stream(file->source)); /* which is looked at as it comes */
    state->style = still ? PICTURE_STILL : file->options->via_rgb ? PICTURE_VPDQ : PICTURE_LUMA;
    describe(state, still ? RESIGHT_IMAGE : RESIGHT_VIDEO, info);
    return open_codec(state, still, error);
}

/* A limit, a source that fails and lack of memory end the file; other failures are damage, and the next packet may be
 * sound again. In a still there is no next. */
static int after_failure(video_state *state, int code, resight_error *error) {
    if (state->guard.status != RESIGHT_OK)
        return resight_fail(error, state->guard.status, "%s", state->guard.failure.text);
    if (state->input.status != RESIGHT_OK)
        return resight_fail(error, state->input.status, "%s", state->input.failure.text);
    if (code == AVERROR(ENOMEM) || state->style == PICTURE_STILL)
        return ffmpeg_fail(error, code, state->input.codec->name);
    state->damaged = true;
    return RESIGHT_OK;
}

static int drain(video_state *state, int code, resight_error *error) {
    state->draining = true;
    if (breaks_off(state))
        state->damaged = true;
    const int status =
        code == AVERROR_EOF && state->input.status == RESIGHT_OK ? RESIGHT_OK : after_failure(state, code, error);
    if (status != RESIGHT_OK)
        return status;
    avcodec_send_packet(state->codec, NULL);
    return RESIGHT_OK;
}

/* Decode one packet, which is used up. */
static int send(video_state *state, AVPacket *packet, bool may_pass, resight_error *error) {
    const bool corrupt = packet->flags & AV_PKT_FLAG_CORRUPT;
    state->codec->skip_frame = may_pass ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    const int code = avcodec_send_packet(state->codec, packet);
    av_packet_unref(packet);
    if (code < 0 || corrupt)
        return after_failure(state, code < 0 ? code : AVERROR_INVALIDDATA, error);
    return RESIGHT_OK;
}

static int read_into_plan(video_state *state, resight_error *error) {
    state->end_code = read_packet(state, state->packet);
    if (state->end_code < 0) {
        plan_end(&state->plan);
        return RESIGHT_OK;
    }
    if (plan_add(&state->plan, state->packet) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a packet");
    return limits_check_frames(&state->file->options->limits, (uint64_t)(state->sampling.count - state->since_frame),
                               error);
}

/* Without a plan: the next packet, whatever it is. */
static int feed_direct(video_state *state, resight_error *error) {
    int code = 0;
    if (state->peeked_at < state->peeked_end)
        av_packet_move_ref(state->packet, state->peeked[state->peeked_at++]);
    else
        code = read_packet(state, state->packet);
    return code < 0 ? drain(state, code, error) : send(state, state->packet, false, error);
}

/* Give the decoder one more packet that it needs, or tell it that there is none. */
static int feed(video_state *state, resight_error *error) {
    for (;;) {
        int status = RESIGHT_OK;
        switch (plan_step(&state->plan)) {
        case PLAN_READ:
            status = read_into_plan(state, error);
            if (status != RESIGHT_OK)
                return status;
            break;
        case PLAN_RESTART:
            state->restarting = true;
            avcodec_send_packet(state->codec, NULL);
            return RESIGHT_OK;
        case PLAN_SEND: return send(state, state->packet, plan_take(&state->plan, state->packet), error);
        case PLAN_DIRECT: return feed_direct(state, error);
        case PLAN_OVER: return drain(state, state->end_code, error);
        }
    }
}

/* All frames before a gap are out: the next packet starts anew. */
static void flush(video_state *state) {
    avcodec_flush_buffers(state->codec);
    state->restarting = false;
}

/* The next frame in presentation order, sampled or not. */
static int decode_frame(video_state *state, resight_error *error) {
    for (;;) {
        int status = RESIGHT_OK;
        const int code = avcodec_receive_frame(state->codec, state->frame);
        if (code >= 0)
            return RESIGHT_OK;
        if (code == AVERROR_EOF && !state->restarting)
            return RESIGHT_END;
        if (code == AVERROR(EAGAIN) && !state->draining && !state->restarting) {
            status = feed(state, error);
        } else {
            if (code != AVERROR_EOF)
                status = after_failure(state, code, error);
            if (status == RESIGHT_OK && state->draining)
                return RESIGHT_END;
            if (state->restarting)
                flush(state);
        }
        if (status == RESIGHT_OK)
            status = limits_check_seconds(&state->file->options->limits, &state->input.since, error);
        if (status != RESIGHT_OK)
            return status;
    }
}

static int64_t shown_us(const video_state *state) {
    const int64_t time = state->frame->best_effort_timestamp;
    if (time == AV_NOPTS_VALUE)
        return SAMPLING_NO_TIME;
    return av_rescale_q(time, state->input.stream->time_base, MICROSECONDS);
}

/* Frames that were decoded around damage are handed out: their hash shows whether enough of them is left. */
static int check_frame(video_state *state, resight_error *error) {
    state->decoded = true;
    if (state->frame->decode_error_flags || (state->frame->flags & AV_FRAME_FLAG_CORRUPT))
        return after_failure(state, AVERROR_INVALIDDATA, error);
    return RESIGHT_OK;
}

/* When a frame is the first of another minute of a stream. */
static void count_anew(video_state *state, int64_t before_us) {
    if (!resight_source_is_stream(state->file->source) || state->sampling.last_us / MINUTE_US == before_us / MINUTE_US)
        return;
    state->since_frame = state->sampling.count;
    ffmpeg_input_count_anew(&state->input);
}

/* Is the frame sampled? Then its time and number are written. */
static int take_frame(video_state *state, resight_frame *frame, bool *sampled, resight_error *error) {
    const int64_t before_us = state->sampling.last_us;
    int status = RESIGHT_OK;
    switch (plan_match(&state->plan, state->frame->pts, &frame->time_us, &frame->number)) {
    case PLAN_PASSED: *sampled = false; break;
    case PLAN_SAMPLED: *sampled = frame->number > state->last_number; break; /* whatever order frames come in */
    case PLAN_UNKNOWN:
        status = limits_check_frames(&state->file->options->limits,
                                     (uint64_t)(state->sampling.count - state->since_frame) + 1, error);
        *sampled = status == RESIGHT_OK && sampling_take(&state->sampling, shown_us(state), &frame->time_us);
        frame->number = state->sampling.count - 1;
        count_anew(state, before_us);
    }
    return status;
}

static int video_next(void *opaque, resight_frame *frame, resight_error *error) {
    video_state *state = opaque;
    resight_frame next = {0};
    for (bool sampled = false; !sampled;) {
        int status = decode_frame(state, error);
        if (status == RESIGHT_END && !state->decoded)
            return resight_fail(error, RESIGHT_E_FORMAT, "%s: not one frame could be decoded",
                                state->input.codec->name);
        if (status == RESIGHT_OK)
            status = check_frame(state, error);
        if (status == RESIGHT_OK)
            status = take_frame(state, &next, &sampled, error);
        if (status != RESIGHT_OK)
            return status;
    }
    const int status = ffmpeg_picture(&state->scaler, state->file, state->frame, state->style, &next.image, error);
    if (status == RESIGHT_OK)
        *frame = next;
    state->last_number = next.number;
    return status;
}

static bool video_damaged(const void *opaque) {
    const video_state *state = opaque;
    return state->damaged;
}

static void video_close(void *opaque) {
    video_state *state = opaque;
    for (unsigned i = 0; i < PEEKED; i++)
        av_packet_unref(state->peeked[i]);
    state->peeked_at = state->peeked_end = 0;
    plan_clear(&state->plan);
    av_packet_unref(state->packet);
    av_frame_unref(state->frame);
    avcodec_free_context(&state->codec);
    ffmpeg_input_close(&state->input);
}

const backend backend_ffmpeg_video = {
    .create = video_create,
    .open = video_open,
    .next = video_next,
    .damaged = video_damaged,
    .close = video_close,
    .destroy = video_destroy,
};
