/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing: every stroke is a distance, and covers a pixel by how near its centre is. */
#include "drawing.h"

#include "memory.h"
#include <math.h>
#include <stdlib.h>

#define BLURRED_SIDE 16

canvas canvas_new(uint32_t width_px, uint32_t height_px, colour background) {
    canvas made = {must_have((size_t)width_px * height_px, 3), width_px, height_px};
    draw_box(&made, (box){0, 0, width_px, height_px}, background, 1);
    return made;
}

void canvas_free(canvas *on) {
    free(on->rgb);
    *on = (canvas){0};
}

/* ---- Strokes --------------------------------------------------------------------------------- */

static uint8_t mixed(uint8_t below, uint8_t ink, double cover) {
    return (uint8_t)lround(below + (ink - below) * cover);
}

static void draw_pixel(canvas *on, uint32_t x, uint32_t y, colour ink, double cover) {
    uint8_t *rgb = on->rgb + ((size_t)y * on->width_px + x) * 3;
    rgb[0] = mixed(rgb[0], ink.r, cover);
    rgb[1] = mixed(rgb[1], ink.g, cover);
    rgb[2] = mixed(rgb[2], ink.b, cover);
}

/* The pixels whose centres lie in a box, as far as there are any. */
typedef struct pixels {
    uint32_t left, top, right, bottom; /* the last two are not in it */
} pixels;

static uint32_t clipped(double at, uint32_t most) {
    const double first = ceil(at - 0.5);
    return !(first > 0) ? 0 : first >= most ? most : (uint32_t)first;
}

static pixels pixels_in(const canvas *on, box where) {
    return (pixels){clipped(where.x, on->width_px), clipped(where.y, on->height_px),
                    clipped(where.x + where.width, on->width_px), clipped(where.y + where.height, on->height_px)};
}

void draw_box(canvas *on, box where, colour ink, double cover) {
    const pixels in = pixels_in(on, where);
    for (uint32_t y = in.top; y < in.bottom; y++)
        for (uint32_t x = in.left; x < in.right; x++)
            draw_pixel(on, x, y, ink, cover);
}

static double distance_px(place p, place from, place to) {
    const double dx = to.x - from.x, dy = to.y - from.y, length2 = dx * dx + dy * dy;
    double along = length2 > 0 ? ((p.x - from.x) * dx + (p.y - from.y) * dy) / length2 : 0;
    along = fmin(fmax(along, 0), 1);
    return hypot(p.x - from.x - along * dx, p.y - from.y - along * dy);
}

void draw_line(canvas *on, place from, place to, double width_px, colour ink, double cover) {
    const double reach = width_px / 2 + 0.5;
    const pixels in = pixels_in(on, (box){fmin(from.x, to.x) - reach, fmin(from.y, to.y) - reach,
                                          fabs(from.x - to.x) + 2 * reach, fabs(from.y - to.y) + 2 * reach});
    for (uint32_t y = in.top; y < in.bottom; y++)
        for (uint32_t x = in.left; x < in.right; x++) {
            const double edge = reach - distance_px((place){x + 0.5, y + 0.5}, from, to);
            if (edge > 0)
                draw_pixel(on, x, y, ink, cover * fmin(edge, 1));
        }
}

void draw_disc(canvas *on, place centre, double radius_px, colour ink, double cover) {
    draw_line(on, centre, centre, 2 * radius_px, ink, cover);
}

void draw_outline(canvas *on, const place corner[4], double width_px, colour ink, double cover) {
    for (int i = 0; i < 4; i++)
        draw_line(on, corner[i], corner[(i + 1) % 4], width_px, ink, cover);
}

/* By counting the sides that a ray to the right crosses. */
static bool inside(place p, const place corner[4]) {
    bool in = false;
    for (int i = 0; i < 4; i++) {
        const place a = corner[i], b = corner[(i + 1) % 4];
        if ((a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) * (b.x - a.x) / (b.y - a.y))
            in = !in;
    }
    return in;
}

void draw_outside(canvas *on, box where, const place corner[4], colour ink, double cover) {
    const pixels in = pixels_in(on, where);
    for (uint32_t y = in.top; y < in.bottom; y++)
        for (uint32_t x = in.left; x < in.right; x++)
            if (!inside((place){x + 0.5, y + 0.5}, corner))
                draw_pixel(on, x, y, ink, cover);
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* Between the four samples around a place of the picture, each in the middle of its pixel. */
static double sample(const resight_image *grey, double x, double y) {
    const double most_x = grey->width_px - 1, most_y = grey->height_px - 1;
    x = fmin(fmax(x - 0.5, 0), most_x);
    y = fmin(fmax(y - 0.5, 0), most_y);
    const uint32_t x0 = (uint32_t)x, y0 = (uint32_t)y;
    const uint32_t right = x0 < most_x ? 1 : 0;
    const uint8_t *above = grey->px + y0 * grey->stride_bytes + x0;
    const uint8_t *below = y0 < most_y ? above + grey->stride_bytes : above;
    const double u = x - x0, v = y - y0;
    return (above[0] * (1 - u) + above[right] * u) * (1 - v) + (below[0] * (1 - u) + below[right] * u) * v;
}

void draw_picture(canvas *on, box where, const resight_image *grey) {
    const double across = grey->width_px / where.width, down = grey->height_px / where.height;
    const pixels in = pixels_in(on, where);
    for (uint32_t y = in.top; y < in.bottom; y++)
        for (uint32_t x = in.left; x < in.right; x++) {
            const uint8_t level =
                (uint8_t)lround(sample(grey, (x + 0.5 - where.x) * across, (y + 0.5 - where.y) * down));
            draw_pixel(on, x, y, (colour){level, level, level}, 1);
        }
}

/* The mean of the part of a picture that one square stands for; at least a pixel of it. */
static uint8_t mean_of_square(const resight_image *grey, uint32_t column, uint32_t row) {
    const uint32_t left = column * grey->width_px / BLURRED_SIDE, top = row * grey->height_px / BLURRED_SIDE;
    uint32_t right = (column + 1) * grey->width_px / BLURRED_SIDE;
    uint32_t bottom = (row + 1) * grey->height_px / BLURRED_SIDE;
    uint64_t sum = 0;
    right += right == left;
    bottom += bottom == top;
    for (uint32_t y = top; y < bottom; y++)
        for (uint32_t x = left; x < right; x++)
            sum += grey->px[y * grey->stride_bytes + x];
    return (uint8_t)(sum / ((uint64_t)(right - left) * (bottom - top)));
}

void draw_blurred(canvas *on, box where, const resight_image *grey) {
    const double width = where.width / BLURRED_SIDE, height = where.height / BLURRED_SIDE;
    for (uint32_t row = 0; row < BLURRED_SIDE; row++)
        for (uint32_t column = 0; column < BLURRED_SIDE; column++) {
            const uint8_t level = mean_of_square(grey, column, row);
            draw_box(on, (box){where.x + column * width, where.y + row * height, width, height},
                     (colour){level, level, level}, 1);
        }
}
