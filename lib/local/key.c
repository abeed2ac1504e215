/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a patch: the square is read turned to its orientation, from the level of scale space that the point was
 * found in, and each bit says whether one of its 64 lowest frequencies is above a threshold. Few and low frequencies:
 * a point is found again a few per cent off in place and scale, and that turns the high ones around.
 *
 * The threshold is the median of the coefficients that are even across the orientation, and 0 for those that are odd.
 * Mirroring a patch changes the sign of the odd ones and nothing else, so the key of the mirrored patch is this key
 * with the odd bits flipped; one median over all of them would have to be taken anew.
 */
#include "local/key.h"

#include "local/angle.h"
#include <string.h>

/* Frequencies (u, v) other than (0, 0) in the order of u * u + v * v, then v, then u: the bits from the lowest. */
static void fill_frequencies(key_basis *basis) {
    unsigned bit = 0;
    for (unsigned square = 1; bit < 64; square++)
        for (unsigned v = 0; v < KEY_FREQUENCIES; v++)
            for (unsigned u = 0; u < KEY_FREQUENCIES; u++)
                if (u * u + v * v == square && bit < 64) {
                    basis->along[bit] = (uint8_t)u;
                    basis->across[bit++] = (uint8_t)v;
                }
}

void key_basis_fill(key_basis *basis) {
    for (unsigned u = 0; u < KEY_FREQUENCIES; u++)
        for (unsigned i = 0; i < KEY_SIDE; i++) {
            double cosine, sine;
            angle_unit((double)(u * (2 * i + 1)) / (4 * KEY_SIDE), &cosine, &sine);
            basis->cosine[u][i] = (float)cosine;
        }
    fill_frequencies(basis);
}

static float within(float value, float high) {
    return value < 0 ? 0 : value > high ? high : value;
}

/* Between the centres of the four nearest pixels; beyond the border as at the border. */
static float read_at(const plane *p, float x, float y) {
    x = within(x, (float)(p->width - 1));
    y = within(y, (float)(p->height - 1));
    const size_t x0 = (size_t)x, y0 = (size_t)y;
    const size_t x1 = x0 + 1 < p->width ? x0 + 1 : x0, y1 = y0 + 1 < p->height ? y0 + 1 : y0;
    const float wx = x - (float)x0, wy = y - (float)y0;
    const float *upper = p->px + y0 * p->stride, *lower = p->px + y1 * p->stride;
    const float a = upper[x0] + wx * (upper[x1] - upper[x0]), b = lower[x0] + wx * (lower[x1] - lower[x0]);
    return a + wy * (b - a);
}

static void read_square(const space *s, const point *p, double width, double turns, float out[KEY_SIDE][KEY_SIDE]) {
    const double times = (double)(1u << p->octave), step = width / times / KEY_SIDE;
    double cosine, sine;
    angle_unit(turns, &cosine, &sine);
    const float cx = p->x / (float)times, cy = p->y / (float)times;
    const float dx = (float)(cosine * step), dy = (float)(sine * step);
    const plane *level = &s->octave[p->octave].level[p->level];
    for (int j = 0; j < KEY_SIDE; j++)
        for (int i = 0; i < KEY_SIDE; i++) {
            const float along = (float)i + 0.5f - KEY_SIDE / 2, across = (float)j + 0.5f - KEY_SIDE / 2;
            out[j][i] = read_at(level, cx + along * dx + across * dy, cy - along * dy + across * dx);
        }
}

static void transform(const key_basis *basis, const float px[KEY_SIDE][KEY_SIDE],
                      float out[KEY_FREQUENCIES][KEY_FREQUENCIES]) {
    for (unsigned v = 0; v < KEY_FREQUENCIES; v++) {
        float row[KEY_SIDE] = {0};
        for (unsigned j = 0; j < KEY_SIDE; j++)
            for (unsigned i = 0; i < KEY_SIDE; i++)
                row[i] += basis->cosine[v][j] * px[j][i];
        for (unsigned u = 0; u < KEY_FREQUENCIES; u++) {
            float sum = 0;
            for (unsigned i = 0; i < KEY_SIDE; i++)
                sum += basis->cosine[u][i] * row[i];
            out[v][u] = sum;
        }
    }
}

/* The lower median of those that are even across. */
static float median_of_even(const key_basis *basis, const float value[64]) {
    float sorted[64];
    unsigned n = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        if (basis->across[bit] % 2)
            continue;
        unsigned at = n++;
        for (; at > 0 && sorted[at - 1] > value[bit]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = value[bit];
    }
    return sorted[(n - 1) / 2];
}

uint64_t key_of(const key_basis *basis, const space *s, const point *p, double width, double turns) {
    float px[KEY_SIDE][KEY_SIDE], coefficient[KEY_FREQUENCIES][KEY_FREQUENCIES], value[64];
    read_square(s, p, width, turns, px);
    transform(basis, (const float(*)[KEY_SIDE])px, coefficient);
    for (unsigned bit = 0; bit < 64; bit++)
        value[bit] = coefficient[basis->across[bit]][basis->along[bit]];
    const float median = median_of_even(basis, value);
    uint64_t key = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        key |= (uint64_t)(value[bit] > (basis->across[bit] % 2 ? 0 : median)) << bit;
    return key;
}

/* The bits whose frequency is odd across the orientation; the test of keys counts them anew. */
uint64_t resight_patch_mirrored_key(uint64_t key) {
    return key ^ 0x0a3c7984d7452e26u;
}
