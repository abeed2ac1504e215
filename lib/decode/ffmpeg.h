/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FFmpeg, in four parts: the container (ffmpeg_input.c), frames to pictures (ffmpeg_picture.c), and the two backends,
 * for stills (ffmpeg_still.c) and for all that has a container (ffmpeg_video.c).
 */
#ifndef RESIGHT_DECODE_FFMPEG_H
#define RESIGHT_DECODE_FFMPEG_H

#include "decode/backend.h"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

/* The one mapping of FFmpeg's codes. */
int ffmpeg_status(int code);

/* resight_fail() with FFmpeg's own text after ours; returns the mapped status. */
int ffmpeg_fail(resight_error *error, int code, const char *what);

/* Once for the process: nothing is printed, and no single reservation passes the default limit of memory. */
void ffmpeg_prepare(void);

/*
 * What FFmpeg itself is told. Its limit cannot say what is wrong, and counts pixels that fill up blocks; at twice ours
 * it lets ours speak first, and still bounds the tables of codecs that reserve them earlier, and the libraries behind
 * FFmpeg that never ask.
 */
int64_t ffmpeg_max_pixels(const resight_limits *limits);

/* Asked before each raster is reserved; AVCodecContext.opaque points to it. */
typedef struct ffmpeg_guard {
    const media *file;
    int status; /* RESIGHT_OK, or the limit that was met, with its text */
    resight_error failure;
} ffmpeg_guard;

/*
 * A decoder under our limits, not open yet, on one thread.
 *
 * parameters  of the stream; NULL for a still
 */
int ffmpeg_codec_new(const AVCodec *codec, const AVCodecParameters *parameters, ffmpeg_guard *guard,
                     AVCodecContext **out);

/* A container opened over a source. All zero is a valid closed one. */
typedef struct ffmpeg_input {
    const media *file;
    resight_source *source; /* what is read: the file's, or owned_source */
    resight_source *owned_source;
    buffer stripped; /* what owned_source reads: an APNG without its texts. Kept from file to file */
    bool broken;     /* the outer structure has no end */
    uint64_t at;     /* where the next byte is read */
    /* What the limits of time and bytes are counted from: the start of the file, of a stream that of its last minute.
     */
    stopwatch since;
    uint64_t since_byte;
    AVIOContext *io;
    AVFormatContext *container;
    AVStream *stream; /* the video */
    const AVCodec *codec;
    int status; /* of the source, or of a limit met while reading, with its text */
    resight_error failure;
} ffmpeg_input;

int ffmpeg_input_open(ffmpeg_input *input, const media *file, resight_error *error);
void ffmpeg_input_close(ffmpeg_input *input);

/* A further minute of a stream has begun. */
void ffmpeg_input_count_anew(ffmpeg_input *input);

/* True when the file ends before its structure or its index does. */
bool ffmpeg_input_breaks_off(const ffmpeg_input *input);

/* What makes the stored raster upright, from the display matrix. */
resight_transform ffmpeg_input_orientation(const ffmpeg_input *input);

typedef enum picture_style {
    PICTURE_STILL, /* colours, converted with care; grey stays grey */
    PICTURE_LUMA,  /* the luma plane, where there is one */
    PICTURE_VPDQ   /* RGB by the same conversion as vPDQ */
} picture_style;

/*
 * A frame as a picture. Its pixels are those of the frame or lie in file->pixels.
 *
 * scaler  kept from frame to frame; free with sws_freeContext()
 */
int ffmpeg_picture(struct SwsContext **scaler, const media *file, const AVFrame *frame, picture_style style,
                   resight_image *out, resight_error *error);

#endif
