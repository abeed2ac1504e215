/* SPDX-License-Identifier: Apache-2.0 */
/* `resight compare`: how far two pictures, videos or hashes are apart. No database. */
#include "base/cleanup.h"
#include "command.h"
#include "json.h"
#include "media.h"
#include "memory.h"
#include "text.h"
#include <string.h>
#include <unistd.h>

#define DEFAULT_EVERY_US 1000000

/* One side: its marks, owned, and what it is. */
typedef struct side {
    const char *name;
    resight_media_kind kind;
    resight_mark *marks;
    size_t count;
} side;

/* What came of it. */
typedef struct verdict {
    unsigned distance_bits;                    /* of pictures as they are, or of the nearest frames */
    resight_transform transform;               /* of B in which a picture is nearest to A */
    unsigned turned_bits;                      /* the distance then */
    size_t a_frames, a_near, b_frames, b_near; /* frames of quality enough, and those with a partner */
    bool has_segment;
    resight_segment segment; /* query: A; known: B */
    bool approximate;        /* a side was decoded at a part of its size */
} verdict;

static void side_free(side *s) {
    free(s->marks);
    s->marks = NULL;
}

static bool is_hash(const char *text, resight_hash *out) {
    return strlen(text) == RESIGHT_HEX_LEN && access(text, F_OK) != 0 && resight_hash_from_hex(text, out) == RESIGHT_OK;
}

/* A path or a hash to marks. */
static int load(const settings *set, const char *name, media_purpose purpose, side *out) {
    resight_mark mark = {.quality = 100};
    *out = (side){.name = name, .kind = RESIGHT_IMAGE};
    if (is_hash(name, &mark.hash)) {
        out->marks = must_have(1, sizeof mark);
        out->marks[out->count++] = mark;
        return RESIGHT_OK;
    }
    resight_error error = {0};
    media got;
    CLEANUP(media_reader_free)
    media_reader *reader = media_reader_new(set, DEFAULT_EVERY_US, purpose, &error);
    int status = reader ? media_open(reader, name, &error) : RESIGHT_E_NOMEM;
    if (status == RESIGHT_OK)
        status = media_hash(reader, &got, &error);
    if (status != RESIGHT_OK) {
        complain(name, "%s", error.text);
        return status;
    }
    out->kind = got.info.kind;
    out->count = got.mark_count;
    out->marks = must_have(got.mark_count, sizeof *out->marks);
    memcpy(out->marks, got.marks, got.mark_count * sizeof *out->marks);
    return RESIGHT_OK;
}

static void nearest_turned(verdict *v, const resight_hash *hash, const side *other) {
    for (size_t i = 1; i < other->count; i++) {
        const unsigned bits = resight_hash_distance(hash, &other->marks[i].hash);
        if (bits < v->turned_bits) {
            v->turned_bits = bits;
            v->transform = other->marks[i].transform;
        }
    }
}

static verdict compare_pictures(const side *a, const side *b) {
    verdict v = {.distance_bits = resight_hash_distance(&a->marks[0].hash, &b->marks[0].hash)};
    v.turned_bits = v.distance_bits;
    v.approximate = (a->marks[0].view | b->marks[0].view) & RESIGHT_VIEW_APPROXIMATE;
    nearest_turned(&v, &a->marks[0].hash, b);
    if (b->count == 1) /* a hash cannot be turned; the picture beside it can */
        nearest_turned(&v, &b->marks[0].hash, a);
    return v;
}

/* Marks that count: untransformed, of quality enough. Returns how many were kept, in place. */
static size_t keep_good(side *s, uint32_t min_quality) {
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->marks[i].transform == RESIGHT_ORIGINAL && s->marks[i].quality >= min_quality)
            s->marks[kept++] = s->marks[i];
    return s->count = kept;
}

/* vPDQ's shares: of each side, the frames that have a partner on the other; and the stretch that they agree on. */
static verdict compare_videos(side *a, side *b, unsigned radius_bits, uint32_t min_quality, int64_t tolerance_us) {
    verdict v = {.distance_bits = 256, .a_frames = keep_good(a, min_quality), .b_frames = keep_good(b, min_quality)};
    CLEANUP_FREE bool *b_near = must_have(b->count, sizeof *b_near);
    CLEANUP_FREE resight_frame_pair *pairs = NULL;
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++) {
        bool near = false;
        for (size_t j = 0; j < b->count; j++) {
            const unsigned bits = resight_hash_distance(&a->marks[i].hash, &b->marks[j].hash);
            v.distance_bits = bits < v.distance_bits ? bits : v.distance_bits;
            if (bits > radius_bits)
                continue;
            near = b_near[j] = true;
            must_grow(&pairs, count, sizeof *pairs);
            pairs[count++] = (resight_frame_pair){a->marks[i].time_us, b->marks[j].time_us, (uint16_t)bits, 1};
        }
        v.a_near += near;
    }
    for (size_t j = 0; j < b->count; j++)
        v.b_near += b_near[j];
    v.turned_bits = v.distance_bits;
    resight_align_options how = resight_align_options_default();
    how.tolerance_us = tolerance_us;
    size_t segments = 0;
    if (resight_align(pairs, count, &how, &v.segment, 1, &segments) == RESIGHT_E_NOMEM)
        must_fail();
    v.has_segment = segments > 0;
    return v;
}

