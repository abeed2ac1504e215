/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures drawn for the tests of regions. Every canvas is malloc'd to the byte, so that ASan sees a step outside. */
#ifndef TESTS_REGION_DRAWING_H
#define TESTS_REGION_DRAWING_H

#include <criterion/criterion.h>
#include <resight/region.h>

typedef struct canvas {
    uint8_t *px;
    resight_image image; /* a view of px */
} canvas;

canvas canvas_new(uint32_t width_px, uint32_t height_px, uint8_t colour);
void canvas_free(canvas *c);

/* A repeatable sequence of numbers below `below`. */
uint32_t dice(uint32_t below);

void fill_rect(canvas *c, resight_rect r, uint8_t colour);

/* Blobs and stripes of every size, in which no line is of one colour: what a photograph is to these functions. */
void paint_photo(canvas *c, resight_rect r, uint32_t seed);

/* Words of bars and gaps, black on what is there, in lines `height_px` apart. */
void write_text(canvas *c, resight_rect r, uint32_t height_px, uint8_t ink);

/* Every pixel moved by up to `amount`, as JPEG does. */
void add_noise(canvas *c, uint8_t amount);

/* The canvas turned. */
canvas turned_canvas(const canvas *c, resight_transform transform);

/* Where a rectangle of a width x height picture lies once the picture is turned. */
resight_rect turned_rect(resight_rect r, uint32_t width_px, uint32_t height_px, resight_transform transform);

/* The largest difference between the four sides of two rectangles. */
uint32_t rect_error(resight_rect a, resight_rect b);

#endif
