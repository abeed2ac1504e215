/* SPDX-License-Identifier: Apache-2.0 */
/**
 * From what is known of a query to the known items it shows: what, how surely, where, and by what evidence.
 *
 *     marks, thumbnails, digest ──► resight_matcher_find() ──► resight_found: one for each known item, best first
 *
 * Evidence is looked for in stages, from the cheapest to the dearest, and each stage looks only at what those before it
 * found nothing in, a still or the frames of a video outside of the segments so far: the very same file; whole frames,
 * turned and inverted; frames without their borders and bars; rectangles inside of frames; local patches that agree on
 * one place. What lies in a negative bank takes away what is no nearer, and ends the search.
 */
#ifndef RESIGHT_MATCH_H
#define RESIGHT_MATCH_H

#include <resight/db.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What speaks for a match. The values are pinned, in the order of the stages. */
typedef enum resight_evidence {
    RESIGHT_BY_FILE = 1,      /**< the digests are equal */
    RESIGHT_BY_FRAME = 2,     /**< whole frames are near each other */
    RESIGHT_BY_TRIMMED = 3,   /**< the query's frame without borders and bars is near */
    RESIGHT_BY_RECTANGLE = 4, /**< a rectangle inside the query's frame is near */
    RESIGHT_BY_PATCHES = 5    /**< local patches agree on where the known picture lies */
} resight_evidence;

/** "file", "frame", "trimmed", "rectangle", "patches"; "unknown" for anything else. */
RESIGHT_API const char *resight_evidence_name(resight_evidence evidence);

/** How sure a match is. The values are pinned. */
typedef enum resight_confidence {
    RESIGHT_PROBABLE = 1, /**< worth a look: now and then it is another picture that looks alike */
    RESIGHT_CERTAIN = 2   /**< none was seen among ten million pairs of pictures that share nothing, but for bare grids of lines */
} resight_confidence;

/** "probable", "certain"; "unknown" for anything else. */
RESIGHT_API const char *resight_confidence_name(resight_confidence confidence);

/** How much is done for a query that nothing was found for. The values are pinned. */
typedef enum resight_effort {
    RESIGHT_EFFORT_FAST = 1,    /**< files and whole frames: what PDQ finds */
    RESIGHT_EFFORT_NORMAL = 2,  /**< every stage, each where those before it found nothing */
    RESIGHT_EFFORT_THOROUGH = 3 /**< every stage, whatever the others found: all known items in a collage */
} resight_effort;

/** What is looked up. Everything in it is borrowed. */
typedef struct resight_subject {
    resight_media_kind kind;
    const uint8_t *sha256;     /**< of the file, 32 bytes; NULL: not known */
    const resight_mark *marks; /**< in order of time; of turned pixels, to find what was turned */
    size_t mark_count;
    const resight_thumbnail *thumbnails; /**< for the later stages; in order of time */
    size_t thumbnail_count;
    int64_t every_us;    /**< between the marks of a video */
    int64_t duration_us; /**< of a video; 0: not known */
} resight_subject;

/** How to look. Start from resight_matching_default(). */
typedef struct resight_matching {
    resight_effort effort;
    bool inverted;        /**< look the negatives of the marks up too */
    uint32_t min_quality; /**< query marks below it are not looked up */
    bool has_radius, has_min_known_quality;
    uint32_t radius_bits, min_known_quality; /**< instead of each bank's */
    uint32_t bank;  /**< what is reported; 0: every positive bank. Negative banks count always */
    bool vpdq_rule; /**< of videos, report those alone that vPDQ's rule calls a match, and its shares */
    bool details;   /**< fill what an item rests on: its frame_pairs and its agreement */
} resight_matching;

/**
 * Normal effort, inverted, quality 20: lower than the 50 that known hashes need, because blurring and shrinking takes
 * quality away, and the known side has been held to the higher bar already.
 */
RESIGHT_API resight_matching resight_matching_default(void);

