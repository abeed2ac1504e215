/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An opened file to the hashes of its frames, and two sequences of frames to the stretches of time they share.
 */
#ifndef RESIGHT_VIDEO_H
#define RESIGHT_VIDEO_H

#include <resight/decode.h>
#include <resight/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One hash and where it was taken. The layout is pinned: FORMAT.md stores it field by field. */
typedef struct resight_mark {
    resight_hash hash;
    int64_t time_us;      /**< presentation time of the frame; 0 for a still */
    int32_t frame_number; /**< in presentation order, counting frames that were not sampled; 0 for a still */
    uint8_t quality;      /**< 0..100 */
    uint8_t dialect;      /**< resight_dialect */
    uint8_t transform;    /**< resight_transform of the pixels before hashing */
    uint8_t view;         /**< resight_view */
} resight_mark;
_Static_assert(sizeof(resight_mark) == 48, "a mark has no padding");

/** Which hashes of a picture are made. The values are pinned. */
typedef enum resight_turning {
    RESIGHT_AS_STORED = 0, /**< one, of the raster as stored: what is exchanged and kept */
    RESIGHT_TURNED = 1,    /**< eight, of the turned pixels: for queries; resight_hasher_turned() */
    RESIGHT_DERIVED = 2    /**< eight, derived from one DCT, for output; resight_hasher_dihedral() */
} resight_turning;

/** What is hashed of each frame. */
typedef struct resight_marking {
    resight_dialect dialect;
    resight_turning turning; /**< one mark, or eight in the order of resight_transform */
    bool reduced;            /**< and the same of the reduced picture, RESIGHT_VIEW_REDUCED */
} resight_marking;

/** A frame made small, for all that is looked for inside a picture. */
typedef struct resight_thumbnail {
    resight_image image; /**< resight_image_thumbnail() of the frame; borrowed for the call */
    int64_t time_us;     /**< of the frame */
    resight_view view;   /**< of the frame */
} resight_thumbnail;

/** A frame of a video gets a thumbnail when its hash is more than this many bits from that of the last one with one. */
#define RESIGHT_SCENE_BITS 62

/** Where results go: functions that are called with user. Anything but RESIGHT_OK ends the run and is its result. */
typedef struct resight_sink {
    /** For each mark, in presentation order. */
    int (*mark)(void *user, const resight_mark *mark);
    /** After the marks of a still's frame, or of a video's frame that shows something new; NULL: no thumbnails. */
    int (*thumbnail)(void *user, const resight_thumbnail *thumbnail);
    void *user;
} resight_sink;

/**
 * Hash every sampled frame of the file that is open in a decoder.
 *
 * @param decoder  just opened; read to its end
 * @param hasher   borrowed
 * @param how      borrowed
 * @param sink     borrowed
 * @param error    may be NULL
 * @return RESIGHT_OK, or the first failure of decoder, hasher or sink
 */
RESIGHT_API int resight_hash_frames(resight_decoder *decoder, resight_hasher *hasher, const resight_marking *how,
                                    const resight_sink *sink, resight_error *error);

/**
 * The same for one file, from its path: for those who hash a file now and then. Who hashes many keeps a decoder and a
 * hasher, which reuse their memory.
 *
 * @param path     of a regular file
 * @param options  NULL for the defaults
 * @return as resight_source_open_path(), resight_decoder_open() and resight_hash_frames()
 */
RESIGHT_API int resight_hash_file(const char *path, const resight_decode_options *options, const resight_marking *how,
                                  const resight_sink *sink, resight_error *error);

/** One frame of a query that lies within the radius of one frame of a known sequence. */
typedef struct resight_frame_pair {
    int64_t query_us, known_us;
    uint16_t distance_bits;
} resight_frame_pair;

/** A stretch of time that two sequences share, at equal speed. Both ends are times of matching frames. */
typedef struct resight_segment {
    int64_t query_from_us, query_to_us;
    int64_t known_from_us, known_to_us;
    uint32_t frames; /**< matching query frames inside */
} resight_segment;

/**
 * Find the time offset on which most query frames agree, and the stretch that it covers.
 *
 * @param pairs         in any order; sorted in place
 * @param count         number of pairs, >= 1
 * @param tolerance_us  offsets that differ by no more than this agree: the sampling interval
 * @param out           written on RESIGHT_OK
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    count is 0 or the tolerance negative
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(n log n); 12 bytes a pair while it runs.
 */
RESIGHT_API int resight_align(resight_frame_pair *pairs, size_t count, int64_t tolerance_us, resight_segment *out);

#ifdef __cplusplus
}
#endif
#endif
