/* SPDX-License-Identifier: Apache-2.0 */
#include "local/angle.h"
#include "local/tune.h"
#include <math.h>
#include <resight/patch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PAIRS 1024

#include "local/key.h"
uint64_t resight_patch_mirror(uint64_t key) {
    static uint64_t mask; static int done;
    if (!done) { key_basis b; key_basis_fill(&b); for (int k = 0; k < 64; k++) mask |= (uint64_t)(b.v[k] & 1) << k; done = 1; }
    return key ^ mask;
}

/* A pair as numbers; a mirrored known patch has been mirrored. */
typedef struct vote_pair {
    double qx, qy, kx, ky, qw, kw;
    double scale; /* log2 of query over known */
    double turn;  /* query - known, in turns */
    unsigned distance;
    uint64_t key;
    size_t from;
    bool agrees;
} vote_pair;

typedef struct fit {
    double a[2][3];
    double scale, turn;
} fit;

static vote_pair vote_pair_of(const resight_patch_pair *p, size_t from) {
    vote_pair v = {.qx = p->query.x, .qy = p->query.y, .kx = p->known.x, .ky = p->known.y, .qw = p->query.width,
                   .kw = p->known.width, .distance = p->distance_bits, .key = p->known.key, .from = from};
    double ka = p->known.angle / 65536.0;
    if (p->mirrored)
        v.kx = -v.kx, ka = 0.5 - ka;
    v.turn = p->query.angle / 65536.0 - ka;
    v.turn -= floor(v.turn);
    v.scale = log2(v.qw / v.kw);
    return v;
}

static double turn_apart(double a, double b) {
    double d = fabs(a - b);
    d -= floor(d);
    return d > 0.5 ? 1 - d : d;
}

static fit fit_of(const vote_pair *h) {
    fit f = {.scale = h->scale, .turn = h->turn};
    double c, s;
    angle_unit(h->turn, &c, &s);
    const double k = h->qw / h->kw;
    f.a[0][0] = k * c, f.a[0][1] = k * s, f.a[1][0] = -k * s, f.a[1][1] = k * c;
    f.a[0][2] = h->qx - f.a[0][0] * h->kx - f.a[0][1] * h->ky;
    f.a[1][2] = h->qy - f.a[1][0] * h->kx - f.a[1][1] * h->ky;
    return f;
}

static bool agrees(const fit *f, const vote_pair *h, const vote_pair *p, double place, double lever, double ts, double ta) {
    if (fabs(p->scale - f->scale) > ts || turn_apart(p->turn, f->turn) > ta)
        return false;
    const double dx = f->a[0][0] * p->kx + f->a[0][1] * p->ky + f->a[0][2] - p->qx;
    const double dy = f->a[1][0] * p->kx + f->a[1][1] * p->ky + f->a[1][2] - p->qy;
    double reach = place * p->qw;
    if (h) {
        const double lx = p->qx - h->qx, ly = p->qy - h->qy;
        reach += lever * sqrt(lx * lx + ly * ly);
    }
    return dx * dx + dy * dy <= reach * reach;
}

static bool same_spot(double ax, double ay, double aw, double bx, double by, double bw) {
    const double low = aw < bw ? aw : bw, reach = TUNE(SPOT, 0.25) * low, dx = ax - bx, dy = ay - by;
    return dx * dx + dy * dy < reach * reach;
}

static int closer(const void *l, const void *r) {
    const vote_pair *a = l, *b = r;
    if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
    return (a->from > b->from) - (a->from < b->from);
}