/** One spot, as the query and the known picture show it. */
typedef struct resight_shared_patch {
    resight_patch query, known;
} resight_shared_patch;

/** Patches of one picture of the query that agree with those of one known picture on where it lies. */
typedef struct resight_agreement {
    int64_t query_us, known_us;    /**< of the two frames; 0 in stills */
    resight_shared_patch *patches; /**< owned by the answer */
    size_t count;
} resight_agreement;

/** One known item that the query shows. */
typedef struct resight_found {
    uint64_t entry;
    char bank[RESIGHT_BANK_NAME_MAX + 1];
    resight_media_kind kind;
    char *name; /**< owned by the answer */
    resight_evidence evidence;
    resight_confidence confidence;
    resight_quad where;     /**< the known picture within the query; of a trimmed known picture, its rest */
    uint32_t patches;       /**< that agree on it; 0 unless the evidence is patches */
    uint16_t distance_bits; /**< of the nearest pair of marks; UINT16_MAX of patches */
    uint16_t
        pdq_bits; /**< of the nearest pair of rasters as stored, one dialect: PDQ's own; UINT16_MAX: none is near */
    resight_view view;             /**< of the query in the nearest pair */
    resight_view known_view;       /**< of the known item in it */
    resight_dialect dialect;       /**< of the query in it; 0: the same file, no hashes */
    resight_dialect known_dialect; /**< of the known item: the two differ by some bits on the same picture */
    resight_transform transform;   /**< of the query's pixels in that pair */
    bool inverted;                 /**< the query's negative is near */
    uint32_t frames;               /**< frames of the query that match in that transform, anywhere */
    resight_segment *segments;     /**< owned by the answer; when either side is a video: what they share, best first */
    size_t segment_count;
    resight_vpdq_result vpdq;        /**< with resight_matching.vpdq_rule only */
    resight_coverage coverage;       /**< of those segments, when both are videos and their lengths are known */
    resight_frame_pair *frame_pairs; /**< owned by the answer; the pairs that the segments were made from. With
                                          resight_matching.details only, like agreement */
    size_t frame_pair_count;
    resight_agreement agreement; /**< of the pictures that most patches agree in, whatever the evidence is; a count of
                                      0: none do, or the stage was not entered */
} resight_found;

/** The most segments that are told of one known item. */
#define RESIGHT_FOUND_SEGMENTS_MAX 16

/** What was found. All zero is an empty one. */
typedef struct resight_answer {
    resight_found *items; /**< best first */
    size_t count, capacity;
    resight_found *suppressors; /**< of negative banks, that took something away: entry, name, bank, distance */
    size_t suppressor_count, suppressor_capacity;
    uint32_t frames; /**< of the query that had quality enough to be looked up */
    int32_t quality; /**< the best of the query's unturned marks; -1: it has none */
} resight_answer;

/** Free what it holds and set all to zero. */
RESIGHT_API void resight_answer_free(resight_answer *answer);

/** A reader's snapshot and scratch memory. Opaque; one thread at a time. */
typedef struct resight_matcher resight_matcher;

/**
 * @param db   must stay open as long as the matcher
 * @param out  owned by the caller; free with resight_matcher_free()
 * @return as resight_reader_new()
 */
RESIGHT_API int resight_matcher_new(resight_db *db, resight_matcher **out, resight_error *error);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_matcher_free(resight_matcher **matcher);

/**
 * Look one subject up among everything committed so far.
 *
 * @param how  NULL for the defaults
 * @param out  written on RESIGHT_OK; free with resight_answer_free()
 * @return RESIGHT_OK (which may be an empty answer), RESIGHT_E_ARG, RESIGHT_E_DAMAGED, RESIGHT_E_NOMEM, RESIGHT_E_BUSY
 */
RESIGHT_API int resight_matcher_find(resight_matcher *matcher, const resight_subject *subject,
                                     const resight_matching *how, resight_answer *out, resight_error *error);

#ifdef __cplusplus
}
#endif
#endif
