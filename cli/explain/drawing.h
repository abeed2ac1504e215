/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A canvas of colours, and what is drawn on it: lines with smooth edges, grey pictures, words, and a PNG in the end.
 * Places are in pixels from the top left corner; whatever lies outside of the canvas is not drawn.
 */
#ifndef RESIGHT_CLI_DRAWING_H
#define RESIGHT_CLI_DRAWING_H

#include <resight/image.h>
#include <stdbool.h>

typedef struct canvas {
    uint8_t *rgb; /* owned, tightly packed */
    uint32_t width_px, height_px;
} canvas;

typedef struct colour {
    uint8_t r, g, b;
} colour;

typedef struct place {
    double x, y;
} place;

typedef struct box {
    double x, y, width, height;
} box;

/* All of one colour. Ends the program when memory is refused. */
canvas canvas_new(uint32_t width_px, uint32_t height_px, colour background);
void canvas_free(canvas *on);

/* How much of a colour is laid over what is there: 0 nothing, 1 all. */
void draw_box(canvas *on, box where, colour ink, double cover);
void draw_line(canvas *on, place from, place to, double width_px, colour ink, double cover);
void draw_disc(canvas *on, place centre, double radius_px, colour ink, double cover);
/* The four sides of a quadrilateral. */
void draw_outline(canvas *on, const place corner[4], double width_px, colour ink, double cover);
/* What of the box lies outside of the quadrilateral. */
void draw_outside(canvas *on, box where, const place corner[4], colour ink, double cover);

/* A grey picture, stretched or shrunk to the box. */
void draw_picture(canvas *on, box where, const resight_image *grey);
/* The same in 16x16 squares: its colours are seen, and not what it shows. */
void draw_blurred(canvas *on, box where, const resight_image *grey);

/* Letters of 5x7 squares, in capitals; what the font lacks is a space. where: the top left corner. */
void draw_text(canvas *on, place where, unsigned scale, colour ink, const char *text);
double text_width_px(unsigned scale, const char *text);
#define TEXT_HEIGHT_PX(scale) (7.0 * (scale))

/* Write a PNG; a file that is there stays, unless it may be replaced. False after one line on stderr. */
bool canvas_write(const canvas *from, const char *path, bool replace);

#endif
