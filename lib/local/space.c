/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scale space: a picture of bytes to octaves of blurred floats and their differences. Blurs are separable and
 * their lanes are pixels, so a compiler may use vectors of any length and every bit stays the same.
 *
 * Source of the method: D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60 (2004).
 */
#include "local/space.h"

#include "local/angle.h"
#include "local/tune.h"
#include <math.h>
#include <string.h>

/* A Gaussian is cut where it is below 1 % of its peak. */
#define RADII TUNE(RADII, 3.0)
#define MAX_RADIUS 16

typedef struct gauss {
    unsigned radius;
    float tap[MAX_RADIUS + 1]; /* tap[i] is the weight at distance i */
} gauss;

double space_sigma0(void) { return TUNE(SIGMA0, 0.8); }

static gauss gauss_of(double sigma) {
    gauss g = {.radius = (unsigned)(RADII * sigma + 0.999)};
    if (g.radius > MAX_RADIUS)
        g.radius = MAX_RADIUS;
    double tap[MAX_RADIUS + 1], sum = 0;
    for (unsigned i = 0; i <= g.radius; i++) {
        tap[i] = decay((double)(i * i) / (2 * sigma * sigma));
        sum += i ? 2 * tap[i] : tap[i];
    }
    for (unsigned i = 0; i <= g.radius; i++)
        g.tap[i] = (float)(tap[i] / sum);
    return g;
}

/* Along a row; in[-radius] to in[n + radius - 1] are there. */
static void blur_row(const gauss *g, const float *restrict in, float *restrict out, size_t n) {
    for (size_t x = 0; x < n; x += PLANE_LANES) {
        float sum[PLANE_LANES];
        for (size_t i = 0; i < PLANE_LANES; i++)
            sum[i] = g->tap[0] * in[x + i];
        for (unsigned t = 1; t <= g->radius; t++)
            for (size_t i = 0; i < PLANE_LANES; i++)
                sum[i] += g->tap[t] * (in[x + i - t] + in[x + i + t]);
        memcpy(out + x, sum, sizeof sum);
    }
}

static void blur_rows(space *s, const gauss *g, const plane *in, plane *out) {
    float *line = s->line + MAX_RADIUS;
    for (uint32_t y = 0; y < in->height; y++) {
        const float *row = in->px + y * in->stride;
        memcpy(line, row, in->width * sizeof *line);
        for (size_t i = 1; i <= MAX_RADIUS; i++)
            line[-(ptrdiff_t)i] = row[0];
        for (size_t x = in->width; x < in->stride + MAX_RADIUS; x++)
            line[x] = row[in->width - 1];
        blur_row(g, line, out->px + y * out->stride, in->stride);
    }
}

static const float *clamped_row(const plane *p, ptrdiff_t y) {
    const ptrdiff_t last = (ptrdiff_t)p->height - 1;
    return p->px + (size_t)(y < 0 ? 0 : y > last ? last : y) * p->stride;
}

static void blur_columns(const gauss *g, const plane *in, plane *out) {
    for (ptrdiff_t y = 0; y < (ptrdiff_t)in->height; y++) {
        const float *above[MAX_RADIUS + 1], *below[MAX_RADIUS + 1];
        for (unsigned t = 0; t <= g->radius; t++) {
            above[t] = clamped_row(in, y - (ptrdiff_t)t);
            below[t] = clamped_row(in, y + (ptrdiff_t)t);
        }
        float *restrict row = out->px + (size_t)y * out->stride;
        for (size_t x = 0; x < in->stride; x += PLANE_LANES) {
            float sum[PLANE_LANES];
            for (size_t i = 0; i < PLANE_LANES; i++)
                sum[i] = g->tap[0] * above[0][x + i];
            for (unsigned t = 1; t <= g->radius; t++)
                for (size_t i = 0; i < PLANE_LANES; i++)
                    sum[i] += g->tap[t] * (above[t][x + i] + below[t][x + i]);
            memcpy(row + x, sum, sizeof sum);
        }
    }
}

static void blur(space *s, double sigma, const plane *in, plane *out) {
    const gauss g = gauss_of(sigma);
    plane between = s->between;
    between.width = in->width, between.height = in->height, between.stride = in->stride;
    blur_rows(s, &g, in, &between);
    blur_columns(&g, &between, out);
}

static void subtract(const plane *a, const plane *b, plane *out) {
    const size_t n = a->stride * a->height;
    for (size_t i = 0; i < n; i++)
        out->px[i] = a->px[i] - b->px[i];
}

static size_t stride_of(uint32_t width) {
    return (width + PLANE_LANES - 1) / PLANE_LANES * PLANE_LANES;
}

static plane plane_at(float **next, uint32_t width, uint32_t height) {
    const plane p = {*next, width, height, stride_of(width)};
    *next += p.stride * height;
    return p;
}

