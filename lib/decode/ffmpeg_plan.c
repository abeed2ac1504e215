/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to those that the sampled frames need. A packet is left out when no frame that is sampled can refer to it:
 * none does up to the next packet at which decoding restarts, and none of those that are coded behind that one but
 * shown before it. What is unsampled but may be needed goes to the decoder with leave to pass over it.
 */
#include "decode/ffmpeg_plan.h"

#include <libavutil/mathematics.h>
#include <resight/status.h>
#include <string.h>

#define MICROSECONDS ((AVRational){1, 1000000})

static planned *at(plan *p, size_t i) {
    return &p->queue[(p->first + i) % PLAN_PACKETS];
}

void plan_start(plan *p, const AVStream *stream, sampling *frames, bool enabled) {
    p->rules = packet_rules_of(stream->codecpar);
    p->sampling = frames;
    p->time_base = stream->time_base;
    p->known_pts = p->restart_pts = INT64_MIN;
    p->sets = 0;
    p->begun = p->ended = p->gap = p->owed = false;
    p->given_up = !enabled || !p->rules.counts;
}

void plan_clear(plan *p) {
    for (size_t i = 0; i < p->count; i++)
        av_packet_unref(at(p, i)->packet);
    p->first = p->count = p->bytes = p->timed = p->sent_count = 0;
}

void plan_free(plan *p) {
    for (size_t i = 0; i < PLAN_PACKETS; i++)
        av_packet_free(&p->queue[i].packet);
}

/* ---- Which frames are sampled ------------------------------------------------------------------------------------ */

/* The frame that is shown first of those without a time; NULL when packets to be read may come before it. */
static planned *next_shown(plan *p) {
    planned *next = NULL;
    for (size_t i = p->timed; i < p->count; i++)
        if (!at(p, i)->timed && at(p, i)->pts <= p->known_pts && (!next || at(p, i)->pts < next->pts))
            next = at(p, i);
    return next;
}

static void time_frames(plan *p) {
    for (planned *next; (next = next_shown(p));) {
        next->sampled = sampling_take(p->sampling, av_rescale_q(next->pts, p->time_base, MICROSECONDS), &next->time_us);
        next->number = p->sampling->count - 1;
        next->timed = true;
    }
    while (p->timed < p->count && at(p, p->timed)->timed)
        p->timed++;
}

/* What has no time yet may be shown among what comes: it is sampled as it does. */
static void give_up(plan *p) {
    p->given_up = true;
    for (; p->timed < p->count; p->timed++)
        if (!at(p, p->timed)->timed)
            at(p, p->timed)->outside = at(p, p->timed)->timed = true;
}

void plan_end(plan *p) {
    p->ended = true;
    p->known_pts = INT64_MAX;
    time_frames(p);
    if (p->count > 0)
        at(p, p->count - 1)->last = true;
}

/* Frames of a plan are shown one after the other, none before the first packet, and none before what was known. */
static bool is_in_time(plan *p, int64_t pts) {
    if (pts <= p->known_pts || (p->begun && pts < p->first_pts))
        return false;
    for (size_t i = p->timed; i < p->count; i++)
        if (!at(p, i)->timed && at(p, i)->pts == pts)
            return false;
    return true;
}

static bool keeps_rules(plan *p, const planned *next, const packet_nature *nature) {
    if (nature->odd || next->pts == AV_NOPTS_VALUE || (!p->begun && !next->restarts))
        return false;
    if (p->begun && nature->sets != 0 && nature->sets != p->sets)
        return false;
    return !next->shown || is_in_time(p, next->pts);
}

static void begin(plan *p, const planned *first, const packet_nature *nature) {
    p->begun = true;
    p->first_pts = first->pts;
    p->sets = nature->sets;
}

int plan_add(plan *p, AVPacket *packet) {
    planned *next = at(p, p->count);
    const packet_nature nature = packet_nature_of(&p->rules, packet);
    if (!next->packet && !(next->packet = av_packet_alloc()))
        return RESIGHT_E_NOMEM;
    const bool shown = !(packet->flags & AV_PKT_FLAG_DISCARD);
    *next = (planned){next->packet, packet->pts, .shown = shown, .timed = !shown, .restarts = nature.restarts};
    const bool keeps = keeps_rules(p, next, &nature);
    if (keeps && !p->begun)
        begin(p, next, &nature);
    /* Packets come in the order of decoding, and none is shown before it is decoded. */
    if (packet->dts != AV_NOPTS_VALUE && packet->dts - 1 > p->known_pts)
        p->known_pts = packet->dts - 1;
    p->bytes += (size_t)packet->size;
    p->count++;
    av_packet_move_ref(next->packet, packet);
    if (keeps) {
        time_frames(p);
    } else {
        next->timed = false;
        give_up(p);
    }
    return RESIGHT_OK;
}

