/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets are decoded for the frames that are sampled: packets made by hand, a few bytes of header each. That the
 * frames are the same whatever is left out is asked of real videos, in tests/cli/test_times.sh.
 */
#include "decode/ffmpeg_plan.h"

#include <criterion/criterion.h>
#include <resight/status.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000
#define NO_TIME INT64_MIN /* AV_NOPTS_VALUE */

/* A stream with a clock of milliseconds, a picture each 100 of them, and a sample each 1,000 unless it is said. */
typedef struct scene {
    plan plan;
    sampling sampling;
    AVFormatContext *container;
    char sent[256]; /* what the decoder got: a letter for each packet, | where it was flushed */
    int64_t packets;
} scene;

static scene *new_scene(enum AVCodecID codec, int64_t every_us) {
    scene *s = calloc(1, sizeof *s);
    s->container = avformat_alloc_context();
    AVStream *stream = avformat_new_stream(s->container, NULL);
    stream->codecpar->codec_id = codec;
    stream->time_base = (AVRational){1, 1000};
    s->sampling = sampling_start(every_us, 100 * MS);
    plan_start(&s->plan, stream, &s->sampling, true);
    return s;
}

static void free_scene(scene *s) {
    plan_clear(&s->plan);
    plan_free(&s->plan);
    avformat_free_context(s->container);
    free(s);
}

/* Packets that may go, in upper case where the decoder has to make a frame and in lower case where it may pass. */
static plan_next run(scene *s) {
    AVPacket *packet = av_packet_alloc();
    plan_next next;
    while ((next = plan_step(&s->plan)) == PLAN_SEND || next == PLAN_RESTART) {
        char letter = '|';
        if (next == PLAN_SEND) {
            const bool may_pass = plan_take(&s->plan, packet);
            letter = (char)(packet->data[packet->size - 1] + (may_pass ? 'a' - 'A' : 0));
            av_packet_unref(packet);
        }
        s->sent[strlen(s->sent)] = letter;
    }
    av_packet_free(&packet);
    return next;
}

/* letter: the last byte of the packet, by which it is known again. */
static plan_next add(scene *s, const void *head, size_t head_bytes, char letter, int64_t pts_ms, int flags) {
    AVPacket *packet = av_packet_alloc();
    cr_assert_eq(av_new_packet(packet, (int)head_bytes + 1), 0);
    memcpy(packet->data, head, head_bytes);
    packet->data[head_bytes] = (uint8_t)letter;
    packet->pts = pts_ms;
    packet->dts = s->packets++ * 100 - 200;
    packet->flags = flags;
    cr_assert_eq(plan_add(&s->plan, packet), RESIGHT_OK);
    av_packet_free(&packet);
    return run(s);
}

/* An IDR picture, a picture, and an I picture that a container calls key. */
static plan_next add_h264(scene *s, char letter, int64_t pts_ms) {
    const uint8_t head[] = {0, 0, 1, letter == 'I' ? 0x65 : 0x41};
    return add(s, head, sizeof head, letter, pts_ms, letter == 'I' || letter == 'K' ? AV_PKT_FLAG_KEY : 0);
}

static void expect_sent(scene *s, const char *letters) {
    cr_expect_str_eq(s->sent, letters, "sent %s, expected %s", s->sent, letters);
    free_scene(s);
}

/* Frames I0 P1 … P9, I10 …: a sample each second, at the restart. */
static const char groups[] = "IABCDEFGHJ";

Test(plan, nothing_behind_the_last_sample_of_a_group) {
    scene *s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    for (int i = 0; i < 35; i++)
        add_h264(s, groups[i % 10], i * 100);
    plan_end(&s->plan);
    cr_expect_eq(run(s), PLAN_OVER);
    cr_expect_eq(s->sampling.count, 35);
    expect_sent(s, "I|I|I|IabcD"); /* the last packet is always decoded */
}

Test(plan, all_before_a_sample_and_no_group_without_one) {
    scene *s = new_scene(AV_CODEC_ID_H264, 1500 * MS);
    for (int i = 0; i < 40; i++) /* samples are 0, 15 and 30 */
        add_h264(s, groups[i % 10], i * 100);
    plan_end(&s->plan);
    run(s);
    expect_sent(s, "I|iabcdE|IabcdefghJ");
    s = new_scene(AV_CODEC_ID_H264, 2500 * MS);
    for (int i = 0; i < 31; i++) /* 0 and 25: the second group has none */
        add_h264(s, groups[i % 10], i * 100);
    plan_end(&s->plan);
    run(s);
    expect_sent(s, "I|iabcdE|I");
}

/* A key frame that is no restart may have pictures behind it that refer to what was before it. */
Test(plan, a_key_frame_of_the_container_alone_is_no_restart) {
    scene *s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    for (int i = 0; i < 21; i++)
        add_h264(s, i == 10 ? 'K' : i == 0 ? 'I' : 'A', i * 100);
    plan_end(&s->plan);
    run(s);
    expect_sent(s, "IaaaaaaaaaKaaaaaaaaaA");
}

Test(plan, every_picture_of_an_intra_codec_is_a_restart) {
    scene *s = new_scene(AV_CODEC_ID_MJPEG, 500 * MS);
    for (int i = 0; i < 11; i++)
        add(s, "", 0, groups[i % 10], i * 100, AV_PKT_FLAG_KEY);
    plan_end(&s->plan);
    run(s);
    expect_sent(s, "I|E|I");
}

