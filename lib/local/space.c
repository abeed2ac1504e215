/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scale space: a picture of bytes to octaves of blurred floats and their differences. Blurs are separable and
 * their lanes are pixels, so a compiler may use vectors of any length and every bit stays the same.
 *
 * Source of the method: D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60 (2004),
 * section 3.
 */
#include "local/space.h"

#include "local/angle.h"
#include <math.h>
#include <string.h>

/* A Gaussian is cut at three sigmas: 1 % of its peak. */
#define REACH_SIGMAS 3
#define RADIUS_MAX 8
/* The blur that a picture comes with: Lowe 2004, section 3.3. */
#define OWN_SIGMA 0.5
/* From one level to the next: the third root of 2. */
#define STEP 1.259921049894873

typedef struct gauss {
    unsigned radius;
    float tap[RADIUS_MAX + 1]; /* the weight at each distance */
} gauss;

static gauss gauss_of(double sigma) {
    gauss g = {.radius = (unsigned)(REACH_SIGMAS * sigma + 1)};
    g.radius = g.radius < RADIUS_MAX ? g.radius : RADIUS_MAX;
    double tap[RADIUS_MAX + 1], sum = 0;
    for (unsigned i = 0; i <= g.radius; i++) {
        tap[i] = decay((double)(i * i) / (2 * sigma * sigma));
        sum += i > 0 ? 2 * tap[i] : tap[i];
    }
    for (unsigned i = 0; i <= g.radius; i++)
        g.tap[i] = (float)(tap[i] / sum);
    return g;
}

/* One row of sums over rows of the input, before[t] and after[t] being t steps away, in blocks that stay in registers.
 */
static void weigh(const gauss *g, const float *const before[], const float *const after[], float *restrict out,
                  size_t n) {
    for (size_t x = 0; x < n; x += PLANE_LANES) {
        float sum[PLANE_LANES];
        for (size_t i = 0; i < PLANE_LANES; i++)
            sum[i] = g->tap[0] * before[0][x + i];
        for (unsigned t = 1; t <= g->radius; t++)
            for (size_t i = 0; i < PLANE_LANES; i++)
                sum[i] += g->tap[t] * (before[t][x + i] + after[t][x + i]);
        memcpy(out + x, sum, sizeof sum);
    }
}

/* Along rows the steps are pixels of the one row, whose first and last pixel go on beyond the border. */
static void blur_rows(float *line, const gauss *g, const plane *in, plane *out) {
    const float *before[RADIUS_MAX + 1], *after[RADIUS_MAX + 1];
    float *first = line + RADIUS_MAX;
    for (unsigned t = 0; t <= g->radius; t++) {
        before[t] = first - t;
        after[t] = first + t;
    }
    for (uint32_t y = 0; y < in->height; y++) {
        const float *row = in->px + y * in->stride;
        memcpy(first, row, in->width * sizeof *row);
        for (size_t i = 0; i < RADIUS_MAX; i++)
            line[i] = row[0];
        for (size_t x = in->width; x < in->stride + RADIUS_MAX; x++)
            first[x] = row[in->width - 1];
        weigh(g, before, after, out->px + y * out->stride, in->stride);
    }
}

static void blur_columns(const gauss *g, const plane *in, plane *out) {
    const uint32_t last = in->height - 1;
    for (uint32_t y = 0; y <= last; y++) {
        const float *before[RADIUS_MAX + 1], *after[RADIUS_MAX + 1];
        for (unsigned t = 0; t <= g->radius; t++) {
            before[t] = in->px + (y > t ? y - t : 0) * in->stride;
            after[t] = in->px + (last - y > t ? y + t : last) * in->stride;
        }
        weigh(g, before, after, out->px + y * out->stride, in->stride);
    }
}

