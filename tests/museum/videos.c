/* SPDX-License-Identifier: Apache-2.0 */
/* Videos that cost much or tell absurd times, and texts that want to be taken for media. */
#include "exhibit.h"

#include <stdlib.h>

/* ---- H.264: ITU-T H.264, 7.3 ------------------------------------------------------------------------------------ */

/* Exp-Golomb, 9.1. */
static void put_ue(bits *to, uint32_t value) {
    unsigned width = 0;
    while ((value + 1) >> (width + 1))
        width++;
    put_high(to, 0, width);
    put_high(to, value + 1, width + 1);
}

/* A NAL unit: a start code, and a byte 3 wherever two zeros would be followed by a byte up to 3. */
static void put_nal(blob *out, unsigned head, blob *payload, bits *to) {
    unsigned zeros = 0;
    put_high(to, 1, 1);
    put_high(to, 0, (8 - to->count) % 8);
    put(out, "\0\0\0\1", 4);
    put8(out, head);
    for (size_t i = 0; i < payload->size; i++) {
        if (zeros >= 2 && payload->bytes[i] <= 3) {
            put8(out, 3);
            zeros = 0;
        }
        zeros = payload->bytes[i] == 0 ? zeros + 1 : 0;
        put8(out, payload->bytes[i]);
    }
    payload->size = 0;
}

static void h264_sets(blob *out, uint32_t side_blocks) {
    blob payload = {0};
    bits to = {.to = &payload};
    put_high(&to, 66 << 16 | 52, 24); /* Baseline, level 5.2 */
    put_high(&to, 3, 2);              /* set 0; frame numbers of 4 bits */
    put_ue(&to, 2);                   /* shown in the order of coding */
    put_ue(&to, 1);                   /* one reference */
    put_high(&to, 0, 1);
    put_ue(&to, side_blocks - 1);
    put_ue(&to, side_blocks - 1);
    put_high(&to, 0xc, 4); /* frames only, direct inference; no cropping, no VUI */
    put_nal(out, 0x67, &payload, &to);
    to = (bits){.to = &payload};
    put_high(&to, 0x3, 2);          /* set 0 of set 0 */
    put_high(&to, 0, 2);            /* CAVLC */
    put_high(&to, 0x7, 3);          /* one group of slices, one reference */
    put_high(&to, 0, 3);            /* no weights */
    put_high(&to, 0x7 << 3 | 4, 6); /* quantiser offsets of 0; deblocking is controlled in slices */
    put_nal(out, 0x68, &payload, &to);
    free(payload.bytes);
}

/* A grey picture at one byte a macroblock, then frames that are copies of it at some bytes each. */
static void h264_skips(blob *out, uint32_t side_blocks, unsigned frames) {
    blob payload = {0};
    bits to = {.to = &payload};
    h264_sets(out, side_blocks);
    put_ue(&to, 0);
    put_ue(&to, 7); /* I */
    put_ue(&to, 0);
    put_high(&to, 0, 4);
    put_ue(&to, 0);
    put_high(&to, 0, 2);
    put_ue(&to, 0);
    put_ue(&to, 1); /* no deblocking */
    for (uint32_t i = 0; i < side_blocks * side_blocks; i++)
        put_high(&to, 0x27, 8); /* Intra 16x16, DC, nothing coded */
    put_nal(out, 0x65, &payload, &to);
    for (unsigned n = 1; n < frames; n++) {
        to = (bits){.to = &payload};
        put_ue(&to, 0);
        put_ue(&to, 5); /* P */
        put_ue(&to, 0);
        put_high(&to, n % 16, 4);
        put_high(&to, 0, 3);
        put_ue(&to, 0);
        put_ue(&to, 1);
        put_ue(&to, side_blocks * side_blocks); /* all skipped */
        put_nal(out, 0x41, &payload, &to);
    }
    free(payload.bytes);
}

static void h264_8192(blob *out) {
    h264_skips(out, 512, 30);
}

