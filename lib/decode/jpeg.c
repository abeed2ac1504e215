/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG by libjpeg-turbo: the classic interface with its default transform and upsampling, so that the pixels are those
 * of the PDQ reference. libjpeg leaves by longjmp; guarded() is the one place it lands, and that function owns nothing.
 */
#include "decode/backend.h"

#include "base/size.h"
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

/* libjpeg turns at most a row of blocks into colours before it comes back: 8 lines, times a sampling factor. */
#define ROWS_AT_ONCE 16
/* libjpeg scales by n / 8: it turns n by n of a block's 8 by 8 coefficients into pixels. */
#define WHOLE_EIGHTHS 8u

typedef struct jpeg_state {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf landing;
    const media *file;
    buffer cmyk_row;
    bool created;
    bool approximate; /* decoded at a part of its size */
    int status;       /* of the step that runs, with its text */
    resight_error failure;
} jpeg_state;

/* The one mapping of libjpeg's codes. */
static int jpeg_status(int code) {
    switch (code) {
    case JERR_OUT_OF_MEMORY: return RESIGHT_E_NOMEM;
    case JERR_NO_BACKING_STORE: return RESIGHT_E_LIMIT; /* what it says when max_memory_to_use is reached */
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED: return RESIGHT_E_UNSUPPORTED;
    default: return RESIGHT_E_FORMAT;
    }
}

/* Warnings after which libjpeg goes on with grey filler: the hash would be that of another picture. The others (bytes
 * between segments, unknown revisions, odd scan parameters) leave the pixels as the encoder meant them. */
static bool is_damage(int code) {
    switch (code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC: return true;
    default: return false;
    }
}

static void leave(j_common_ptr common) {
    jpeg_state *state = common->client_data;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    state->status = jpeg_status(common->err->msg_code);
    resight_fail(&state->failure, state->status, "JPEG: %s%s", text,
                 state->status == RESIGHT_E_LIMIT ? ": over the limit of memory (--max-memory)" : "");
    longjmp(state->landing, 1);
}

static void on_message(j_common_ptr common, int level) {
    if (level < 0 && is_damage(common->err->msg_code))
        leave(common);
}

static void print_nothing(j_common_ptr common) {
    (void)common;
}

/* Called whenever rows are asked for, and for each row of blocks of a progressive file, which in a few kilobytes can
 * have thousands of scans. */
static void on_progress(j_common_ptr common) {
    jpeg_state *state = common->client_data;
    const media *file = state->file;
    const resight_limits *limits = &file->options->limits;
    state->status = limits_check_scans(limits, (uint64_t)state->codec.input_scan_number, &state->failure);
    if (state->status == RESIGHT_OK)
        state->status = limits_check_seconds(limits, &file->started, &state->failure);
    if (state->status != RESIGHT_OK)
        longjmp(state->landing, 1);
}

/* Run a step: its status, or that of the libjpeg error which ended it. */
static int guarded(jpeg_state *state, void (*step)(jpeg_state *), resight_error *error) {
    state->status = RESIGHT_OK;
    state->failure.text[0] = '\0';
    if (setjmp(state->landing) == 0)
        step(state);
    if (state->status != RESIGHT_OK)
        return resight_fail(error, state->status, "%s", state->failure.text);
    return RESIGHT_OK;
}

static void step_create(jpeg_state *state) {
    state->codec.mem = NULL; /* jpeg_destroy_decompress() does nothing until there is one */
    state->created = true;
    jpeg_create_decompress(&state->codec);
}

/* Bytes of the coefficients that a file of several scans keeps of the whole picture, from its header alone. */
static uint64_t coefficient_bytes(struct jpeg_decompress_struct *codec) {
    uint64_t bytes = 0;
    if (!jpeg_has_multiple_scans(codec))
        return 0;
    for (int i = 0; i < codec->num_components; i++)
        bytes += (uint64_t)codec->comp_info[i].width_in_blocks * codec->comp_info[i].height_in_blocks * sizeof(JBLOCK);
    return bytes;
}

