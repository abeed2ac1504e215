/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets of a video need not be decoded for the frames that are sampled. All are read, so that frames are
 * counted and timed as ever; the decoder gets what a sampled frame is or may refer to, and nothing else.
 *
 *     plan_step() ──► PLAN_READ: plan_add() the next packet, or plan_end() ──► … ──► PLAN_SEND: plan_take() one
 *
 * It holds as long as packets keep to their codec's rules. At the first that does not, the plan is given up: that
 * packet and all behind it are decoded, and sampled as they come out.
 */
#ifndef RESIGHT_DECODE_FFMPEG_PLAN_H
#define RESIGHT_DECODE_FFMPEG_PLAN_H

#include "decode/ffmpeg_packet.h"
#include "decode/sampling.h"
#include <libavformat/avformat.h>

/* Long enough for a group of pictures of 17 s at 60 a second; beyond, what may be needed is decoded. */
#define PLAN_PACKETS 1024
#define PLAN_BYTES (32 << 20)
/* Frames that were sent and have not come out: at most 16 in a decoder, and those between them that it passes over. */
#define PLAN_SENT 256

typedef struct planned {
    AVPacket *packet;
    int64_t pts; /* on the stream's clock */
    int64_t time_us, number;
    bool shown; /* false: only others need it (before the start of an edit list) */
    bool timed; /* its place among the samples is known, or it has none */
    bool sampled;
    bool restarts;
    bool last;    /* of the file: decoded, for only so is it known to be whole */
    bool outside; /* the plan was given up at it */
} planned;

typedef struct plan {
    packet_rules rules;
    sampling *sampling;
    AVRational time_base;
    planned queue[PLAN_PACKETS]; /* a ring, in the order of decoding */
    size_t first, count;
    size_t bytes;
    size_t timed;      /* so many from the first on are timed */
    int64_t first_pts; /* of the first packet */
    int64_t known_pts; /* no packet still to be read is shown at or before it */
    uint64_t sets;     /* parameter sets that the decoder has */
    bool begun, ended, given_up;
    int64_t restart_pts;     /* of the last restart behind a gap */
    bool gap;                /* something was left out since the last packet that was sent */
    planned sent[PLAN_SENT]; /* in the order of decoding; packet is NULL */
    size_t sent_count;
    bool owed; /* a sampled frame did not come out: the next that does stands for it */
} plan;

/*
 * Before the first packet of a file.
 *
 * frames   borrowed as long as the file; counts and times the planned frames
 * enabled  false: give it up at once
 */
void plan_start(plan *p, const AVStream *stream, sampling *frames, bool enabled);

/* Free what the queue holds; the plan can be started again. */
void plan_clear(plan *p);
/* And what it keeps from file to file. */
void plan_free(plan *p);

typedef enum plan_next {
    PLAN_READ,    /* plan_add() or plan_end() */
    PLAN_RESTART, /* empty the decoder and flush it, then ask again */
    PLAN_SEND,    /* plan_take() */
    PLAN_DIRECT,  /* given up, and nothing is left in the queue: packets are read and sent by the caller */
    PLAN_OVER     /* the end was told, and nothing is left */
} plan_next;

plan_next plan_step(plan *p);

/* Takes what the packet refers to. RESIGHT_OK or RESIGHT_E_NOMEM. */
int plan_add(plan *p, AVPacket *packet);
void plan_end(plan *p);

/* The packet to be decoded, into an empty one. Returns true when its frame may be passed over if no other needs it. */
bool plan_take(plan *p, AVPacket *packet);

typedef enum plan_frame {
    PLAN_SAMPLED, /* hand it out, with the time and number */
    PLAN_PASSED,  /* not sampled */
    PLAN_UNKNOWN  /* of a packet outside of the plan: sampling_take() decides */
} plan_frame;

/* What to do with a frame that the decoder gave. */
plan_frame plan_match(plan *p, int64_t pts, int64_t *time_us, int64_t *number);

#endif
