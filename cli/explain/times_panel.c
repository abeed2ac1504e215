/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dot plot: query time to the right, known time upwards, a dot for each pair of near frames, a line for each segment
 * that was found, and along each axis a bar of the time that the segments cover.
 */
#include "explanation.h"

#include <math.h>
#include <stdio.h>

#define PLOT_WIDTH_PX 960
#define PLOT_HEIGHT_PX 420
#define STILL_PX 40 /* the axis of a still */
#define BAR_PX 10   /* a bar of coverage */
#define TICK_PX 5
#define LABELS_PX 72 /* left of the plot: "123456" */
#define HEAD_PX 26
#define TICKS_MAX 8
#define DOT_PX 2.5
#define FARTHEST_BITS 64.0 /* a dot of this distance is as faint as any */
#define FAINTEST 0.4

static const colour DOT = {30, 80, 180};

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* As long as the file says, and in any case as long as what was found in it. */
static void plan_axes(times_panel *panel) {
    const explanation *what = panel->what;
    const resight_entry *known = what->known;
    panel->query_us = what->query->duration_us;
    panel->known_us = known->duration_us;
    if (known->mark_count > 0)
        panel->known_us = later(panel->known_us, known->marks[known->mark_count - 1].time_us);
    for (size_t i = 0; i < what->item->frame_pair_count; i++) {
        panel->query_us = later(panel->query_us, what->item->frame_pairs[i].query_us);
        panel->known_us = later(panel->known_us, what->item->frame_pairs[i].known_us);
    }
    if (what->query->kind != RESIGHT_VIDEO)
        panel->query_us = 0;
    if (known->kind != RESIGHT_VIDEO)
        panel->known_us = 0;
}

times_panel times_panel_plan(const explanation *what) {
    times_panel panel = {.what = what};
    plan_axes(&panel);
    panel.plot = (box){LABELS_PX + BAR_PX, HEAD_PX, panel.query_us > 0 ? PLOT_WIDTH_PX : STILL_PX,
                       panel.known_us > 0 ? PLOT_HEIGHT_PX : STILL_PX};
    panel.width_px = panel.plot.x + panel.plot.width + MARGIN_PX;
    panel.height_px = panel.plot.y + panel.plot.height + BAR_PX + TICK_PX + 4 * TEXT_HEIGHT_PX(TITLE);
    return panel;
}

/* ---- Axes ------------------------------------------------------------------------------------ */

static double across(const times_panel *panel, box plot, int64_t query_us) {
    return plot.x + plot.width * (panel->query_us > 0 ? (double)query_us / (double)panel->query_us : 0.5);
}

static double upwards(const times_panel *panel, box plot, int64_t known_us) {
    return plot.y + plot.height * (1 - (panel->known_us > 0 ? (double)known_us / (double)panel->known_us : 0.5));
}

/* 1, 2 or 5 times a power of ten, so that there are few enough ticks. */
static double tick_seconds(int64_t length_us) {
    const double least = (double)length_us / 1e6 / TICKS_MAX, power = pow(10, floor(log10(least)));
    return least <= power ? power : least <= 2 * power ? 2 * power : least <= 5 * power ? 5 * power : 10 * power;
}

static void draw_query_axis(const times_panel *panel, canvas *on, box plot) {
    const double bottom = plot.y + plot.height, step = tick_seconds(panel->query_us);
    for (int i = 0; panel->query_us > 0 && i * step * 1e6 <= (double)panel->query_us; i++) {
        char label[32];
        const double x = round(across(panel, plot, llround(i * step * 1e6)));
        snprintf(label, sizeof label, "%g", i * step);
        draw_box(on, (box){x, plot.y, 1, plot.height}, INK, 0.12);
        draw_box(on, (box){x, bottom + BAR_PX, 1, TICK_PX}, INK, 1);
        draw_text(on, (place){x - text_width_px(TITLE, label) / 2, bottom + BAR_PX + TICK_PX + 4}, TITLE, INK, label);
    }
    const char *title = panel->query_us > 0 ? "Query, seconds" : "Query: a still";
    draw_text(on, (place){plot.x, bottom + BAR_PX + TICK_PX + 4 + 1.5 * TEXT_HEIGHT_PX(TITLE)}, TITLE, INK, title);
}

