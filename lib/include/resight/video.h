/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An opened file to the hashes of its frames, and two sequences of frames to the stretches of time they share.
 */
#ifndef RESIGHT_VIDEO_H
#define RESIGHT_VIDEO_H

#include <resight/decode.h>
#include <resight/hash.h>
#include <resight/region.h>

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

/**
 * A frame of a video gets a thumbnail when its hash is further than RESIGHT_DEFAULT_RADIUS_BITS from that of the last
 * one with one, and this much later.
 */
#define RESIGHT_SCENE_US 1000000

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

/**
 * The marks of a part of a thumbnail, turned in the eight ways: what is looked up beside the whole frame, and,
 * unturned, what is kept beside it.
 *
 * @param part     within the thumbnail
 * @param kind     RESIGHT_VIEW_TRIMMED or RESIGHT_VIEW_RECTANGLE
 * @param out      in the order of resight_transform; written on RESIGHT_OK. Of dialect RESIGHT_PDQ: for a picture of
 *                 64x64 the two are the same
 * @return as resight_region_pdq(): RESIGHT_NOT_FOUND when there is too little in it to know it by
 *
 * Cost: as resight_region_pdq().
 */
RESIGHT_API int resight_part_marks(resight_hasher *hasher, const resight_thumbnail *thumbnail, resight_rect part,
                                   resight_view kind, resight_mark out[RESIGHT_TRANSFORMS]);

/**
 * Of the marks of a densely hashed video keep those that say something new: one that differs from the last kept of its
 * dialect, transform and view by more than some bits, or that comes some time after it. What is kept of a moving scene
 * is dense enough that no clip is missed by the phase of its sampling; of a still one, little is kept.
 *
 * @param marks        in order of time; those kept are moved to the front, in the same order
 * @param radius_bits  a mark within it of the last one kept says nothing new
 * @param longest_us   unless it comes as long after it, > 0: the time that one mark stands for at most. Twice the
 *                     tolerance of resight_align(): then a query frame from anywhere in a still scene has a partner on
 *                     its line
 * @return how many were kept
 *
 * Cost: O(count).
 */
RESIGHT_API size_t resight_prune_marks(resight_mark *marks, size_t count, unsigned radius_bits, int64_t longest_us);

/** One frame of a query that lies within the radius of one frame of a known sequence. */
typedef struct resight_frame_pair {
    int64_t query_us, known_us;
    uint16_t distance_bits;
    /**
     * What this pair counts as evidence: 1 for an ordinary frame, less for one that many known items hold (black, a
     * colour bar, a shared intro), for example 1 / (known items that hold it). The caller knows; here it is only added
     * up. More than 1 is taken as 1. 0, less, and not a number: the pair is passed over, and so is one with a time
     * beyond 2^51 us, 71 years.
     */
    float weight;
} resight_frame_pair;

/** A stretch of time that two sequences share. All four ends are times of matching frames. */
typedef struct resight_segment {
    int64_t query_from_us, query_to_us;
    int64_t known_from_us, known_to_us; /**< of one query frame: all that it resembles without interruption */
    double speed;    /**< known time that passes in a unit of query time; 1 unless something shows another */
    double evidence; /**< sum over the frames of weight * nearness, which is 1 at distance 0 and 1/2 at 32 bits */
    uint32_t frames; /**< query frames inside that agree, each counted once */
    uint32_t places; /**< known moments told apart among them: 1 in a still scene, however long it stands */
    uint16_t distance_bits; /**< the least of the frames' */
} resight_segment;

/** How segments are looked for. Start from resight_align_options_default(). */
typedef struct resight_align_options {
    int64_t tolerance_us;  /**< a frame may lie this far from the line of its segment: half the interval at which the
                                known sequence was sampled, and the jitter of both. At least a millisecond is
                                taken. 500,000 */
    int64_t gap_us;        /**< a longer stretch of the query without agreeing frames ends a segment; several
                                sampling intervals of the query. 10,000,000 */
    double min_speed;      /**< 1/8..1. 0.5 */
    double max_speed;      /**< 1..8. 2 */
    uint32_t max_segments; /**< looked for; the strongest come first. 16 */
} resight_align_options;

/** The defaults named above. */
RESIGHT_API resight_align_options resight_align_options_default(void);

/**
 * Find the segments that two sequences share: the straight lines, known time over query time, on which most evidence
 * lies, one after the other, each followed for as long as frames agree with it.
 *
 * Segments are disjoint in query time: a moment of the query is told once. They may overlap in known time: a query that
 * loops a scene gives a segment for each turn. Of a known sequence that holds a scene twice, the better place is told.
 * A speed other than 1 is told only when the frames tell at least three known moments apart and clearly more of them
 * agree with it than with speed 1: a still scene, which agrees with every speed, has none.
 *
 * @param pairs     in any order; sorted in place
 * @param count     may be 0; at most 2^31
 * @param options   NULL for the defaults
 * @param out       [capacity], written from the front, best first
 * @param capacity  at least 1; fewer than options->max_segments cuts the weakest
 * @param found     how many were written
 * @return RESIGHT_OK       also when none was found
 *         RESIGHT_E_ARG    an option is out of range, or capacity is 0, or there are too many pairs
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(count log count) and a pass over the pairs left for each segment and some speeds; memory O(query frames).
 */
