/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry to bytes and back. The record holds everything that is known of the entry but its patches, which lie in
 * chunks beside it: the index is derived from these records and can always be made again.
 */
#include "crc32c.h"
#include "schema.h"

#include "base/size.h"
#include <string.h>

/* Offsets in the head of the record; the marks, the sets of patches, the name and the labels follow it. */
enum {
    AT_CRC = 0,
    AT_BANK = 4,
    AT_ID = 8,
    AT_ADDED = 16,
    AT_DURATION = 24,
    AT_SHA256 = 32,
    AT_MARK_COUNT = 64,
    AT_LABEL_BYTES = 68,
    AT_NAME_BYTES = 72,
    AT_LABEL_COUNT = 74,
    AT_KIND = 76,
    AT_HAS_SHA256 = 77,
    AT_PATCH_COUNT = 80,
    AT_SET_COUNT = 84,
    HEAD_BYTES = 88
};

#define LABEL_KEY_MAX 255
#define LABEL_VALUE_MAX 65535

static const char *name_of(const resight_entry *entry) {
    return entry->name ? entry->name : "";
}

static int label_check(const resight_label *label, size_t *bytes, resight_error *error) {
    if (!label->key || !label->value)
        return resight_fail(error, RESIGHT_E_ARG, "a label without key or value");
    const size_t key_bytes = strnlen(label->key, LABEL_KEY_MAX + 1);
    const size_t value_bytes = strnlen(label->value, LABEL_VALUE_MAX + 1);
    if (key_bytes < 1 || key_bytes > LABEL_KEY_MAX || strchr(label->key, '='))
        return resight_fail(error, RESIGHT_E_ARG, "label key \"%.40s\": expected 1 to %d bytes without '='", label->key,
                            LABEL_KEY_MAX);
    if (value_bytes > LABEL_VALUE_MAX)
        return resight_fail(error, RESIGHT_E_ARG, "label %.40s: value over %d bytes", label->key, LABEL_VALUE_MAX);
    *bytes += key_bytes + value_bytes + 2;
    return RESIGHT_OK;
}

/* A raster of a frame, or that reduced, or that trimmed: rectangles are looked for in queries only. */
static bool view_ok(unsigned view) {
    const unsigned trimmed = RESIGHT_VIEW_REDUCED | RESIGHT_VIEW_TRIMMED, part = view & trimmed;
    return (view & ~trimmed) < RESIGHT_VIEWS && part != RESIGHT_VIEW_TRIMMED;
}

static bool mark_in_range(const resight_mark *mark) {
    return mark->quality <= 100 && (mark->dialect == RESIGHT_PDQ || mark->dialect == RESIGHT_PDQ512) &&
           mark->transform < RESIGHT_TRANSFORMS && view_ok(mark->view);
}

static int mark_check(const resight_entry *entry, uint32_t i, resight_error *error) {
    const resight_mark *mark = &entry->marks[i];
    if (!mark_in_range(mark))
        return resight_fail(error, RESIGHT_E_ARG,
                            "mark %u: quality %u, dialect %u, transform %u, view %u: out of range", i, mark->quality,
                            mark->dialect, mark->transform, mark->view);
    if (i > 0 && mark->time_us < entry->marks[i - 1].time_us)
        return resight_fail(error, RESIGHT_E_ARG, "mark %u lies before mark %u in time", i, i - 1);
    return RESIGHT_OK;
}

/* Sets lie one after the other, in time and in the array of patches. What is unnamed is zero: it is stored as it is. */
static bool set_follows(const resight_patch_set *set, const resight_patch_set *last) {
    const uint32_t first = last ? last->first + last->count : 0;
    if (set->zero[0] | set->zero[1] | set->zero[2])
        return false;
    return set->first == first && set->count >= 1 && set->count <= RESIGHT_ENTRY_PATCHES_MAX - first &&
           set->width_px >= 1 && set->height_px >= 1 && (set->view & ~RESIGHT_VIEW_REDUCED) < RESIGHT_VIEWS &&
           (!last || set->time_us >= last->time_us);
}

static int sets_check(const resight_entry *entry, resight_error *error) {
    const resight_patch_set *last = NULL;
    if (entry->patch_count > RESIGHT_ENTRY_PATCHES_MAX || entry->patch_set_count > entry->patch_count ||
        (entry->patch_count > 0 && (!entry->patches || !entry->patch_sets)))
        return resight_fail(error, RESIGHT_E_ARG, "%u patches in %u sets, expected at most %u, and one in each set",
                            entry->patch_count, entry->patch_set_count, RESIGHT_ENTRY_PATCHES_MAX);
    for (uint32_t i = 0; i < entry->patch_set_count; last = &entry->patch_sets[i++])
        if (!set_follows(&entry->patch_sets[i], last))
            return resight_fail(error, RESIGHT_E_ARG, "patch set %u: empty, out of range, or not after the one before",
                                i);
    if (entry->patch_count != (last ? last->first + last->count : 0))
        return resight_fail(error, RESIGHT_E_ARG, "%u patches, but the sets do not end there", entry->patch_count);
    return RESIGHT_OK;
}

