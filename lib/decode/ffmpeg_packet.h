/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet says of itself without being decoded: whether decoding can begin at it, and what it would change. */
#ifndef RESIGHT_DECODE_FFMPEG_PACKET_H
#define RESIGHT_DECODE_FFMPEG_PACKET_H

#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stdint.h>

/* What is known of a stream's packets before the first is read. */
typedef struct packet_rules {
    enum AVCodecID codec;
    bool counts;      /* a packet is a picture, and what can be left out is known: else all is decoded */
    bool intra;       /* every picture stands alone */
    bool drops;       /* pictures that no other refers to are marked, and the decoder passes over them */
    int length_bytes; /* before a NAL unit; 0: start codes */
} packet_rules;

packet_rules packet_rules_of(const AVCodecParameters *parameters);

typedef struct packet_nature {
    bool restarts; /* no picture that is shown after this one refers to one that is coded before it */
    bool odd;      /* broken, without a picture of its own, or with more than its picture in it */
    uint64_t sets; /* of the parameter sets in it, equal for equal ones; 0: none */
} packet_nature;

packet_nature packet_nature_of(const packet_rules *rules, const AVPacket *packet);

#endif
