/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the dispatcher (decode.c) and the backends agree on: the file being read, and the calls that read it. There is
 * one backend for each third-party library, in one file (FFmpeg has several), and no other file includes that library.
 */
#ifndef RESIGHT_DECODE_BACKEND_H
#define RESIGHT_DECODE_BACKEND_H

#include "base/buffer.h"
#include "decode/limits.h"
#include <resight/decode.h>

/* The file that is open in a decoder. All borrowed; it stays as long as the file is open. */
typedef struct media {
    const resight_decode_options *options;
    resight_source *source;
    const uint8_t *bytes; /* the whole file; NULL for a video, which is read through its source */
    size_t size_bytes;
    resight_format format;
    bool keep_alpha; /* give a picture that has alpha as RGBA, below; else without it */
    buffer *pixels;  /* for the decoded raster; grown by the backend */
    stopwatch started;
} media;

/*
 * Two formats between backends and decode.c alone, four bytes a pixel, alpha not premultiplied. A frame in one of them
 * never leaves this room. In the second, red, green and blue are equal: the picture is grey.
 */
#define RGBA32 ((resight_pixel_format)101)
#define RGBA32_GREY ((resight_pixel_format)102)

typedef struct backend {
    /* Scratch memory and contexts that outlive a file: RESIGHT_OK or RESIGHT_E_NOMEM. NULL: there is no state. */
    int (*create)(void **state);
    /* Read the header. On entry info holds the format and what EXIF says; on failure close() is called all the same. */
    int (*open)(void *state, const media *file, resight_media_info *info, resight_error *error);
    /* Not called again after anything but RESIGHT_OK. */
    int (*next)(void *state, resight_frame *frame, resight_error *error);
    /* NULL: never. */
    bool (*damaged)(const void *state);
    /* End the file; keep what the next one can use. NULL: nothing to end. */
    void (*close)(void *state);
    /* NULL only when create is. */
    void (*destroy)(void *state);
} backend;

extern const backend backend_jpeg;         /* libjpeg-turbo */
extern const backend backend_png;          /* libpng */
extern const backend backend_ffmpeg_still; /* FFmpeg: one packet is the whole file */
extern const backend backend_ffmpeg_video; /* FFmpeg: a container and its demuxer */
extern const backend backend_webp;         /* libwebpdemux: animated WebP */
extern const backend backend_heif;         /* libheif */
extern const backend backend_jxl;          /* libjxl */

#endif