RESIGHT_API int resight_align(resight_frame_pair *pairs, size_t count, const resight_align_options *options,
                              resight_segment *out, size_t capacity, size_t *found);

/** A sequence of frames as a whole. */
typedef struct resight_extent {
    int64_t duration_us; /**< <= 0: not known, nothing is covered */
    int64_t every_us;    /**< the time that one sampled frame stands for, from its own on; 0: none */
} resight_extent;

/** How the ends of segments are looked for. Start from resight_locate_options_default(). */
typedef struct resight_locate_options {
    resight_align_options align; /**< as the segments were found with */
    uint32_t radius_bits;        /**< of pairs near the line of a segment. Wide: there are few of them. 80 */
    int64_t corridor_us;         /**< known frames this far from the line come into question. 1,000,000 */
    resight_extent query, known; /**< when the query's is given, ends are put between frames; see below. 0: they stay */
} resight_locate_options;

/** The defaults named above. */
RESIGHT_API resight_locate_options resight_locate_options_default(void);

/**
 * Find the ends and the speed of segments once more, among all frames near their lines and within a wider radius. Where
 * much moves, frames between two known ones lie outside the radius of a search, and segments end early.
 *
 * With the extent of the query, an end is then put half a sampling interval beyond the last frame that agrees, for the
 * cut lies somewhere before the next one; at the first frame of the query at its beginning, and at the last one at its
 * end. The ends in the known sequence follow at the segment's speed, and stay within its extent.
 *
 * Only times and speed change. What decides on a match, the frames and their evidence, stays as it was found.
 *
 * @param segments  [count], disjoint in query time, and again so afterwards
 * @param query     marks of the query in the transform that matched, of any quality, in order of time
 * @param known     marks of the known item, in order of time; pairs across dialects are not looked at
 * @param options   NULL for the defaults
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    as resight_align()
 *         RESIGHT_E_NOMEM
 *
 * Cost: for each query mark in reach the known marks of its corridor, at most 64, and resight_align() of these pairs.
 */
RESIGHT_API int resight_locate(resight_segment *segments, size_t count, const resight_mark *query, size_t query_count,
                               const resight_mark *known, size_t known_count, const resight_locate_options *options);

/** Shares of two sequences' time, 0..1. */
typedef struct resight_coverage {
    double query, known;
} resight_coverage;

/**
 * How much of each sequence the union of the segments covers. A segment lasts from its first frame to the end of the
 * time that its last frame stands for, at most to the end of the sequence.
 *
 * @param segments  [count], in any order
 * @param out       written on RESIGHT_OK
 * @return RESIGHT_OK
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(count log count).
 */
RESIGHT_API int resight_segments_cover(const resight_segment *segments, size_t count, resight_extent query,
                                       resight_extent known, resight_coverage *out);

/** vPDQ's rule of a match. Start from resight_vpdq_rule_default(). */
typedef struct resight_vpdq_rule {
    uint32_t radius_bits;                /**< two hashes within it match. 31 */
    uint32_t min_quality;                /**< hashes of less are left out, on both sides. 50 */
    double query_percent, known_percent; /**< the least shares of a match. 80 and 0 */
} resight_vpdq_rule;

/** The defaults named above: python-threatexchange's. */
RESIGHT_API resight_vpdq_rule resight_vpdq_rule_default(void);

/** Shares of the different hashes of good quality that have a partner on the other side; 0 where there are none. */
typedef struct resight_vpdq_result {
    double query_percent, known_percent;
    size_t query_hashes, known_hashes; /**< that the shares are of */
    bool matched;                      /**< both shares are reached, and at least one hash has a partner */
} resight_vpdq_result;

/**
 * Compare two videos by vPDQ's rule, as python-threatexchange's index does: hashes of less quality are left out, of
 * equal ones one stays, and each share is of what is left. (Its compare_hash() drops equal hashes first: the two differ
 * only where one hash occurs with two qualities.) A video of which nothing is left has 0 percent, where
 * python-threatexchange fails.
 *
 * @param query  [query_count], one for each sampled frame; only hash and quality are looked at
 * @param known  [known_count], the same
 * @param rule   NULL for the defaults
 * @param out    written on RESIGHT_OK
 * @return RESIGHT_OK, RESIGHT_E_NOMEM
 *
 * Cost: O(query_count * known_count) distances of nanoseconds.
 */
RESIGHT_API int resight_vpdq_percentages(const resight_mark *query, size_t query_count, const resight_mark *known,
                                         size_t known_count, const resight_vpdq_rule *rule, resight_vpdq_result *out);

#ifdef __cplusplus
}
#endif
#endif