static int counts_check(const resight_entry *entry, resight_error *error) {
    if (entry->kind != RESIGHT_IMAGE && entry->kind != RESIGHT_VIDEO)
        return resight_fail(error, RESIGHT_E_ARG, "kind %d is neither image (1) nor video (2)", (int)entry->kind);
    if (strnlen(name_of(entry), RESIGHT_NAME_MAX + 1) > RESIGHT_NAME_MAX)
        return resight_fail(error, RESIGHT_E_ARG, "name over %d bytes", RESIGHT_NAME_MAX);
    if (entry->label_count > RESIGHT_LABELS_MAX || (entry->label_count > 0 && !entry->labels))
        return resight_fail(error, RESIGHT_E_ARG, "%u labels, expected at most %d", entry->label_count,
                            RESIGHT_LABELS_MAX);
    if (entry->mark_count > RESIGHT_MARKS_MAX || (entry->mark_count > 0 && !entry->marks))
        return resight_fail(error, RESIGHT_E_ARG, "%u marks, expected at most %u", entry->mark_count,
                            RESIGHT_MARKS_MAX);
    return RESIGHT_OK;
}

int entry_check(const resight_entry *entry, size_t *size, resight_error *error) {
    int status = counts_check(entry, error);
    size_t label_bytes = 0;
    for (uint32_t i = 0; status == RESIGHT_OK && i < entry->label_count; i++)
        status = label_check(&entry->labels[i], &label_bytes, error);
    for (uint32_t i = 0; status == RESIGHT_OK && i < entry->mark_count; i++)
        status = mark_check(entry, i, error);
    if (status == RESIGHT_OK)
        status = sets_check(entry, error);
    if (status == RESIGHT_OK)
        *size = HEAD_BYTES + entry->mark_count * sizeof(resight_mark) +
                entry->patch_set_count * sizeof(resight_patch_set) + strlen(name_of(entry)) + 1 + label_bytes;
    return status;
}

static char *append(char *to, const char *text) {
    return stpcpy(to, text) + 1;
}

#define PUT(field, at) memcpy(out + (at), &(field), sizeof(field))

void entry_pack(const resight_entry *entry, uint8_t *out, size_t size) {
    const size_t mark_bytes = entry->mark_count * sizeof(resight_mark);
    const size_t set_bytes = entry->patch_set_count * sizeof(resight_patch_set), array_bytes = mark_bytes + set_bytes;
    const uint16_t name_bytes = (uint16_t)strlen(name_of(entry)), label_count = (uint16_t)entry->label_count;
    const uint32_t label_bytes = (uint32_t)(size - HEAD_BYTES - array_bytes - name_bytes - 1);
    memset(out, 0, HEAD_BYTES);
    PUT(entry->bank, AT_BANK);
    PUT(entry->id, AT_ID);
    PUT(entry->added_us, AT_ADDED);
    PUT(entry->duration_us, AT_DURATION);
    PUT(entry->mark_count, AT_MARK_COUNT);
    PUT(label_bytes, AT_LABEL_BYTES);
    PUT(name_bytes, AT_NAME_BYTES);
    PUT(label_count, AT_LABEL_COUNT);
    PUT(entry->patch_count, AT_PATCH_COUNT);
    PUT(entry->patch_set_count, AT_SET_COUNT);
    out[AT_KIND] = (uint8_t)entry->kind;
    out[AT_HAS_SHA256] = entry->has_sha256;
    if (entry->has_sha256)
        memcpy(out + AT_SHA256, entry->sha256, 32);
    if (mark_bytes > 0)
        memcpy(out + HEAD_BYTES, entry->marks, mark_bytes);
    if (set_bytes > 0)
        memcpy(out + HEAD_BYTES + mark_bytes, entry->patch_sets, set_bytes);
    char *text = append((char *)out + HEAD_BYTES + array_bytes, name_of(entry));
    for (uint32_t i = 0; i < entry->label_count; i++)
        text = append(append(text, entry->labels[i].key), entry->labels[i].value);
    const uint32_t crc = crc32c(out + 4, size - 4);
    PUT(crc, AT_CRC);
}

