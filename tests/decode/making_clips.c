/* SPDX-License-Identifier: Apache-2.0 */
/* Clips and pictures by FFmpeg's own encoders and muxers, into memory. */
#include "making.h"

#include <criterion/criterion.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

static AVCodecContext *open_encoder(const char *name, enum AVPixelFormat format, int width, int height, const clip *c) {
    const AVCodec *encoder = avcodec_find_encoder_by_name(name);
    if (!encoder)
        return NULL;
    AVCodecContext *codec = avcodec_alloc_context3(encoder);
    codec->width = width;
    codec->height = height;
    codec->pix_fmt = format;
    codec->time_base = c && c->times_ms ? (AVRational){1, 1000} : (AVRational){1, 25};
    codec->framerate = (AVRational){25, 1};
    codec->max_b_frames = c ? c->b_frames : 0;
    codec->gop_size = 12;
    codec->thread_count = 1;
    codec->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    codec->global_quality = FF_QP2LAMBDA;
    codec->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    codec->color_range = c && c->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_UNSPECIFIED;
    AVDictionary *options = NULL;
    av_dict_set(&options, "lossless", "1", 0); /* libwebp; others do not know it */
    av_dict_set(&options, "usage", "realtime", 0);
    const int code = avcodec_open2(codec, encoder, &options);
    av_dict_free(&options);
    cr_assert_geq(code, 0, "%s does not open", name);
    return codec;
}

static AVFrame *new_frame(enum AVPixelFormat format, int width, int height) {
    AVFrame *frame = av_frame_alloc();
    frame->format = format;
    frame->width = width;
    frame->height = height;
    cr_assert_geq(av_frame_get_buffer(frame, 0), 0);
    return frame;
}

blob make_still(const char *encoder, const raster *r, enum AVPixelFormat format) {
    blob b = {0};
    AVCodecContext *codec = open_encoder(encoder, format, (int)r->width_px, (int)r->height_px, NULL);
    if (!codec)
        return b;
    AVFrame *frame = new_frame(format, codec->width, codec->height);
    AVPacket *packet = av_packet_alloc();
    uint8_t *planes[4];
    int strides[4];
    av_image_fill_arrays(planes, strides, r->px, format, codec->width, codec->height, 1);
    av_image_copy(frame->data, frame->linesize, (const uint8_t **)planes, strides, format, codec->width, codec->height);
    frame->pts = 0;
    cr_assert_geq(avcodec_send_frame(codec, frame), 0);
    avcodec_send_frame(codec, NULL);
    cr_assert_geq(avcodec_receive_packet(codec, packet), 0);
    blob_append(&b, packet->data, (size_t)packet->size);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&codec);
    return b;
}

/* A value of 8 bits in samples of `depth` bits, little endian. */
static void paint_row(uint8_t *row, int bytes, int value, int depth) {
    const int deep = value << (depth - 8);
    for (int i = 0; i < bytes; i++)
        row[i] = (uint8_t)(depth == 8 || i % 2 == 0 ? deep & 0xff : deep >> 8);
}

/* All components of a frame alike; colour planes in the middle. */
static void paint(AVFrame *frame, int value) {
    const AVPixFmtDescriptor *layout = av_pix_fmt_desc_get(frame->format);
    const bool rgb = layout->flags & AV_PIX_FMT_FLAG_RGB;
    for (int plane = 0; plane < 4 && frame->data[plane]; plane++) {
        const int height = plane == 0 || rgb ? frame->height : AV_CEIL_RSHIFT(frame->height, layout->log2_chroma_h);
        for (int y = 0; y < height; y++)
            paint_row(frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane], frame->linesize[plane],
                      plane == 0 || rgb ? value : 128, layout->comp[0].depth);
    }
}

