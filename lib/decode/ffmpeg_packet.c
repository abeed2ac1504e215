/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets by their headers. A container's flag of a key frame says that a player may begin there, which allows for
 * pictures that are not quite right at first; here only such beginnings count whose pictures are, by the rules of the
 * codec, the same as if all had been decoded. ffmpeg_plan.c builds on it.
 */
#include "decode/ffmpeg_packet.h"

#include <stddef.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325) /* FNV-1a of 64 bits: Fowler, Noll, Vo */
#define FNV_PRIME UINT64_C(0x100000001b3)

/* A unit of a packet, without the start code or the length before it. */
typedef struct unit {
    const uint8_t *bytes;
    size_t size_bytes; /* with start codes: of all that is left of the packet, for slices are long */
} unit;

typedef struct reader {
    const uint8_t *at, *end;
    int length_bytes; /* 0: start codes */
} reader;

/* To behind the next 0 0 1, or to the end. */
static const uint8_t *behind_start_code(const uint8_t *at, const uint8_t *end) {
    for (; end - at >= 3; at++)
        if (at[0] == 0 && at[1] == 0 && at[2] == 1)
            return at + 3;
    return end;
}

static bool next_unit(reader *r, unit *out) {
    size_t size_bytes = 0;
    if (r->length_bytes == 0) {
        r->at = behind_start_code(r->at, r->end);
        *out = (unit){r->at, (size_t)(r->end - r->at)};
        return r->at < r->end;
    }
    if (r->end - r->at < r->length_bytes)
        return false;
    for (int i = 0; i < r->length_bytes; i++)
        size_bytes = size_bytes << 8 | *r->at++;
    if (size_bytes > (size_t)(r->end - r->at))
        return false;
    *out = (unit){r->at, size_bytes};
    r->at += size_bytes;
    return true;
}

/* Where the next start code begins, the zeros before it counted in, or the unit ends. */
static const uint8_t *end_of(const reader *r, const unit *u) {
    const uint8_t *end = u->bytes + u->size_bytes;
    if (r->length_bytes)
        return end;
    const uint8_t *next = behind_start_code(u->bytes, end);
    if (next < end)
        end = next - 3;
    while (end > u->bytes && end[-1] == 0)
        end--;
    return end;
}

static void add_to_digest(uint64_t *digest, const reader *r, const unit *u) {
    const uint8_t *end = end_of(r, u);
    uint64_t sum = *digest ? *digest : FNV_OFFSET;
    for (const uint8_t *at = u->bytes; at < end; at++)
        sum = (sum ^ *at) * FNV_PRIME;
    *digest = sum;
}

/* ---- H.264, 7.4.1: an IDR picture ends all references backwards ------------------------------------------------- */

static packet_nature h264_nature(reader r) {
    packet_nature nature = {.odd = true};
    for (unit u; next_unit(&r, &u);) {
        const unsigned type = u.size_bytes ? u.bytes[0] & 31u : 0;
        if (type == 7 || type == 8 || type == 13 || type == 15) /* sequence, picture, and the extensions of sequence */
            add_to_digest(&nature.sets, &r, &u);
        if (type >= 1 && type <= 5) { /* slices */
            nature.odd = false;
            nature.restarts = type == 5;
            break;
        }
    }
    return nature;
}

/* ---- HEVC, 7.4.2.2 and 8.3.2: pictures after a random access point refer to nothing before it, unless they are shown
 * before it ------------------------------------------------------------------------------------------------------- */

static packet_nature hevc_nature(reader r) {
    packet_nature nature = {.odd = true};
    for (unit u; next_unit(&r, &u);) {
        const unsigned type = u.size_bytes ? u.bytes[0] >> 1 & 63u : 63;
        if (type >= 32 && type <= 34) /* video, sequence, picture */
            add_to_digest(&nature.sets, &r, &u);
        if (type < 32) { /* slices */
            nature.odd = false;
            nature.restarts = type >= 16 && type <= 21; /* BLA, IDR, CRA */
            break;
        }
    }
    return nature;
}

/* sps_max_sub_layers_minus1, 7.3.2.2.1, or numTemporalLayers, ISO/IEC 14496-15, 8.3.3.1.2: with layers, a picture that
 * is not referred to in its own may be in the next. */