/* Exactly 2 * count strings fill the bytes, keys and values in turn, each of a length that may be added. */
static bool labels_hold(const char *labels, size_t bytes, uint32_t count) {
    const char *at = labels, *end = labels + bytes;
    for (uint32_t i = 0; i < 2 * count; i++) {
        const bool is_key = i % 2 == 0;
        const size_t length = strnlen(at, (size_t)(end - at));
        if (length == (size_t)(end - at) || length > (is_key ? LABEL_KEY_MAX : LABEL_VALUE_MAX) ||
            (is_key && (length == 0 || memchr(at, '=', length))))
            return false;
        at += length + 1;
    }
    return at == end && count <= RESIGHT_LABELS_MAX;
}

/* Every mark is one that may be added, none before the one in front of it. */
static bool marks_hold(const entry_view *entry) {
    int64_t last_us = INT64_MIN;
    for (uint32_t i = 0; i < entry->mark_count; i++) {
        const resight_mark mark = entry_mark(entry, i);
        if (!mark_in_range(&mark) || mark.time_us < last_us)
            return false;
        last_us = mark.time_us;
    }
    return true;
}

#define GET(variable, at) memcpy(&(variable), bytes + (at), sizeof(variable))

/* The lengths in the head add up to the length of the record, and the texts end where they should. */
static bool lengths_hold(const uint8_t *bytes, size_t size, entry_view *out) {
    uint16_t name_bytes, label_count;
    uint32_t label_bytes;
    GET(out->mark_count, AT_MARK_COUNT);
    GET(label_bytes, AT_LABEL_BYTES);
    GET(name_bytes, AT_NAME_BYTES);
    GET(label_count, AT_LABEL_COUNT);
    GET(out->patch_count, AT_PATCH_COUNT);
    GET(out->set_count, AT_SET_COUNT);
    const size_t mark_bytes = out->mark_count * sizeof(resight_mark);
    const size_t set_bytes = out->set_count * sizeof(resight_patch_set);
    if (size != HEAD_BYTES + mark_bytes + set_bytes + name_bytes + 1 + label_bytes)
        return false;
    out->marks = bytes + HEAD_BYTES;
    out->sets = out->marks + mark_bytes;
    out->name = (const char *)out->sets + set_bytes;
    out->labels = out->name + name_bytes + 1;
    out->label_bytes = label_bytes;
    out->label_count = label_count;
    return name_bytes <= RESIGHT_NAME_MAX && strnlen(out->name, (size_t)name_bytes + 1) == name_bytes &&
           labels_hold(out->labels, label_bytes, label_count);
}

static bool sets_hold(const entry_view *entry) {
    resight_patch_set last = {0};
    for (uint32_t i = 0; i < entry->set_count; i++) {
        const resight_patch_set set = entry_set(entry, i);
        if (!set_follows(&set, i > 0 ? &last : NULL))
            return false;
        last = set;
    }
    return entry->patch_count == last.first + last.count;
}

int entry_unpack(const void *record, size_t size, uint64_t id, entry_view *out) {
    const uint8_t *bytes = record;
    uint32_t crc;
    *out = (entry_view){0};
    if (size < HEAD_BYTES)
        return RESIGHT_E_DAMAGED;
    GET(crc, AT_CRC);
    if (crc != crc32c(bytes + 4, size - 4) || !lengths_hold(bytes, size, out))
        return RESIGHT_E_DAMAGED;
    GET(out->bank, AT_BANK);
    GET(out->id, AT_ID);
    GET(out->added_us, AT_ADDED);
    GET(out->duration_us, AT_DURATION);
    out->sha256 = bytes + AT_SHA256;
    out->kind = (resight_media_kind)bytes[AT_KIND];
    out->has_sha256 = bytes[AT_HAS_SHA256] == 1;
    const bool kind_known = out->kind == RESIGHT_IMAGE || out->kind == RESIGHT_VIDEO;
    const bool in_range = out->mark_count <= RESIGHT_MARKS_MAX && bytes[AT_HAS_SHA256] <= 1;
    return out->id == id && kind_known && in_range && marks_hold(out) && sets_hold(out) ? RESIGHT_OK
                                                                                        : RESIGHT_E_DAMAGED;
}

resight_patch_set entry_set(const entry_view *entry, uint32_t set) {
    resight_patch_set out;
    memcpy(&out, entry->sets + set * sizeof out, sizeof out);
    return out;
}

db_amount entry_amount(const entry_view *entry) {
    return (db_amount){entry->mark_count, entry->patch_count};
}

resight_mark entry_mark(const entry_view *entry, uint32_t mark) {
    resight_mark out;
    memcpy(&out, entry->marks + mark * sizeof out, sizeof out);
    return out;
}
