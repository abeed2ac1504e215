/* SPDX-License-Identifier: Apache-2.0 */
/* HEIC: the raster as stored, its orientation, limits and damage. Only built where libheif is. */
#include "making.h"

#include <criterion/criterion.h>
#include <libheif/heif.h>
#include <stdlib.h>
#include <string.h>

/* HEVC at its best quality, and the way through Y'CbCr and back. */
#define ROUNDING 12

static struct heif_error collect(struct heif_context *context, const void *bytes, size_t size_bytes, void *opaque) {
    (void)context;
    blob_append(opaque, bytes, size_bytes);
    return (struct heif_error){heif_error_Ok, heif_suberror_Unspecified, ""};
}

/* Grey waves in RGB, so that subsampling costs nothing. Empty when there is no encoder for HEVC. */
static blob make_heic(const raster *grey, const blob *exif) {
    blob b = {0};
    struct heif_context *context = heif_context_alloc();
    struct heif_encoder *encoder = NULL;
    struct heif_image *image = NULL;
    struct heif_image_handle *handle = NULL;
    if (heif_context_get_encoder_for_format(context, heif_compression_HEVC, &encoder).code != heif_error_Ok) {
        heif_context_free(context);
        return b;
    }
    heif_encoder_set_lossy_quality(encoder, 100);
    heif_image_create((int)grey->width_px, (int)grey->height_px, heif_colorspace_RGB, heif_chroma_interleaved_RGB,
                      &image);
    heif_image_add_plane(image, heif_channel_interleaved, (int)grey->width_px, (int)grey->height_px, 8);
    int stride_bytes = 0;
    uint8_t *plane = heif_image_get_plane(image, heif_channel_interleaved, &stride_bytes);
    for (size_t y = 0; y < grey->height_px; y++)
        for (size_t x = 0; x < grey->width_px; x++)
            memset(plane + y * (size_t)stride_bytes + x * 3, grey->px[y * grey->width_px + x], 3);
    cr_assert_eq(heif_context_encode_image(context, image, encoder, NULL, &handle).code, heif_error_Ok);
    if (exif)
        heif_context_add_exif_metadata(context, handle, exif->bytes, (int)exif->size_bytes);
    struct heif_writer writer = {.writer_api_version = 1, .write = collect};
    cr_assert_eq(heif_context_write(context, &writer, &b).code, heif_error_Ok);
    heif_image_handle_release(handle);
    heif_image_release(image);
    heif_encoder_release(encoder);
    heif_context_free(context);
    return b;
}

Test(heif, pixels_orientation_limits_and_cuts) {
    raster grey = make_waves(65, 43, 1);
    blob exif = make_exif(8, true, false), b = make_heic(&grey, &exif);
    if (b.size_bytes == 0)
        cr_skip_test("no encoder for HEVC here");
    outcome o = decode_blob(&b, NULL);
    cr_assert_eq(o.ended, RESIGHT_END, "%s", o.error.text);
    cr_assert(o.frames == 1 && o.info.kind == RESIGHT_IMAGE && o.info.format == RESIGHT_FORMAT_HEIC);
    cr_assert(o.first.width_px == 65 && o.first.height_px == 43 && o.info.width_px == 65 && o.info.height_px == 43);
    cr_expect_eq(o.info.orientation, RESIGHT_ROTATE_90);
    for (size_t i = 0; i < 65 * 43 * 3; i++)
        cr_assert_leq(abs(o.first.px[i] - grey.px[i / 3]), ROUNDING, "sample %zu is %u, not %u", i, o.first.px[i],
                      grey.px[i / 3]);
    free(o.first.px);
    resight_decode_options options = every_frame();
    options.limits.max_side_px = 64;
    o = decode_blob(&b, &options);
    cr_expect(o.ended == RESIGHT_E_LIMIT && strstr(o.error.text, "--max-side"), "%s", o.error.text);
    options = every_frame();
    options.limits.max_pixels = 65 * 43 - 1;
    o = decode_blob(&b, &options);
    cr_expect(o.ended == RESIGHT_E_LIMIT && strstr(o.error.text, "--max-pixels"), "%s", o.error.text);
    for (size_t cut = 0; cut < b.size_bytes; cut += cut < 600 ? 5 : 37) {
        blob less = blob_copy(b.bytes, cut);
        o = decode_blob(&less, NULL);
        cr_assert_eq(o.frames, 0, "cut at %zu of %zu", cut, b.size_bytes);
        cr_assert_lt(o.ended, 0);
        free(less.bytes);
    }
    free(b.bytes);
    free(exif.bytes);
    free(grey.px);
}
