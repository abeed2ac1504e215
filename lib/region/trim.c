/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borders, letterbox, pillarbox and caption bars, peeled off. All four sides are looked at before any is peeled, round
 * after round, so that the result does not depend on how the picture is turned.
 */
#include "region/trim.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SIDE RESIGHT_THUMBNAIL_SIDE_PX

/* A pixel is background within this many levels of the border's colour: JPEG at quality 40 leaves fewer on flat ground
 * away from edges. */
#define TOLERANCE 12
/* Between letters of a small size, averaged and rung, no pixel has the colour of the ground: half way to the ink. */
#define TEXT_TOLERANCE 96
/* The mean colour of a border's line is within this many levels of the outermost one's: over a hundred pixels and more,
 * noise averages out. */
#define DRIFT 4
/* Colours this close to black or white are those of pages and bars; a border of any other must end in a straight edge.
 */
#define EXTREME 20
/* Rounds: border, caption bar, border within, and one to see that nothing is left. */
#define ROUNDS 4
/* A mixed or ringing line between border and picture; the averaging makes one, JPEG up to two more. */
#define MIXED_LINES 3

typedef enum side { TOP, BOTTOM, LEFT, RIGHT, SIDES } side;

/* What one line is like, compared with the colour of the outermost one. Sixteen bits hold them for a whole line, which
 * lets compilers count eight pixels and more at once. */
typedef struct line {
    uint16_t near;      /* pixels of that colour */
    uint16_t alike;     /* pixels rather of that colour than of any ink */
    uint16_t drift;     /* sum of the differences of those that are near */
    uint16_t deviation; /* sum of the differences of all, none counted as more than MAX_DEVIATION */
} line;
#define MAX_DEVIATION 127
_Static_assert(MAX_DEVIATION *MAX_SIDE <= UINT16_MAX, "a sum over a line fits");

/* The lines of one side, from the outside inwards, measured as far as they have been looked at. */
typedef struct lines {
    const resight_image *part;
    side side;
    uint32_t count, length_px, measured;
    uint8_t colour; /* of the outermost line */
    line line[MAX_SIDE];
} lines;

static bool is_row(side s) {
    return s == TOP || s == BOTTOM;
}

/* The pixels of a line one after another; those of a column are gathered. */
static const uint8_t *pixels(const lines *l, uint32_t i, uint8_t gathered[MAX_SIDE]) {
    const uint32_t at = l->side == TOP || l->side == LEFT ? i : l->count - 1 - i;
    const size_t stride = l->part->stride_bytes;
    if (is_row(l->side))
        return l->part->px + at * stride;
    for (uint32_t y = 0; y < l->length_px; y++)
        gathered[y] = l->part->px[y * stride + at];
    return gathered;
}

static line measure(const uint8_t *px, uint32_t length, uint8_t colour) {
    uint16_t near = 0, alike = 0, drift = 0, deviation = 0;
    for (uint32_t i = 0; i < length; i++) {
        const uint8_t d = px[i] > colour ? (uint8_t)(px[i] - colour) : (uint8_t)(colour - px[i]);
        near = (uint16_t)(near + (d <= TOLERANCE));
        alike = (uint16_t)(alike + (d <= TEXT_TOLERANCE));
        drift = (uint16_t)(drift + (d <= TOLERANCE ? d : 0));
        deviation = (uint16_t)(deviation + (d < MAX_DEVIATION ? d : MAX_DEVIATION));
    }
    return (line){near, alike, drift, deviation};
}

static const line *line_at(lines *l, uint32_t i) {
    uint8_t gathered[MAX_SIDE];
    for (; l->measured <= i; l->measured++)
        l->line[l->measured] = measure(pixels(l, l->measured, gathered), l->length_px, l->colour);
    return &l->line[i];
}

/* The lower median, which does not depend on the order. */
static uint8_t median(const uint8_t *px, uint32_t length) {
    uint32_t histogram[256] = {0}, below = 0;
    for (uint32_t i = 0; i < length; i++)
        histogram[px[i]]++;
    for (unsigned v = 0; v < 256; v++) {
        below += histogram[v];
        if (2 * below >= length)
            return (uint8_t)v;
    }
    return 255;
}

static void look_from(lines *l, const resight_image *part, side s) {
    uint8_t gathered[MAX_SIDE];
    l->part = part;
    l->side = s;
    l->count = is_row(s) ? part->height_px : part->width_px;
    l->length_px = is_row(s) ? part->width_px : part->height_px;
    l->measured = 0;
    l->colour = median(pixels(l, 0, gathered), l->length_px);
}

