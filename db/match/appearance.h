/* SPDX-License-Identifier: Apache-2.0 */
/* One known item in one stretch of a stream, and the answer that such stretches add up to. */
#ifndef RESIGHT_DB_MATCH_APPEARANCE_H
#define RESIGHT_DB_MATCH_APPEARANCE_H

#include <resight/live.h>

typedef struct appearance {
    resight_found item; /* with one segment; owns it, and its name */
    bool told;          /* that it has begun */
    bool over;          /* and ended; remembered while the window can show it again */
} appearance;

/* The first that is seen of it. False when memory is refused. */
bool appearance_begin(appearance *out, const resight_found *item, const resight_segment *segment);

/* The time of the query that a segment shares with it; <= 0: none, and so much lies between them. */
int64_t appearance_overlap_us(const appearance *one, const resight_segment *segment);

/* Does a segment lie on its line, and beside or beyond it? */
bool appearance_leads_to(const appearance *one, const resight_segment *segment);

/* More of it. cut: the segment began before all that is still remembered. */
void appearance_extend(appearance *one, const resight_found *item, const resight_segment *segment, bool cut);

/* Enough of it to be told while it lasts? resight/live.h says what is. */
bool appearance_is_certain(const appearance *one);

/* Of the query's time. */
int64_t segment_length_us(const resight_segment *segment);

/* An appearance that is over, to the others of its item. False when memory is refused. */
bool answer_add_appearance(resight_answer *all, const appearance *one);

/* What took matches away, each entry once. False when memory is refused. */
bool answer_add_suppressors(resight_answer *all, resight_answer *seen);

#endif
