/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test of a transform. Patches that agree are counted against those that could, and they should lie all over what
 * the two pictures share: two posters of one emblem, two reports of one channel, two portraits in one frame agree in
 * many patches, and all of them are in the emblem, in the banner, on the frame.
 */
#include "local/foretold.h"
#include <math.h>

/* The narrowest patches of either role; find.c has the bands. */
#define SMALLEST_KNOWN (0.08 * RESIGHT_PATCH_UNITS)
#define SMALLEST_QUERY (0.045 * RESIGHT_PATCH_UNITS)
/* Points along each side of the known picture at which it is asked what lies there. */
#define POINTS 16
/* Windows of half the shared width and height begin at these eighths of it. */
#define WINDOWS 5
/* A gap has so many patches that could agree for each that does, and one more. A text or a logo over a picture leaves
 * smaller ones: of copies by 40 edits that were certain without this rule 2 in 100 became probable, of portraits in one
 * frame 99 in 100. */
#define GAP_PATCHES 20u

rectangle rectangle_of(const resight_patch_list *list, bool mirrored) {
    const double width = list->width_px, height = list->height_px, side = width > height ? width : height;
    const double across = RESIGHT_PATCH_UNITS * width / side;
    return (rectangle){mirrored ? -across : 0, mirrored ? 0 : across, RESIGHT_PATCH_UNITS * height / side};
}

typedef struct spot {
    double x, y;
} spot;

static bool contains(const rectangle *r, spot at) {
    return at.x >= r->left && at.x <= r->right && at.y >= 0 && at.y <= r->bottom;
}

static spot forward(const fit *f, spot known) {
    return (spot){fit_x(f, known.x, known.y), fit_y(f, known.x, known.y)};
}

/* Known patches that the query must show. */
static unsigned find_shown(const sides *s, const fit *f, double scale, spot out[RESIGHT_PATCHES_KNOWN_MAX]) {
    const rectangle frame = rectangle_of(s->query, false);
    unsigned n = 0;
    for (uint32_t j = 0; j < s->known->count; j++) {
        const resight_patch *k = &s->known->patches[j];
        out[n] = (spot){s->mirrored ? -(double)k->x : (double)k->x, k->y};
        n += k->width * scale >= SMALLEST_QUERY && contains(&frame, forward(f, out[n]));
    }
    return n;
}

/* Query patches that must be of the known picture. */
static unsigned count_covered(const sides *s, const fit *f, double determinant, double scale) {
    const rectangle frame = rectangle_of(s->known, s->mirrored);
    unsigned n = 0;
    for (uint32_t i = 0; i < s->query->count; i++) {
        const resight_patch *q = &s->query->patches[i];
        const double dx = q->x - f->m[0][2], dy = q->y - f->m[1][2];
        const spot at = {(dx * f->m[1][1] - dy * f->m[0][1]) / determinant,
                         (dy * f->m[0][0] - dx * f->m[1][0]) / determinant};
        n += q->width >= SMALLEST_KNOWN * scale && contains(&frame, at);
    }
    return n;
}

/* Squares count as if they were upright: only how much they cover is asked. */
static bool is_under(spot at, const fit_pair *pairs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (pairs[i].agrees && fabs(pairs[i].kx - at.x) < pairs[i].kw / 2 && fabs(pairs[i].ky - at.y) < pairs[i].kw / 2)
            return true;
    return false;
}

/* What of the known picture the query shows, as points. */
static size_t find_shared(const sides *s, const fit *f, spot out[POINTS * POINTS]) {
    const rectangle known = rectangle_of(s->known, s->mirrored), frame = rectangle_of(s->query, false);
    size_t n = 0;
    for (int row = 0; row < POINTS; row++)
        for (int column = 0; column < POINTS; column++) {
            out[n] = (spot){known.left + (column + 0.5) / POINTS * (known.right - known.left),
                            (row + 0.5) / POINTS * known.bottom};
            n += contains(&frame, forward(f, out[n]));
        }
    return n;
}

static double share_under(const spot *shared, size_t points, const fit_pair *pairs, size_t count) {
    size_t under = 0;
    for (size_t i = 0; i < points; i++)
        under += is_under(shared[i], pairs, count);
    return points > 0 ? (double)under / (double)points : 0;
}

typedef struct window {
    double left, right, top, bottom;
} window;

static window around(const spot *spots, size_t count) {
    window w = {spots[0].x, spots[0].x, spots[0].y, spots[0].y};
    for (size_t i = 1; i < count; i++) {
        w.left = fmin(w.left, spots[i].x), w.right = fmax(w.right, spots[i].x);
        w.top = fmin(w.top, spots[i].y), w.bottom = fmax(w.bottom, spots[i].y);
    }
    return w;
}

static bool is_in(const window *w, double x, double y) {
    return x >= w->left && x <= w->right && y >= w->top && y <= w->bottom;
}

static bool is_gap(const window *w, const spot *shown, unsigned shown_count, const fit_pair *pairs, size_t count) {
    unsigned could = 0, agree = 0;
    for (unsigned i = 0; i < shown_count; i++)
        could += is_in(w, shown[i].x, shown[i].y);
    for (size_t i = 0; i < count; i++)
        agree += pairs[i].agrees && is_in(w, pairs[i].kx, pairs[i].ky);
    return could >= GAP_PATCHES * (agree + 1);
}

static bool has_gap(const window *all, const spot *shown, unsigned shown_count, const fit_pair *pairs, size_t count) {
    const double width = all->right - all->left, height = all->bottom - all->top;
    for (int i = 0; i < WINDOWS * WINDOWS; i++) {
        const double left = all->left + width * (i % WINDOWS) / 8, top = all->top + height * (i / WINDOWS) / 8;
        const window part = {left, left + width / 2, top, top + height / 2};
        if (is_gap(&part, shown, shown_count, pairs, count))
            return true;
    }
    return false;
}

foretold foretold_by(const sides *s, const fit *f, const fit_pair *pairs, size_t count) {
    const double determinant = f->m[0][0] * f->m[1][1] - f->m[0][1] * f->m[1][0], scale = sqrt(determinant);
    spot shown[RESIGHT_PATCHES_KNOWN_MAX], shared[POINTS * POINTS];
    const unsigned shown_count = find_shown(s, f, scale, shown), covered = count_covered(s, f, determinant, scale);
    const size_t points = find_shared(s, f, shared);
    foretold out = {.possible = shown_count < covered ? shown_count : covered,
                    .share = share_under(shared, points, pairs, count)};
    if (points > 0) {
        const window all = around(shared, points);
        out.gap = has_gap(&all, shown, shown_count, pairs, count);
    }
    return out;
}
