/* SPDX-License-Identifier: Apache-2.0 */
#include "local/key.h"

#include "local/angle.h"
#include "local/tune.h"
#include <math.h>
#include <string.h>

#define BINS 36

void key_basis_fill(key_basis *basis) {
    for (unsigned u = 0; u < KEY_FREQUENCIES; u++)
        for (unsigned i = 0; i < KEY_SIDE; i++) {
            double c, s;
            angle_unit((double)(u * (2 * i + 1)) / (4 * KEY_SIDE), &c, &s);
            basis->cosine[u][i] = (float)c;
        }
    const int mode = (int)TUNE(KEYMODE, 0);
    unsigned k = 0;
    if (mode <= 1) { /* 1..8 x 1..8 */
        for (unsigned v = 1; v <= 8; v++)
            for (unsigned u = 1; u <= 8; u++, k++)
                basis->u[k] = (uint8_t)u, basis->v[k] = (uint8_t)v;
    } else if (mode <= 3 || mode == 9) { /* 0..7 without 0,0; plus 8,0 */
        for (unsigned v = 0; v < 8; v++)
            for (unsigned u = 0; u < 8; u++)
                if (u || v)
                    basis->u[k] = (uint8_t)u, basis->v[k] = (uint8_t)v, k++;
        basis->u[k] = 0, basis->v[k] = 8;
    } else { /* lowest by radius */
        const unsigned lim = 400;
        for (unsigned r = 1; r < lim && k < 64; r++)
            for (unsigned v = 0; v < KEY_FREQUENCIES; v++)
                for (unsigned u = 0; u < KEY_FREQUENCIES; u++)
                    if (u * u + v * v == r && k < 64 && (mode < 6 || mode >= 8 || (u && v)))
                        basis->u[k] = (uint8_t)u, basis->v[k] = (uint8_t)v, k++;
    }
}

static void vote_gradients(const plane *level, float cx, float cy, float sigma, float bin[BINS]) {
    const float reach = (float)TUNE(ORIWIN, 1.5) * sigma;
    const long radius = lrintf(3 * reach), x0 = lrintf(cx), y0 = lrintf(cy);
    for (long y = y0 - radius; y <= y0 + radius; y++) {
        if (y < 1 || y >= (long)level->height - 1)
            continue;
        for (long x = x0 - radius; x <= x0 + radius; x++) {
            if (x < 1 || x >= (long)level->width - 1)
                continue;
            const float *px = level->px + (size_t)y * level->stride + x;
            const float gx = px[1] - px[-1], gy = px[-(ptrdiff_t)level->stride] - px[level->stride];
            const float fx = (float)x - cx, fy = (float)y - cy;
            const float weight = (float)decay((double)((fx * fx + fy * fy) / (2 * reach * reach)));
            unsigned b = (unsigned)(angle_of(gy, gx) * BINS + 0.5f);
            bin[b % BINS] += weight * sqrtf(gx * gx + gy * gy);
        }
    }
}

static void smooth(float bin[BINS]) {
    float in[BINS];
    memcpy(in, bin, sizeof in);
    for (unsigned i = 0; i < BINS; i++)
        bin[i] = (in[(i + BINS - 2) % BINS] + in[(i + 2) % BINS]) * (1.0f / 16) +
                 (in[(i + BINS - 1) % BINS] + in[(i + 1) % BINS]) * (4.0f / 16) + in[i] * (6.0f / 16);
}

unsigned key_orientations(const space *s, const point *p, float turns[KEY_ORIENTATIONS]) {
    const float times = (float)(1u << p->octave);
    float bin[BINS] = {0};
    vote_gradients(&s->octave[p->octave].level[p->level], p->x / times, p->y / times, p->sigma / times, bin);
    for (int i = 0; i < (int)TUNE(SMOOTH, 1); i++)
        smooth(bin);
    float high[KEY_ORIENTATIONS] = {0};
    unsigned count = 0;
    const unsigned most = (unsigned)TUNE(ORIMAX, 2);
    float top = 0;
    for (unsigned i = 0; i < BINS; i++)
        top = bin[i] > top ? bin[i] : top;
    for (unsigned i = 0; i < BINS; i++) {
        const float left = bin[(i + BINS - 1) % BINS], right = bin[(i + 1) % BINS], v = bin[i];
        if (!(v > left && v >= right && v >= (float)TUNE(ORIPEAK, 0.8) * top))
            continue;
        float t = ((float)i + 0.5f * (left - right) / (left - 2 * v + right)) / BINS;
        t = t < 0 ? t + 1 : t >= 1 ? t - 1 : t;
        unsigned at = count < most ? count++ : most;
        for (; at > 0 && high[at - 1] < v; at--)
            if (at < most)
                high[at] = high[at - 1], turns[at] = turns[at - 1];
        if (at < most)
            high[at] = v, turns[at] = t;
    }
    return count;
}

