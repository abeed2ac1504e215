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

/* The lines of one side, from the outside inwards. */
typedef struct lines {
    uint32_t count, length_px;
    uint8_t colour;               /* of the outermost line */
    uint32_t near[MAX_SIDE];      /* pixels of that colour */
    uint32_t alike[MAX_SIDE];     /* pixels rather of that colour than of any ink */
    uint32_t drift[MAX_SIDE];     /* sum of the differences of those from that colour */
    uint32_t deviation[MAX_SIDE]; /* the same of all pixels */
} lines;

static bool is_row(side s) {
    return s == TOP || s == BOTTOM;
}

/* The lower median, which does not depend on the order. */
static uint8_t median(const uint32_t histogram[256], uint32_t count) {
    uint32_t below = 0;
    for (unsigned v = 0; v < 256; v++) {
        below += histogram[v];
        if (2 * below >= count)
            return (uint8_t)v;
    }
    return 255;
}

static uint8_t outermost_colour(const resight_image *part, side s) {
    const size_t step = is_row(s) ? 1 : part->stride_bytes;
    const uint32_t length = is_row(s) ? part->width_px : part->height_px;
    const uint8_t *px = part->px;
    if (s == BOTTOM)
        px += (part->height_px - 1) * part->stride_bytes;
    if (s == RIGHT)
        px += part->width_px - 1;
    uint32_t histogram[256] = {0};
    for (uint32_t i = 0; i < length; i++)
        histogram[px[i * step]]++;
    return median(histogram, length);
}

static uint32_t difference(uint8_t a, uint8_t b) {
    return a > b ? (uint32_t)(a - b) : (uint32_t)(b - a);
}

static void measure_rows(const resight_image *part, lines *l, bool reversed) {
    for (uint32_t y = 0; y < l->count; y++) {
        const uint8_t *row = part->px + (reversed ? l->count - 1 - y : y) * part->stride_bytes;
        uint32_t near = 0, alike = 0, drift = 0, deviation = 0;
        for (uint32_t x = 0; x < l->length_px; x++) {
            const uint32_t d = difference(row[x], l->colour);
            near += d <= TOLERANCE;
            alike += d <= TEXT_TOLERANCE;
            drift += d <= TOLERANCE ? d : 0;
            deviation += d;
        }
        l->near[y] = near;
        l->alike[y] = alike;
        l->drift[y] = drift;
        l->deviation[y] = deviation;
    }
}

static void measure_columns(const resight_image *part, lines *l, bool reversed) {
    uint32_t near[MAX_SIDE] = {0}, alike[MAX_SIDE] = {0}, drift[MAX_SIDE] = {0}, deviation[MAX_SIDE] = {0};
    for (uint32_t y = 0; y < l->length_px; y++) {
        const uint8_t *row = part->px + y * part->stride_bytes;
        for (uint32_t x = 0; x < l->count; x++) {
            const uint32_t d = difference(row[x], l->colour);
            near[x] += d <= TOLERANCE;
            alike[x] += d <= TEXT_TOLERANCE;
            drift[x] += d <= TOLERANCE ? d : 0;
            deviation[x] += d;
        }
    }
    for (uint32_t x = 0; x < l->count; x++) {
        l->near[x] = near[reversed ? l->count - 1 - x : x];
        l->alike[x] = alike[reversed ? l->count - 1 - x : x];
        l->drift[x] = drift[reversed ? l->count - 1 - x : x];
        l->deviation[x] = deviation[reversed ? l->count - 1 - x : x];
    }
}

/* One pixel in 32 may differ: dust, a clock in a corner, ringing. */
static bool is_flat(const lines *l, uint32_t i) {
    return l->near[i] * 32 >= l->length_px * 31;
}

/* A border keeps its colour; a vignette or a sky leaves it by and by. */
static bool is_background(const lines *l, uint32_t i) {
    return is_flat(l, i) && l->drift[i] <= l->drift[0] + DRIFT * l->length_px;
}

/* The background ended where the colour had drifted too far, a little with every line. */
static bool is_gradient(const lines *l, uint32_t end) {
    return is_flat(l, end) && l->drift[end] < l->drift[end - 1] + DRIFT / 2 * l->length_px;
}

/* Bold type covers up to two thirds of a line through its letters. */
static bool may_be_text(const lines *l, uint32_t i) {
    return l->alike[i] * 10 >= l->length_px * 3;
}

/* A quarter of the line is not of the border's colour. */
static bool is_picture(const lines *l, uint32_t i) {
    return l->near[i] * 4 <= l->length_px * 3;
}

/* Lines that are background, and the text between them: a line of type is at most an eighth of the picture high. */
static uint32_t background_lines(const lines *l, bool through_text) {
    uint32_t end = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        if (is_background(l, i))
            end = i + 1;
        else if (end == 0 || !through_text || !may_be_text(l, i) || i - end >= l->count / 8)
            break;
    }
    return end;
}

/* The line where the picture begins, if that is a straight edge within a few lines of the end of the background. */
static uint32_t straight_edge(const lines *l, uint32_t end) {
    uint32_t highest = l->deviation[end - 1], edge = end;
    for (uint32_t i = end; i < l->count && i <= end + MIXED_LINES; i++) {
        if (l->deviation[i] > 2 * highest && is_picture(l, i))
            edge = i;
        if (l->deviation[i] > highest)
            highest = l->deviation[i];
    }
    return edge;
}

/* How many lines of one side to peel. */
static uint32_t peel_side(const resight_image *part, side s, trim_manner manner) {
    lines l = {.count = is_row(s) ? part->height_px : part->width_px,
               .length_px = is_row(s) ? part->width_px : part->height_px,
               .colour = outermost_colour(part, s)};
    if (is_row(s))
        measure_rows(part, &l, s == BOTTOM);
    else
        measure_columns(part, &l, s == RIGHT);
    const uint32_t end = background_lines(&l, manner.through_text);
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
