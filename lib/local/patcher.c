/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/size.h"
#include "local/key.h"
#include "local/tune.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define UNITS 32768

typedef struct band { double low, high; size_t most; } band;

struct resight_patcher {
    space space;
    key_basis basis;
    buffer points;
    double widths;
};

int resight_patcher_new(resight_patcher **out) {
    resight_patcher *p = calloc(1, sizeof *p);
    if (!p) return RESIGHT_E_NOMEM;
    key_basis_fill(&p->basis);
    *out = p;
    return RESIGHT_OK;
}

void resight_patcher_free(resight_patcher **patcher) {
    if (!*patcher) return;
    space_free(&(*patcher)->space);
    buffer_free(&(*patcher)->points);
    free(*patcher);
    *patcher = NULL;
}

static int stronger(const void *left, const void *right) {
    const point *a = left, *b = right;
    const float sa = a->strength, sb = b->strength;
    if (sa != sb) return sa < sb ? 1 : -1;
    if (a->y != b->y) return a->y > b->y ? 1 : -1;
    if (a->x != b->x) return a->x > b->x ? 1 : -1;
    return (a->sigma > b->sigma) - (a->sigma < b->sigma);
}

static bool too_near(const point *chosen, size_t count, const point *p, double apart) {
    for (size_t i = 0; i < count; i++) {
        const float dx = chosen[i].x - p->x, dy = chosen[i].y - p->y;
        const float small = chosen[i].sigma < p->sigma ? chosen[i].sigma : p->sigma;
        const float ratio = chosen[i].sigma > p->sigma ? chosen[i].sigma / p->sigma : p->sigma / chosen[i].sigma;
        const float reach = (float)(apart * TUNE(WIDTHS, 24)) * small;
        if (dx * dx + dy * dy < reach * reach && ratio < (float)TUNE(APARTSCALE, 1.5))
            return true;
    }
    return false;
}

static bool inside(const resight_patcher *r, const point *p, double width) {
    const plane *b = &r->space.octave[0].level[0];
    const float margin = (float)(width * TUNE(INSIDE, 0.4));
    return p->x + 0.5f >= margin && p->y + 0.5f >= margin && p->x + 0.5f <= (float)b->width - margin &&
           p->y + 0.5f <= (float)b->height - margin;
}

static size_t choose(resight_patcher *r, const band *b, const point *points, size_t count, resight_patch *out) {
    point chosen[256];
    size_t n = 0, made = 0;
    const double unit = UNITS / r->space.pixels_per_unit;
    for (size_t i = 0; i < count && made < b->most; i++) {
        const point *p = &points[i];
        const double width = TUNE(WIDTHS, 24) * (double)p->sigma, share = width / r->space.pixels_per_unit;
        if (share < b->low || share >= b->high || !inside(r, p, width) || too_near(chosen, n, p, TUNE(APART, 0.1)))
            continue;
        chosen[n++] = *p;
        float turns[KEY_ORIENTATIONS];
        const unsigned angles = key_orientations(&r->space, p, turns);
        for (unsigned a = 0; a < angles && made < b->most; a++)
            out[made++] = (resight_patch){
                .key = key_of(&r->basis, &r->space, p, width, (double)turns[a]),
                .x = (uint16_t)(((double)p->x + 0.5) * unit + 0.5),
                .y = (uint16_t)(((double)p->y + 0.5) * unit + 0.5),
                .width = (uint16_t)(width * unit + 0.5),
                .angle = (uint16_t)(unsigned)((double)turns[a] * 65536 + 0.5)};
    }
    return made;
}

int resight_patcher_find(resight_patcher *r, const resight_image *grey, resight_patch_role role, resight_patch *out,
                         size_t capacity, size_t *count) {
    if (resight_image_check(grey) != RESIGHT_OK || grey->format != RESIGHT_GRAY8 || grey->width_px > 512 ||
        grey->height_px > 512 || capacity < 192)
        return RESIGHT_E_ARG;
    int status = space_begin(&r->space, grey);
    if (status != RESIGHT_OK) return status;
    *count = 0;
    if (!r->space.octaves) return RESIGHT_OK;
    if ((status = buffer_reserve(&r->points, points_bound(&r->space) * sizeof(point))) != RESIGHT_OK) return status;
    point *points = (point *)(void *)r->points.bytes;
    size_t found = 0;
    for (unsigned o = 0; o < r->space.octaves; o++) {
        const double widest = TUNE(WIDTHS, 24) * space_sigma0() * 2.2449 * (1 << o) / r->space.pixels_per_unit;
        if (role == RESIGHT_PATCHES_KNOWN && widest < TUNE(SMALL, 0.08)) { space_skip(&r->space, o); continue; }
        space_octave(&r->space, o);
        points_find(&r->space, o, points, &found);
    }
    qsort(points, found, sizeof *points, stronger);
    const band bands[] = {{TUNE(LARGE, .16), TUNE(HUGE_, .8), (size_t)TUNE(NLARGE, 64)},
                          {TUNE(SMALL, .08), TUNE(LARGE, .16), (size_t)TUNE(NSMALL, 64)},
                          {TUNE(TINY, .045), TUNE(SMALL, .08), (size_t)TUNE(NTINY, 64)}};
    for (unsigned b = 0; b < (role == RESIGHT_PATCHES_QUERY ? 3u : 2u); b++)
        *count += choose(r, &bands[b], points, found, out + *count);
    return RESIGHT_OK;
}