/* Of a size that cannot be: 65,536 pixels a side, of which nothing is coded. */
static void h264_65536(blob *out) {
    h264_sets(out, 4096);
    put(out, "\0\0\0\1\x65\x88\x80\x40\x27\x27\x27\x27", 12);
}

/* ---- Times ------------------------------------------------------------------------------------------------------ */

/* 8 x 8 grey: a quantiser of ones, one Huffman code of each kind, and two bits of data. */
static void jpeg_grey(blob *out) {
    put(out, "\xff\xd8\xff\xdb\0\x43\0", 7);
    put_repeated(out, 1, 64);
    put(out, "\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0", 13);
    for (unsigned kind = 0; kind < 2; kind++) {
        put(out, "\xff\xc4\0\x14", 4);
        put8(out, kind << 4);
        put8(out, 1);
        put_repeated(out, 0, 16);
    }
    put(out, "\xff\xda\0\x08\1\1\0\0\x3f\0\x3f\xff\xd9", 13);
}

/* IVF: a head with the clock, then frames with their times. */
static void ivf(blob *out, uint32_t ticks, uint32_t seconds, const uint64_t *times, unsigned count) {
    blob jpeg = {0};
    jpeg_grey(&jpeg);
    put(out, "DKIF\0\0\x20\0MJPG\x08\0\x08\0", 16);
    put_little32(out, ticks);
    put_little32(out, seconds);
    put_little32(out, count);
    put_little32(out, 0);
    for (unsigned i = 0; i < count; i++) {
        put_little32(out, (uint32_t)jpeg.size);
        put_little32(out, (uint32_t)times[i]);
        put_little32(out, (uint32_t)(times[i] >> 32));
        put(out, jpeg.bytes, jpeg.size);
    }
    free(jpeg.bytes);
}

static void times_far(blob *out) {
    static const uint64_t times[] = {0, UINT64_C(1) << 62, INT64_MAX, UINT64_MAX, UINT64_C(1) << 63, 5};
    ivf(out, 1, 1, times, 6);
}

static void times_backwards(blob *out) {
    static const uint64_t times[] = {1000000000, 500, 400, 0, 300};
    ivf(out, 25, 1, times, 5);
}

/* A frame in 136 years, and 5,000 of them. */
static void clock_absurd(blob *out) {
    enum { FRAMES = 5000 };
    static uint64_t times[FRAMES];
    for (unsigned i = 0; i < FRAMES; i++)
        times[i] = i;
    ivf(out, 1, 0xffffffff, times, FRAMES);
}

static void clock_zero(blob *out) {
    static const uint64_t times[] = {0, 1, 2, 3};
    ivf(out, 0, 0, times, 4);
}

static void y4m_huge(blob *out) {
    put_text(out, "YUV4MPEG2 W1000000 H1000000 F25:1 Ip A1:1 C420jpeg\nFRAME\n");
    put_repeated(out, 0, 1000);
}

/* ---- What is no media ------------------------------------------------------------------------------------------- */

static void playlist(blob *out) {
    put_text(out, "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n");
}

static void concat(blob *out) {
    put_text(out, "ffconcat version 1.0\nfile /etc/passwd\n");
}

static void svg(blob *out) {
    put_text(out, "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\">"
                  "<image href=\"file:///etc/passwd\"/></svg>\n");
}

static void script(blob *out) {
    put_text(out, "#!/bin/sh\necho hello\n");
}

static void zeros(blob *out) {
    put_repeated(out, 0, 1000000);
}

const exhibit video_exhibits[] = {
    {"h264-8192-skips.h264", h264_8192},
    {"h264-65536.h264", h264_65536},
    {"ivf-times-far.ivf", times_far},
    {"ivf-times-backwards.ivf", times_backwards},
    {"ivf-clock-absurd.ivf", clock_absurd},
    {"ivf-clock-zero.ivf", clock_zero},
    {"y4m-1000000.y4m", y4m_huge},
    {"playlist.m3u8", playlist},
    {"concat.mp4", concat},
    {"picture.svg", svg},
    {"script.jpg", script},
    {"zeros.mp4", zeros},
    {NULL, NULL},
};