static int choose_colours(jpeg_state *state) {
    switch (state->codec.jpeg_color_space) {
    case JCS_GRAYSCALE: state->codec.out_color_space = JCS_GRAYSCALE; return RESIGHT_OK;
    case JCS_RGB:
    case JCS_YCbCr: state->codec.out_color_space = JCS_RGB; return RESIGHT_OK;
    case JCS_CMYK:
    case JCS_YCCK: state->codec.out_color_space = JCS_CMYK; return RESIGHT_OK;
    default:
        return resight_fail(&state->failure, RESIGHT_E_UNSUPPORTED, "JPEG: %d components of no known colour space",
                            state->codec.num_components);
    }
}

/* A half, a quarter and an eighth are the parts that libjpeg-turbo has vector code for. */
static unsigned fast_eighths(const struct jpeg_decompress_struct *codec) {
    const uint64_t shorter_px = codec->image_width < codec->image_height ? codec->image_width : codec->image_height;
    unsigned eighths = 1;
    while (eighths < WHOLE_EIGHTHS && (shorter_px * eighths + WHOLE_EIGHTHS - 1) / WHOLE_EIGHTHS < RESIGHT_FAST_SIDE_PX)
        eighths *= 2;
    return eighths;
}

static void choose_size(jpeg_state *state) {
    struct jpeg_decompress_struct *codec = &state->codec;
    const bool has_luma = codec->jpeg_color_space == JCS_GRAYSCALE || codec->jpeg_color_space == JCS_YCbCr;
    const unsigned eighths = has_luma && state->file->options->fast ? fast_eighths(codec) : WHOLE_EIGHTHS;
    state->approximate = eighths < WHOLE_EIGHTHS;
    if (state->approximate) {
        codec->scale_num = eighths;
        codec->scale_denom = WHOLE_EIGHTHS;
        codec->out_color_space = JCS_GRAYSCALE;
    }
    jpeg_calc_output_dimensions(codec);
}

static bool is_grey(const jpeg_state *state) {
    return state->codec.out_color_space == JCS_GRAYSCALE;
}

static uint64_t raster_bytes(const jpeg_state *state) {
    return (uint64_t)state->codec.output_width * state->codec.output_height * (is_grey(state) ? 1 : 3);
}

static int check_limits(jpeg_state *state) {
    const resight_limits *limits = &state->file->options->limits;
    const int status =
        limits_check_raster(limits, state->codec.image_width, state->codec.image_height, &state->failure);
    if (status != RESIGHT_OK)
        return status;
    return limits_check_memory(limits, coefficient_bytes(&state->codec) + raster_bytes(state),
                               "JPEG: raster and coefficients", &state->failure);
}

static void step_header(jpeg_state *state) {
    const uint64_t most = state->file->options->limits.max_memory_bytes;
    state->codec.mem->max_memory_to_use = most && most < LONG_MAX ? (long)most : LONG_MAX;
    jpeg_mem_src(&state->codec, state->file->bytes, state->file->size_bytes);
    jpeg_read_header(&state->codec, TRUE);
    state->status = choose_colours(state);
    if (state->status != RESIGHT_OK)
        return;
    choose_size(state);
    state->status = check_limits(state);
}

/* Adobe stores inks the other way round. What is left of white after one ink and black, rounded as Pillow does. */
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t pixels, bool inverted) {
    for (; pixels > 0; pixels--, cmyk += 4, rgb += 3) {
        const unsigned white = inverted ? cmyk[3] : 255u - cmyk[3];
        for (unsigned c = 0; c < 3; c++) {
            const unsigned ink = inverted ? 255u - cmyk[c] : cmyk[c];
            rgb[c] = (uint8_t)(white - (ink * white + 127) / 255);
        }
    }
}

static void read_cmyk_row(jpeg_state *state, uint8_t *row) {
    JSAMPROW inks = state->cmyk_row.bytes;
    jpeg_read_scanlines(&state->codec, &inks, 1);
    cmyk_to_rgb(inks, row, state->codec.output_width, state->codec.saw_Adobe_marker);
}