/* pairs are sorted by distance. marks agreeing distinct */
static size_t distinct(const fit *f, const vote_pair *h, vote_pair *p, size_t n, double place, double lever, double ts, double ta) {
    size_t got[256], count = 0;
    for (size_t i = 0; i < n; i++) {
        p[i].agrees = false;
        if (count == 256 || !agrees(f, h, &p[i], place, lever, ts, ta)) continue;
        bool fresh = true;
        for (size_t j = 0; j < count && fresh; j++) {
            const vote_pair *o = &p[got[j]];
            fresh = !same_spot(o->qx, o->qy, o->qw, p[i].qx, p[i].qy, p[i].qw) && __builtin_popcountll(o->key ^ p[i].key) > (int)TUNE(KEYAPART, -1) && __builtin_popcountll(o->key ^ resight_patch_mirror(p[i].key)) > (int)TUNE(KEYAPART, -1) &&
                    !same_spot(o->kx, o->ky, o->kw, p[i].kx, p[i].ky, p[i].kw);
        }
        if (fresh) p[i].agrees = true, got[count++] = i;
    }
    return count;
}

static fit refit(const fit *f, const vote_pair *p, size_t n, bool affine) {
    double w = 0, mqx = 0, mqy = 0, mkx = 0, mky = 0;
    for (size_t i = 0; i < n; i++) if (p[i].agrees) w += 1, mqx += p[i].qx, mqy += p[i].qy, mkx += p[i].kx, mky += p[i].ky;
    mqx /= w, mqy /= w, mkx /= w, mky /= w;
    double xx = 0, xy = 0, yy = 0, ux = 0, uy = 0, vx = 0, vy = 0, prior = 0;
    for (size_t i = 0; i < n; i++) if (p[i].agrees) {
        const double x = p[i].kx - mkx, y = p[i].ky - mky, u = p[i].qx - mqx, v = p[i].qy - mqy;
        xx += x * x, xy += x * y, yy += y * y, ux += u * x, uy += u * y, vx += v * x, vy += v * y;
        prior += p[i].kw * p[i].kw * TUNE(PRIOR, 0.05);
    }
    fit out = *f;
    /* similarity: [c s; -s c], pulled towards what the patches say of themselves by prior */
    const double den = xx + yy + 2 * prior;
    const double c = (ux + vy + prior * (f->a[0][0] + f->a[1][1])) / den, s = (uy - vx + prior * (f->a[0][1] - f->a[1][0])) / den;
    out.a[0][0] = c, out.a[0][1] = s, out.a[1][0] = -s, out.a[1][1] = c;
    if (affine) { /* ridge towards the similarity */
        const double r = prior;
        const double px = xx + r, py = yy + r, det = px * py - xy * xy;
        const double b0 = ux + r * c, b1 = uy + r * s, b2 = vx - r * s, b3 = vy + r * c;
        out.a[0][0] = (b0 * py - b1 * xy) / det, out.a[0][1] = (b1 * px - b0 * xy) / det;
        out.a[1][0] = (b2 * py - b3 * xy) / det, out.a[1][1] = (b3 * px - b2 * xy) / det;
    }
    out.a[0][2] = mqx - out.a[0][0] * mkx - out.a[0][1] * mky;
    out.a[1][2] = mqy - out.a[1][0] * mkx - out.a[1][1] * mky;
    out.scale = log2(sqrt(c * c + s * s));
    out.turn = (double)angle_of((float)s, (float)c);
    return out;
}

static uint32_t evidence_of(const vote_pair *p, size_t n) {
    uint32_t e = 0;
    for (size_t i = 0; i < n; i++) if (p[i].agrees) e += 12 - (p[i].distance < 11 ? p[i].distance : 11);
    return e;
}

