/* SPDX-License-Identifier: Apache-2.0 */
/* The cosines of the hash as constants: a hash must not depend on whose cos() the machine has. */
#include "hash/dct_matrix.h"

/*
 * (float)((double)sqrtf(2 / 64) * cos(pi * m / 128)) for m = 0..64: pdq/cpp/hashing/pdqhashing.cpp, compute_dct_matrix.
 * The test of this table computes it anew.
 */
static const float quarter_wave[65] = {
    0x1.6a09e6p-3f, 0x1.69edfcp-3f,  0x1.699a42p-3f, 0x1.690ec6p-3f, 0x1.684b9cp-3f, 0x1.6750e4p-3f, 0x1.661ec2p-3f,
    0x1.64b568p-3f, 0x1.63150ap-3f,  0x1.613decp-3f, 0x1.5f3056p-3f, 0x1.5cec98p-3f, 0x1.5a730cp-3f, 0x1.57c414p-3f,
    0x1.54e018p-3f, 0x1.51c78cp-3f,  0x1.4e7ae8p-3f, 0x1.4afab2p-3f, 0x1.474772p-3f, 0x1.4361bap-3f, 0x1.3f4a24p-3f,
    0x1.3b015p-3f,  0x1.3687eap-3f,  0x1.31dea2p-3f, 0x1.2d062ep-3f, 0x1.27ff5p-3f,  0x1.22caccp-3f, 0x1.1d6972p-3f,
    0x1.17dc14p-3f, 0x1.12238ep-3f,  0x1.0c40c2p-3f, 0x1.063498p-3f, 0x1p-3f,        0x1.f347dap-4f, 0x1.e642b8p-4f,
    0x1.d8f29ap-4f, 0x1.cb598cp-4f,  0x1.bd79aap-4f, 0x1.af5516p-4f, 0x1.a0edfep-4f, 0x1.92469cp-4f, 0x1.83613p-4f,
    0x1.74400ap-4f, 0x1.64e57ap-4f,  0x1.5553e4p-4f, 0x1.458daap-4f, 0x1.35953cp-4f, 0x1.256d12p-4f, 0x1.1517a8p-4f,
    0x1.049782p-4f, 0x1.e7de5ep-5f,  0x1.c6427ap-5f, 0x1.a4608ap-5f, 0x1.823dc8p-5f, 0x1.5fdf76p-5f, 0x1.3d4aep-5f,
    0x1.1a855ep-5f, 0x1.ef2894p-6f,  0x1.a8fa12p-6f, 0x1.628a08p-6f, 0x1.1be352p-6f, 0x1.aa21a8p-7f, 0x1.1c3af6p-7f,
    0x1.1c50e2p-8f, 0x1.8f5a0cp-57f,
};

static float cosine(size_t m) {
    m %= 256;
    if (m > 128)
        m = 256 - m;
    return m <= 64 ? quarter_wave[m] : -quarter_wave[128 - m];
}

void dct_matrix_fill(dct_matrix *matrix) {
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < 64; j++)
            matrix->row[i][j] = cosine((i + 1) * (2 * j + 1));
}
