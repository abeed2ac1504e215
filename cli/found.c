/* SPDX-License-Identifier: Apache-2.0 */
/* What was found, in words and as JSON: `match` and `explain` say it the same way. */
#include "found.h"

#include "json.h"
#include "text.h"
#include <math.h>

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Is there a time to be told, on either side? */
static bool has_time(const resight_found *item, const resight_subject *what) {
    return item->segment_count > 0 && (what->kind == RESIGHT_VIDEO || item->kind == RESIGHT_VIDEO);
}

static json_t *json_segments(const resight_found *item) {
    json_t *list = json_array();
    for (size_t i = 0; i < item->segment_count; i++) {
        const resight_segment *s = &item->segments[i];
        json_t *segment = json_object();
        json_object_set_new(segment, "query_from_us", json_integer(s->query_from_us));
        json_object_set_new(segment, "query_to_us", json_integer(s->query_to_us));
        json_object_set_new(segment, "known_from_us", json_integer(s->known_from_us));
        json_object_set_new(segment, "known_to_us", json_integer(s->known_to_us));
        json_object_set_new(segment, "speed", json_real(s->speed));
        json_object_set_new(segment, "frames", json_integer(s->frames));
        json_array_append_new(list, segment);
    }
    return list;
}

/* A distance, where hashes were compared. */
static json_t *json_bits(uint16_t bits) {
    return bits <= 256 ? json_integer(bits) : json_null();
}

/* Where the corners of the known picture lie within the query, as parts of its width and height. */
static json_t *json_corners(const resight_found *item) {
    json_t *list = json_array();
    for (int i = 0; i < 4; i++)
        json_array_append_new(
            list, json_pack("[f,f]", round(item->where.x[i] * 1e4) / 1e4, round(item->where.y[i] * 1e4) / 1e4));
    return list;
}

/* Was the query decoded at a part of its size? */
static bool is_approximate(const resight_found *item) {
    return item->view & RESIGHT_VIEW_APPROXIMATE;
}

json_t *json_found(const resight_found *item, const resight_subject *what) {
    json_t *match = json_object();
    json_object_set_new(match, "bank", json_string(item->bank));
    json_object_set_new(match, "entry", json_integer((json_int_t)item->entry));
    json_object_set_new(match, "name", json_name(item->name));
    json_object_set_new(match, "kind", json_string(resight_media_kind_name(item->kind)));
    json_object_set_new(match, "evidence", json_string(resight_evidence_name(item->evidence)));
    json_object_set_new(match, "confidence", json_string(resight_confidence_name(item->confidence)));
    json_object_set_new(match, "corners", json_corners(item));
    if (item->evidence == RESIGHT_BY_PATCHES)
        json_object_set_new(match, "patches", json_integer(item->patches));
    json_object_set_new(match, "distance_bits", json_bits(item->distance_bits));
    json_object_set_new(match, "pdq_distance_bits", json_bits(item->pdq_bits));
    json_object_set_new(match, "approximate", json_boolean(is_approximate(item)));
    json_object_set_new(match, "view", json_string(resight_view_name(item->view)));
    json_object_set_new(match, "known_view", json_string(resight_view_name(item->known_view)));
    if (item->dialect)
        json_object_set_new(match, "known_dialect", json_string(resight_dialect_name(item->known_dialect)));
    json_object_set_new(match, "transform", json_string(resight_transform_name(item->transform)));
    json_object_set_new(match, "inverted", json_boolean(item->inverted));
    if (what->kind == RESIGHT_VIDEO)
        json_object_set_new(match, "frames", json_integer(item->frames));
    if (has_time(item, what)) {
        json_object_set_new(match, "segments", json_segments(item));
        if (what->kind == RESIGHT_VIDEO && item->kind == RESIGHT_VIDEO) {
            json_object_set_new(match, "query_coverage", json_real(item->coverage.query));
            json_object_set_new(match, "known_coverage", json_real(item->coverage.known));
        }
    }
    if (item->vpdq.matched) {
        json_object_set_new(match, "vpdq_query_percent", json_real(item->vpdq.query_percent));
        json_object_set_new(match, "vpdq_known_percent", json_real(item->vpdq.known_percent));
    }
    return match;
}

