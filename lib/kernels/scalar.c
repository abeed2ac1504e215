/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels in portable C. This file is the specification: what it computes is PDQ, and every other version must give
 * the same bits. Written so that a compiler can vectorise across outputs, never across the terms of one sum.
 */
#include "kernels/box.h"
#include "kernels/kernels.h"

#include <string.h>

/* 16..235 to 0..255, to the nearest integer: ITU-R BT.601, section on quantisation levels. */
static void full_range(const uint8_t *pixels, uint8_t *full, size_t width_px) {
    for (size_t x = 0; x < width_px; x++) {
        const int level = pixels[x] < 16 ? 0 : pixels[x] > 235 ? 219 : pixels[x] - 16;
        full[x] = (uint8_t)((level * 255 + 109) / 219);
    }
}

/* The weights of ITU-R BT.601 as single-precision constants: pdq/cpp/hashing/pdqhashing.cpp, fillFloatLumaFromRGB. */
static void luma_rgb24(const uint8_t *pixels, float *luma, size_t width_px) {
    for (size_t x = 0; x < width_px; x++) {
        const uint8_t *rgb = pixels + 3 * x;
        luma[x] = 0.299f * (float)rgb[0] + 0.587f * (float)rgb[1] + 0.114f * (float)rgb[2];
    }
}

static void box_row(const float *in, float *out, size_t length, box_window w) {
    float sum = 0;
    for (size_t i = 0; i < w.ahead; i++)
        sum += in[i];
    size_t o = 0;
    for (; o <= w.behind; o++) {
        sum += in[o + w.ahead];
        out[o] = sum / (float)(o + w.ahead + 1);
    }
    for (; o + w.ahead < length; o++) {
        sum += in[o + w.ahead];
        sum -= in[o - w.behind - 1];
        out[o] = sum / (float)(w.behind + 1 + w.ahead);
    }
    for (; o < length; o++) {
        sum -= in[o - w.behind - 1];
        out[o] = sum / (float)(length - o + w.behind);
    }
}

static void box_rows(const float *in, float *out, size_t stride, size_t rows, size_t length, size_t window) {
    for (size_t row = 0; row < rows; row++)
        box_row(in + row * stride, out + row * stride, length, box_window_of(window));
}

static void box_bytes(const uint8_t *bytes, float *out, size_t length, size_t window) {
    const box_window w = box_window_of(window);
    const uint8_t *enter = bytes + w.ahead, *leave = bytes - w.behind - 1;
    uint32_t sum = 0;
    for (size_t i = 0; i < w.ahead; i++)
        sum += bytes[i];
    for (size_t o = 0; o < length; o++) {
        sum += enter[o];
        sum -= leave[o];
        out[o] = (float)sum / (float)box_samples(w, o, length);
    }
}

static void column_step(float *sum, const float *enter, const float *leave, float samples, float *mean, size_t length) {
    for (size_t i = 0; i < length; i++) {
        sum[i] += enter[i];
        sum[i] -= leave[i];
        mean[i] = sum[i] / samples;
    }
}

static void box_columns_rows(float *sum, const column_steps *steps, size_t length, size_t window, const uint32_t at[64],
                             float *row, float (*out)[64]) {
    for (size_t r = 0; r < steps->rows; r++) {
        column_step(sum, steps->enter[r], steps->leave[r], steps->samples[r], row, length);
        box_row_sampled(row, out[r], length, box_window_of(window), at);
    }
}

static void box_columns(float *sum, const column_steps *steps, size_t first, size_t columns,
                        float *const out[STRIP_ROWS]) {
    for (size_t r = 0; r < steps->rows; r++)
        for (size_t i = first; i < first + columns; i++) {
            sum[i] += steps->enter[r][i];
            sum[i] -= steps->leave[r][i];
            if (out[r])
                out[r][i - first] = sum[i] / steps->samples[r];
        }
}

static void dct(const dct_matrix *matrix, const resight_luma64 *in, resight_dct16 *out) {
    float half[16][64] = {{0}}; /* D A */
    for (size_t i = 0; i < 16; i++)
        for (size_t k = 0; k < 64; k++)
            for (size_t j = 0; j < 64; j++)
                half[i][j] += matrix->row[i][k] * in->px[k][j];

    float turned[64][16]; /* D^T, so that neighbouring outputs read neighbouring weights */
    for (size_t j = 0; j < 16; j++)
        for (size_t k = 0; k < 64; k++)
            turned[k][j] = matrix->row[j][k];

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < 16; i++)
        for (size_t k = 0; k < 64; k++)
            for (size_t j = 0; j < 16; j++)
                out->freq[i][j] += half[i][k] * turned[k][j];
}

static int32_t gradient(float u, float v) {
    const int32_t step = (int32_t)((u - v) * 100.0f / 255.0f);
    return step < 0 ? -step : step;
}

static int32_t gradients(const resight_luma64 *in) {
    int32_t sum = 0;
    for (size_t i = 0; i < 63; i++)
        for (size_t j = 0; j < 64; j++)
            sum += gradient(in->px[i][j], in->px[i + 1][j]);
    for (size_t i = 0; i < 64; i++)
        for (size_t j = 0; j < 63; j++)
            sum += gradient(in->px[i][j], in->px[i][j + 1]);
    return sum;
}

static unsigned distance_bits(const uint64_t a[4], const uint64_t b[4]) {
    unsigned bits = 0;
    for (size_t i = 0; i < 4; i++)
        bits += (unsigned)__builtin_popcountll(a[i] ^ b[i]);
    return bits;
}

static void scan(const uint64_t *hashes, size_t count, const uint64_t *queries, size_t query_count,
                 unsigned radius_bits, uint64_t *within) {
    memset(within, 0, (count + SCAN_GROUP - 1) / SCAN_GROUP * sizeof *within);
    for (size_t i = 0; i < count; i++)
        for (size_t q = 0; q < query_count; q++)
            if (distance_bits(hashes + 4 * i, queries + 4 * q) <= radius_bits)
                within[i / SCAN_GROUP] |= (uint64_t)1 << (8 * q + i % SCAN_GROUP);
}

static size_t pick(const uint64_t *hashes, const uint32_t *ids, size_t count, const uint64_t query[4],
                   unsigned radius_bits, uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++)
        if (distance_bits(hashes + 4 * (size_t)ids[i], query) <= radius_bits)
            places[picked++] = (uint32_t)i;
    return picked;
}

static size_t scan_keys(const uint64_t *keys, size_t count, uint64_t query, unsigned radius_bits, uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++)
        if ((unsigned)__builtin_popcountll(keys[i] ^ query) <= radius_bits)
            places[picked++] = (uint32_t)i;
    return picked;
}

static size_t pick_keys(const uint64_t *keys, const uint32_t *ids, size_t count, uint64_t query, unsigned radius_bits,
                        uint32_t *places) {
    size_t picked = 0;
    for (size_t i = 0; i < count; i++)
        if ((unsigned)__builtin_popcountll(keys[ids[i]] ^ query) <= radius_bits)
            places[picked++] = (uint32_t)i;
    return picked;
}

const kernel_table kernels_scalar = {
    .cpu = RESIGHT_CPU_SCALAR,
    .full_range = full_range,
    .luma_rgb24 = luma_rgb24,
    .box_bytes = box_bytes,
    .box_rows = box_rows,
    .box_columns_rows = box_columns_rows,
    .box_columns = box_columns,
    .dct = dct,
    .gradients = gradients,
    .scan = scan,
    .pick = pick,
    .scan_keys = scan_keys,
    .pick_keys = pick_keys,
};