static bool hevc_has_one_layer(const AVCodecParameters *p, int length_bytes) {
    if (length_bytes)
        return (p->extradata[21] >> 3 & 7) == 1;
    reader r = {p->extradata, p->extradata + p->extradata_size, 0};
    bool one = false;
    for (unit u; next_unit(&r, &u);)
        if (u.size_bytes > 2 && (u.bytes[0] >> 1 & 63) == 33) {
            one = (u.bytes[2] >> 1 & 7) == 0;
            if (!one)
                break;
        }
    return one;
}

/* ---- MPEG-1 and MPEG-2, ISO/IEC 13818-2, 6.3.9: an I picture, with all tables, that is no field ------------------ */

static packet_nature mpeg_nature(reader r) {
    packet_nature nature = {.odd = true};
    bool sequence = false, frame = true;
    for (unit u; next_unit(&r, &u);) {
        const unsigned code = u.size_bytes ? u.bytes[0] : 0xff;
        if (code == 0xb3)
            sequence = true;
        if (code == 0 && u.size_bytes > 2) {
            nature.odd = false;
            nature.restarts = sequence && (u.bytes[2] >> 3 & 7) == 1;
        }
        if (code == 0xb5 && u.size_bytes > 3 && u.bytes[1] >> 4 == 8) /* picture coding extension */
            frame = (u.bytes[3] & 3) == 3;
        if (code >= 1 && code <= 0xaf) /* slices */
            break;
    }
    nature.restarts &= frame;
    return nature;
}

/* ---- VP9, 6.2: a shown key frame resets everything --------------------------------------------------------------- */

static packet_nature vp9_nature(const AVPacket *packet) {
    const uint8_t first = packet->data[0], last = packet->data[packet->size - 1];
    const bool superframe = (last & 0xe0) == 0xc0; /* annex B */
    const unsigned shift = (first & 0x30) == 0x30; /* profile 3 has one more bit */
    const bool existing = first << shift & 8, key = !(first << shift & 4), shown = first << shift & 2;
    return (packet_nature){
        .odd = first >> 6 != 2 || (!existing && !shown && !superframe),
        .restarts = !existing && key && shown,
    };
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1; the alternative is a byte stream, which begins with zeros. */
static int length_bytes_of(const AVCodecParameters *p) {
    if (p->codec_id == AV_CODEC_ID_H264 && p->extradata_size >= 7 && p->extradata[0] == 1)
        return (p->extradata[4] & 3) + 1;
    if (p->codec_id == AV_CODEC_ID_HEVC && p->extradata_size >= 23 && p->extradata[0] == 1)
        return (p->extradata[21] & 3) + 1;
    return 0;
}

/* Not VP8 and MPEG-4, where packets are pictures only now and then. Of interlaced H.264, some containers have two
 * packets for a picture. */
packet_rules packet_rules_of(const AVCodecParameters *p) {
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(p->codec_id);
    packet_rules rules = {.codec = p->codec_id, .length_bytes = length_bytes_of(p)};
    rules.intra = descriptor && descriptor->props & AV_CODEC_PROP_INTRA_ONLY;
    switch (p->codec_id) {
    case AV_CODEC_ID_H264: rules.counts = rules.drops = p->field_order <= AV_FIELD_PROGRESSIVE; break;
    case AV_CODEC_ID_HEVC:
        rules.counts = true;
        rules.drops = hevc_has_one_layer(p, rules.length_bytes);
        break;
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO: rules.counts = rules.drops = true; break;
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1: rules.counts = true; break;
    default: rules.counts = rules.intra; break;
    }
    return rules;
}

packet_nature packet_nature_of(const packet_rules *rules, const AVPacket *packet) {
    const bool key = packet->flags & AV_PKT_FLAG_KEY;
    packet_nature nature = {.restarts = true};
    if (packet->size < 1)
        return (packet_nature){.odd = true};
    const reader r = {packet->data, packet->data + packet->size, rules->length_bytes};
    switch (rules->codec) {
    case AV_CODEC_ID_H264: nature = h264_nature(r); break;
    case AV_CODEC_ID_HEVC: nature = hevc_nature(r); break;
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO: nature = mpeg_nature(r); break;
    case AV_CODEC_ID_VP9: nature = vp9_nature(packet); break;
    default: break;
    }
    nature.restarts &= key;
    nature.odd |= (packet->flags & AV_PKT_FLAG_CORRUPT) != 0 ||
                  av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, NULL) != NULL ||
                  av_packet_get_side_data(packet, AV_PKT_DATA_PARAM_CHANGE, NULL) != NULL;
    return nature;
}
