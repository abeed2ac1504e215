/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A match as a picture: the query with the place of the known picture in it, the known picture beside it as far as it
 * may be seen, and of videos which moments are alike.
 */
#ifndef RESIGHT_CLI_EXPLANATION_H
#define RESIGHT_CLI_EXPLANATION_H

#include "drawing.h"
#include <resight/match.h>

/* All borrowed. */
typedef struct explanation {
    const resight_found *item; /* with its details */
    const resight_subject *query;
    const resight_entry *known;
    const resight_thumbnail *pictures; /* of the known item, when its file is at hand */
    size_t picture_count;
    bool blur_query, show_known;
} explanation;

canvas explanation_draw(const explanation *what);

/* ---- pictures_panel.c */

/* Two pictures side by side. */
typedef struct pictures_panel {
    const explanation *what;
    const resight_thumbnail *query; /* NULL: there is none to be drawn */
    const resight_thumbnail *known; /* NULL: only what is stored of it */
    const resight_patch_set *set;   /* NULL: no patches are stored */
    int64_t query_us, known_us;     /* the moments that are shown */
    box query_box, known_box;       /* within the panel */
    double width_px, height_px;
} pictures_panel;

pictures_panel pictures_panel_plan(const explanation *what);
void pictures_panel_draw(const pictures_panel *panel, canvas *on, place top_left);

/* ---- times_panel.c */

/* Query time against known time; of a still there is only one moment. */
typedef struct times_panel {
    const explanation *what;
    int64_t query_us, known_us; /* how long the axes are; 0: a still */
    box plot;                   /* within the panel */
    double width_px, height_px;
} times_panel;

times_panel times_panel_plan(const explanation *what);
void times_panel_draw(const times_panel *panel, canvas *on, place top_left);

/* ---- What the panels share */

static const colour PAPER = {255, 255, 255}, INK = {32, 32, 32}, FAINT = {140, 140, 140}, GROUND = {236, 236, 236};
static const colour FOUND = {255, 90, 0}; /* what was found, on every panel */

enum { MARGIN_PX = 24, TITLE = 2, SMALL = 1 };

#endif
