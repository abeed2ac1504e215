/* SPDX-License-Identifier: Apache-2.0 */
/* One input, two decoders, the same frames. */
#include "decoding.h"
#include "fuzz.h"

#include <resight/video.h>
#include <sys/mman.h>
#include <unistd.h>

/* What came out of a file. */
typedef struct outcome {
    int opened, ended;
    bool damaged;
    resight_media_info info;
    uint64_t frames, digest; /* of all pixels, hashes and times */
    resight_error error;
} outcome;

/* FNV-1a. */
static uint64_t mix(uint64_t digest, const void *bytes, size_t size_bytes) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < size_bytes; i++)
        digest = (digest ^ p[i]) * UINT64_C(0x100000001b3);
    return digest;
}

static uint64_t mix_frame(uint64_t digest, resight_hasher *hasher, const resight_frame *frame) {
    const resight_image *image = &frame->image;
    const int64_t numbers[] = {frame->time_us,  frame->number,    frame->view,
                               image->width_px, image->height_px, image->format};
    resight_pdq pdq;
    PROPERTY(resight_image_check(image) == RESIGHT_OK);
    PROPERTY(resight_hasher_pdq(hasher, image, RESIGHT_PDQ, &pdq) == RESIGHT_OK);
    PROPERTY(pdq.quality >= 0 && pdq.quality <= 100);
    const size_t row_bytes = (size_t)image->width_px * resight_pixel_bytes(image->format);
    for (size_t y = 0; y < image->height_px; y++)
        digest = mix(digest, image->px + y * image->stride_bytes, row_bytes);
    return mix(mix(digest, &pdq.hash, sizeof pdq.hash), numbers, sizeof numbers);
}

static outcome decode(resight_decoder *decoder, resight_source *source) {
    outcome out = {.digest = UINT64_C(0xcbf29ce484222325)};
    resight_hasher *hasher = NULL;
    resight_frame frame = {0}, after;
    int64_t last_us = -1;
    PROPERTY(resight_hasher_new(RESIGHT_CPU_AUTO, &hasher) == RESIGHT_OK);
    out.opened = out.ended = resight_decoder_open(decoder, source, &out.info, &out.error);
    if (out.opened == RESIGHT_OK)
        while ((out.ended = resight_decoder_next(decoder, &frame, &out.error)) == RESIGHT_OK) {
            PROPERTY(frame.time_us >= last_us);
            last_us = frame.time_us;
            out.digest = mix_frame(out.digest, hasher, &frame);
            out.frames++;
        }
    PROPERTY(out.ended == RESIGHT_END || (out.ended < 0 && out.error.text[0] != '\0'));
    PROPERTY(resight_decoder_next(decoder, &after, NULL) == RESIGHT_END);
    out.damaged = resight_decoder_damaged(decoder);
    resight_hasher_free(&hasher);
    return out;
}

static outcome decode_memory(const uint8_t *bytes, size_t size_bytes, const resight_decode_options *options) {
    resight_decoder *decoder = NULL;
    resight_source *source = NULL;
    PROPERTY(resight_decoder_new(options, &decoder) == RESIGHT_OK);
    PROPERTY(resight_source_open_memory(bytes, size_bytes, &source, NULL) == RESIGHT_OK);
    const outcome out = decode(decoder, source);
    resight_decoder_free(&decoder);
    resight_source_free(&source);
    return out;
}

static outcome decode_descriptor(const uint8_t *bytes, size_t size_bytes, const resight_decode_options *options) {
    static resight_decoder *decoders[2];
    static int fd = -1;
    resight_decoder **decoder = &decoders[options->fast];
    resight_source *source = NULL;
    if (!*decoder)
        PROPERTY(resight_decoder_new(options, decoder) == RESIGHT_OK);
    if (fd < 0)
        PROPERTY((fd = memfd_create("input", MFD_CLOEXEC)) >= 0);
    PROPERTY(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size_bytes, 0) == (ssize_t)size_bytes);
    PROPERTY(resight_source_open_fd(fd, 0, &source, NULL) == RESIGHT_OK);
    const outcome out = decode(*decoder, source);
    resight_source_free(&source);
    return out;
}

void decode_twice(const uint8_t *bytes, size_t size_bytes, const resight_decode_options *options) {
    const outcome a = decode_memory(bytes, size_bytes, options);
    const outcome b = decode_descriptor(bytes, size_bytes, options);
    if (strstr(a.error.text, "--max-seconds") || strstr(b.error.text, "--max-seconds"))
        return;
    PROPERTY(a.opened == b.opened);
    PROPERTY(a.ended == b.ended);
    PROPERTY(strcmp(a.error.text, b.error.text) == 0);
    PROPERTY(a.frames == b.frames);
    /* Where the slices of a HEIC lack a part of the picture, libde265 leaves there what it found in memory, and says
     * nothing. */
    PROPERTY(a.digest == b.digest || (a.info.format == RESIGHT_FORMAT_HEIC && b.info.format == a.info.format));
    PROPERTY(a.damaged == b.damaged);
    if (a.opened != RESIGHT_OK)
        return;
    PROPERTY(a.info.width_px == b.info.width_px && a.info.height_px == b.info.height_px);
    PROPERTY(a.info.kind == b.info.kind && a.info.format == b.info.format);
    PROPERTY((unsigned)a.info.orientation < RESIGHT_TRANSFORMS && a.info.orientation == b.info.orientation);
    PROPERTY(a.info.duration_us >= 0 && a.info.frames_per_second >= 0);
    PROPERTY(a.ended != RESIGHT_END || a.frames > 0);
}
