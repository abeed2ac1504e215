/* SPDX-License-Identifier: Apache-2.0 */
/**
 * TMK+PDQF: a whole video to one signature of fixed size, as the public reference makes it, and two of them to a score.
 *
 *     frame, frame, … ──► resight_tmk_maker_frame() ──► resight_tmk_maker_finish() ──► signature ──► scores, .tmk file
 *
 * Frames are taken 15 times a second, shrunk to 64x64, and become the 256 coefficients that PDQ would threshold. The
 * signature is their mean (level 1), and their Fourier sums at four periods, weighted (level 2). It knows whole videos
 * only: it survives re-encoding and changes of speed and frame rate, not a clip cut out or put into another video.
 *
 * Source: Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019); Poullot et al.,
 * "Temporal Matching Kernel with Explicit Feature Maps" (ACM Multimedia 2015); ThreatExchange, tmk/cpp.
 */
#ifndef RESIGHT_TMK_H
#define RESIGHT_TMK_H

#include <resight/decode.h>
#include <resight/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RESIGHT_TMK_FRAMES_PER_SECOND 15
#define RESIGHT_TMK_PERIODS 4
#define RESIGHT_TMK_COEFFICIENTS 32
/** Bytes of a .tmk file: a header of 32, the periods, the coefficients, the mean, and the sums. */
#define RESIGHT_TMK_FILE_BYTES 263344
/** Two videos match when both scores reach this; tmk/cpp/bin/tmk_default_thresholds.h. */
#define RESIGHT_TMK_DEFAULT_SCORE 0.7

/** A signature. 256 KiB: not for the stack of a thread. */
typedef struct resight_tmk {
    uint32_t frame_count; /**< frames at 15 a second */
    float average[RESIGHT_PDQF_FLOATS];
    /** For each period and coefficient a vector of length sqrt(coefficient), or 0. */
    float cosine[RESIGHT_TMK_PERIODS][RESIGHT_TMK_COEFFICIENTS][RESIGHT_PDQF_FLOATS];
    float sine[RESIGHT_TMK_PERIODS][RESIGHT_TMK_COEFFICIENTS][RESIGHT_PDQF_FLOATS];
} resight_tmk;

/** Sums under construction. Opaque; one thread at a time; about 520 KB. */
typedef struct resight_tmk_maker resight_tmk_maker;

/**
 * Make a maker.
 *
 * @param out  owned by the caller; free with resight_tmk_maker_free()
 * @return RESIGHT_OK, RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_tmk_maker_new(resight_tmk_maker **out);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_tmk_maker_free(resight_tmk_maker **maker);

/**
 * Begin a video; what was gathered before is forgotten.
 *
 * @param frames_per_second  of the video, resight_media_info's; 0 or less: not known, 30 is taken
 */
RESIGHT_API void resight_tmk_maker_start(resight_tmk_maker *maker, double frames_per_second);

/**
 * Give the next frame of the video, every one of them, in presentation order: the same frames that are hashed for a
 * search, so that a video is decoded once. Frames are repeated and passed over as `ffmpeg -r 15` does,
 * but that what fills a gap is the last frame that was put out, even where one was passed over after it.
 *
 * @param hasher  borrowed
 * @param frame   borrowed
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    the frame is no picture
 *         RESIGHT_E_LIMIT  it would be repeated more often than a day of video has frames
 *         RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_tmk_maker_frame(resight_tmk_maker *maker, resight_hasher *hasher, const resight_frame *frame);

/** Give one frame's coefficients, resight_hasher_pdqf(), at the next fifteenth of a second. */
RESIGHT_API void resight_tmk_maker_feature(resight_tmk_maker *maker, const float pdqf[RESIGHT_PDQF_FLOATS]);

/**
 * End the video.
 *
 * @param out  written on RESIGHT_OK
 * @return RESIGHT_OK
 *         RESIGHT_NOT_FOUND  there was no frame
 */
RESIGHT_API int resight_tmk_maker_finish(resight_tmk_maker *maker, resight_tmk *out);

/**
 * The signature of the file that is open in a decoder.
 *
 * @param decoder  just opened, with resight_decode_options.every_us 0: every frame is needed; read to its end
 * @param hasher   borrowed
 * @param info     what resight_decoder_open() said
 * @param out      written on RESIGHT_OK
 * @param error    may be NULL
 * @return as resight_decoder_next() and resight_tmk_maker_frame(), and
 *         RESIGHT_E_FORMAT  there was no frame
 */
RESIGHT_API int resight_tmk_hash_frames(resight_decoder *decoder, resight_hasher *hasher,
                                        const resight_media_info *info, resight_tmk *out, resight_error *error);

/**
 * All of it for one file, from its path. resight_pool_tmk() does it in a worker process.
 *
 * @param path     of a regular file
 * @param options  NULL for the defaults; every frame is decoded, whatever they say
 * @param out      written on RESIGHT_OK
 * @return as resight_source_open_path(), resight_decoder_open(), resight_decoder_next(), resight_tmk_maker_frame()
 */
RESIGHT_API int resight_tmk_hash_file(const char *path, const resight_decode_options *options, resight_tmk *out,
                                      resight_error *error);

/** Cosine of the means, -1..1; 0 when one of them is 0. A level-2 score is worth computing above a threshold only. */
RESIGHT_API double resight_tmk_level1(const resight_tmk *a, const resight_tmk *b);

/** The kernel at the best offset of the best period; 1 for equal videos. Cost: a few milliseconds. */
RESIGHT_API double resight_tmk_level2(const resight_tmk *a, const resight_tmk *b);

/** The bytes of a .tmk file. */
RESIGHT_API void resight_tmk_pack(const resight_tmk *tmk, uint8_t out[RESIGHT_TMK_FILE_BYTES]);

/**
 * The signature of a .tmk file. Nothing is reserved, whatever the header says.
 *
 * @param bytes  [size_bytes]
 * @param out    written on RESIGHT_OK
 * @param error  may be NULL
 * @return RESIGHT_OK
 *         RESIGHT_E_FORMAT       not a .tmk file, of another length than its header asks for, or with a value that is
 *                                not finite
 *         RESIGHT_E_UNSUPPORTED  another frame feature, frame rate, period or coefficient than the reference's
 */
RESIGHT_API int resight_tmk_unpack(const void *bytes, size_t size_bytes, resight_tmk *out, resight_error *error);

/** resight_tmk_unpack() of a file; RESIGHT_E_IO and RESIGHT_E_NOMEM too. The text does not repeat the path. */
RESIGHT_API int resight_tmk_read(const char *path, resight_tmk *out, resight_error *error);

/** resight_tmk_pack() into a new file; one that is there is not touched. RESIGHT_OK, RESIGHT_E_IO, RESIGHT_E_NOMEM. */
RESIGHT_API int resight_tmk_write(const char *path, const resight_tmk *tmk, resight_error *error);

#ifdef __cplusplus
}
#endif
#endif