/* HEVC: C is CRA (21), R is RASL (9), coded behind it and shown before; all others refer to what they like. */
static plan_next add_hevc(scene *s, char letter, int64_t pts_ms) {
    const uint8_t type = letter == 'C' ? 21 : letter == 'R' ? 9 : 1;
    const uint8_t head[] = {0, 0, 1, (uint8_t)(type << 1), 1};
    return add(s, head, sizeof head, letter, pts_ms, letter == 'C' ? AV_PKT_FLAG_KEY : 0);
}

static void open_groups(scene *s) {
    static const struct {
        char letter;
        int64_t ms;
    } frames[] = {{'C', 0},   {'A', 100}, {'B', 200},  {'D', 300}, {'C', 600},  {'R', 400},  {'R', 500},
                  {'E', 700}, {'F', 800}, {'C', 1100}, {'R', 900}, {'R', 1000}, {'G', 1200}, {'H', 1300}};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        add_hevc(s, frames[i].letter, frames[i].ms);
    plan_end(&s->plan);
    run(s);
}

Test(plan, what_is_shown_before_a_restart_may_need_the_group_before) {
    scene *s = new_scene(AV_CODEC_ID_HEVC, 500 * MS); /* samples are 0, 500 and 1000: both R come second */
    open_groups(s);
    expect_sent(s, "CABDCRREFCRRGH");          /* layers are not known: none may be passed over */
    s = new_scene(AV_CODEC_ID_HEVC, 600 * MS); /* 0, 600 and 1200 */
    open_groups(s);
    expect_sent(s, "C|C|CGH");
}

/* ---- Giving up ------------------------------------------------------------------------------------------------- */

/* What comes behind is for the caller. */
static void expect_given_up(scene *s, plan_next next, const char *letters) {
    cr_expect_eq(next, PLAN_DIRECT);
    expect_sent(s, letters);
}

Test(plan, is_given_up_where_packets_break_the_rules) {
    static const uint8_t set[] = {0, 0, 1, 0x67, 9, 0, 0, 1, 0x65}, other[] = {0, 0, 1, 0x67, 8, 0, 0, 1, 0x65};
    scene *s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    expect_given_up(s, add_h264(s, 'K', 0), "K"); /* no restart at the beginning */
    s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    add_h264(s, 'I', 0);
    expect_given_up(s, add_h264(s, 'A', NO_TIME), "IA");
    s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    add_h264(s, 'I', 0);
    expect_given_up(s, add_h264(s, 'A', -100), "IA"); /* before the first */
    s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    for (int i = 0; i < 8; i++)
        add_h264(s, groups[i], i * 100);
    expect_given_up(s, add_h264(s, 'Z', 200), "IabcdEFGZ"); /* back in time, where D was the last of known place */
    s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    add(s, set, sizeof set, 'I', 0, AV_PKT_FLAG_KEY);
    add(s, set, sizeof set, 'I', 100, AV_PKT_FLAG_KEY);
    add(s, set, sizeof set, 'I', 200, AV_PKT_FLAG_KEY);
    expect_given_up(s, add(s, other, sizeof other, 'Z', 300, AV_PKT_FLAG_KEY), "IIIZ"); /* other parameters */
    s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    add_h264(s, 'I', 0);
    expect_given_up(s, add(s, "\0\0\1\x41", 4, 'A', 100, AV_PKT_FLAG_CORRUPT), "IA");
    s = new_scene(AV_CODEC_ID_VP8, 1000 * MS); /* has packets without pictures */
    expect_given_up(s, run(s), "");
}

/* Before the start of an edit list: decoded for others, no frame of their own. */
Test(plan, packets_that_are_not_shown_are_not_counted) {
    scene *s = new_scene(AV_CODEC_ID_H264, 1000 * MS);
    const uint8_t idr[] = {0, 0, 1, 0x65}, slice[] = {0, 0, 1, 0x41};
    add(s, idr, sizeof idr, 'I', -200, AV_PKT_FLAG_KEY | AV_PKT_FLAG_DISCARD);
    add(s, slice, sizeof slice, 'A', -100, AV_PKT_FLAG_DISCARD);
    for (int i = 0; i < 3; i++)
        add_h264(s, groups[1 + i], i * 100);
    plan_end(&s->plan);
    run(s);
    cr_expect_eq(s->sampling.count, 3);
    expect_sent(s, "iaAbC");
}

/* ---- Frames that come out ---------------------------------------------------------------------------------------- */

Test(plan, frames_are_known_again_by_their_time) {
    scene *s = new_scene(AV_CODEC_ID_H264, 500 * MS);
    int64_t time_us = -1, number = -1;
    for (int i = 0; i < 10; i++)
        add_h264(s, groups[i], 7000 + i * 100);
    plan_end(&s->plan);
    run(s);
    cr_expect_eq(plan_match(&s->plan, 7000, &time_us, &number), PLAN_SAMPLED);
    cr_expect(time_us == 0 && number == 0);
    cr_expect_eq(plan_match(&s->plan, 7400, &time_us, &number), PLAN_PASSED);
    cr_expect_eq(plan_match(&s->plan, 7450, &time_us, &number), PLAN_PASSED);  /* of nowhere */
    cr_expect_eq(plan_match(&s->plan, 7600, &time_us, &number), PLAN_SAMPLED); /* 7500 did not come out */
    cr_expect(time_us == 600 * MS && number == 6);
    cr_expect_eq(plan_match(&s->plan, 7700, &time_us, &number), PLAN_PASSED);
    free_scene(s);
}