/* One pixel in 32 may differ: dust, a clock in a corner, ringing. */
static bool is_flat(lines *l, uint32_t i) {
    return line_at(l, i)->near * 32 >= l->length_px * 31;
}

/* A border keeps its colour; a vignette or a sky leaves it by and by. */
static bool is_background(lines *l, uint32_t i) {
    return is_flat(l, i) && line_at(l, i)->drift <= line_at(l, 0)->drift + DRIFT * l->length_px;
}

/* The background ended where the colour had drifted too far, a little with every line. */
static bool is_gradient(lines *l, uint32_t end) {
    return is_flat(l, end) && line_at(l, end)->drift < line_at(l, end - 1)->drift + DRIFT / 2 * l->length_px;
}

/* Bold type covers up to two thirds of a line through its letters. */
static bool may_be_text(lines *l, uint32_t i) {
    return line_at(l, i)->alike * 10 >= l->length_px * 3;
}

/* A quarter of the line is not of the border's colour. */
static bool is_picture(lines *l, uint32_t i) {
    return line_at(l, i)->near * 4 <= l->length_px * 3;
}

/* Lines that are background, and the text between them: a line of type is at most an eighth of the picture high. */
static uint32_t background_lines(lines *l, trim_manner manner) {
    uint32_t end = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        if (is_background(l, i))
            end = i + 1;
        else if ((end == 0 && !manner.from_text) || !manner.through_text || !may_be_text(l, i) ||
                 i - end >= l->count / 8)
            break;
    }
    return end;
}

/* The line where the picture begins, if that is a straight edge within a few lines of the end of the background. */
static uint32_t straight_edge(lines *l, uint32_t end) {
    uint32_t highest = line_at(l, end - 1)->deviation, edge = end;
    for (uint32_t i = end; i < l->count && i <= end + MIXED_LINES; i++) {
        if (line_at(l, i)->deviation > 2 * highest && is_picture(l, i))
            edge = i;
        if (line_at(l, i)->deviation > highest)
            highest = line_at(l, i)->deviation;
    }
    return edge;
}

/* How many lines of one side to peel. */
static uint32_t peel_side(const resight_image *part, side s, trim_manner manner) {
    lines l;
    look_from(&l, part, s);
    const uint32_t end = background_lines(&l, manner);
    if (end == 0 || end == l.count)
        return end;
    if (is_gradient(&l, end))
        return 0;
    if (is_picture(&l, end) || (end + 1 < l.count && is_picture(&l, end + 1)))
        return straight_edge(&l, end);
    if (manner.to_edges)
        return 0;
    const bool page = l.colour <= EXTREME || l.colour >= 255 - EXTREME;
    return page ? end : 0;
}

static bool large_enough(uint32_t left_px, uint32_t whole_px) {
    return left_px >= 16 && left_px * 8 >= whole_px;
}

/* Peel until nothing changes; false when too little would be left. */
bool trim_peel(const resight_image *grey, trim_manner manner, resight_rect *rect) {
    *rect = (resight_rect){0, 0, grey->width_px, grey->height_px};
    for (int round = 0; round < ROUNDS; round++) {
        const resight_image part = resight_image_part(grey, *rect);
        uint32_t depth[SIDES];
        for (side s = TOP; s < SIDES; s++)
            depth[s] = peel_side(&part, s, manner);
        if (depth[TOP] + depth[BOTTOM] + depth[LEFT] + depth[RIGHT] == 0)
            break;
        if (depth[LEFT] + depth[RIGHT] >= rect->width_px || depth[TOP] + depth[BOTTOM] >= rect->height_px)
            return false;
        rect->x_px += depth[LEFT];
        rect->width_px -= depth[LEFT] + depth[RIGHT];
        rect->y_px += depth[TOP];
        rect->height_px -= depth[TOP] + depth[BOTTOM];
        if (!large_enough(rect->width_px, grey->width_px) || !large_enough(rect->height_px, grey->height_px))
            return false;
    }
    return rect->width_px < grey->width_px || rect->height_px < grey->height_px;
}

bool trim_accepts(const resight_image *grey) {
    return resight_image_check(grey) == RESIGHT_OK && grey->format == RESIGHT_GRAY8 && grey->width_px <= MAX_SIDE &&
           grey->height_px <= MAX_SIDE;
}

int resight_trim(const resight_image *grey, resight_rect *out) {
    if (!trim_accepts(grey))
        return RESIGHT_E_ARG;
    resight_rect rect;
    if (!trim_peel(grey, (trim_manner){.through_text = true}, &rect) && !trim_peel(grey, (trim_manner){0}, &rect))
        return RESIGHT_NOT_FOUND;
    *out = rect;
    return RESIGHT_OK;
}
