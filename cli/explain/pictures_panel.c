/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query and the known picture side by side. Of the known picture only hashes and patches are stored: its outline is
 * drawn, and the squares of its patches, each in the colour of the one in the query that it was found by.
 */
#include "explanation.h"

#include "base/cleanup.h"
#include "memory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIDE_PX 512 /* of the longer side of each picture */
#define GAP_PX 56
#define HEAD_PX 26        /* the line above a picture */
#define FOOT_PX 16        /* the line below one */
#define LARGEST_SCALE 4.0 /* of a small picture */
#define BEYOND 0.75       /* as much of an outline that lies outside of the query is shown, in its own size */
#define SHARED_MAX 20     /* more squares cannot be told apart */
#define PATCH_TURN 65536.0

static const colour patch_colours[] = {{230, 25, 75},  {60, 180, 75}, {67, 99, 216},  {245, 190, 0},
                                       {145, 30, 180}, {0, 190, 210}, {240, 50, 230}, {120, 190, 20}};
enum { PATCH_COLOURS = sizeof patch_colours / sizeof *patch_colours };

/* ---- What is shown --------------------------------------------------------------------------- */

/*
 * The moments in which most patches agree; without them those of the nearest frames. Not every frame has a picture: the
 * one nearest in time is shown then, with its own time.
 */
static void choose_moment(pictures_panel *panel) {
    const resight_found *item = panel->what->item;
    const resight_frame_pair *nearest = item->frame_pairs;
    if (item->agreement.count > 0) {
        panel->query_us = item->agreement.query_us;
        panel->known_us = item->agreement.known_us;
        return;
    }
    for (size_t i = 0; i < item->frame_pair_count; i++)
        if (item->frame_pairs[i].distance_bits < nearest->distance_bits)
            nearest = &item->frame_pairs[i];
    panel->query_us = nearest ? nearest->query_us : 0;
    panel->known_us = nearest ? nearest->known_us : 0;
}

/* The one nearest in time; of a still with transparent parts the one on white, as people see it. */
static const resight_thumbnail *nearest_picture(const resight_thumbnail *pictures, size_t count, int64_t time_us) {
    const resight_thumbnail *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const int64_t away_us = llabs(pictures[i].time_us - time_us);
        const int64_t best_us = best ? llabs(best->time_us - time_us) : INT64_MAX;
        if (away_us < best_us || (away_us == best_us && pictures[i].view == RESIGHT_VIEW_ON_WHITE))
            best = &pictures[i];
    }
    return best;
}

static const resight_patch_set *nearest_set(const resight_entry *known, int64_t time_us) {
    const resight_patch_set *best = NULL;
    for (uint32_t i = 0; i < known->patch_set_count; i++)
        if (!best || llabs(known->patch_sets[i].time_us - time_us) < llabs(best->time_us - time_us))
            best = &known->patch_sets[i];
    return best;
}

/* ---- Where it is drawn ----------------------------------------------------------------------- */

static double scale_for(double width, double height) {
    return fmin(SIDE_PX / fmax(width, height), LARGEST_SCALE);
}

/* The query, with room around it for an outline that reaches beyond. */
static void plan_query(pictures_panel *panel) {
    double left = 0, top = 0, right = 1, bottom = 1;
    for (int i = 0; i < 4; i++) {
        const place at = {panel->what->item->where.x[i], panel->what->item->where.y[i]};
        left = fmax(fmin(left, at.x), -BEYOND);
        top = fmax(fmin(top, at.y), -BEYOND);
        right = fmin(fmax(right, at.x), 1 + BEYOND);
        bottom = fmin(fmax(bottom, at.y), 1 + BEYOND);
    }
    const double width = panel->query ? panel->query->image.width_px : 1;
    const double height = panel->query ? panel->query->image.height_px : 1;
    const double scale = scale_for((right - left) * width, (bottom - top) * height);
    panel->query_box = (box){round(-left * width * scale), round(HEAD_PX - top * height * scale), round(width * scale),
                             round(height * scale)};
    panel->width_px = ceil((right - left) * width * scale);
    panel->height_px = ceil((bottom - top) * height * scale) + HEAD_PX + FOOT_PX;
}

