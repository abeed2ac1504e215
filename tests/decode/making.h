/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media made on the spot, in memory, by the encoders of the same libraries; and what the decoder makes of them, with
 * the pixels kept. Whatever cannot be made here (an encoder that this machine lacks) gives an empty blob.
 */
#ifndef RESIGHT_TESTS_MAKING_H
#define RESIGHT_TESTS_MAKING_H

#include <libavutil/pixfmt.h>
#include <resight/decode.h>

typedef struct blob {
    uint8_t *bytes; /* owned: free() */
    size_t size_bytes;
} blob;

blob blob_copy(const void *bytes, size_t size_bytes);
void blob_append(blob *to, const void *bytes, size_t size_bytes);

/* A picture without padding: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA or CMYK. */
typedef struct raster {
    uint32_t width_px, height_px;
    unsigned channels;
    uint8_t *px; /* owned: free() */
} raster;

/* Smooth waves, different in each channel. */
raster make_waves(uint32_t width_px, uint32_t height_px, unsigned channels);

/* A pipe that a child writes the blob to in small pieces. The read end; close() it. */
int pipe_of(const blob *b);

typedef enum jpeg_flags { JPEG_PROGRESSIVE = 1, JPEG_ADOBE_INVERTED = 2, JPEG_RESTARTS = 4 } jpeg_flags;
/* Quality 100. Four channels are CMYK. exif: the bytes of an APP1 segment, or NULL. */
blob make_jpeg(const raster *r, int flags, const void *exif, size_t exif_bytes);

typedef enum png_flags { PNG_INTERLACED = 1, PNG_16_BIT = 2, PNG_PALETTE = 4, PNG_KEY = 8 } png_flags;
/* PNG_16_BIT: each sample is the byte, then 0xff. PNG_PALETTE: grey indexes into a ramp of colours. PNG_KEY: the colour
 * of the first pixel is transparent. */
blob make_png(const raster *r, int flags);
/* What index i of the palette of make_png() looks like. */
void palette_colour(unsigned i, uint8_t rgb[3]);
/* Put a chunk with a right checksum behind the header. */
blob png_with_chunk(const blob *png, const char *name, const void *data, size_t size_bytes);

/* An orientation in EXIF: a TIFF structure, after "Exif\0\0" when prefixed. */
blob make_exif(unsigned orientation, bool big_endian, bool prefixed);

/* One picture by an encoder of FFmpeg, without a container: "bmp", "tiff", "libwebp". Grey, RGB or RGBA as
 * the encoder takes it. */
blob make_still(const char *encoder, const raster *r, enum AVPixelFormat format);

/* Frames of even brightness, darkest first: frame i of a clip is of luma 20 + 3 i (of 255 or 219 steps). */
typedef struct clip {
    const char *container, *encoder;
    enum AVPixelFormat format;
    int width_px, height_px, frames;
    const int64_t *times_ms; /* NULL: 25 a second, from 0 */
    const int32_t *matrix;   /* display matrix, or NULL */
    int b_frames;
    bool full_range;
    bool sound, cover_art, no_video;
} clip;
blob make_clip(const clip *c);

/* An animated WebP: even frames as in a clip, lossless, 100 ms each. */
blob make_animated_webp(int width_px, int height_px, int frames);

#define MAX_FRAMES 256

/* What came out of a file. Statuses are those of the last calls: a sound file ends with RESIGHT_END. */
typedef struct outcome {
    int opened, ended;
    resight_media_info info;
    resight_error error;
    bool damaged;
    size_t frames;
    struct {
        int64_t time_us, number;
        uint8_t middle; /* the first byte of the pixel in the middle */
        uint32_t width_px, height_px;
        resight_pixel_format format;
    } frame[MAX_FRAMES];
    raster first; /* the first frame, packed; NULL inside when there is none */
} outcome;

/* options: NULL for every frame under the default limits. Free outcome.first.px. */
outcome decode_blob(const blob *b, const resight_decode_options *options);
outcome decode_source(resight_source *source, const resight_decode_options *options);

/* Every frame, default limits. */
resight_decode_options every_frame(void);

#endif
