/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container, opened by FFmpeg over one of our sources. Which demuxers and decoders may see a stranger's bytes is
 * written down here; none of them can open a second file.
 */
#include "decode/ffmpeg.h"
#include "decode/probe.h"
#include "decode/source.h"
#include "decode/structure.h"
#include <inttypes.h>
#include <libavutil/display.h>
#include <string.h>

#define IO_BUFFER_BYTES (64 * 1024)

/* Left out: everything that names other files (concat, dash, hls, image2, imf), raw audio, and what is not fuzzed. */
static const char *const video_demuxers[] = {
    "asf",
    "avi",
    "dv",
    "flv",
    "h263",
    "h264",
    "hevc",
    "ivf",
    "m4v",
    "matroska,webm",
    "mov,mp4,m4a,3gp,3g2,mj2",
    "mpeg",
    "mpegts",
    "mpegvideo",
    "mxf",
    "nut",
    "obu",
    "ogg",
    "rm",
    "vc1",
    "yuv4mpegpipe",
};

/* Decoders by name, as codec_whitelist has them. Not png: it inflates text without a bound. */
#define VIDEO_DECODERS                                                                                                 \
    "h264,hevc,vp8,vp9,libdav1d,libaom-av1,mpeg1video,mpeg2video,mpegvideo,mpeg4,msmpeg4v1,msmpeg4v2,msmpeg4,"         \
    "h263,h263i,h263p,flv,vp3,vp6,vp6a,vp6f,vp7,theora,wmv1,wmv2,wmv3,vc1,rv10,rv20,rv30,rv40,svq1,svq3,mjpeg,"        \
    "dvvideo,prores,dnxhd,cfhd,ffv1,huffyuv,ffvhuff,utvideo,rawvideo,cinepak,indeo3,indeo4,indeo5,msvideo1,"           \
    "qtrle,rpza,flashsv,flashsv2,v210"

static const char *decoders_for(resight_format format) {
    switch (format) {
    case RESIGHT_FORMAT_GIF: return "gif";
    case RESIGHT_FORMAT_PNG: return "apng";
    case RESIGHT_FORMAT_AVIF: return "libdav1d,libaom-av1";
    default: return VIDEO_DECODERS;
    }
}

static const char *demuxer_for(resight_format format) {
    switch (format) {
    case RESIGHT_FORMAT_GIF: return "gif";
    case RESIGHT_FORMAT_PNG: return "apng";
    case RESIGHT_FORMAT_AVIF: return "mov";
    default: return NULL; /* to be asked */
    }
}

/* A file was held against the limit of bytes when it was opened. */
static int check_stream_bytes(ffmpeg_input *input) {
    return resight_source_is_stream(input->source)
               ? limits_check_video_bytes(&input->file->options->limits, input->at - input->since_byte, &input->failure)
               : RESIGHT_OK;
}

void ffmpeg_input_count_anew(ffmpeg_input *input) {
    input->since = stopwatch_start();
    input->since_byte = input->at;
}

static int read_bytes(void *opaque, uint8_t *to, int size) {
    ffmpeg_input *input = opaque;
    size_t got_bytes = 0;
    if (input->status == RESIGHT_OK)
        input->status = limits_check_seconds(&input->file->options->limits, &input->since, &input->failure);
    if (input->status == RESIGHT_OK)
        input->status = check_stream_bytes(input);
    if (input->status == RESIGHT_OK)
        input->status = source_read_some(input->source, input->at, to, (size_t)size, &got_bytes, &input->failure);
    if (input->status != RESIGHT_OK)
        return AVERROR_EXIT;
    input->at += got_bytes;
    return got_bytes ? (int)got_bytes : AVERROR_EOF;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence) {
    ffmpeg_input *input = opaque;
    const int64_t size_bytes = (int64_t)resight_source_size(input->source);
    int64_t target = 0;
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE: return size_bytes;
    case SEEK_SET: target = offset; break;
    case SEEK_CUR: target = (int64_t)input->at + offset; break;
    case SEEK_END: target = size_bytes + offset; break;
    default: return AVERROR(EINVAL);
    }
    if (target < 0)
        return AVERROR(EINVAL);
    input->at = (uint64_t)target;
    return target;
}