static void vote_side(vote_pair *p, size_t n, bool mirrored, const resight_patch_pair *pairs, uint32_t kw, uint32_t kh,
                      resight_patch_vote *best, uint8_t *marks, size_t count) {
    if (!n) return;
    qsort(p, n, sizeof *p, closer);
    if (n > MOST_PAIRS) n = MOST_PAIRS;
    enum { TRY = 8 };
    struct { size_t i, c; } top[TRY] = {{0, 0}};
    const double P0 = TUNE(PLACE0, 0.15), L0 = TUNE(LEVER, 0.12), S0 = TUNE(SCALE0, 0.4), A0 = TUNE(ANGLE0, 0.07);
    for (size_t h = 0; h < n; h++) {
        const fit f = fit_of(&p[h]);
        size_t c = 0;
        for (size_t i = 0; i < n; i++) c += agrees(&f, &p[h], &p[i], P0, L0, S0, A0);
        size_t at = TRY;
        for (; at > 0 && top[at - 1].c < c; at--) if (at < TRY) top[at] = top[at - 1];
        if (at < TRY) top[at].i = h, top[at].c = c;
    }
    for (size_t t = 0; t < TRY && top[t].c; t++) {
        const vote_pair *h = &p[top[t].i];
        fit f = fit_of(h);
        size_t got = distinct(&f, h, p, n, P0, L0, S0, A0);
        bool affine = false;
        for (int round = 0; round < 4 && got >= 2; round++) {
            affine = got >= (size_t)TUNE(AFFINE, 5);
            f = refit(&f, p, n, affine);
            const size_t now = distinct(&f, NULL, p, n, TUNE(PLACE1, 0.2), 0, TUNE(SCALE1, 0.4), TUNE(ANGLE1, 0.07));
            if (now < 1) break;
            got = now;
        }
        const uint32_t e = evidence_of(p, n);
        double lambda = 0;
        for (size_t i = 0; i < n; i++) {
            const double r = TUNE(PLACE1, 0.2) * p[i].qw / 32768;
            double one = PI * r * r * (TUNE(SCALE1, .4) / 2) * (2 * TUNE(ANGLE1, .07));
            lambda += one > .1 ? .1 : one;
        }
        double score = -log2((double)n) + (double)(got - 1) * -log2(lambda);
        for (size_t i = 2; i < got; i++) score += log2((double)i);
        if (!(got > best->agreeing || (got == best->agreeing && e > best->evidence))) continue;
        *best = (resight_patch_vote){.agreeing = (uint32_t)got, .evidence = e, .mirrored = mirrored, .affine = affine, .best = score};
        memcpy(best->matrix, f.a, sizeof f.a);
        if (mirrored) best->matrix[0][0] = -best->matrix[0][0], best->matrix[1][0] = -best->matrix[1][0];
        memset(marks, 0, count);
        double mx = 0, my = 0, xx = 0, yy = 0; 
        for (size_t i = 0; i < n; i++) if (p[i].agrees) {
            best->large += pairs[p[i].from].known.width >= 5243;
            mx += p[i].kx, my += p[i].ky;
            marks[p[i].from] = 1;
        }
        mx /= (double)got, my /= (double)got;
        for (size_t i = 0; i < n; i++) if (p[i].agrees) xx += (p[i].kx - mx) * (p[i].kx - mx), yy += (p[i].ky - my) * (p[i].ky - my);
        best->spread = sqrt((xx + yy) / (double)got) / 32768;
        const double side = kw > kh ? kw : kh, w = 32768 * kw / side, hh = 32768 * kh / side;
        for (int k = 0; k < 4; k++) {
            const double x = k == 1 || k == 2 ? w : 0, y = k >= 2 ? hh : 0;
            best->corner[k][0] = best->matrix[0][0] * x + best->matrix[0][1] * y + best->matrix[0][2];
            best->corner[k][1] = best->matrix[1][0] * x + best->matrix[1][1] * y + best->matrix[1][2];
        }
    }
}

int resight_patches_vote(resight_patch_pair *pairs, size_t count, uint32_t kw, uint32_t kh, resight_patch_vote *out) {
    vote_pair *p = malloc((count + 1) * sizeof *p);
    uint8_t *marks = calloc(count + 1, 1);
    if (!p || !marks) { free(p); free(marks); return RESIGHT_E_NOMEM; }
    resight_patch_vote best = {.agreeing = 0};
    for (int m = 0; m < 2; m++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++) if (!!pairs[i].mirrored == m) p[n++] = vote_pair_of(&pairs[i], i);
        vote_side(p, n, m, pairs, kw, kh, &best, marks, count);
    }
    for (size_t i = 0; i < count; i++) pairs[i].agrees = marks[i];
    *out = best;
    free(p); free(marks);
    return RESIGHT_OK;
}