static void draw_known_axis(const times_panel *panel, canvas *on, box plot) {
    const double step = tick_seconds(panel->known_us), left = plot.x - BAR_PX;
    for (int i = 0; panel->known_us > 0 && i * step * 1e6 <= (double)panel->known_us; i++) {
        char label[32];
        const double y = round(upwards(panel, plot, llround(i * step * 1e6)));
        snprintf(label, sizeof label, "%g", i * step);
        draw_box(on, (box){plot.x, y, plot.width, 1}, INK, 0.12);
        draw_box(on, (box){left - TICK_PX, y, TICK_PX, 1}, INK, 1);
        draw_text(on, (place){left - TICK_PX - 4 - text_width_px(TITLE, label), y - TEXT_HEIGHT_PX(TITLE) / 2}, TITLE,
                  INK, label);
    }
    const char *title = panel->known_us > 0 ? "Known, seconds" : "Known: a still";
    draw_text(on, (place){plot.x - LABELS_PX - BAR_PX, plot.y - HEAD_PX}, TITLE, INK, title);
}

/* ---- What was found -------------------------------------------------------------------------- */

/* The nearer, the darker. Frames that only share patches have no distance. */
static double darkness(const resight_frame_pair *pair) {
    return pair->distance_bits > 256 ? 1 : fmax(1 - pair->distance_bits / FARTHEST_BITS, FAINTEST);
}

static void draw_dots(const times_panel *panel, canvas *on, box plot) {
    const resight_found *item = panel->what->item;
    for (size_t i = 0; i < item->frame_pair_count; i++) {
        const resight_frame_pair *pair = &item->frame_pairs[i];
        const place at = {across(panel, plot, pair->query_us), upwards(panel, plot, pair->known_us)};
        draw_disc(on, at, DOT_PX, DOT, darkness(pair));
    }
}

static void draw_coverage(const times_panel *panel, canvas *on, box plot, const resight_segment *s) {
    const double left = across(panel, plot, s->query_from_us), low = upwards(panel, plot, s->known_from_us);
    const double right = fmin(across(panel, plot, s->query_to_us), plot.x + plot.width);
    const double high = fmax(upwards(panel, plot, s->known_to_us), plot.y);
    if (panel->query_us > 0)
        draw_box(on, (box){left, plot.y + plot.height, fmax(right - left, 2), BAR_PX}, FOUND, 1);
    if (panel->known_us > 0)
        draw_box(on, (box){plot.x - BAR_PX, fmin(high, low - 2), BAR_PX, fmax(low - high, 2)}, FOUND, 1);
}

static void draw_segments(const times_panel *panel, canvas *on, box plot) {
    const resight_found *item = panel->what->item;
    for (size_t i = 0; i < item->segment_count; i++) {
        const resight_segment *s = &item->segments[i];
        const place from = {across(panel, plot, s->query_from_us), upwards(panel, plot, s->known_from_us)};
        const place to = {across(panel, plot, s->query_to_us), upwards(panel, plot, s->known_to_us)};
        draw_line(on, from, to, 5, FOUND, 0.6);
        draw_disc(on, from, 6, FOUND, 1);
        draw_disc(on, to, 6, FOUND, 1);
        draw_coverage(panel, on, plot, s);
    }
}

/* A dot and a line, with what they are; at the end of the line of the query axis. */
static void draw_legend(canvas *on, place right) {
    const char *dots = "near frames", *line = "segments";
    double x = right.x - text_width_px(TITLE, line);
    const double middle = right.y + TEXT_HEIGHT_PX(TITLE) / 2;
    draw_text(on, (place){x, right.y}, TITLE, INK, line);
    draw_line(on, (place){x - 36, middle}, (place){x - 12, middle}, 5, FOUND, 0.6);
    x -= 60 + text_width_px(TITLE, dots);
    draw_text(on, (place){x, right.y}, TITLE, INK, dots);
    draw_disc(on, (place){x - 12, middle}, DOT_PX, DOT, 1);
}

void times_panel_draw(const times_panel *panel, canvas *on, place top_left) {
    const box plot = {panel->plot.x + top_left.x, panel->plot.y + top_left.y, panel->plot.width, panel->plot.height};
    const place corner[4] = {{plot.x, plot.y},
                             {plot.x + plot.width, plot.y},
                             {plot.x + plot.width, plot.y + plot.height},
                             {plot.x, plot.y + plot.height}};
    draw_box(on, (box){plot.x, plot.y + plot.height, plot.width, BAR_PX}, GROUND, 1);
    draw_box(on, (box){plot.x - BAR_PX, plot.y, BAR_PX, plot.height}, GROUND, 1);
    draw_query_axis(panel, on, plot);
    draw_known_axis(panel, on, plot);
    draw_outline(on, corner, 1, FAINT, 1);
    draw_segments(panel, on, plot);
    draw_dots(panel, on, plot);
    if (panel->query_us > 0)
        draw_legend(on, (place){plot.x + plot.width, plot.y - HEAD_PX});
}