static int refuse_file(AVFormatContext *container, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options) {
    (void)container;
    (void)io;
    (void)url;
    (void)flags;
    (void)options;
    return AVERROR(EPERM);
}

/* Loops of a demuxer that read nothing are broken off here. */
static int is_over_time(void *opaque) {
    ffmpeg_input *input = opaque;
    if (input->status == RESIGHT_OK)
        input->status = limits_check_seconds(&input->file->options->limits, &input->since, &input->failure);
    return input->status != RESIGHT_OK;
}

static int open_source(ffmpeg_input *input, resight_error *error) {
    const media *file = input->file;
    input->source = file->source;
    if (file->format != RESIGHT_FORMAT_PNG)
        return RESIGHT_OK;
    size_t stripped_bytes = 0;
    const int status = apng_strip(file->bytes, file->size_bytes, &input->stripped, &stripped_bytes);
    if (status == RESIGHT_E_NOMEM)
        return resight_fail(error, status, "no memory for %zu bytes of APNG", file->size_bytes);
    input->broken = status != RESIGHT_OK;
    const int opened = resight_source_open_memory(input->stripped.bytes, stripped_bytes, &input->owned_source, error);
    input->source = input->owned_source;
    return opened;
}

static int open_io(ffmpeg_input *input, resight_error *error) {
    unsigned char *memory = av_malloc(IO_BUFFER_BYTES);
    if (memory)
        input->io = avio_alloc_context(memory, IO_BUFFER_BYTES, 0, input, read_bytes, NULL,
                                       resight_source_is_stream(input->source) ? NULL : seek_bytes);
    if (input->io)
        return RESIGHT_OK;
    av_free(memory);
    return resight_fail(error, RESIGHT_E_NOMEM, "no memory to read a container");
}

/* A failure of the source or a limit met while reading says more than FFmpeg's code for it. */
static int input_fail(const ffmpeg_input *input, int code, const char *what, resight_error *error) {
    if (input->status != RESIGHT_OK)
        return resight_fail(error, input->status, "%s", input->failure.text);
    return ffmpeg_fail(error, code, what);
}

static bool is_video_demuxer(const char *name) {
    for (size_t i = 0; i < sizeof video_demuxers / sizeof *video_demuxers; i++)
        if (strcmp(name, video_demuxers[i]) == 0)
            return true;
    return false;
}

static int choose_demuxer(ffmpeg_input *input, const AVInputFormat **out, resight_error *error) {
    const char *name = demuxer_for(input->file->format);
    if (name) {
        *out = av_find_input_format(name);
        return *out ? RESIGHT_OK
                    : resight_fail(error, RESIGHT_E_UNSUPPORTED, "this build of FFmpeg cannot read %s", name);
    }
    const int code = av_probe_input_buffer2(input->io, out, "", NULL, 0, 0);
    if (code < 0 && (input->status != RESIGHT_OK || code == AVERROR(ENOMEM)))
        return input_fail(input, code, "reading the first bytes", error);
    if (code < 0)
        return resight_fail(error, RESIGHT_E_FORMAT, "of no known kind: neither a picture nor a video");
    if (!is_video_demuxer((*out)->name))
        return resight_fail(error, RESIGHT_E_FORMAT, "neither a picture nor a video: FFmpeg takes it for '%s'",
                            (*out)->name);
    return RESIGHT_OK;
}

