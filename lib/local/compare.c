/* SPDX-License-Identifier: Apache-2.0 */
#include "local/angle.h"
#include "local/tune.h"
#include "local/vote.h"
#include <math.h>
#include <string.h>

#define UNITS 32768.0
static fit_pair pair_of(const resight_patch *q, const resight_patch *k, bool mirrored) {
    fit_pair p = {.qx = q->x, .qy = q->y, .qw = q->width, .kx = k->x, .ky = k->y, .kw = k->width, .key = k->key};
    double angle = k->angle / 65536.0;
    if (mirrored) {
        p.kx = -p.kx;
        angle = 0.5 - angle;
    }
    p.turn = q->angle / 65536.0 - angle;
    p.octaves = log2(p.qw / p.kw);
    return p;
}

static uint8_t distance(const resight_patch *q, const resight_patch *k, bool mirrored) {
    return (uint8_t)__builtin_popcountll(q->key ^ (mirrored ? resight_patch_mirrored_key(k->key) : k->key));
}

/* sorted by distance; at most VOTE_PAIRS */
static size_t pairs_of(const resight_patch_list *query, const resight_patch_list *known, bool mirrored, unsigned radius, fit_pair *out) {
    uint8_t d[RESIGHT_PATCHES_QUERY_MAX][RESIGHT_PATCHES_KNOWN_MAX];
    size_t at[65] = {0};
    for (uint32_t i = 0; i < query->count; i++)
        for (uint32_t j = 0; j < known->count; j++)
            at[d[i][j] = distance(&query->patches[i], &known->patches[j], mirrored)]++;
    size_t sum = 0;
    for (unsigned b = 0; b <= 64; b++) {
        const size_t n = at[b];
        at[b] = sum;
        sum += b <= radius ? n : 0;
    }
    for (uint32_t i = 0; i < query->count; i++)
        for (uint32_t j = 0; j < known->count; j++) {
            if (d[i][j] > radius || at[d[i][j]] >= VOTE_PAIRS)
                continue;
            fit_pair *p = &out[at[d[i][j]]++];
            *p = pair_of(&query->patches[i], &known->patches[j], mirrored);
            p->query = (uint8_t)i, p->known = (uint8_t)j, p->distance = d[i][j];
        }
    return sum < VOTE_PAIRS ? sum : VOTE_PAIRS;
}

static bool visible(const fit *f, const resight_patch_list *query, double x, double y) {
    const double side = query->width_px > query->height_px ? query->width_px : query->height_px;
    const double qx = fit_x(f, x, y), qy = fit_y(f, x, y);
    return qx >= 0 && qy >= 0 && qx <= UNITS * query->width_px / side && qy <= UNITS * query->height_px / side;
}

