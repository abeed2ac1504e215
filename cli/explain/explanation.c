/* SPDX-License-Identifier: Apache-2.0 */
/* The picture as a whole: a headline, the pictures, and of videos their times. */
#include "explanation.h"

#include <math.h>
#include <stdio.h>

#define HEADLINE_PX 34

/* Patches know of mirroring alone: any angle may go with it. */
static const char *turned(const resight_found *item) {
    if (item->transform == RESIGHT_ORIGINAL)
        return "";
    return item->evidence == RESIGHT_BY_PATCHES ? "mirrored" : resight_transform_name(item->transform);
}

/* "Entry 12: 23 patches agree, mirrored, certain" */
static void headline(const explanation *what, char *text, size_t bytes) {
    const resight_found *item = what->item;
    char found[64] = "";
    switch (item->evidence) {
    case RESIGHT_BY_FILE: snprintf(found, sizeof found, "the same file"); break;
    case RESIGHT_BY_PATCHES: snprintf(found, sizeof found, "%u patches agree", item->patches); break;
    case RESIGHT_BY_FRAME:
    case RESIGHT_BY_TRIMMED:
    case RESIGHT_BY_RECTANGLE:
        snprintf(found, sizeof found, "%s, %u bits", resight_evidence_name(item->evidence), item->distance_bits);
        break;
    }
    snprintf(text, bytes, "Entry %llu: %s%s%s%s, %s", (unsigned long long)item->entry, found,
             item->transform ? ", " : "", turned(item), item->inverted ? ", inverted" : "",
             resight_confidence_name(item->confidence));
}

/* "2 segments, 45 % of the query and 12 % of the known" */
static void second_line(const explanation *what, char *text, size_t bytes) {
    const resight_found *item = what->item;
    const int used = snprintf(text, bytes, "%zu segment%s", item->segment_count, item->segment_count == 1 ? "" : "s");
    if (what->query->kind == RESIGHT_VIDEO && what->known->kind == RESIGHT_VIDEO)
        snprintf(text + used, bytes - (size_t)used, ", %.0f %% of the query and %.0f %% of the known video",
                 100 * item->coverage.query, 100 * item->coverage.known);
}

canvas explanation_draw(const explanation *what) {
    char text[160];
    const bool moving = what->query->kind == RESIGHT_VIDEO || what->known->kind == RESIGHT_VIDEO;
    const pictures_panel pictures = pictures_panel_plan(what);
    const times_panel times = times_panel_plan(what);
    double width = pictures.width_px, height = HEADLINE_PX + pictures.height_px;
    headline(what, text, sizeof text);
    width = fmax(width, text_width_px(TITLE, text));
    if (moving) {
        width = fmax(width, times.width_px);
        height += MARGIN_PX / 2 + HEADLINE_PX + times.height_px;
    }
    canvas on = canvas_new((uint32_t)width + 2 * MARGIN_PX, (uint32_t)height + 2 * MARGIN_PX, PAPER);
    place at = {MARGIN_PX, MARGIN_PX};
    draw_text(&on, at, TITLE, FOUND, text);
    at.y += HEADLINE_PX;
    pictures_panel_draw(&pictures, &on, at);
    at.y += pictures.height_px;
    if (moving) {
        second_line(what, text, sizeof text);
        draw_text(&on, (place){at.x, at.y + MARGIN_PX / 2}, TITLE, FOUND, text);
        at.y += MARGIN_PX / 2 + HEADLINE_PX;
        times_panel_draw(&times, &on, at);
    }
    return on;
}