static float between(const plane *p, float x, float y) {
    const float right = (float)(p->width - 1), bottom = (float)(p->height - 1);
    x = x < 0 ? 0 : x > right ? right : x;
    y = y < 0 ? 0 : y > bottom ? bottom : y;
    const size_t x0 = (size_t)x, y0 = (size_t)y;
    const size_t x1 = x0 + 1 < p->width ? x0 + 1 : x0, y1 = y0 + 1 < p->height ? y0 + 1 : y0;
    const float wx = x - (float)x0, wy = y - (float)y0;
    const float *upper = p->px + y0 * p->stride, *lower = p->px + y1 * p->stride;
    const float a = upper[x0] + wx * (upper[x1] - upper[x0]), b = lower[x0] + wx * (lower[x1] - lower[x0]);
    return a + wy * (b - a);
}

static void sample(const space *s, const point *p, double width, double turns, float out[KEY_SIDE][KEY_SIDE]) {
    const double times = (double)(1u << p->octave);
    double c, n;
    angle_unit(turns, &c, &n);
    const double step = width / times / KEY_SIDE;
    const float cx = p->x / (float)times, cy = p->y / (float)times;
    const float ux = (float)(c * step), uy = (float)(-n * step), vx = (float)(n * step), vy = (float)(c * step);
    const plane *level = &s->octave[p->octave].level[p->level];
    for (int j = 0; j < KEY_SIDE; j++)
        for (int i = 0; i < KEY_SIDE; i++) {
            const float a = (float)i + 0.5f - KEY_SIDE / 2, b = (float)j + 0.5f - KEY_SIDE / 2;
            out[j][i] = between(level, cx + a * ux + b * vx, cy + a * uy + b * vy);
        }
}

static float median_of(const float *in) {
    float v[64];
    memcpy(v, in, sizeof v);
    for (unsigned i = 1; i < 64; i++) {
        const float x = v[i];
        unsigned j = i;
        for (; j > 0 && v[j - 1] > x; j--)
            v[j] = v[j - 1];
        v[j] = x;
    }
    return v[31];
}

uint64_t key_of(const key_basis *basis, const space *s, const point *p, double width, double turns) {
    float px[KEY_SIDE][KEY_SIDE], rows[KEY_FREQUENCIES][KEY_SIDE], coefficient[KEY_FREQUENCIES][KEY_FREQUENCIES];
    sample(s, p, width, turns, px);
    if (TUNE(WINDOW, 0) > 0) {
        float mean = 0;
        for (int j = 0; j < KEY_SIDE; j++) for (int i = 0; i < KEY_SIDE; i++) mean += px[j][i];
        mean /= KEY_SIDE * KEY_SIDE;
        for (int j = 0; j < KEY_SIDE; j++) for (int i = 0; i < KEY_SIDE; i++) {
            double a = (i + .5) / KEY_SIDE - .5, b = (j + .5) / KEY_SIDE - .5;
            px[j][i] = (px[j][i] - mean) * (float)decay((a * a + b * b) / (2 * TUNE(WINDOW, 0) * TUNE(WINDOW, 0)));
        }
    }
    for (unsigned v = 0; v < KEY_FREQUENCIES; v++) {
        float sum[KEY_SIDE] = {0};
        for (unsigned j = 0; j < KEY_SIDE; j++)
            for (unsigned i = 0; i < KEY_SIDE; i++)
                sum[i] += basis->cosine[v][j] * px[j][i];
        memcpy(rows[v], sum, sizeof sum);
    }
    for (unsigned v = 0; v < KEY_FREQUENCIES; v++)
        for (unsigned u = 0; u < KEY_FREQUENCIES; u++) {
            float sum = 0;
            for (unsigned i = 0; i < KEY_SIDE; i++)
                sum += basis->cosine[u][i] * rows[v][i];
            coefficient[v][u] = sum;
        }
    float c[64];
    for (unsigned k = 0; k < 64; k++)
        c[k] = coefficient[basis->v[k]][basis->u[k]];
    const int mode = (int)TUNE(KEYMODE, 0);
    float threshold = mode % 2 ? 0 : median_of(c);
    if (mode >= 8) {
        float e[64]; unsigned n = 0;
        for (unsigned k = 0; k < 64; k++) if (!(basis->v[k] & 1)) {
            unsigned j = n++;
            for (; j > 0 && e[j - 1] > c[k]; j--) e[j] = e[j - 1];
            e[j] = c[k];
        }
        threshold = e[(n - 1) / 2];
    }
    uint64_t key = 0;
    for (unsigned k = 0; k < 64; k++)
        key |= (uint64_t)(c[k] > (mode >= 8 && basis->v[k] & 1 ? 0 : threshold)) << k;
    return key;
}