static void features(const vote *v, bool mirrored, const resight_patch_list *query, const resight_patch_list *known, fit_pair *pairs, size_t n, resight_patch_match *out) {
    /* guided */
    const fit *f = &v->fit;
    const double det = f->m[0][0] * f->m[1][1] - f->m[0][1] * f->m[1][0];
    const double s = sqrt(fabs(det));
    static fit_pair near[4096]; size_t nn = 0;
    unsigned vis = 0, coloc = 0, sup[5] = {0}, inq = 0, cq = 0;
    for (uint32_t j = 0; j < known->count; j++) {
        const resight_patch *k = &known->patches[j];
        const double kx = mirrored ? -(double)k->x : k->x;
        if (!visible(f, query, kx, k->y) || k->width * s < TUNE(TINY, .045) * UNITS) continue;
        vis++;
        unsigned best = 99;
        for (uint32_t i = 0; i < query->count; i++) {
            const fit_pair p = pair_of(&query->patches[i], k, mirrored);
            const double dx = fit_x(f, p.kx, p.ky) - p.qx, dy = fit_y(f, p.kx, p.ky) - p.qy, r = TUNE(GPLACE, .15) * p.qw;
            double t = fabs(p.turn - f->turn); t -= floor(t); t = t > .5 ? 1 - t : t;
            if (dx * dx + dy * dy > r * r || fabs(p.octaves - f->octaves) > TUNE(GSCALE, .35) || t > TUNE(GANGLE, .06)) continue;
            const unsigned d = distance(&query->patches[i], k, mirrored);
            best = d < best ? d : best;
            if (d <= 16 && nn < 4096) near[nn] = p, near[nn].distance = (uint8_t)d, nn++;
        }
        coloc += best < 99;
        sup[0] += best <= 8, sup[1] += best <= 12, sup[2] += best <= 16, sup[3] += best <= 20;
    }
    for (uint32_t i = 0; i < query->count; i++) {
        const resight_patch *q = &query->patches[i];
        const double x = q->x - f->m[0][2], y = q->y - f->m[1][2];
        double kx = (x * f->m[1][1] - y * f->m[0][1]) / det;
        const double ky = (y * f->m[0][0] - x * f->m[1][0]) / det;
        if (mirrored) kx = -kx;
        const double side = known->width_px > known->height_px ? known->width_px : known->height_px;
        const double w = q->width / s / UNITS;
        if (kx >= 0 && ky >= 0 && kx <= UNITS * known->width_px / side && ky <= UNITS * known->height_px / side && w >= TUNE(SMALL, .08) && w <= TUNE(HUGE_, .8)) inq++;
    }
    (void)cq;
    for (size_t i = 1; i < nn; i++) { fit_pair t = near[i]; size_t j = i; for (; j > 0 && near[j - 1].distance > t.distance; j--) near[j] = near[j - 1]; near[j] = t; }
    const unsigned D16 = vote_count(f, near, nn);
    size_t n12 = 0; while (n12 < nn && near[n12].distance <= 12) n12++;
    const unsigned D12 = vote_count(f, near, n12);
    size_t n8 = 0; while (n8 < nn && near[n8].distance <= 8) n8++;
    const unsigned D8 = vote_count(f, near, n8);
    double mx = 0, my = 0, xx = 0, d = 0;
    for (size_t i = 0; i < n; i++) if (pairs[i].agrees) mx += pairs[i].kx, my += pairs[i].ky, d += pairs[i].distance;
    mx /= v->agreeing, my /= v->agreeing;
    for (size_t i = 0; i < n; i++) if (pairs[i].agrees) xx += (pairs[i].kx - mx) * (pairs[i].kx - mx) + (pairs[i].ky - my) * (pairs[i].ky - my);
    double lambda = 0;
    for (size_t i = 0; i < n; i++) {
        const double r = TUNE(PLACE1, 0.2) * pairs[i].qw / 32768;
        const double one = PI * r * r * (TUNE(SCALE1, .4) / 2) * (2 * TUNE(ANGLE1, .07));
        lambda += one > .1 ? .1 : one;
    }
    double score = -log2((double)n) + (double)(v->agreeing - 1) * -log2(lambda);
    for (size_t i = 2; i < v->agreeing; i++) score += log2((double)i);
    out->score = (float)score;
    float *F = out->feature;
    F[0] = (float)n, F[1] = (float)d, F[2] = (float)vis, F[3] = (float)inq, F[4] = (float)coloc, F[5] = (float)D8, F[6] = (float)D12, F[7] = (float)D16, F[8] = (float)sup[2], F[9] = (float)(sqrt(xx / v->agreeing) / UNITS), F[10] = (float)s;
    F[11] = (float)sqrt(fabs((f->m[0][0] * f->m[0][0] + f->m[1][0] * f->m[1][0]) / (f->m[0][1] * f->m[0][1] + f->m[1][1] * f->m[1][1])));
}

int resight_patches_compare(const resight_patch_list *query, const resight_patch_list *known, resight_patch_match *out) {
    if (query->count > RESIGHT_PATCHES_QUERY_MAX || known->count > RESIGHT_PATCHES_KNOWN_MAX) return RESIGHT_E_ARG;
    fit_pair pairs[VOTE_PAIRS];
    resight_patch_match best = {.level = RESIGHT_PATCHES_NOTHING};
    unsigned bests = 0;
    for (int m = 0; m < 2; m++) {
        const size_t n = pairs_of(query, known, m, (unsigned)TUNE(CRADIUS, 8), pairs);
        const vote v = vote_among(pairs, n);
        if (v.agreeing < best.agreeing || (v.agreeing == best.agreeing && v.sureness <= bests)) continue;
        best = (resight_patch_match){.agreeing = v.agreeing, .mirrored = m};
        bests = v.sureness;
        for (size_t i = 0, a = 0; i < n; i++) if (pairs[i].agrees) best.large += pairs[i].kw >= .16 * UNITS, best.query[a] = pairs[i].query, best.known[a++] = pairs[i].known;
        for (int i = 0; i < 2; i++) for (int j = 0; j < 3; j++) best.matrix[i][j] = (float)(m && j == 0 ? -v.fit.m[i][j] : v.fit.m[i][j]);
        const double side = known->width_px > known->height_px ? known->width_px : known->height_px;
        for (int c = 0; c < 4; c++) {
            const double x = (c == 1 || c == 2 ? UNITS * known->width_px / side : 0) * (m ? -1 : 1), y = c >= 2 ? UNITS * known->height_px / side : 0;
            best.corner[c] = (resight_patch_place){(float)fit_x(&v.fit, x, y), (float)fit_y(&v.fit, x, y)};
        }
        features(&v, m, query, known, pairs, n, &best);
    }
    *out = best;
    return RESIGHT_OK;
}
