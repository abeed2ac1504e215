/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a worker: written, read with every field held against its range, and held against what was asked. */
#include "isolate/records.h"

#include <math.h>
#include <string.h>

#define MAX_SIDE_PX (1u << 20) /* as resight_image_check() */
#define MINUTE_US 60000000

typedef struct wire_header {
    uint32_t kind, size_bytes; /* record_kind; of the fields that follow */
} wire_header;
_Static_assert(sizeof(wire_header) == 8, "pinned");

_Static_assert(sizeof(record_hello) == 4, "pinned");

typedef struct wire_thumbnail {
    int64_t time_us;
    uint32_t width_px, height_px, view, zero;
} wire_thumbnail; /* and the pixels */
_Static_assert(sizeof(wire_thumbnail) == 24, "pinned");

typedef struct wire_end {
    int32_t status;
    uint32_t damaged, kind, format, width_px, height_px, orientation, zero;
    int64_t duration_us;
    double frames_per_second;
    char codec[24], text[256];
} wire_end;
_Static_assert(sizeof(wire_end) == 48 + 24 + 256, "pinned");
_Static_assert(sizeof(wire_header) + RESIGHT_TMK_FILE_BYTES <= RECORD_BYTES_MAX, "room for a signature");
_Static_assert(sizeof(wire_header) + sizeof(wire_thumbnail) + RESIGHT_THUMBNAIL_BYTES_MAX <= RECORD_BYTES_MAX,
               "room for the largest thumbnail");

/* ---- Writing --------------------------------------------------------------------------------- */

static size_t put_thumbnail(const resight_thumbnail *from, uint8_t *to) {
    const wire_thumbnail fields = {.time_us = from->time_us,
                                   .width_px = from->image.width_px,
                                   .height_px = from->image.height_px,
                                   .view = (uint32_t)from->view};
    memcpy(to, &fields, sizeof fields);
    to += sizeof fields;
    for (uint32_t y = 0; y < fields.height_px; y++, to += fields.width_px)
        memcpy(to, from->image.px + y * from->image.stride_bytes, fields.width_px);
    return sizeof fields + (size_t)fields.width_px * fields.height_px;
}

/* Libraries quote what they read: anything but plain characters becomes a question mark, so that the reader has a rule.
 */
static void put_text(char *to, const char *from, size_t room) {
    for (size_t i = 0; i + 1 < room && from[i]; i++)
        to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
}

static size_t put_end(const record_end *from, uint8_t *to) {
    const resight_media_info *info = &from->info;
    wire_end fields = {.status = from->status,
                       .damaged = from->damaged,
                       .kind = (uint32_t)info->kind,
                       .format = (uint32_t)info->format,
                       .width_px = info->width_px,
                       .height_px = info->height_px,
                       .orientation = (uint32_t)info->orientation,
                       .duration_us = info->duration_us,
                       .frames_per_second = info->frames_per_second};
    put_text(fields.codec, info->codec, sizeof fields.codec);
    if (from->status != RESIGHT_OK) /* what succeeded at the second attempt has the text of the first */
        put_text(fields.text, from->error.text, sizeof fields.text);
    memcpy(to, &fields, sizeof fields);
    return sizeof fields;
}

static size_t put_fields(const record *from, uint8_t *to) {
    switch (from->kind) {
    case RECORD_HELLO: memcpy(to, &from->hello, sizeof from->hello); return sizeof from->hello;
    case RECORD_MARK: memcpy(to, &from->mark, sizeof from->mark); return sizeof from->mark;
    case RECORD_THUMBNAIL: return put_thumbnail(&from->thumbnail, to);
    case RECORD_TMK: memcpy(to, from->signature, RESIGHT_TMK_FILE_BYTES); return RESIGHT_TMK_FILE_BYTES;
    case RECORD_END: break;
    }
    return put_end(&from->end, to);
}

