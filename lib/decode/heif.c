/* SPDX-License-Identifier: Apache-2.0 */
/* HEIC by libheif: the primary picture, as stored. libheif would turn it upright; hashes for exchange are not. */
#include "decode/backend.h"
#include "decode/exif.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libheif/heif.h>

/* The picture as it is coded (at most 4:4:4 in 16 bits, seldom) and as RGB. */
#define BYTES_PER_PIXEL 6
/* Of EXIF that is looked at: the orientation stands in its first directory. */
#define MAX_EXIF_BYTES (1024 * 1024)

typedef struct heif_state {
    const media *file;
    struct heif_context *context;
    struct heif_image_handle *primary;
    struct heif_image *image;
    bool rgba; /* the pixels come with alpha */
} heif_state;

/* The one mapping of libheif's codes. */
static int heif_status(struct heif_error failure) {
    if (failure.subcode == heif_suberror_Security_limit_exceeded)
        return RESIGHT_E_LIMIT;
    switch (failure.code) {
    case heif_error_Ok: return RESIGHT_OK;
    case heif_error_Memory_allocation_error: return RESIGHT_E_NOMEM;
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature: return RESIGHT_E_UNSUPPORTED;
    default: return RESIGHT_E_FORMAT;
    }
}

static int heif_result(struct heif_error failure, resight_error *error) {
    const int status = heif_status(failure);
    if (status == RESIGHT_OK)
        return status;
    return resight_fail(error, status, "HEIC: %s%s", failure.message,
                        status == RESIGHT_E_LIMIT ? ": over the limit of a side (--max-side)" : "");
}

static int heif_create(void **out) {
    *out = calloc(1, sizeof(heif_state));
    return *out ? RESIGHT_OK : RESIGHT_E_NOMEM;
}

static int read_boxes(heif_state *state, resight_error *error) {
    const media *file = state->file;
    const uint32_t side = file->options->limits.max_side_px;
    state->context = heif_context_alloc();
    if (!state->context)
        return resight_fail(error, RESIGHT_E_NOMEM, "HEIC: no memory for a decoder");
    heif_context_set_maximum_image_size_limit(state->context, side && side < INT_MAX ? (int)side : INT_MAX);
    heif_context_set_max_decoding_threads(state->context, 0);
    int status = heif_result(
        heif_context_read_from_memory_without_copy(state->context, file->bytes, file->size_bytes, NULL), error);
    if (status == RESIGHT_OK)
        status = heif_result(heif_context_get_primary_image_handle(state->context, &state->primary), error);
    return status;
}

/* The size as stored; a handle's plain width and height are those after turning. */
static int check_size(const heif_state *state, resight_media_info *info, resight_error *error) {
    const resight_limits *limits = &state->file->options->limits;
    const int width = heif_image_handle_get_ispe_width(state->primary);
    const int height = heif_image_handle_get_ispe_height(state->primary);
    if (width <= 0 || height <= 0)
        return resight_fail(error, RESIGHT_E_FORMAT, "HEIC: the size of the picture is not to be found");
    const int status = limits_check_raster(limits, (uint64_t)width, (uint64_t)height, error);
    if (status != RESIGHT_OK)
        return status;
    info->width_px = (uint32_t)width;
    info->height_px = (uint32_t)height;
    return limits_check_memory(limits, (uint64_t)width * (uint64_t)height * BYTES_PER_PIXEL, "HEIC: the pixels", error);
}

/* EXIF in an item of its own, after four bytes that say how far into it the TIFF structure begins. */
static resight_transform orientation(const heif_state *state) {
    heif_item_id id = 0;
    if (heif_image_handle_get_list_of_metadata_block_IDs(state->primary, "Exif", &id, 1) != 1)
        return RESIGHT_ORIGINAL;
    const size_t size_bytes = heif_image_handle_get_metadata_size(state->primary, id);
    resight_transform found = RESIGHT_ORIGINAL;
    if (size_bytes <= 4 || size_bytes > MAX_EXIF_BYTES)
        return found;
    uint8_t *exif = malloc(size_bytes);
    if (exif && heif_image_handle_get_metadata(state->primary, id, exif).code == heif_error_Ok)
        found = exif_orientation_of(exif + 4, size_bytes - 4);
    free(exif);
    return found;
}

static int heif_open(void *opaque, const media *file, resight_media_info *info, resight_error *error) {
    heif_state *state = opaque;
    *state = (heif_state){.file = file};
    int status = read_boxes(state, error);
    if (status == RESIGHT_OK)
        status = check_size(state, info, error);
    if (status != RESIGHT_OK)
        return status;
    state->rgba = file->keep_alpha && heif_image_handle_has_alpha_channel(state->primary);
    info->kind = RESIGHT_IMAGE;
    info->orientation = orientation(state);
    snprintf(info->codec, sizeof info->codec, "heic");
    return RESIGHT_OK;
}

static int decode(heif_state *state, resight_error *error) {
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    if (!options)
        return resight_fail(error, RESIGHT_E_NOMEM, "HEIC: no memory for a decoder");
    options->ignore_transformations = 1;
    options->convert_hdr_to_8bit = 1;
    options->strict_decoding = 1;
    const enum heif_chroma chroma = state->rgba ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
    const struct heif_error failure =
        heif_decode_image(state->primary, &state->image, heif_colorspace_RGB, chroma, options);
    heif_decoding_options_free(options);
    return heif_result(failure, error);
}

static int heif_next(void *opaque, resight_frame *frame, resight_error *error) {
    heif_state *state = opaque;
    int status = decode(state, error);
    if (status != RESIGHT_OK)
        return status;
    int stride_bytes = 0;
    const uint8_t *px = heif_image_get_plane_readonly(state->image, heif_channel_interleaved, &stride_bytes);
    const int width = heif_image_get_primary_width(state->image), height = heif_image_get_primary_height(state->image);
    if (!px || width <= 0 || height <= 0 || stride_bytes <= 0)
        return resight_fail(error, RESIGHT_E_FORMAT, "HEIC: there is no picture in it");
    resight_image image = {px, (uint32_t)width, (uint32_t)height, (size_t)stride_bytes,
                           state->rgba ? RGBA32 : RESIGHT_RGB24};
    status = limits_check_raster(&state->file->options->limits, image.width_px, image.height_px, error);
    if (status == RESIGHT_OK)
        *frame = (resight_frame){.image = image};
    return status;
}

static void heif_close(void *opaque) {
    heif_state *state = opaque;
    heif_image_release(state->image);
    heif_image_handle_release(state->primary);
    heif_context_free(state->context);
    *state = (heif_state){0};
}

const backend backend_heif = {
    .create = heif_create,
    .open = heif_open,
    .next = heif_next,
    .close = heif_close,
    .destroy = free,
};