json_t *json_suppressors(const resight_answer *got) {
    json_t *list = json_array();
    for (size_t i = 0; i < got->suppressor_count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "bank", json_string(got->suppressors[i].bank));
        json_object_set_new(item, "entry", json_integer((json_int_t)got->suppressors[i].entry));
        json_object_set_new(item, "name", json_name(got->suppressors[i].name));
        json_object_set_new(item, "distance_bits", json_bits(got->suppressors[i].distance_bits));
        json_array_append_new(list, item);
    }
    return list;
}

/* ---- Text ------------------------------------------------------------------------------------ */

/* "3.000-8.000" or "3.000" */
static void print_span(FILE *out, int64_t from_us, int64_t to_us) {
    print_seconds(out, from_us);
    if (to_us == from_us)
        return;
    putc('-', out);
    print_seconds(out, to_us);
}

/* ", 3.000-8.000 s is 7.000-12.000 s of it, 6 of 20 frames" */
static void print_where(FILE *out, const resight_found *item, const resight_subject *what, const resight_answer *got) {
    if (!has_time(item, what))
        return;
    const resight_segment *s = &item->segments[0];
    fputs(", ", out);
    if (what->kind == RESIGHT_VIDEO) {
        print_span(out, s->query_from_us, s->query_to_us);
        fputs(" s", out);
    }
    if (item->kind == RESIGHT_VIDEO) {
        fputs(what->kind == RESIGHT_VIDEO ? " is " : "at ", out);
        print_span(out, s->known_from_us, s->known_to_us);
        fputs(" s of it", out);
        if (s->speed < 0.99 || s->speed > 1.01)
            fprintf(out, " at speed %.2f", s->speed);
    }
    if (what->kind == RESIGHT_VIDEO)
        fprintf(out, ", %u of %u frames", s->frames, got->frames);
    if (item->segment_count > 1)
        fprintf(out, ", and %zu more stretches", item->segment_count - 1);
}

/* What was compared, if it was not the whole raster. */
static const char *seen_as(const resight_found *item) {
    const unsigned views = item->view | item->known_view;
    return views & RESIGHT_VIEW_RECTANGLE ? ", a rectangle of it"
           : views & RESIGHT_VIEW_TRIMMED ? ", trimmed"
           : views & RESIGHT_VIEW_REDUCED ? ", reduced"
                                          : "";
}

void print_found(FILE *out, const char *name, const resight_found *item, const resight_subject *what,
                 const resight_answer *got, const char *state) {
    print_name(out, name);
    if (state)
        fprintf(out, ": %s", state);
    fprintf(out, ": %s entry %llu ", item->bank, (unsigned long long)item->entry);
    print_name(out, item->name);
    if (item->evidence == RESIGHT_BY_FILE)
        fputs(", the same file", out);
    else if (item->evidence == RESIGHT_BY_PATCHES)
        fprintf(out, ", %u patches%s", item->patches, item->transform ? ", mirrored" : "");
    else
        fprintf(out, ", %s%u bits%s%s%s%s", is_approximate(item) ? "about " : "", item->distance_bits,
                item->transform ? ", " : "", item->transform ? resight_transform_name(item->transform) : "",
                item->inverted ? ", inverted" : "", seen_as(item));
    if (item->dialect != item->known_dialect)
        fprintf(out, ", hashed as %s and known as %s", resight_dialect_name(item->dialect),
                resight_dialect_name(item->known_dialect));
    if (item->confidence == RESIGHT_PROBABLE)
        fputs(", probable", out);
    print_where(out, item, what, got);
    putc('\n', out);
}

void print_nothing_found(FILE *out, const char *name, const resight_answer *got, uint32_t min_quality) {
    print_name(out, name);
    fputs(": no match", out);
    if (got->suppressor_count > 0) {
        const resight_found *by = &got->suppressors[0];
        fprintf(out, " (known to be harmless: %s entry %llu ", by->bank, (unsigned long long)by->entry);
        print_name(out, by->name);
        if (by->distance_bits <= 256)
            fprintf(out, ", %u bits", by->distance_bits);
        putc(')', out);
    } else if (got->quality >= 0 && (uint32_t)got->quality < min_quality) {
        fprintf(out, " (quality %d: too little in the picture to tell)", got->quality);
    }
    putc('\n', out);
}