size_t record_write(const record *from, uint8_t *bytes) {
    const size_t fields_bytes = put_fields(from, bytes + sizeof(wire_header));
    const wire_header header = {from->kind, (uint32_t)fields_bytes};
    memcpy(bytes, &header, sizeof header);
    return sizeof header + fields_bytes;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int refuse(resight_error *error, const char *what) {
    return resight_fail(error, RESIGHT_E_FORMAT, "%s", what);
}

/* Of a decoded frame. */
static bool is_frame_view(unsigned view) {
    return (view & ~(unsigned)RESIGHT_VIEW_APPROXIMATE) < RESIGHT_VIEWS;
}

static bool is_view(unsigned view) {
    return is_frame_view(view & ~(unsigned)RESIGHT_VIEW_REDUCED);
}

static int get_hello(const uint8_t *fields, record_hello *out, resight_error *error) {
    record_hello got;
    memcpy(&got, fields, sizeof got);
    if (got.walls & ~RESIGHT_WALLS)
        return refuse(error, "a greeting with unknown walls");
    *out = got;
    return RESIGHT_OK;
}

static int get_mark(const uint8_t *fields, resight_mark *out, resight_error *error) {
    resight_mark got;
    memcpy(&got, fields, sizeof got);
    if (got.time_us < 0 || got.frame_number < 0)
        return refuse(error, "a mark before the first frame");
    if (got.quality > 100 || got.transform >= RESIGHT_TRANSFORMS || !is_view(got.view) ||
        (got.dialect != RESIGHT_PDQ && got.dialect != RESIGHT_PDQ512))
        return refuse(error, "a mark out of range");
    *out = got;
    return RESIGHT_OK;
}

/* The fields are size_bytes long, at least those before the pixels. */
static int get_thumbnail(const uint8_t *fields, size_t size_bytes, resight_thumbnail *out, resight_error *error) {
    wire_thumbnail got;
    memcpy(&got, fields, sizeof got);
    if (got.time_us < 0 || !is_frame_view(got.view) || got.zero != 0)
        return refuse(error, "a thumbnail out of range");
    if (got.width_px < 1 || got.height_px < 1 || got.width_px > RESIGHT_THUMBNAIL_SIDE_PX ||
        got.height_px > RESIGHT_THUMBNAIL_SIDE_PX || size_bytes - sizeof got != (size_t)got.width_px * got.height_px)
        return refuse(error, "a thumbnail of another size than it says");
    *out = (resight_thumbnail){
        .image = {fields + sizeof got, got.width_px, got.height_px, got.width_px, RESIGHT_GRAY8},
        .time_us = got.time_us,
        .view = (resight_view)got.view,
    };
    return RESIGHT_OK;
}

static bool is_failure(int32_t status) {
    return status >= RESIGHT_E_BUSY && status < RESIGHT_OK;
}

static bool is_possible(const wire_end *got) {
    return (got->kind == RESIGHT_IMAGE || got->kind == RESIGHT_VIDEO) && got->format <= RESIGHT_FORMAT_VIDEO &&
           got->width_px >= 1 && got->width_px <= MAX_SIDE_PX && got->height_px >= 1 && got->height_px <= MAX_SIDE_PX &&
           got->orientation < RESIGHT_TRANSFORMS && got->duration_us >= 0 && isfinite(got->frames_per_second) &&
           got->frames_per_second >= 0;
}

static resight_media_info info_of(const wire_end *got) {
    resight_media_info info = {
        .kind = (resight_media_kind)got->kind,
        .format = (resight_format)got->format,
        .width_px = got->width_px,
        .height_px = got->height_px,
        .orientation = (resight_transform)got->orientation,
        .duration_us = got->duration_us,
        .frames_per_second = got->frames_per_second,
    };
    memcpy(info.codec, got->codec, sizeof got->codec);
    return info;
}

static int get_end(const uint8_t *fields, record_end *out, resight_error *error) {
    wire_end got;
    uint8_t again[sizeof got];
    memcpy(&got, fields, sizeof got);
    record_end end = {.status = got.status, .damaged = got.damaged == 1};
    if (got.status != RESIGHT_OK && !is_failure(got.status))
        return refuse(error, "a status that does not exist");
    if (got.status == RESIGHT_OK && !is_possible(&got))
        return refuse(error, "a description of no possible file");
    if (got.status == RESIGHT_OK)
        end.info = info_of(&got);
    else
        memcpy(end.error.text, got.text, sizeof got.text);
    /* A text without an end or with a word to the terminal, a description beside a failure: not as it is written. */
    put_end(&end, again);
    if (memcmp(again, fields, sizeof again) != 0)
        return refuse(error, "an end out of range");
    *out = end;
    return RESIGHT_OK;
}

static bool is_length_of(const wire_header *header) {
    switch (header->kind) {
    case RECORD_HELLO: return header->size_bytes == sizeof(record_hello);
    case RECORD_MARK: return header->size_bytes == sizeof(resight_mark);
    case RECORD_THUMBNAIL:
        return header->size_bytes > sizeof(wire_thumbnail) &&
               header->size_bytes <= sizeof(wire_thumbnail) + RESIGHT_THUMBNAIL_BYTES_MAX;
    case RECORD_END: return header->size_bytes == sizeof(wire_end);
    case RECORD_TMK: return header->size_bytes == RESIGHT_TMK_FILE_BYTES;
    }
    return false;
}

static int get_fields(const wire_header *header, const uint8_t *fields, record *out, resight_error *error) {
    out->kind = (record_kind)header->kind;
    switch (out->kind) {
    case RECORD_HELLO: return get_hello(fields, &out->hello, error);
    case RECORD_MARK: return get_mark(fields, &out->mark, error);
    case RECORD_THUMBNAIL: return get_thumbnail(fields, header->size_bytes, &out->thumbnail, error);
    case RECORD_TMK: out->signature = fields; return RESIGHT_OK;
    case RECORD_END: break;
    }
    return get_end(fields, &out->end, error);
}

int record_read(const uint8_t *bytes, size_t size_bytes, record *out, size_t *used_bytes, resight_error *error) {
    wire_header header;
    record got;
    if (size_bytes < sizeof header)
        return RESIGHT_END;
    memcpy(&header, bytes, sizeof header);
    if (!is_length_of(&header))
        return refuse(error, "a record of no known kind or length");
    if (size_bytes - sizeof header < header.size_bytes)
        return RESIGHT_END;
    const int status = get_fields(&header, bytes + sizeof header, &got, error);
    if (status != RESIGHT_OK)
        return status;
    *out = got;
    *used_bytes = sizeof header + header.size_bytes;
    return RESIGHT_OK;
}

/* ---- Order ----------------------------------------------------------------------------------- */

/* Of one frame, all its views counted. */
static unsigned marks_a_frame(const resight_marking *how) {
    const unsigned turns = how->turning == RESIGHT_AS_STORED ? 1 : RESIGHT_TRANSFORMS;
    return RESIGHT_VIEWS * turns * (how->reduced ? 2 : 1);
}

static bool is_asked_for(const answer *a, const resight_mark *mark) {
    return !a->tmk && mark->dialect == (unsigned)a->how.dialect &&
           (mark->transform == RESIGHT_ORIGINAL || a->how.turning != RESIGHT_AS_STORED) &&
           (!(mark->view & RESIGHT_VIEW_REDUCED) || a->how.reduced) &&
           (!(mark->view & RESIGHT_VIEW_APPROXIMATE) || a->fast);
}

uint64_t answer_minute(const answer *so_far) {
    return (uint64_t)so_far->time_us / MINUTE_US;
}

/* Numbers stop at the largest, in a stream of more than a year. */
static bool is_next_frame(const answer *a, const resight_mark *mark) {
    return a->frames == 0 ||
           (mark->time_us > a->time_us && (mark->frame_number > a->frame_number || mark->frame_number == INT32_MAX));
}

static int take_mark(answer *a, const resight_mark *mark, resight_error *error) {
    if (!is_asked_for(a, mark))
        return refuse(error, "a mark that was not asked for");
    if (a->frames > 0 && mark->time_us == a->time_us && mark->frame_number == a->frame_number)
        return ++a->marks <= marks_a_frame(&a->how) ? RESIGHT_OK : refuse(error, "more marks than a frame can have");
    if (!is_next_frame(a, mark))
        return refuse(error, "frames that go back in time");
    const uint64_t minute = answer_minute(a);
    a->time_us = mark->time_us;
    a->frames = a->stream && answer_minute(a) != minute ? 1 : a->frames + 1;
    a->marks = 1;
    a->pictures = 0;
    a->frame_number = mark->frame_number;
    return a->max_frames == 0 || a->frames <= a->max_frames ? RESIGHT_OK
                                                            : refuse(error, "more frames than the limit allows");
}

static int take_thumbnail(answer *a, const resight_thumbnail *picture, resight_error *error) {
    if (!a->thumbnails || ((picture->view & RESIGHT_VIEW_APPROXIMATE) && !a->fast))
        return refuse(error, "a thumbnail that was not asked for");
    if (a->frames == 0 || picture->time_us != a->time_us || ++a->pictures > RESIGHT_VIEWS)
        return refuse(error, "a thumbnail of no frame");
    return RESIGHT_OK;
}

static int take_tmk(answer *a, const uint8_t *signature, resight_error *error) {
    if (!a->tmk || a->has_tmk)
        return refuse(error, "a signature that was not asked for");
    a->has_tmk = true;
    const int status = resight_tmk_unpack(signature, RESIGHT_TMK_FILE_BYTES, a->tmk, error);
    return status == RESIGHT_OK || status == RESIGHT_E_NOMEM ? status : refuse(error, "what is no signature");
}

static int take_end(answer *a, const record_end *end, resight_error *error) {
    a->ended = true;
    if (a->tmk)
        return a->has_tmk == (end->status == RESIGHT_OK) ? RESIGHT_OK
                                                         : refuse(error, "a signature of a failure, or none");
    if (end->status == RESIGHT_OK && end->info.kind == RESIGHT_IMAGE &&
        (a->frames != 1 || a->time_us != 0 || a->frame_number != 0))
        return refuse(error, "a picture of other than one frame");
    return RESIGHT_OK;
}

int answer_take(answer *so_far, const record *next, resight_error *error) {
    if (so_far->ended)
        return refuse(error, "more after the end");
    switch (next->kind) {
    case RECORD_MARK: return take_mark(so_far, &next->mark, error);
    case RECORD_THUMBNAIL: return take_thumbnail(so_far, &next->thumbnail, error);
    case RECORD_END: return take_end(so_far, &next->end, error);
    case RECORD_TMK: return take_tmk(so_far, next->signature, error);
    case RECORD_HELLO: break;
    }
    return refuse(error, "a second greeting");
}
