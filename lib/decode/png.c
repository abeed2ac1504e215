/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG by libpng: 16 bits become the upper 8, palettes are expanded, alpha is dropped or kept. Text and profiles are
 * never inflated: a few kilobytes of them can stand for gigabytes. libpng leaves by longjmp; guarded() is the one
 * place it lands, and that function owns nothing.
 */
#include "decode/backend.h"
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One ancillary chunk that is kept (transparency, palette) is at most 768 bytes long; this is Debian's own limit. */
#define MAX_CHUNK_BYTES (8 * 1024 * 1024)
#define MAX_CHUNKS 100

typedef struct png_state {
    png_structp codec;
    png_infop header;
    const media *file;
    size_t at; /* how much of the file is read */
    uint32_t width_px, height_px;
    resight_pixel_format format; /* GRAY8, RGB24, RGBA32 or RGBA32_GREY */
    unsigned pixel_bytes;
    int status; /* of the step that runs, with its text */
    resight_error failure;
} png_state;

/* The one mapping of libpng's failures: it has texts, and no codes. */
static int png_status(const char *text) {
    if (strstr(text, "emory"))
        return RESIGHT_E_NOMEM;
    return RESIGHT_E_FORMAT;
}

static PNG_FUNCTION(void, leave, (png_structp codec, png_const_charp text), PNG_NORETURN) {
    png_state *state = png_get_error_ptr(codec);
    state->status = png_status(text);
    resight_fail(&state->failure, state->status, "PNG: %s", text);
    png_longjmp(codec, 1);
}

static void print_nothing(png_structp codec, png_const_charp text) {
    (void)codec;
    (void)text;
}

static void read_bytes(png_structp codec, png_bytep to, size_t size_bytes) {
    png_state *state = png_get_io_ptr(codec);
    if (size_bytes > state->file->size_bytes - state->at)
        png_error(codec, "the file breaks off");
    memcpy(to, state->file->bytes + state->at, size_bytes);
    state->at += size_bytes;
}

/* Run a step: its status, or that of the libpng error which ended it. */
static int guarded(png_state *state, void (*step)(png_state *), resight_error *error) {
    state->status = RESIGHT_OK;
    if (setjmp(png_jmpbuf(state->codec)) == 0)
        step(state);
    if (state->status != RESIGHT_OK)
        return resight_fail(error, state->status, "%s", state->failure.text);
    return RESIGHT_OK;
}

/* Chunks that no pixel depends on are skipped by name, before anything in them is looked at. */
static void skip_chunks(png_structp codec) {
    static const char names[] = "iCCP\0iTXt\0tEXt\0zTXt\0sPLT\0eXIf\0hIST\0pCAL\0sCAL\0tIME";
    png_set_keep_unknown_chunks(codec, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep)names, (int)(sizeof names / 5));
    png_set_keep_unknown_chunks(codec, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
}

/* What is stored, as 8-bit grey or RGB. No gamma is applied: the reference does not either. */
static void choose_pixels(png_state *state) {
    png_structp codec = state->codec;
    const png_byte colour = png_get_color_type(codec, state->header);
    const bool alpha = (colour & PNG_COLOR_MASK_ALPHA) || png_get_valid(codec, state->header, PNG_INFO_tRNS);
    const bool grey = !(colour & PNG_COLOR_MASK_COLOR);
    png_set_expand(codec);
    png_set_strip_16(codec); /* >> 8, as Pillow and the reference have it; png_set_scale_16 would round */
    if (alpha && state->file->keep_alpha) {
        png_set_gray_to_rgb(codec);
        state->format = grey ? RGBA32_GREY : RGBA32;
        state->pixel_bytes = 4;
        return;
    }
    png_set_strip_alpha(codec);
    state->format = grey ? RESIGHT_GRAY8 : RESIGHT_RGB24;
    state->pixel_bytes = resight_pixel_bytes(state->format);
}

static uint64_t raster_bytes(const png_state *state) {
    return (uint64_t)state->width_px * state->height_px * state->pixel_bytes;
}

static void step_header(png_state *state) {
    const resight_limits *limits = &state->file->options->limits;
    png_set_read_fn(state->codec, state, read_bytes);
    png_set_user_limits(state->codec, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* checked below, with a better text */
    png_set_chunk_malloc_max(state->codec, MAX_CHUNK_BYTES);
    png_set_chunk_cache_max(state->codec, MAX_CHUNKS);
    skip_chunks(state->codec);
    png_read_info(state->codec, state->header);
    state->width_px = png_get_image_width(state->codec, state->header);
    state->height_px = png_get_image_height(state->codec, state->header);
    choose_pixels(state);
    state->status = limits_check_raster(limits, state->width_px, state->height_px, &state->failure);
    if (state->status == RESIGHT_OK)
        state->status = limits_check_memory(limits, raster_bytes(state), "PNG: the pixels", &state->failure);
}

static void step_rows(png_state *state) {
    const int passes = png_set_interlace_handling(state->codec);
    const size_t stride_bytes = (size_t)state->width_px * state->pixel_bytes;
    png_read_update_info(state->codec, state->header);
    if (png_get_rowbytes(state->codec, state->header) != stride_bytes)
        png_error(state->codec, "rows of an unexpected length");
    for (int pass = 0; pass < passes && state->status == RESIGHT_OK; pass++) {
        for (uint32_t y = 0; y < state->height_px; y++)
            png_read_row(state->codec, state->file->pixels->bytes + y * stride_bytes, NULL);
        state->status = limits_check_seconds(&state->file->options->limits, &state->file->started, &state->failure);
    }
    if (state->status == RESIGHT_OK)
        png_read_end(state->codec, NULL); /* a file without its end breaks off, even if no pixel is missing */
}

static int png_create(void **out) {
    *out = calloc(1, sizeof(png_state));
    return *out ? RESIGHT_OK : RESIGHT_E_NOMEM;
}

static int png_open(void *opaque, const media *file, resight_media_info *info, resight_error *error) {
    png_state *state = opaque;
    *state = (png_state){.file = file};
    state->codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, leave, print_nothing);
    state->header = state->codec ? png_create_info_struct(state->codec) : NULL;
    if (!state->header)
        return resight_fail(error, RESIGHT_E_NOMEM, "PNG: no memory for a decoder");
    const int status = guarded(state, step_header, error);
    if (status != RESIGHT_OK)
        return status;
    info->kind = RESIGHT_IMAGE;
    info->width_px = state->width_px;
    info->height_px = state->height_px;
    snprintf(info->codec, sizeof info->codec, "png");
    return RESIGHT_OK;
}

static int png_next(void *opaque, resight_frame *frame, resight_error *error) {
    png_state *state = opaque;
    buffer *pixels = state->file->pixels;
    if (raster_bytes(state) > SIZE_MAX || buffer_reserve(pixels, (size_t)raster_bytes(state)) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "PNG: no memory for %u x %u pixels", state->width_px,
                            state->height_px);
    const int status = guarded(state, step_rows, error);
    if (status != RESIGHT_OK)
        return status;
    *frame = (resight_frame){.image = {pixels->bytes, state->width_px, state->height_px,
                                       (size_t)state->width_px * state->pixel_bytes, state->format}};
    return RESIGHT_OK;
}

static void png_close(void *opaque) {
    png_state *state = opaque;
    png_destroy_read_struct(&state->codec, &state->header, NULL);
}

const backend backend_png = {
    .create = png_create,
    .open = png_open,
    .next = png_next,
    .close = png_close,
    .destroy = free,
};
