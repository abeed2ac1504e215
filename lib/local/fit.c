/* SPDX-License-Identifier: Apache-2.0 */
/* Least squares over places, with what the patches say of scale and orientation as a prior that keeps few pairs, or
 * pairs on one line, from inventing a transform. */
#include "local/fit.h"

#include "local/angle.h"
#include <math.h>

/* How much the transform of before weighs against one pair at a distance of one patch width. */
#define PRIOR 0.05

fit fit_of_pair(const fit_pair *pair) {
    fit f = {.octaves = pair->octaves, .turn = pair->turn};
    double c, s;
    angle_unit(pair->turn, &c, &s);
    const double scale = pair->qw / pair->kw;
    f.m[0][0] = f.m[1][1] = scale * c;
    f.m[0][1] = scale * s;
    f.m[1][0] = -f.m[0][1];
    f.m[0][2] = pair->qx - f.m[0][0] * pair->kx - f.m[0][1] * pair->ky;
    f.m[1][2] = pair->qy - f.m[1][0] * pair->kx - f.m[1][1] * pair->ky;
    return f;
}

/* Sums over the pairs that agree, from their middles. */
typedef struct moments {
    double qx, qy, kx, ky; /* middles */
    double xx, xy, yy;     /* known with known */
    double ux, uy, vx, vy; /* query with known: u is the query's x, v its y */
    double prior;
} moments;

static moments moments_of(const fit_pair *pairs, size_t count) {
    moments m = {0};
    double n = 0;
    for (size_t i = 0; i < count; i++)
        if (pairs[i].agrees) {
            m.qx += pairs[i].qx, m.qy += pairs[i].qy, m.kx += pairs[i].kx, m.ky += pairs[i].ky;
            n++;
        }
    m.qx /= n, m.qy /= n, m.kx /= n, m.ky /= n;
    for (size_t i = 0; i < count; i++)
        if (pairs[i].agrees) {
            const double x = pairs[i].kx - m.kx, y = pairs[i].ky - m.ky, u = pairs[i].qx - m.qx, v = pairs[i].qy - m.qy;
            m.xx += x * x, m.xy += x * y, m.yy += y * y;
            m.ux += u * x, m.uy += u * y, m.vx += v * x, m.vy += v * y;
            m.prior += PRIOR * pairs[i].kw * pairs[i].kw;
        }
    return m;
}

fit fit_pairs(const fit *old, const fit_pair *pairs, size_t count, bool affine) {
    const moments m = moments_of(pairs, count);
    const double all = m.xx + m.yy + 2 * m.prior;
    const double c = (m.ux + m.vy + m.prior * (old->m[0][0] + old->m[1][1])) / all;
    const double s = (m.uy - m.vx + m.prior * (old->m[0][1] - old->m[1][0])) / all;
    fit f = {.m = {{c, s, 0}, {-s, c, 0}}};
    f.octaves = 0.5 * log2(c * c + s * s);
    f.turn = (double)angle_of((float)s, (float)c);
    if (affine) { /* the same, with the similarity as prior */
        const double xx = m.xx + m.prior, yy = m.yy + m.prior, det = xx * yy - m.xy * m.xy;
        const double ux = m.ux + m.prior * c, uy = m.uy + m.prior * s;
        const double vx = m.vx - m.prior * s, vy = m.vy + m.prior * c;
        f.m[0][0] = (ux * yy - uy * m.xy) / det, f.m[0][1] = (uy * xx - ux * m.xy) / det;
        f.m[1][0] = (vx * yy - vy * m.xy) / det, f.m[1][1] = (vy * xx - vx * m.xy) / det;
    }
    f.m[0][2] = m.qx - f.m[0][0] * m.kx - f.m[0][1] * m.ky;
    f.m[1][2] = m.qy - f.m[1][0] * m.kx - f.m[1][1] * m.ky;
    return f;
}
