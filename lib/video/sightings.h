/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of frames as points, known time over query time, and the straight lines through them. A segment of a match is
 * a line, known = offset + speed * query, and the frames on it.
 */
#ifndef RESIGHT_VIDEO_SIGHTINGS_H
#define RESIGHT_VIDEO_SIGHTINGS_H

#include <resight/video.h>
#include <stdbool.h>

/* One query frame and the pairs it has. */
typedef struct query_frame {
    double query_us;
    uint32_t first, count; /* in pairs, in order of known time */
    bool taken;            /* by a segment found before */
} query_frame;

/* All that was seen of one known sequence in one query. Times are doubles: differences of any two are finite. */
typedef struct sightings {
    const resight_frame_pair *pairs; /* by query time, then by known time */
    query_frame *frames;             /* by query time */
    uint32_t frame_count;
    double tolerance_us, gap_us;
} sightings;

typedef struct time_line {
    double speed, offset_us;
} time_line;

/* Neighbouring frames that agree with a line. All zero is none. */
typedef struct stretch {
    time_line line;
    uint32_t first, last; /* frames */
    uint32_t frames;      /* of those that agree */
    double evidence;
} stretch;

/* Sorts the pairs; frames are owned by the caller. RESIGHT_OK or RESIGHT_E_NOMEM. */
int sightings_start(sightings *s, resight_frame_pair *pairs, size_t count, const resight_align_options *options);

/* What a pair counts, 0..1. */
double pair_evidence(const resight_frame_pair *pair);

/* The nearest in bits of a frame's pairs that lie on the line, of equals the nearest to it in time; NULL: none. */
const resight_frame_pair *pair_on_line(const sightings *s, const query_frame *frame, const time_line *line);

/* The first and the last pair of the frame in an unbroken row of known times around one of them, none of
 * them further from it in bits than that one by more than a slack. */
typedef struct pair_row {
    const resight_frame_pair *first, *last;
} pair_row;
pair_row pairs_around(const sightings *s, const query_frame *frame, const resight_frame_pair *pair,
                      unsigned slack_bits);

/* The strongest stretch of the frames from..to (inclusive) on a line; taken frames and long gaps end a stretch. */
stretch stretch_strongest(const sightings *s, time_line line, uint32_t from, uint32_t to);

/* The stretch on a line around a frame, as far as it goes within from..to. */
stretch stretch_around(const sightings *s, time_line line, uint32_t middle, uint32_t from, uint32_t to);

/*
 * Fit the line to the frames of the stretch and follow it again, until nothing changes. The speed stays within
 * least..most; equal ones hold it.
 */
stretch stretch_refine(const sightings *s, stretch start, double least, double most, uint32_t from, uint32_t to);

/* Root mean square of the times by which the nearest frames miss the line. */
double stretch_misfit_us(const sightings *s, const stretch *on);

/* Known moments that the frames of the stretch tell apart: rows of pairs, with a slack, that do not meet. */
uint32_t stretch_places(const sightings *s, const stretch *on, unsigned slack_bits);

#endif