static int open_container(ffmpeg_input *input, const AVInputFormat *demuxer, resight_error *error) {
    AVDictionary *options = NULL;
    input->container = avformat_alloc_context();
    if (!input->container)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory to read a container");
    input->container->pb = input->io;
    input->container->flags |= AVFMT_FLAG_CUSTOM_IO;
    input->container->io_open = refuse_file;
    input->container->interrupt_callback = (AVIOInterruptCB){is_over_time, input};
    av_dict_set(&options, "protocol_whitelist", "", 0);
    av_dict_set(&options, "codec_whitelist", decoders_for(input->file->format), 0);
    const int code = avformat_open_input(&input->container, NULL, demuxer, &options);
    av_dict_free(&options);
    return code < 0 ? input_fail(input, code, demuxer->name, error) : RESIGHT_OK;
}

/* What the header says already: FFmpeg forgets a size that is over its limit, and then nobody could say which it was.
 */
static int check_sizes(const ffmpeg_input *input, resight_error *error) {
    int status = RESIGHT_OK;
    for (unsigned i = 0; status == RESIGHT_OK && i < input->container->nb_streams; i++) {
        const AVCodecParameters *p = input->container->streams[i]->codecpar;
        if (p->codec_type == AVMEDIA_TYPE_VIDEO && p->width > 0 && p->height > 0)
            status = limits_check_raster(&input->file->options->limits, (uint64_t)p->width, (uint64_t)p->height, error);
    }
    return status;
}

/* FFmpeg decodes some frames here to learn what the header does not say: under a limit too. */
static int find_streams(ffmpeg_input *input, resight_error *error) {
    const unsigned count = input->container->nb_streams;
    const int64_t max_pixels = ffmpeg_max_pixels(&input->file->options->limits);
    AVDictionary **options = av_calloc(count + 1, sizeof *options);
    if (!options)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for %u streams", count);
    for (unsigned i = 0; i < count; i++)
        av_dict_set_int(&options[i], "max_pixels", max_pixels, 0);
    const int code = avformat_find_stream_info(input->container, options);
    for (unsigned i = 0; i < count; i++)
        av_dict_free(&options[i]);
    av_free(options);
    if (code < 0 || input->status != RESIGHT_OK)
        return input_fail(input, code < 0 ? code : AVERROR_EXIT, input->container->iformat->name, error);
    return RESIGHT_OK;
}

static bool is_cover_art(const AVStream *stream) {
    return stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS);
}