/* ---- What they need ---------------------------------------------------------------------------------------------- */

typedef enum need { NEEDED, NOT_NEEDED, NOT_KNOWN } need;

static bool is_full(const plan *p) {
    return p->count == PLAN_PACKETS || p->bytes > PLAN_BYTES;
}

static bool is_decoded(const planned *packet) {
    return packet->sampled || packet->last || packet->outside;
}

/* Is something sampled that may refer to the first packet? The next restart does not; what is coded behind that one but
 * shown before it may. */
static need need_of_others(plan *p) {
    const planned *restart = NULL;
    bool all_timed = true;
    for (size_t i = 1; i < p->count; i++) {
        const planned *next = at(p, i);
        if (restart && (next->restarts || (next->shown && next->pts > restart->pts)))
            return all_timed ? NOT_NEEDED : NOT_KNOWN;
        if (next->restarts) {
            restart = next;
            continue;
        }
        if (is_decoded(next))
            return NEEDED;
        all_timed &= next->timed;
    }
    return p->given_up ? NEEDED : p->ended ? NOT_NEEDED : NOT_KNOWN;
}

/* What it refers to was left out. */
static bool is_cut_off(const plan *p, const planned *packet) {
    return !packet->restarts && (p->gap || packet->pts < p->restart_pts);
}

static need need_of_first(plan *p) {
    const planned *first = at(p, 0);
    if (is_decoded(first))
        return NEEDED;
    if (!first->timed)
        return NOT_KNOWN;
    return is_cut_off(p, first) ? NOT_NEEDED : need_of_others(p);
}

static void remove_first(plan *p) {
    p->bytes -= (size_t)at(p, 0)->packet->size;
    av_packet_unref(at(p, 0)->packet);
    p->first = (p->first + 1) % PLAN_PACKETS;
    p->count--;
    p->timed -= p->timed > 0;
}

plan_next plan_step(plan *p) {
    for (;;) {
        if (p->count == 0)
            return p->given_up ? PLAN_DIRECT : p->ended ? PLAN_OVER : PLAN_READ;
        const need n = need_of_first(p);
        if (n == NOT_KNOWN && !is_full(p))
            return PLAN_READ;
        if (n != NOT_NEEDED)
            break;
        p->gap |= !is_cut_off(p, at(p, 0));
        remove_first(p);
    }
    if (!at(p, 0)->timed) /* times that lag behind by the whole queue */
        give_up(p);
    if (!p->gap || !at(p, 0)->restarts)
        return PLAN_SEND;
    p->gap = false;
    p->restart_pts = at(p, 0)->pts;
    return PLAN_RESTART;
}

/* ---- To the decoder, and out of it ------------------------------------------------------------------------------- */

bool plan_take(plan *p, AVPacket *packet) {
    planned *first = at(p, 0);
    const bool may_pass = p->rules.drops && !is_decoded(first);
    if (first->shown && !first->outside) {
        if (p->sent_count == PLAN_SENT)
            memmove(p->sent, p->sent + 1, --p->sent_count * sizeof *p->sent);
        p->sent[p->sent_count++] = *first;
    }
    p->bytes -= (size_t)first->packet->size;
    av_packet_move_ref(packet, first->packet); /* which leaves an empty one */
    remove_first(p);
    return may_pass;
}

static const planned *find_sent(const plan *p, int64_t pts) {
    for (size_t i = 0; i < p->sent_count; i++)
        if (p->sent[i].pts == pts)
            return &p->sent[i];
    return NULL;
}

/* What is shown before will not come any more. */
static void pass_sent(plan *p, int64_t pts) {
    size_t left = 0;
    for (size_t i = 0; i < p->sent_count; i++) {
        if (p->sent[i].pts > pts)
            p->sent[left++] = p->sent[i];
        else if (p->sent[i].pts < pts)
            p->owed |= p->sent[i].sampled;
    }
    p->sent_count = left;
}

plan_frame plan_match(plan *p, int64_t pts, int64_t *time_us, int64_t *number) {
    const planned *found = find_sent(p, pts);
    if (!found && !p->given_up)
        return PLAN_PASSED;
    if (!found) { /* planned frames come before those that are not, and the clock of those may be another */
        p->sent_count = pts == AV_NOPTS_VALUE ? p->sent_count : 0;
        return PLAN_UNKNOWN;
    }
    const planned frame = *found;
    pass_sent(p, pts);
    if (!frame.sampled && !p->owed)
        return PLAN_PASSED;
    if (p->owed && !p->given_up) /* a packet was not a frame */
        give_up(p);
    p->owed = false;
    *time_us = frame.time_us;
    *number = frame.number;
    return PLAN_SAMPLED;
}
