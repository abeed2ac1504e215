/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FFmpeg's frames, in any of some two hundred pixel formats, to the three that are hashed. Luma of 8 bits is handed out
 * where it lies; deeper samples lose their lower bits; only what is left goes through swscale.
 */
#include "base/size.h"
#include "decode/ffmpeg.h"
#include <libavutil/pixdesc.h>

/* swscale's vector code writes whole vectors at the end of a row. */
#define ROW_ALIGN 64

typedef const AVPixFmtDescriptor layout;

/* Samples stand in bytes or in pairs of bytes, where the descriptor says. */
static bool is_plain(layout *l) {
    const uint64_t odd = AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL |
                         AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BAYER;
    return !(l->flags & odd) && l->comp[0].depth >= 8 && l->comp[0].depth <= 16;
}

static bool is_colourful(layout *l) {
    return l->nb_components >= 3 || (l->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER));
}

static bool is_rgb(layout *l) {
    return l->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER);
}

/* What the stream says, else what the format implies: Y'CbCr is of video range unless it is one of the "yuvj". */
static resight_pixel_format luma_format(const AVFrame *frame, layout *l) {
    if (frame->color_range == AVCOL_RANGE_JPEG)
        return RESIGHT_GRAY8;
    if (frame->color_range == AVCOL_RANGE_MPEG)
        return RESIGHT_GRAY8_LIMITED;
    switch (frame->format) {
    case AV_PIX_FMT_YUVJ411P:
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ444P: return RESIGHT_GRAY8;
    default: return is_colourful(l) ? RESIGHT_GRAY8_LIMITED : RESIGHT_GRAY8;
    }
}

static int reserve(const media *file, const AVFrame *frame, size_t pixel_bytes, resight_pixel_format format,
                   resight_image *out, resight_error *error) {
    size_t stride_bytes = 0, bytes = 0;
    if (!size_mul((size_t)frame->width, pixel_bytes, &stride_bytes) ||
        !size_add(stride_bytes, ROW_ALIGN - 1, &stride_bytes))
        return resight_fail(error, RESIGHT_E_NOMEM, "a row of %d pixels", frame->width);
    stride_bytes -= stride_bytes % ROW_ALIGN;
    if (!size_mul(stride_bytes, (size_t)frame->height, &bytes) || !size_add(bytes, ROW_ALIGN, &bytes))
        return resight_fail(error, RESIGHT_E_NOMEM, "%d x %d pixels", frame->width, frame->height);
    const int status = limits_check_memory(&file->options->limits, bytes, "the pixels of a frame", error);
    if (status != RESIGHT_OK)
        return status;
    if (buffer_reserve(file->pixels, bytes) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for %d x %d pixels", frame->width, frame->height);
    *out = (resight_image){file->pixels->bytes, (uint32_t)frame->width, (uint32_t)frame->height, stride_bytes, format};
    return RESIGHT_OK;
}

/* One component of one row, as its upper 8 bits. */
static void take_row(const uint8_t *row, layout *l, unsigned component, size_t width, uint8_t *to, size_t to_step) {
    const AVComponentDescriptor *c = &l->comp[component];
    const bool big = l->flags & AV_PIX_FMT_FLAG_BE;
    const uint8_t *from = row + c->offset;
    for (size_t x = 0; x < width; x++, from += c->step) {
        unsigned sample = from[0];
        if (c->depth + c->shift > 8)
            sample = (big ? (unsigned)from[0] << 8 | from[1] : (unsigned)from[1] << 8 | from[0]) >> c->shift;
        to[x * to_step] = (uint8_t)(sample >> (c->depth - 8));
    }
}

static void take_component(const AVFrame *frame, layout *l, unsigned component, const resight_image *image,
                           unsigned place) {
    const size_t step = image->format == RGBA32 ? 4 : resight_pixel_bytes(image->format);
    const int plane = l->comp[component].plane;
    for (int y = 0; y < frame->height; y++)
        take_row(frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane], l, component, (size_t)frame->width,
                 (uint8_t *)image->px + (size_t)y * image->stride_bytes + place, step);
}

static int luma(const media *file, const AVFrame *frame, layout *l, resight_image *out, resight_error *error) {
    const AVComponentDescriptor *y = &l->comp[0];
    const resight_pixel_format format = luma_format(frame, l);
    if (y->depth == 8 && y->step == 1 && frame->linesize[y->plane] > 0) {
        *out = (resight_image){frame->data[y->plane] + y->offset, (uint32_t)frame->width, (uint32_t)frame->height,
                               (size_t)frame->linesize[y->plane], format};
        return RESIGHT_OK;
    }
    const int status = reserve(file, frame, 1, format, out, error);
    if (status == RESIGHT_OK)
        take_component(frame, l, 0, out, 0);
    return status;
}