static void print_verdict_json(const side *a, const side *b, const verdict *v, bool moving, bool matched) {
    json_t *record = json_object();
    json_object_set_new(record, "a", json_name(a->name));
    json_object_set_new(record, "b", json_name(b->name));
    json_object_set_new(record, "matched", json_boolean(matched));
    json_object_set_new(record, "distance_bits", json_integer(v->distance_bits));
    json_object_set_new(record, "approximate", json_boolean(v->approximate));
    if (moving) {
        json_object_set_new(record, "a_frames", json_integer((json_int_t)v->a_frames));
        json_object_set_new(record, "a_matched_frames", json_integer((json_int_t)v->a_near));
        json_object_set_new(record, "b_frames", json_integer((json_int_t)v->b_frames));
        json_object_set_new(record, "b_matched_frames", json_integer((json_int_t)v->b_near));
        if (v->has_segment) {
            json_object_set_new(record, "a_from_us", json_integer(v->segment.query_from_us));
            json_object_set_new(record, "a_to_us", json_integer(v->segment.query_to_us));
            json_object_set_new(record, "b_from_us", json_integer(v->segment.known_from_us));
            json_object_set_new(record, "b_to_us", json_integer(v->segment.known_to_us));
        }
    } else {
        json_object_set_new(record, "nearest_transform", json_string(resight_transform_name(v->transform)));
        json_object_set_new(record, "nearest_distance_bits", json_integer(v->turned_bits));
    }
    print_json(stdout, record);
}

static void print_stretch(const char *of, const char *name, int64_t from_us, int64_t to_us) {
    printf("%s", of);
    print_name(stdout, name);
    putchar(' ');
    print_seconds(stdout, from_us);
    putchar('-');
    print_seconds(stdout, to_us);
    fputs(" s", stdout);
}

static void print_verdict(const side *a, const side *b, const verdict *v, bool moving, bool matched) {
    printf("%s%u bits", v->approximate ? "about " : "", v->distance_bits);
    if (moving) {
        fputs(" between the nearest frames; ", stdout);
        print_share(stdout, v->a_near, v->a_frames);
        printf(" of %zu and ", v->a_frames);
        print_share(stdout, v->b_near, v->b_frames);
        printf(" of %zu frames match", v->b_frames);
        if (v->has_segment) {
            print_stretch("; ", a->name, v->segment.query_from_us, v->segment.query_to_us);
            print_stretch(" is ", b->name, v->segment.known_from_us, v->segment.known_to_us);
        }
    } else if (v->transform != RESIGHT_ORIGINAL) {
        printf("; %u bits when turned (%s)", v->turned_bits, resight_transform_name(v->transform));
    }
    puts(matched ? ": match" : ": no match");
}

int run_compare(const settings *set, char **operands) {
    CLEANUP(side_free) side a = {0};
    CLEANUP(side_free) side b = {0};
    const unsigned radius_bits =
        set->radius_bits.given ? (unsigned)set->radius_bits.value : RESIGHT_DEFAULT_RADIUS_BITS;
    const uint32_t min_quality =
        set->min_quality.given ? (uint32_t)set->min_quality.value : RESIGHT_DEFAULT_MIN_QUALITY;
    const int64_t every_us = set->every_us.given ? (int64_t)set->every_us.value : DEFAULT_EVERY_US;
    if (is_tmk_file(operands[0]) && is_tmk_file(operands[1]))
        return compare_tmk_files(set, operands);
    if (load(set, operands[0], MEDIA_COMPARE, &a) != RESIGHT_OK ||
        load(set, operands[1], MEDIA_COMPARE, &b) != RESIGHT_OK)
        return EXIT_TROUBLE;
    const bool moving = a.kind == RESIGHT_VIDEO || b.kind == RESIGHT_VIDEO;
    const verdict v = moving ? compare_videos(&a, &b, radius_bits, min_quality, every_us ? every_us : 100000)
                             : compare_pictures(&a, &b);
    const bool matched = v.turned_bits <= radius_bits;
    if (set->json)
        print_verdict_json(&a, &b, &v, moving, matched);
    else
        print_verdict(&a, &b, &v, moving, matched);
    return matched ? EXIT_MATCHED : EXIT_NOTHING;
}
