/* SPDX-License-Identifier: Apache-2.0 */
#include "drawing.h"

#include <stdlib.h>
#include <string.h>

static uint32_t state = 1;

uint32_t dice(uint32_t below) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state % below;
}

canvas canvas_new(uint32_t width_px, uint32_t height_px, uint8_t colour) {
    canvas c = {.px = malloc((size_t)width_px * height_px)};
    cr_assert_not_null(c.px);
    memset(c.px, colour, (size_t)width_px * height_px);
    c.image = (resight_image){c.px, width_px, height_px, width_px, RESIGHT_GRAY8};
    return c;
}

void canvas_free(canvas *c) {
    free(c->px);
    *c = (canvas){0};
}

void fill_rect(canvas *c, resight_rect r, uint8_t colour) {
    for (uint32_t y = 0; y < r.height_px; y++)
        memset(c->px + (size_t)(r.y_px + y) * c->image.width_px + r.x_px, colour, r.width_px);
}

/* Value noise: a lattice of random levels, between which is interpolated, at three scales. */
static uint32_t lattice(uint32_t x, uint32_t y, uint32_t seed) {
    uint32_t h = x * 374761393u + y * 668265263u + seed * 2246822519u;
    h = (h ^ h >> 13) * 1274126177u;
    return (h ^ h >> 16) & 255;
}

static uint32_t smooth(uint32_t x, uint32_t y, uint32_t cell, uint32_t seed) {
    const uint32_t i = x / cell, j = y / cell, u = x % cell, v = y % cell;
    const uint32_t top = lattice(i, j, seed) * (cell - u) + lattice(i + 1, j, seed) * u;
    const uint32_t bottom = lattice(i, j + 1, seed) * (cell - u) + lattice(i + 1, j + 1, seed) * u;
    return (top * (cell - v) + bottom * v) / (cell * cell);
}

void paint_photo(canvas *c, resight_rect r, uint32_t seed) {
    for (uint32_t y = 0; y < r.height_px; y++)
        for (uint32_t x = 0; x < r.width_px; x++) {
            const uint32_t level =
                (5 * smooth(x, y, 61, seed) + 2 * smooth(x, y, 17, seed + 1) + smooth(x, y, 5, seed + 2)) / 8;
            c->px[(size_t)(r.y_px + y) * c->image.width_px + r.x_px + x] = (uint8_t)level;
        }
}

void write_text(canvas *c, resight_rect r, uint32_t height_px, uint8_t ink) {
    for (uint32_t top = r.y_px + height_px / 2; top + height_px <= r.y_px + r.height_px; top += height_px * 3 / 2)
        for (uint32_t x = r.x_px + height_px; x + height_px <= r.x_px + r.width_px; x += height_px) {
            if (dice(6) == 0)
                continue; /* between words */
            for (uint32_t stroke = 0; stroke < 2; stroke++)
                fill_rect(c, (resight_rect){x + stroke * height_px / 2, top, height_px / 4 + 1, height_px}, ink);
        }
}

void add_noise(canvas *c, uint8_t amount) {
    const size_t count = (size_t)c->image.width_px * c->image.height_px;
    for (size_t i = 0; i < count; i++) {
        const int level = c->px[i] + (int)dice(2u * amount + 1) - amount;
        c->px[i] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

canvas turned_canvas(const canvas *c, resight_transform transform) {
    canvas turned = {.px = malloc(resight_image_bytes(&c->image))};
    cr_assert_not_null(turned.px);
    cr_assert_eq(resight_image_transform(&c->image, transform, turned.px, &turned.image), RESIGHT_OK);
    return turned;
}

/* By painting the rectangle and looking for it. */
resight_rect turned_rect(resight_rect r, uint32_t width_px, uint32_t height_px, resight_transform transform) {
    canvas flat = canvas_new(width_px, height_px, 0);
    fill_rect(&flat, r, 255);
    canvas turned = turned_canvas(&flat, transform);
    uint32_t first_x = UINT32_MAX, first_y = UINT32_MAX, last_x = 0, last_y = 0;
    for (uint32_t y = 0; y < turned.image.height_px; y++)
        for (uint32_t x = 0; x < turned.image.width_px; x++)
            if (turned.px[(size_t)y * turned.image.width_px + x]) {
                first_x = x < first_x ? x : first_x, last_x = x > last_x ? x : last_x;
                first_y = y < first_y ? y : first_y, last_y = y > last_y ? y : last_y;
            }
    canvas_free(&flat);
    canvas_free(&turned);
    return (resight_rect){first_x, first_y, last_x + 1 - first_x, last_y + 1 - first_y};
}

static uint32_t apart(uint32_t a, uint32_t b) {
    return a > b ? a - b : b - a;
}

uint32_t rect_error(resight_rect a, resight_rect b) {
    const uint32_t sides[] = {apart(a.x_px, b.x_px), apart(a.y_px, b.y_px),
                              apart(a.x_px + a.width_px, b.x_px + b.width_px),
                              apart(a.y_px + a.height_px, b.y_px + b.height_px)};
    uint32_t worst = 0;
    for (size_t i = 0; i < 4; i++)
        worst = sides[i] > worst ? sides[i] : worst;
    return worst;
}