/* As many as libjpeg has ready at once. */
static void read_rows(jpeg_state *state, uint8_t *row, size_t stride_bytes) {
    const JDIMENSION left = state->codec.output_height - state->codec.output_scanline;
    const JDIMENSION count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
    JSAMPROW rows[ROWS_AT_ONCE];
    for (JDIMENSION i = 0; i < count; i++)
        rows[i] = row + i * stride_bytes;
    jpeg_read_scanlines(&state->codec, rows, count);
}

static void step_rows(jpeg_state *state) {
    struct jpeg_decompress_struct *codec = &state->codec;
    const size_t stride_bytes = (size_t)codec->output_width * (is_grey(state) ? 1 : 3);
    jpeg_start_decompress(codec);
    while (codec->output_scanline < codec->output_height) {
        uint8_t *row = state->file->pixels->bytes + codec->output_scanline * stride_bytes;
        if (codec->out_color_space == JCS_CMYK)
            read_cmyk_row(state, row);
        else
            read_rows(state, row, stride_bytes);
    }
    jpeg_finish_decompress(codec); /* reads on to the end marker, so that its absence is noticed */
}

static int jpeg_create(void **out) {
    jpeg_state *state = calloc(1, sizeof *state);
    if (!state)
        return RESIGHT_E_NOMEM;
    state->codec.err = jpeg_std_error(&state->errors);
    state->errors.error_exit = leave;
    state->errors.emit_message = on_message;
    state->errors.output_message = print_nothing;
    state->codec.client_data = state;
    state->progress.progress_monitor = on_progress;
    *out = state;
    return RESIGHT_OK;
}

static int jpeg_open(void *opaque, const media *file, resight_media_info *info, resight_error *error) {
    jpeg_state *state = opaque;
    state->file = file;
    int status = guarded(state, step_create, error);
    if (status != RESIGHT_OK)
        return status;
    state->codec.progress = &state->progress;
    status = guarded(state, step_header, error);
    if (status != RESIGHT_OK)
        return status;
    info->kind = RESIGHT_IMAGE;
    info->width_px = state->codec.image_width;
    info->height_px = state->codec.image_height;
    snprintf(info->codec, sizeof info->codec, "jpeg");
    return RESIGHT_OK;
}

static int jpeg_next(void *opaque, resight_frame *frame, resight_error *error) {
    jpeg_state *state = opaque;
    buffer *pixels = state->file->pixels;
    size_t cmyk_bytes = 0;
    if (!size_mul(state->codec.output_width, 4, &cmyk_bytes) || raster_bytes(state) > SIZE_MAX ||
        buffer_reserve(pixels, (size_t)raster_bytes(state)) != RESIGHT_OK ||
        buffer_reserve(&state->cmyk_row, cmyk_bytes) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "JPEG: no memory for %u x %u pixels", state->codec.output_width,
                            state->codec.output_height);
    const int status = guarded(state, step_rows, error);
    if (status != RESIGHT_OK)
        return status;
    const uint32_t width = state->codec.output_width;
    *frame = (resight_frame){.image = {pixels->bytes, width, state->codec.output_height,
                                       is_grey(state) ? width : (size_t)width * 3,
                                       is_grey(state) ? RESIGHT_GRAY8 : RESIGHT_RGB24},
                             .view = state->approximate ? RESIGHT_VIEW_APPROXIMATE : RESIGHT_VIEW_STORED};
    return RESIGHT_OK;
}

/* Nothing is kept for the next file: libjpeg would go on with the quantisation and Huffman tables of this one when the
 * next has none of its own, and its hash would depend on what was read before. */
static void jpeg_close(void *opaque) {
    jpeg_state *state = opaque;
    if (state->created)
        jpeg_destroy_decompress(&state->codec);
    state->created = false;
}

static void jpeg_destroy_state(void *opaque) {
    jpeg_state *state = opaque;
    buffer_free(&state->cmyk_row);
    free(state);
}

const backend backend_jpeg = {
    .create = jpeg_create,
    .open = jpeg_open,
    .next = jpeg_next,
    .close = jpeg_close,
    .destroy = jpeg_destroy_state,
};