static AVStream *add_stream(AVFormatContext *muxer, const AVCodecContext *codec) {
    AVStream *stream = avformat_new_stream(muxer, NULL);
    avcodec_parameters_from_context(stream->codecpar, codec);
    stream->codecpar->codec_tag = 0;
    stream->time_base = codec->time_base;
    if (codec->codec_type == AVMEDIA_TYPE_VIDEO)
        stream->avg_frame_rate = codec->framerate;
    return stream;
}

static void write_packets(AVFormatContext *muxer, AVCodecContext *codec, AVStream *stream, const AVFrame *frame) {
    AVPacket *packet = av_packet_alloc();
    cr_assert_geq(avcodec_send_frame(codec, frame), 0);
    while (avcodec_receive_packet(codec, packet) >= 0) {
        packet->stream_index = stream->index;
        av_packet_rescale_ts(packet, codec->time_base, stream->time_base);
        cr_assert_geq(av_interleaved_write_frame(muxer, packet), 0);
    }
    av_packet_free(&packet);
}

static void write_video(AVFormatContext *muxer, const clip *c, AVCodecContext *codec, AVStream *stream) {
    for (int i = 0; i < c->frames; i++) {
        AVFrame *frame = new_frame(c->format, c->width_px, c->height_px);
        paint(frame, 20 + 3 * i);
        frame->pts = c->times_ms ? c->times_ms[i] : i;
        frame->quality = codec->global_quality;
        write_packets(muxer, codec, stream, frame);
        av_frame_free(&frame);
    }
    write_packets(muxer, codec, stream, NULL);
}

/* A second of silence in 8-bit steps of raw sound. */
static void write_sound(AVFormatContext *muxer, AVStream *stream) {
    AVPacket *packet = av_packet_alloc();
    cr_assert_geq(av_new_packet(packet, 8000), 0);
    memset(packet->data, 0x80, 8000);
    packet->stream_index = stream->index;
    packet->pts = packet->dts = 0;
    packet->duration = av_rescale_q(1, (AVRational){1, 1}, stream->time_base);
    cr_assert_geq(av_interleaved_write_frame(muxer, packet), 0);
    av_packet_free(&packet);
}

static AVStream *add_sound(AVFormatContext *muxer) {
    AVStream *stream = avformat_new_stream(muxer, NULL);
    stream->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
    stream->codecpar->codec_id = AV_CODEC_ID_PCM_ALAW;
    stream->codecpar->sample_rate = 8000;
    stream->codecpar->bits_per_coded_sample = 8;
    stream->codecpar->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
    stream->time_base = (AVRational){1, 8000};
    return stream;
}

/* A file in memory that muxers can go back in, to write lengths and counts. */
typedef struct memory_file {
    blob content;
    size_t at;
} memory_file;

static int write_bytes(void *opaque, uint8_t *bytes, int size) {
    memory_file *file = opaque;
    const size_t end = file->at + (size_t)size;
    const uint8_t zero = 0;
    while (file->content.size_bytes < end)
        blob_append(&file->content, &zero, 1);
    memcpy(file->content.bytes + file->at, bytes, (size_t)size);
    file->at = end;
    return size;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence) {
    memory_file *file = opaque;
    if (whence == AVSEEK_SIZE)
        return (int64_t)file->content.size_bytes;
    file->at = (size_t)offset + (whence == SEEK_CUR ? file->at : whence == SEEK_END ? file->content.size_bytes : 0);
    return (int64_t)file->at;
}

static void add_streams(AVFormatContext *muxer, const clip *c, AVCodecContext *codec, AVStream **video,
                        AVStream **sound) {
    if (codec)
        *video = add_stream(muxer, codec);
    if (c->sound)
        *sound = add_sound(muxer);
    if (c->cover_art)
        (*video)->disposition |= AV_DISPOSITION_ATTACHED_PIC;
    if (c->matrix)
        memcpy(av_stream_new_side_data(*video, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t)), c->matrix,
               9 * sizeof(int32_t));
}

