/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front door of this room: recognise a file, choose the backend that reads it, and keep what backends hold from one
 * file to the next. Formats are chosen here; how each is read is the business of one file beside this one.
 */
#include "base/cleanup.h"
#include "decode/alpha.h"
#include "decode/backend.h"
#include "decode/exif.h"
#include "decode/probe.h"
#include "decode/source.h"
#include "decode/structure.h"
#include <string.h>

static const backend *const backends[] = {&backend_jpeg, &backend_png,  &backend_ffmpeg_still, &backend_ffmpeg_video,
                                          &backend_webp, &backend_heif, &backend_jxl};
#define BACKENDS (sizeof backends / sizeof *backends)

struct resight_decoder {
    resight_decode_options options;
    media media;            /* the open file */
    const backend *reading; /* by whom; NULL: none is open, or it has ended */
    resight_media_kind kind;
    bool given;             /* the one frame of a still */
    bool damaged;           /* remembered when the file has ended */
    buffer input, pixels;   /* a whole still, and its raster */
    buffer opaque;          /* the raster without alpha */
    resight_frame wide;     /* a still with transparent pixels, of which further views are to come */
    resight_view last_view; /* that was given of it; RESIGHT_VIEWS - 1: nothing is to come */
    void *states[BACKENDS]; /* created when first needed */
};

int resight_decoder_new(const resight_decode_options *options, resight_decoder **out) {
    resight_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return RESIGHT_E_NOMEM;
    decoder->options = options ? *options : resight_decode_options_default();
    *out = decoder;
    return RESIGHT_OK;
}

static size_t index_of(const backend *wanted) {
    size_t i = 0;
    while (backends[i] != wanted)
        i++;
    return i;
}

static void end_file(resight_decoder *decoder) {
    const backend *reading = decoder->reading;
    if (!reading)
        return;
    void *state = decoder->states[index_of(reading)];
    decoder->damaged = reading->damaged && reading->damaged(state);
    if (reading->close)
        reading->close(state);
    decoder->reading = NULL;
}

void resight_decoder_free(resight_decoder **decoder) {
    if (!*decoder)
        return;
    end_file(*decoder);
    for (size_t i = 0; i < BACKENDS; i++)
        if ((*decoder)->states[i])
            backends[i]->destroy((*decoder)->states[i]);
    buffer_free(&(*decoder)->input);
    buffer_free(&(*decoder)->pixels);
    buffer_free(&(*decoder)->opaque);
    free(*decoder);
    *decoder = NULL;
}

static int recognise(resight_decoder *decoder, resight_error *error) {
    media *file = &decoder->media;
    const resight_limits *limits = &decoder->options.limits;
    const uint64_t size_bytes = resight_source_size(file->source);
    uint8_t first[PROBE_BYTES];
    size_t got_bytes = 0;
    int status = resight_source_read(file->source, 0, first, sizeof first, &got_bytes, error);
    if (status != RESIGHT_OK)
        return status;
    if (got_bytes == 0)
        return resight_fail(error, RESIGHT_E_FORMAT, "an empty file");
    file->format = probe_format(first, got_bytes);
    if (file->format == RESIGHT_FORMAT_UNKNOWN)
        file->format = RESIGHT_FORMAT_VIDEO;
    if (file->format == RESIGHT_FORMAT_VIDEO)
        return limits_check_video_bytes(limits, size_bytes, error);
    status = limits_check_still_bytes(limits, size_bytes, error);
    if (status != RESIGHT_OK)
        return status;
    return source_read_whole(file->source, &decoder->input, &file->bytes, &file->size_bytes, error);
}

static const backend *choose(const media *file) {
    switch (file->format) {
    case RESIGHT_FORMAT_JPEG: return &backend_jpeg;
    case RESIGHT_FORMAT_PNG: return animated_png(file->bytes, file->size_bytes) ? &backend_ffmpeg_video : &backend_png;
    case RESIGHT_FORMAT_WEBP:
        return animated_webp(file->bytes, file->size_bytes) ? &backend_webp : &backend_ffmpeg_still;
    case RESIGHT_FORMAT_BMP:
    case RESIGHT_FORMAT_TIFF: return &backend_ffmpeg_still;
    case RESIGHT_FORMAT_HEIC: return &backend_heif;
    case RESIGHT_FORMAT_JXL: return &backend_jxl;
    case RESIGHT_FORMAT_GIF:
    case RESIGHT_FORMAT_AVIF:
    case RESIGHT_FORMAT_VIDEO:
    case RESIGHT_FORMAT_UNKNOWN: break;
    }
    return &backend_ffmpeg_video;
}