static int lay_out(space *s, uint32_t width, uint32_t height) {
    size_t floats = 2 * (stride_of(width) + 2 * MAX_RADIUS) + SPACE_LEVELS * stride_of(width) * height;
    unsigned octaves = 0;
    for (uint32_t w = width, h = height; octaves < SPACE_OCTAVES && w >= SPACE_MIN_SIDE_PX && h >= SPACE_MIN_SIDE_PX;
         w /= 2, h /= 2, octaves++)
        floats += SPACE_LEVELS * stride_of(w) * h;
    if (buffer_reserve(&s->memory, floats * sizeof(float)) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    float *next = (float *)(void *)s->memory.bytes;
    s->between = plane_at(&next, width, height);
    plane difference[SPACE_LEVELS - 1];
    for (unsigned i = 0; i + 1 < SPACE_LEVELS; i++)
        difference[i] = plane_at(&next, width, height);
    s->octaves = octaves;
    for (unsigned o = 0; o < octaves; o++) {
        const uint32_t w = width >> o, h = height >> o;
        for (unsigned i = 0; i < SPACE_LEVELS; i++)
            s->octave[o].level[i] = plane_at(&next, w, h);
        for (unsigned i = 0; i + 1 < SPACE_LEVELS; i++)
            s->octave[o].difference[i] = (plane){difference[i].px, w, h, stride_of(w)};
    }
    s->line = next;
    return RESIGHT_OK;
}

/* The picture at `times` its size, a power of two: each pixel is read between the centres of its four nearest. */
static void read_picture(const resight_image *grey, uint32_t times, plane *out) {
    const float step = 1.0f / (float)times;
    for (uint32_t y = 0; y < out->height; y++) {
        float fy = ((float)y + 0.5f) * step - 0.5f;
        fy = fy < 0 ? 0 : fy;
        const uint32_t y0 = (uint32_t)fy, y1 = y0 + 1 < grey->height_px ? y0 + 1 : y0;
        const uint8_t *upper = grey->px + y0 * grey->stride_bytes, *lower = grey->px + y1 * grey->stride_bytes;
        const float wy = fy - (float)y0;
        float *row = out->px + y * out->stride;
        for (uint32_t x = 0; x < out->width; x++) {
            float fx = ((float)x + 0.5f) * step - 0.5f;
            fx = fx < 0 ? 0 : fx;
            const uint32_t x0 = (uint32_t)fx, x1 = x0 + 1 < grey->width_px ? x0 + 1 : x0;
            const float wx = fx - (float)x0;
            const float a = (float)upper[x0] + wx * (float)(upper[x1] - upper[x0]);
            const float b = (float)lower[x0] + wx * (float)(lower[x1] - lower[x0]);
            row[x] = a + wy * (b - a);
        }
    }
}

int space_begin(space *s, const resight_image *grey) {
    const uint32_t side = grey->width_px > grey->height_px ? grey->width_px : grey->height_px;
    uint32_t times = 1;
    while (2 * times * side <= (uint32_t)TUNE(WORKSIDE, 512))
        times *= 2;
    const int status = lay_out(s, grey->width_px * times, grey->height_px * times);
    if (status != RESIGHT_OK || s->octaves == 0)
        return status;
    s->pixels_per_unit = (double)side * times;
    plane *base = &s->octave[0].level[0];
    plane *source = &s->octave[0].level[1];
    read_picture(grey, times, source);
    /* A picture comes with a blur of half a pixel of its own: Lowe 2004, section 3.3. */
    const double own = 0.5 * times, wanted = space_sigma0();
    blur(s, wanted > own * 1.1 ? sqrt(wanted * wanted - own * own) : 0.2, source, base);
    return RESIGHT_OK;
}

static void halve(const plane *in, plane *out) {
    for (uint32_t y = 0; y < out->height; y++) {
        const float *from = in->px + 2 * y * in->stride;
        float *row = out->px + y * out->stride;
        for (uint32_t x = 0; x < out->width; x++)
            row[x] = from[2 * x];
    }
}

void space_octave(space *s, unsigned o) {
    octave *now = &s->octave[o];
    static const double k = 1.259921049894873; /* 2^(1/3) */
    double sigma = space_sigma0();
    for (unsigned i = 1; i < SPACE_LEVELS; i++, sigma *= k) {
        blur(s, sigma * sqrt(k * k - 1), &now->level[i - 1], &now->level[i]);
        subtract(&now->level[i], &now->level[i - 1], &now->difference[i - 1]);
    }
    if (o + 1 < s->octaves)
        halve(&now->level[SPACE_SCALES], &s->octave[o + 1].level[0]);
}

void space_skip(space *s, unsigned o) {
    octave *now = &s->octave[o];
    blur(s, space_sigma0() * sqrt(3.0), &now->level[0], &now->level[SPACE_SCALES]);
    if (o + 1 < s->octaves)
        halve(&now->level[SPACE_SCALES], &s->octave[o + 1].level[0]);
}

void space_free(space *s) {
    buffer_free(&s->memory);
}