/* The line below the known picture: what is seen of it. */
static const char *remark_on(const pictures_panel *panel) {
    if (panel->known)
        return panel->what->show_known ? "" : "blurred";
    return panel->set ? "not stored: the dots are its patches" : "nothing is stored but hashes";
}

/* The known picture, to the right of the query; a square when nothing tells its proportions. */
static void plan_known(pictures_panel *panel) {
    double width = 1, height = 1;
    if (panel->known) {
        width = panel->known->image.width_px;
        height = panel->known->image.height_px;
    } else if (panel->set) {
        width = panel->set->width_px;
        height = panel->set->height_px;
    }
    const double scale = SIDE_PX / fmax(width, height);
    panel->known_box = (box){panel->width_px + GAP_PX, HEAD_PX, round(width * scale), round(height * scale)};
    panel->width_px = panel->known_box.x + fmax(panel->known_box.width, text_width_px(SMALL, remark_on(panel)));
    panel->height_px = fmax(panel->height_px, HEAD_PX + panel->known_box.height + FOOT_PX);
}

pictures_panel pictures_panel_plan(const explanation *what) {
    pictures_panel panel = {.what = what};
    choose_moment(&panel);
    panel.query = nearest_picture(what->query->thumbnails, what->query->thumbnail_count, panel.query_us);
    panel.known = nearest_picture(what->pictures, what->picture_count, panel.known_us);
    panel.set = nearest_set(what->known, panel.known_us);
    panel.query_us = panel.query ? panel.query->time_us : panel.query_us;
    panel.known_us = panel.known ? panel.known->time_us : panel.set ? panel.set->time_us : panel.known_us;
    plan_query(&panel);
    plan_known(&panel);
    return panel;
}

static box moved(box where, place by) {
    return (box){where.x + by.x, where.y + by.y, where.width, where.height};
}

static void corners_of(box where, place corner[4]) {
    corner[0] = (place){where.x, where.y};
    corner[1] = (place){where.x + where.width, where.y};
    corner[2] = (place){where.x + where.width, where.y + where.height};
    corner[3] = (place){where.x, where.y + where.height};
}

/* ---- Patches --------------------------------------------------------------------------------- */

/* A patch on a picture that fills the box. */
static place centre_of(const resight_patch *patch, box where) {
    const double unit = fmax(where.width, where.height) / RESIGHT_PATCH_UNITS;
    return (place){where.x + patch->x * unit, where.y + patch->y * unit};
}

/* A turned square, with a stroke from its middle to where it is turned to. */
static void draw_patch(canvas *on, const resight_patch *patch, box where, colour ink, double width_px, double cover) {
    const double half = patch->width * fmax(where.width, where.height) / RESIGHT_PATCH_UNITS / 2;
    const double turn = patch->angle / PATCH_TURN * 2 * M_PI; /* counter-clockwise, while y points down */
    const double c = cos(turn) * half, s = sin(turn) * half;
    const place at = centre_of(patch, where);
    const place corner[4] = {{at.x + c + s, at.y - s + c},
                             {at.x + c - s, at.y - s - c},
                             {at.x - c - s, at.y + s - c},
                             {at.x - c + s, at.y + s + c}};
    draw_outline(on, corner, width_px, ink, cover);
    draw_line(on, at, (place){at.x + c, at.y - s}, width_px, ink, cover);
}

static int largest_first(const void *left, const void *right) {
    const resight_shared_patch *a = left, *b = right;
    return (a->known.width < b->known.width) - (a->known.width > b->known.width);
}

/* The squares on both sides, joined by lines; of many, the largest. */
static void draw_shared(const resight_agreement *agreement, canvas *on, box query, box known) {
    if (agreement->count == 0)
        return;
    CLEANUP_FREE resight_shared_patch *patches =
        must_copy_array(agreement->patches, agreement->count, sizeof *agreement->patches);
    const size_t count = agreement->count < SHARED_MAX ? agreement->count : SHARED_MAX;
    qsort(patches, agreement->count, sizeof *patches, largest_first);
    for (size_t i = 0; i < count; i++)
        draw_line(on, centre_of(&patches[i].query, query), centre_of(&patches[i].known, known), 1,
                  patch_colours[i % PATCH_COLOURS], 0.6);
    for (size_t i = count; i-- > 0;) { /* small ones over large ones would be hidden otherwise */
        const colour ink = patch_colours[i % PATCH_COLOURS];
        draw_patch(on, &patches[i].query, query, ink, 1.5, 0.9);
        draw_patch(on, &patches[i].known, known, ink, 1.5, 0.9);
    }
}

