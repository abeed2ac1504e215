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

/**
 * Called for each mark, in presentation order.
 *
 * @return RESIGHT_OK to go on; anything else ends the run and is returned by it unchanged
 */
typedef int (*resight_mark_sink)(void *user, const resight_mark *mark);

/**
 * Hash every sampled frame of the file that is open in a decoder.
 *
 * @param decoder  just opened; read to its end
 * @param hasher   borrowed
 * @param how      borrowed
 * @param sink     called with user for each mark
 * @param error    may be NULL
 * @return RESIGHT_OK, or the first failure of decoder, hasher or sink
 */
RESIGHT_API int resight_hash_frames(resight_decoder *decoder, resight_hasher *hasher, const resight_marking *how,
                                    resight_mark_sink sink, void *user, resight_error *error);

/**
 * The same for one file, from its path: for those who hash a file now and then. Who hashes many keeps a decoder and a
 * hasher, which reuse their memory.
 *
 * @param path     of a regular file
 * @param options  NULL for the defaults
 * @return as resight_source_open_path(), resight_decoder_open() and resight_hash_frames()
 */
RESIGHT_API int resight_hash_file(const char *path, const resight_decode_options *options, const resight_marking *how,
                                  resight_mark_sink sink, void *user, resight_error *error);

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
