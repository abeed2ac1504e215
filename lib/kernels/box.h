/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window of the box filter, as the PDQ reference lays it: output o is the mean of the inputs from o - behind to
 * o + ahead that exist. Of an even size the longer arm lies ahead.
 */
#ifndef RESIGHT_KERNELS_BOX_H
#define RESIGHT_KERNELS_BOX_H

#include <stddef.h>
#include <stdint.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

typedef struct box_window {
    size_t behind, ahead; /* samples before and after the centre */
} box_window;

/* pdq/cpp/downscaling/downscaling.cpp, box1DFloat: halfWindowSize = (size + 2) / 2 counts the centre and what is ahead.
 */
static inline box_window box_window_of(size_t size) {
    const size_t half = (size + 2) / 2;
    return (box_window){.behind = size - half, .ahead = half - 1};
}

/* Inputs that exist under the window of output o. */
static inline size_t box_samples(box_window w, size_t o, size_t length) {
    const size_t from = o > w.behind ? o - w.behind : 0;
    const size_t to = o + w.ahead < length ? o + w.ahead + 1 : length;
    return to - from;
}

/* 1 / samples as the sum of two floats, to 2^-48 of itself; avx512.c says what can be divided so. */
static inline void box_reciprocal(size_t samples, float *high, float *low) {
    const double reciprocal = 1.0 / (double)samples;
    *high = (float)reciprocal;
    *low = (float)(reciprocal - (double)*high);
}

/* Of one row, the running means at the positions `at`. */
static inline void box_row_sampled(const float *in, float out[64], size_t length, box_window w, const uint32_t at[64]) {
    float sum = 0;
    for (size_t i = 0; i < w.ahead; i++)
        sum += in[i];
    size_t k = 0;
    for (size_t o = 0; k < 64; o++) {
        if (o + w.ahead < length)
            sum += in[o + w.ahead];
        if (o > w.behind)
            sum -= in[o - w.behind - 1];
        for (; k < 64 && at[k] == o; k++)
            out[k] = sum / (float)box_samples(w, o, length);
    }
}

/* box_bytes_fn for the outputs whose windows are cut: each with running sums from its end of the row. */
static inline void box_bytes_ends(const uint8_t *bytes, float *out, size_t length, box_window w) {
    uint32_t sum = 0;
    for (size_t i = 0; i < w.ahead; i++)
        sum += bytes[i];
    for (size_t o = 0; o < w.behind; o++) {
        sum += bytes[o + w.ahead];
        out[o] = (float)sum / (float)box_samples(w, o, length);
    }
    sum = 0;
    for (size_t i = length - w.behind; w.behind > 0 && i < length; i++)
        sum += bytes[i];
    for (size_t o = length; o-- > length - w.ahead;) {
        if (o >= w.behind)
            sum += bytes[o - w.behind];
        if (o + w.ahead + 1 < length)
            sum -= bytes[o + w.ahead + 1];
        out[o] = (float)sum / (float)box_samples(w, o, length);
    }
}

/* The widest window that tent_bytes_fn knows. */
#define TENT_WINDOW_MAX 8

/* Outputs that box_byte_sums() makes at a time, and the widest window: 128 bytes come to 32,640 at most. */
#define BYTE_SUMS 512
#define BYTE_SUMS_WINDOW_MAX 128

static inline void box_add(const uint16_t *a, const uint16_t *b, uint16_t *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (uint16_t)(a[i] + b[i]);
}

/*
 * sums[i] of `window` bytes from bytes[i] on. Sums of 1, 2, 4, ... bytes, each from two of the sums before; the window
 * is put together from those that its bits name. Written for a compiler to vectorise.
 */
static inline void box_byte_sums(const uint8_t *bytes, uint16_t sums[BYTE_SUMS], size_t window) {
    enum { WITH_WINDOW = BYTE_SUMS + BYTE_SUMS_WINDOW_MAX };
    uint16_t level[2][WITH_WINDOW + BYTE_SUMS_WINDOW_MAX];
    uint16_t *now = level[0], *then = level[1];
    for (size_t i = 0; i < BYTE_SUMS + window; i++)
        now[i] = bytes[i];
    for (size_t i = 0; i < BYTE_SUMS; i++)
        sums[i] = 0;
    for (size_t size = 1, done = 0;; size *= 2) {
        if (window & size) {
            box_add(sums, now + done, sums, BYTE_SUMS);
            done += size;
        }
        if (done == window)
            return;
        box_add(now, now + size, then, BYTE_SUMS + window - 2 * size);
        uint16_t *const swapped = now;
        now = then;
        then = swapped;
    }
}

#endif