static void blur(space *s, double sigma, const plane *in, plane *out) {
    const gauss g = gauss_of(sigma);
    plane between = *in;
    between.px = s->between.px;
    blur_rows(s->line, &g, in, &between);
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

static unsigned octaves_of(uint32_t width, uint32_t height) {
    unsigned n = 0;
    while (n < SPACE_OCTAVES && width >> n >= SPACE_MIN_SIDE_PX && height >> n >= SPACE_MIN_SIDE_PX)
        n++;
    return n;
}

/* One reservation for everything; the sides are at most RESIGHT_THUMBNAIL_SIDE_PX. */
static int lay_out(space *s, uint32_t width, uint32_t height) {
    s->octaves = octaves_of(width, height);
    size_t floats = stride_of(width) + 2 * RADIUS_MAX + SPACE_LEVELS * stride_of(width) * height;
    for (unsigned o = 0; o < s->octaves; o++)
        floats += SPACE_LEVELS * stride_of(width >> o) * (height >> o);
    if (buffer_reserve(&s->memory, floats * sizeof(float)) != RESIGHT_OK)
        return RESIGHT_E_NOMEM;
    float *next = (float *)(void *)s->memory.bytes;
    plane difference[SPACE_LEVELS - 1];
    s->between = plane_at(&next, width, height);
    for (unsigned i = 0; i + 1 < SPACE_LEVELS; i++)
        difference[i] = plane_at(&next, width, height);
    for (unsigned o = 0; o < s->octaves; o++) {
        const uint32_t w = width >> o, h = height >> o;
        for (unsigned i = 0; i < SPACE_LEVELS; i++)
            s->octave[o].level[i] = plane_at(&next, w, h);
        for (unsigned i = 0; i + 1 < SPACE_LEVELS; i++)
            s->octave[o].difference[i] = (plane){difference[i].px, w, h, stride_of(w)};
    }
    s->line = next;
    return RESIGHT_OK;
}

/* Two neighbours and the part of the way between them, for pixel i of an axis of n that is `times` as long. */
typedef struct step {
    uint32_t from, to;
    float part;
} step;

static step step_of(uint32_t i, uint32_t times, uint32_t n) {
    const float at = ((float)i + 0.5f) / (float)times - 0.5f;
    step s = {.from = at > 0 ? (uint32_t)at : 0};
    s.to = s.from + 1 < n ? s.from + 1 : s.from;
    s.part = at > 0 ? at - (float)s.from : 0;
    return s;
}

static void read_picture(const resight_image *grey, uint32_t times, plane *out) {
    for (uint32_t y = 0; y < out->height; y++) {
        const step down = step_of(y, times, grey->height_px);
        const uint8_t *upper = grey->px + down.from * grey->stride_bytes;
        const uint8_t *lower = grey->px + down.to * grey->stride_bytes;
        float *row = out->px + y * out->stride;
        for (uint32_t x = 0; x < out->width; x++) {
            const step right = step_of(x, times, grey->width_px);
            const float a = (float)upper[right.from] + right.part * (float)(upper[right.to] - upper[right.from]);
            const float b = (float)lower[right.from] + right.part * (float)(lower[right.to] - lower[right.from]);
            row[x] = a + down.part * (b - a);
        }
    }
}

/* A small picture is doubled until it would pass the side of a thumbnail, so that its patches are as wide, in pixels,
 * as those of a large one. */
int space_start(space *s, const resight_image *grey) {
    const uint32_t side = grey->width_px > grey->height_px ? grey->width_px : grey->height_px;
    uint32_t times = 1;
    while (2 * times * side <= RESIGHT_THUMBNAIL_SIDE_PX)
        times *= 2;
    const int status = lay_out(s, grey->width_px * times, grey->height_px * times);
    if (status != RESIGHT_OK)
        return status;
    s->side_px = side * times;
    if (s->octaves == 0)
        return RESIGHT_OK;
    plane *first = &s->octave[0].level[0];
    if (times > 1) { /* it is more blurred than asked already */
        read_picture(grey, times, first);
        return RESIGHT_OK;
    }
    plane *source = &s->octave[0].level[1];
    read_picture(grey, times, source);
    blur(s, sqrt(SPACE_SIGMA * SPACE_SIGMA - OWN_SIGMA * OWN_SIGMA), source, first);
    return RESIGHT_OK;
}

static void start_next(space *s, unsigned o) {
    if (o + 1 >= s->octaves)
        return;
    const plane *in = &s->octave[o].level[SPACE_SCALES]; /* twice the blur of level 0 */
    plane *out = &s->octave[o + 1].level[0];
    for (uint32_t y = 0; y < out->height; y++) {
        const float *from = in->px + 2 * y * in->stride;
        float *row = out->px + y * out->stride;
        for (uint32_t x = 0; x < out->width; x++)
            row[x] = from[2 * x];
    }
}

void space_fill(space *s, unsigned o) {
    octave *now = &s->octave[o];
    double sigma = SPACE_SIGMA * sqrt(STEP * STEP - 1); /* blurs add by their squares */
    for (unsigned i = 1; i < SPACE_LEVELS; i++, sigma *= STEP) {
        blur(s, sigma, &now->level[i - 1], &now->level[i]);
        subtract(&now->level[i], &now->level[i - 1], &now->difference[i - 1]);
    }
    start_next(s, o);
}

void space_skip(space *s, unsigned o) {
    octave *now = &s->octave[o];
    blur(s, SPACE_SIGMA * sqrt(2 * 2 - 1), &now->level[0], &now->level[SPACE_SCALES]);
    start_next(s, o);
}

double space_widest(unsigned o) {
    return SPACE_SIGMA * 2 * sqrt(STEP) * (double)(1u << o); /* half a level above the last scale */
}

void space_free(space *s) {
    buffer_free(&s->memory);
}