blob make_clip(const clip *c) {
    enum { BUFFER_BYTES = 4096 };
    AVFormatContext *muxer = NULL;
    AVCodecContext *codec = NULL;
    AVStream *video = NULL, *sound = NULL;
    memory_file file = {0};
    av_log_set_level(AV_LOG_QUIET);
    if (!c->no_video && !(codec = open_encoder(c->encoder, c->format, c->width_px, c->height_px, c)))
        return file.content;
    cr_assert_geq(avformat_alloc_output_context2(&muxer, NULL, c->container, NULL), 0);
    muxer->pb = avio_alloc_context(av_malloc(BUFFER_BYTES), BUFFER_BYTES, 1, &file, NULL, write_bytes, seek_bytes);
    muxer->flags |= AVFMT_FLAG_BITEXACT;
    add_streams(muxer, c, codec, &video, &sound);
    cr_assert_geq(avformat_write_header(muxer, NULL), 0);
    if (sound)
        write_sound(muxer, sound);
    if (video)
        write_video(muxer, c, codec, video);
    cr_assert_geq(av_write_trailer(muxer), 0);
    avio_flush(muxer->pb);
    av_freep(&muxer->pb->buffer);
    avio_context_free(&muxer->pb);
    avcodec_free_context(&codec);
    avformat_free_context(muxer);
    return file.content;
}

static void append_little(blob *b, uint64_t value, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t byte = (uint8_t)(value >> (8 * i));
        blob_append(b, &byte, 1);
    }
}

static void append_chunk(blob *b, const char *name, const blob *data) {
    blob_append(b, name, 4);
    append_little(b, (uint32_t)data->size_bytes, 4);
    blob_append(b, data->bytes, data->size_bytes);
    if (data->size_bytes % 2)
        blob_append(b, "", 1);
}

/* WebP container specification: a frame is the coded picture behind sixteen bytes of place and time. */
static blob webp_frame(int width_px, int height_px, int value) {
    raster r = {(uint32_t)width_px, (uint32_t)height_px, 4, malloc((size_t)width_px * (size_t)height_px * 4)};
    memset(r.px, value, (size_t)width_px * (size_t)height_px * 4);
    for (size_t i = 3; i < (size_t)width_px * (size_t)height_px * 4; i += 4)
        r.px[i] = 255;
    blob coded = make_still("libwebp", &r, AV_PIX_FMT_BGRA);
    blob frame = {0};
    append_little(&frame, 0, 6);
    append_little(&frame, (uint32_t)width_px - 1, 3);
    append_little(&frame, (uint32_t)height_px - 1, 3);
    append_little(&frame, 100, 3);
    append_little(&frame, 0, 1);
    if (coded.size_bytes > 12)
        blob_append(&frame, coded.bytes + 12, coded.size_bytes - 12);
    free(coded.bytes);
    free(r.px);
    return frame;
}

blob make_animated_webp(int width_px, int height_px, int frames) {
    blob body = {0}, header = {0}, animation = {0}, file = {0};
    if (!avcodec_find_encoder_by_name("libwebp"))
        return file;
    append_little(&header, 0x02, 4);
    append_little(&header, (uint32_t)width_px - 1, 3);
    append_little(&header, (uint32_t)height_px - 1, 3);
    append_little(&animation, 0, 6);
    append_chunk(&body, "VP8X", &header);
    append_chunk(&body, "ANIM", &animation);
    for (int i = 0; i < frames; i++) {
        blob frame = webp_frame(width_px, height_px, 20 + 3 * i);
        append_chunk(&body, "ANMF", &frame);
        free(frame.bytes);
    }
    blob_append(&file, "RIFF", 4);
    append_little(&file, (uint32_t)body.size_bytes + 4, 4);
    blob_append(&file, "WEBP", 4);
    blob_append(&file, body.bytes, body.size_bytes);
    free(body.bytes);
    free(header.bytes);
    free(animation.bytes);
    return file;
}