/* FFmpeg's choice unless that is cover art: then the first stream of pictures that is none. */
static int choose_stream(ffmpeg_input *input, resight_error *error) {
    AVFormatContext *container = input->container;
    const int best = av_find_best_stream(container, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (best < 0)
        return resight_fail(error, RESIGHT_E_FORMAT, "'%s' has no video stream", container->iformat->name);
    input->stream = container->streams[best];
    for (unsigned i = 0; is_cover_art(input->stream) && i < container->nb_streams; i++)
        if (container->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
            input->stream = container->streams[i];
    if (is_cover_art(input->stream))
        return resight_fail(error, RESIGHT_E_FORMAT, "'%s' has no picture but cover art", container->iformat->name);
    for (unsigned i = 0; i < container->nb_streams; i++)
        if (container->streams[i] != input->stream)
            container->streams[i]->discard = AVDISCARD_ALL;
    return RESIGHT_OK;
}

/* Is the name one of a list with commas? */
static bool is_listed(const char *name, const char *list) {
    const size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

static int choose_codec(ffmpeg_input *input, resight_error *error) {
    const AVCodecParameters *parameters = input->stream->codecpar;
    if (parameters->codec_id == AV_CODEC_ID_NONE)
        return resight_fail(error, RESIGHT_E_FORMAT, "the codec of the video is not to be found");
    input->codec = avcodec_find_decoder(parameters->codec_id);
    if (!input->codec || !is_listed(input->codec->name, decoders_for(input->file->format)))
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "no decoder for video of the codec '%s'",
                            avcodec_get_name(parameters->codec_id));
    if (parameters->width <= 0 || parameters->height <= 0)
        return resight_fail(
            error, RESIGHT_E_FORMAT,
            "%s: the size of the frames is not to be found, or far over the limits (--max-pixels, --max-side)",
            input->codec->name);
    return limits_check_raster(&input->file->options->limits, (uint64_t)parameters->width, (uint64_t)parameters->height,
                               error);
}

int ffmpeg_input_open(ffmpeg_input *input, const media *file, resight_error *error) {
    const AVInputFormat *demuxer = NULL;
    input->file = file;
    input->since = file->started;
    int status = open_source(input, error);
    if (status == RESIGHT_OK)
        status = open_io(input, error);
    if (status == RESIGHT_OK)
        status = choose_demuxer(input, &demuxer, error);
    if (status == RESIGHT_OK)
        status = open_container(input, demuxer, error);
    if (status == RESIGHT_OK)
        status = check_sizes(input, error);
    if (status == RESIGHT_OK)
        status = find_streams(input, error);
    if (status == RESIGHT_OK)
        status = choose_stream(input, error);
    return status == RESIGHT_OK ? choose_codec(input, error) : status;
}

void ffmpeg_input_close(ffmpeg_input *input) {
    const buffer stripped = input->stripped;
    avformat_close_input(&input->container);
    if (input->io)
        av_freep(&input->io->buffer);
    avio_context_free(&input->io);
    resight_source_free(&input->owned_source);
    *input = (ffmpeg_input){.stripped = stripped};
}

/* A transport stream is made of packets of one length: ISO/IEC 13818-1, 2.4.3.2, and with the times of a disc or with
 * error correction behind each. Nothing else in it tells where it ends. */
static bool whole_transport_stream(uint64_t size_bytes) {
    return size_bytes % 188 == 0 || size_bytes % 192 == 0 || size_bytes % 204 == 0;
}

bool ffmpeg_input_breaks_off(const ffmpeg_input *input) {
    const int count = avformat_index_get_entries_count(input->stream);
    const AVIndexEntry *last = count > 0 ? avformat_index_get_entry(input->stream, count - 1) : NULL;
    const uint64_t size_bytes = resight_source_size(input->source);
    uint8_t first[PROBE_BYTES];
    size_t got_bytes = 0;
    if (input->broken || (last && last->pos >= 0 && (uint64_t)last->pos + (uint64_t)last->size > size_bytes))
        return true;
    if (strcmp(input->container->iformat->name, "mpegts") == 0)
        return !whole_transport_stream(size_bytes);
    return resight_source_read(input->source, 0, first, sizeof first, &got_bytes, NULL) == RESIGHT_OK &&
           !whole_matroska(first, got_bytes, size_bytes);
}

/* libavutil/display.h: x' = a x + c y, y' = b x + d y, with y down; a b c d are entries 0, 1, 3 and 4. */
resight_transform ffmpeg_input_orientation(const ffmpeg_input *input) {
    size_t size_bytes = 0;
    const int32_t *m =
        (const int32_t *)(const void *)av_stream_get_side_data(input->stream, AV_PKT_DATA_DISPLAYMATRIX, &size_bytes);
    if (!m || size_bytes < 9 * sizeof *m)
        return RESIGHT_ORIGINAL;
    const int64_t a = m[0], b = m[1], c = m[3], d = m[4];
    if (llabs(a) + llabs(d) >= llabs(b) + llabs(c)) {
        if (a >= 0)
            return d >= 0 ? RESIGHT_ORIGINAL : RESIGHT_FLIP_X;
        return d >= 0 ? RESIGHT_FLIP_Y : RESIGHT_ROTATE_180;
    }
    if (b >= 0)
        return c >= 0 ? RESIGHT_FLIP_PLUS_1 : RESIGHT_ROTATE_270;
    return c >= 0 ? RESIGHT_ROTATE_90 : RESIGHT_FLIP_MINUS_1;
}