/* ---- Drawing --------------------------------------------------------------------------------- */

/* A quadrilateral in the colour of what was found, with a disc on the corner that is the known picture's top left. */
static void draw_found(canvas *on, const place corner[4]) {
    draw_outline(on, corner, 5, PAPER, 0.7);
    draw_outline(on, corner, 3, FOUND, 1);
    draw_disc(on, corner[0], 8, PAPER, 0.7);
    draw_disc(on, corner[0], 6, FOUND, 1);
}

static void draw_title(canvas *on, box below, const char *text) {
    draw_text(on, (place){below.x, below.y - HEAD_PX}, TITLE, INK, text);
}

static void draw_query(const pictures_panel *panel, canvas *on, box where, place top_left) {
    char title[64] = "Query";
    place corner[4], edge[4];
    for (int i = 0; i < 4; i++)
        corner[i] = (place){where.x + panel->what->item->where.x[i] * where.width,
                            where.y + panel->what->item->where.y[i] * where.height};
    draw_box(on, where, GROUND, 1);
    if (panel->query && panel->what->blur_query)
        draw_blurred(on, where, &panel->query->image);
    else if (panel->query)
        draw_picture(on, where, &panel->query->image);
    draw_outside(on, where, corner, PAPER, 0.5);
    corners_of(where, edge);
    draw_outline(on, edge, 1, FAINT, 1);
    draw_found(on, corner);
    if (panel->what->query->kind == RESIGHT_VIDEO)
        snprintf(title, sizeof title, "Query at %.2f s", (double)panel->query_us / 1e6);
    draw_text(on, top_left, TITLE, INK, title);
}

/* What of the known picture was found: all of it, or without borders and bars. */
static box found_part(const pictures_panel *panel, box where) {
    resight_rect rest;
    const bool trimmed = panel->what->item->known_view & RESIGHT_VIEW_TRIMMED;
    if (!trimmed || !panel->known || resight_trim(&panel->known->image, &rest) != RESIGHT_OK)
        return where;
    const double across = where.width / panel->known->image.width_px,
                 down = where.height / panel->known->image.height_px;
    return (box){where.x + rest.x_px * across, where.y + rest.y_px * down, rest.width_px * across,
                 rest.height_px * down};
}

static void draw_known(const pictures_panel *panel, canvas *on, box where) {
    const explanation *what = panel->what;
    char title[64];
    place corner[4];
    draw_box(on, where, GROUND, 1);
    if (panel->known && what->show_known)
        draw_picture(on, where, &panel->known->image);
    else if (panel->known)
        draw_blurred(on, where, &panel->known->image);
    for (uint32_t i = 0; panel->set && i < panel->set->count; i++)
        draw_disc(on, centre_of(&what->known->patches[panel->set->first + i], where), 2, FAINT, 1);
    corners_of(found_part(panel, where), corner);
    draw_found(on, corner);
    if (what->known->kind == RESIGHT_VIDEO)
        snprintf(title, sizeof title, "Known at %.2f s", (double)panel->known_us / 1e6);
    else
        snprintf(title, sizeof title, "Known");
    draw_title(on, where, title);
    draw_text(on, (place){where.x, where.y + where.height + FOOT_PX - TEXT_HEIGHT_PX(SMALL)}, SMALL, FAINT,
              remark_on(panel));
}

void pictures_panel_draw(const pictures_panel *panel, canvas *on, place top_left) {
    const box query = moved(panel->query_box, top_left), known = moved(panel->known_box, top_left);
    draw_query(panel, on, query, top_left);
    draw_known(panel, on, known);
    draw_shared(&panel->what->item->agreement, on, query, known);
}