static int rgb(const media *file, const AVFrame *frame, layout *l, resight_image *out, resight_error *error) {
    const int status = reserve(file, frame, 3, RESIGHT_RGB24, out, error);
    for (unsigned c = 0; status == RESIGHT_OK && c < 3; c++)
        take_component(frame, l, c, out, c);
    return status;
}

/* The matrix and range that the stream names; what it does not name is BT.601, as everywhere in swscale. */
static void set_colours(struct SwsContext *scaler, const AVFrame *frame, layout *l) {
    const bool full = !is_rgb(l) && luma_format(frame, l) == RESIGHT_GRAY8;
    const int *from = sws_getCoefficients((int)frame->colorspace), *to = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(scaler, from, full || is_rgb(l), to, 1, 0, 1 << 16, 1 << 16);
}

/* vPDQ (vpdq/cpp/vpdq/cpp/hashing) asks swscale for RGB24 at the same size with SWS_BILINEAR and nothing more. Which
 * code answers then depends on the processor; exact rounding gives the portable one everywhere, and the hashes
 * published with vPDQ within 2 bits instead of 6. */
static int scale(struct SwsContext **scaler, const AVFrame *frame, layout *l, enum AVPixelFormat format, bool as_vpdq,
                 const resight_image *image, resight_error *error) {
    const int flags = as_vpdq ? SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT
                              : SWS_BICUBIC | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND | SWS_BITEXACT;
    *scaler = sws_getCachedContext(*scaler, frame->width, frame->height, frame->format, frame->width, frame->height,
                                   format, flags, NULL, NULL, NULL);
    if (!*scaler)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "no conversion from the pixel format %s", l->name);
    if (!as_vpdq)
        set_colours(*scaler, frame, l);
    uint8_t *const planes[4] = {(uint8_t *)image->px};
    const int strides[4] = {(int)image->stride_bytes};
    const int rows =
        sws_scale(*scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes, strides);
    if (rows != frame->height)
        return ffmpeg_fail(error, rows < 0 ? rows : AVERROR_INVALIDDATA, "converting a frame");
    return RESIGHT_OK;
}

static int scaled(struct SwsContext **scaler, const media *file, const AVFrame *frame, layout *l, picture_style style,
                  resight_image *out, resight_error *error) {
    const bool grey = !is_colourful(l) && style != PICTURE_VPDQ;
    const int status = reserve(file, frame, grey ? 1 : 3, grey ? RESIGHT_GRAY8 : RESIGHT_RGB24, out, error);
    if (status != RESIGHT_OK)
        return status;
    return scale(scaler, frame, l, grey ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24, style == PICTURE_VPDQ, out, error);
}

/* Colours and alpha. What is grey stays known as such. */
static int with_alpha(struct SwsContext **scaler, const media *file, const AVFrame *frame, layout *l,
                      resight_image *out, resight_error *error) {
    const int status = reserve(file, frame, 4, is_colourful(l) ? RGBA32 : RGBA32_GREY, out, error);
    if (status != RESIGHT_OK)
        return status;
    if (!is_plain(l) || !is_rgb(l))
        return scale(scaler, frame, l, AV_PIX_FMT_RGBA, false, out, error);
    for (unsigned c = 0; c < 4; c++)
        take_component(frame, l, c, out, c);
    return RESIGHT_OK;
}

int ffmpeg_picture(struct SwsContext **scaler, const media *file, const AVFrame *frame, picture_style style,
                   resight_image *out, resight_error *error) {
    layout *l = av_pix_fmt_desc_get(frame->format);
    if (!l || (l->flags & AV_PIX_FMT_FLAG_HWACCEL))
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "no conversion from pixel format %d", frame->format);
    const int status =
        limits_check_raster(&file->options->limits, (uint64_t)frame->width, (uint64_t)frame->height, error);
    if (status != RESIGHT_OK)
        return status;
    if (file->keep_alpha && (l->flags & AV_PIX_FMT_FLAG_ALPHA))
        return with_alpha(scaler, file, frame, l, out, error);
    if (style != PICTURE_VPDQ && is_plain(l)) {
        if (is_rgb(l))
            return rgb(file, frame, l, out, error);
        if (style == PICTURE_LUMA || !is_colourful(l))
            return luma(file, frame, l, out, error);
    }
    return scaled(scaler, file, frame, l, style, out, error);
}