static int open_with(resight_decoder *decoder, const backend *chosen, resight_media_info *info, resight_error *error) {
    void **state = &decoder->states[index_of(chosen)];
    if (chosen->create && !*state && chosen->create(state) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a decoder");
    const media *file = &decoder->media;
    resight_media_info found = {.format = file->format,
                                .orientation = exif_orientation(file->format, file->bytes, file->size_bytes)};
    decoder->reading = chosen;
    const int status = chosen->open(*state, file, &found, error);
    if (status != RESIGHT_OK) {
        end_file(decoder);
        return status;
    }
    decoder->kind = found.kind;
    *info = found;
    return RESIGHT_OK;
}

int resight_decoder_open(resight_decoder *decoder, resight_source *source, resight_media_info *info,
                         resight_error *error) {
    end_file(decoder);
    decoder->given = decoder->damaged = false;
    decoder->last_view = RESIGHT_VIEWS - 1;
    decoder->media = (media){
        .options = &decoder->options, .source = source, .pixels = &decoder->pixels, .started = stopwatch_start()};
    decoder->media.keep_alpha = decoder->options.alpha != RESIGHT_ALPHA_DROP;
    const int status = recognise(decoder, error);
    return status == RESIGHT_OK ? open_with(decoder, choose(&decoder->media), info, error) : status;
}

/* What a frame with alpha is shown on; NULL: alpha is dropped. */
static const uint8_t *background(const resight_decoder *decoder, resight_view view) {
    static const uint8_t white[3] = {255, 255, 255}, black[3] = {0, 0, 0};
    if (view != RESIGHT_VIEW_STORED)
        return view == RESIGHT_VIEW_ON_WHITE ? white : black;
    return decoder->options.alpha == RESIGHT_ALPHA_COMPOSITE ? decoder->options.background_rgb : NULL;
}

static int show(resight_decoder *decoder, const resight_frame *wide, resight_view view, resight_frame *frame,
                resight_error *error) {
    resight_frame shown = *wide;
    shown.view = view;
    const int status = alpha_resolve(&wide->image, background(decoder, view), &decoder->options.limits,
                                     &decoder->opaque, &shown.image, error);
    if (status == RESIGHT_OK)
        *frame = shown;
    return status;
}

/* The next frame of the file itself, and what is to come of it. */
static int next_frame(resight_decoder *decoder, resight_frame *frame, resight_error *error) {
    if (decoder->given)
        return RESIGHT_END;
    resight_frame next;
    const int status = decoder->reading->next(decoder->states[index_of(decoder->reading)], &next, error);
    decoder->given = decoder->kind == RESIGHT_IMAGE;
    if (status != RESIGHT_OK || !alpha_present(&next.image)) {
        *frame = status == RESIGHT_OK ? next : *frame;
        return status;
    }
    if (decoder->given && decoder->options.alpha == RESIGHT_ALPHA_VIEWS && alpha_transparent(&next.image)) {
        decoder->wide = next;
        decoder->last_view = RESIGHT_VIEW_STORED;
    }
    return show(decoder, &next, RESIGHT_VIEW_STORED, frame, error);
}

/* The pixels of a last frame lie in the decoder or in the backend's state, so a file is ended by the call after it. */
int resight_decoder_next(resight_decoder *decoder, resight_frame *frame, resight_error *error) {
    if (!decoder->reading)
        return RESIGHT_END;
    int status;
    if (decoder->last_view + 1 < RESIGHT_VIEWS)
        status = show(decoder, &decoder->wide, ++decoder->last_view, frame, error);
    else
        status = next_frame(decoder, frame, error);
    if (status != RESIGHT_OK)
        end_file(decoder);
    return status;
}

bool resight_decoder_damaged(const resight_decoder *decoder) {
    if (!decoder->reading || !decoder->reading->damaged)
        return decoder->damaged;
    return decoder->reading->damaged(decoder->states[index_of(decoder->reading)]);
}
