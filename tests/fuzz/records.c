/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the database: the first byte says of which kind, and whether the checksum is made to hold. Whatever is
 * unpacked fits its own rules, and packs to a record that unpacks to the same.
 */
#include "crc32c.h"
#include "fuzz.h"
#include "schema.h"

#include <stdlib.h>

static void check_format(const uint8_t *bytes, size_t size_bytes) {
    db_format first = {0}, second = {0};
    uint8_t packed[FORMAT_BYTES];
    if (format_unpack(bytes, size_bytes, &first) != RESIGHT_OK)
        return;
    format_pack(&first, packed);
    PROPERTY(format_unpack(packed, sizeof packed, &second) == RESIGHT_OK && memcmp(&first, &second, sizeof first) == 0);
    PROPERTY(first.version == FORMAT_VERSION && first.radius_bits <= RADIUS_MAX_BITS);
}

static void check_state(const uint8_t *bytes, size_t size_bytes) {
    db_state first = {0}, second = {0};
    uint8_t packed[STATE_BYTES];
    if (state_unpack(bytes, size_bytes, &first) != RESIGHT_OK)
        return;
    state_pack(&first, packed);
    PROPERTY(state_unpack(packed, sizeof packed, &second) == RESIGHT_OK && memcmp(&first, &second, sizeof first) == 0);
}

static void check_manifest(const uint8_t *bytes, size_t size_bytes) {
    static db_manifest first, second;
    static uint8_t packed[MANIFEST_BYTES(RESIGHT_MAX_SEGMENTS)];
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    if (manifest_unpack(bytes, size_bytes, &first) != RESIGHT_OK)
        return;
    PROPERTY(size_bytes == MANIFEST_BYTES(first.count));
    manifest_pack(&first, packed);
    PROPERTY(manifest_unpack(packed, size_bytes, &second) == RESIGHT_OK && memcmp(&first, &second, sizeof first) == 0);
}

static void check_bank(const uint8_t *bytes, size_t size_bytes) {
    bank_record first = {0}, second = {0};
    uint8_t packed[BANK_BYTES];
    if (bank_unpack(bytes, size_bytes, &first) != RESIGHT_OK)
        return;
    PROPERTY(resight_bank_name_ok(first.bank.name) && bank_check(&first.bank, NULL) == RESIGHT_OK);
    PROPERTY(bank_pack(&first, packed) == size_bytes);
    PROPERTY(bank_unpack(packed, size_bytes, &second) == RESIGHT_OK && memcmp(&first, &second, sizeof first) == 0);
}

static resight_label *labels_of(const entry_view *view) {
    resight_label *labels = calloc(view->label_count + 1, sizeof *labels);
    const char *at = view->labels;
    for (uint32_t i = 0; labels && i < view->label_count; i++) {
        labels[i].key = at;
        at += strlen(at) + 1;
        labels[i].value = at;
        at += strlen(at) + 1;
    }
    PROPERTY(labels && at == view->labels + view->label_bytes);
    return labels;
}

/* The record with what no field covers, and the digest of an entry that has none, set to zero. */
static uint8_t *canonical(const uint8_t *bytes, size_t size_bytes, const entry_view *view) {
    uint8_t *copy = malloc(size_bytes);
    PROPERTY(copy);
    memcpy(copy, bytes, size_bytes);
    memset(copy + 78, 0, 2);
    if (!view->has_sha256)
        memset(copy + 32, 0, 32);
    const uint32_t crc = crc32c(copy + 4, size_bytes - 4);
    memcpy(copy, &crc, sizeof crc);
    return copy;
}

static void check_entry(const uint8_t *bytes, size_t size_bytes) {
    entry_view view;
    uint64_t id = 0;
    if (size_bytes >= 16)
        memcpy(&id, bytes + 8, sizeof id);
    if (entry_unpack(bytes, size_bytes, id, &view) != RESIGHT_OK)
        return;
    PROPERTY(entry_unpack(bytes, size_bytes, id + 1, &(entry_view){0}) == RESIGHT_E_DAMAGED);
    resight_label *labels = labels_of(&view);
    resight_mark *marks = calloc(view.mark_count + 1, sizeof *marks);
    for (uint32_t i = 0; i < view.mark_count; i++)
        marks[i] = entry_mark(&view, i);
    resight_entry entry = {.id = view.id,
                           .bank = view.bank,
                           .kind = view.kind,
                           .name = view.name,
                           .labels = labels,
                           .label_count = view.label_count,
                           .has_sha256 = view.has_sha256,
                           .added_us = view.added_us,
                           .duration_us = view.duration_us,
                           .marks = marks,
                           .mark_count = view.mark_count};
    resight_patch_set *sets = calloc(view.set_count + 1, sizeof *sets);
    for (uint32_t i = 0; i < view.set_count; i++)
        sets[i] = entry_set(&view, i);
    static resight_patch no_patch[RESIGHT_ENTRY_PATCHES_MAX]; /* they lie in records of their own */
    entry.patch_sets = sets;
    entry.patch_set_count = view.set_count;
    entry.patches = no_patch;
    entry.patch_count = view.patch_count;
    memcpy(entry.sha256, view.sha256, 32);
    size_t packed_bytes = 0;
    PROPERTY(entry_check(&entry, &packed_bytes, NULL) == RESIGHT_OK && packed_bytes == size_bytes);
    uint8_t *packed = malloc(packed_bytes), *expected = canonical(bytes, size_bytes, &view);
    entry_pack(&entry, packed, packed_bytes);
    PROPERTY(memcmp(packed, expected, packed_bytes) == 0);
    free(expected);
    free(packed);
    free(sets);
    free(marks);
    free(labels);
}

static void check_extent(const uint8_t *bytes, size_t size_bytes) {
    extent_head first = {0}, second = {0};
    uint64_t segment = 0;
    uint32_t number = 0;
    if (size_bytes >= EXTENT_HEAD_BYTES) {
        memcpy(&segment, bytes + 8, sizeof segment);
        memcpy(&number, bytes + 24, sizeof number);
    }
    const uint64_t key = EXTENT_KEY(segment, number);
    if (extent_unpack(bytes, size_bytes, key, &first) != RESIGHT_OK)
        return;
    uint8_t *packed = malloc(size_bytes);
    PROPERTY(packed);
    memcpy(packed, bytes, size_bytes);
    extent_seal(&first, packed, size_bytes);
    PROPERTY(extent_intact(packed, size_bytes) && extent_unpack(packed, size_bytes, key, &second) == RESIGHT_OK);
    PROPERTY(memcmp(&first, &second, sizeof first) == 0);
    free(packed);
}

static void check_plan(const uint8_t *bytes, size_t size_bytes) {
    segment_plan first = {0}, second = {0};
    uint8_t packed[PLAN_BYTES(SEGMENT_MAX_BANDS)] = {0};
    if (plan_unpack(bytes, size_bytes, &first) != RESIGHT_OK)
        return;
    const size_t packed_bytes = plan_pack(&first, packed);
    PROPERTY(packed_bytes <= size_bytes && memcmp(packed, bytes, packed_bytes) == 0);
    PROPERTY(plan_unpack(packed, packed_bytes, &second) == RESIGHT_OK && memcmp(&first, &second, sizeof first) == 0);
}

/* Patches of an entry. How many there must be is said by the entry: here, by the length. */
static void check_chunk(const uint8_t *bytes, size_t size_bytes) {
    const uint32_t count = size_bytes < CHUNK_BYTES(0) ? 0 : (uint32_t)((size_bytes - CHUNK_BYTES(0)) / 16);
    const uint8_t *patches = chunk_unpack(bytes, size_bytes, count);
    PROPERTY(!chunk_unpack(bytes, size_bytes, count + 1));
    if (!patches)
        return;
    PROPERTY(size_bytes == CHUNK_BYTES(count) && patches == bytes + CHUNK_BYTES(0));
    resight_patch *copy = calloc(count + 1, sizeof *copy);
    uint8_t *packed = malloc(size_bytes);
    PROPERTY(copy && packed);
    memcpy(copy, patches, count * sizeof *copy);
    chunk_pack(copy, count, packed);
    PROPERTY(memcmp(packed + CHUNK_BYTES(0), patches, count * sizeof *copy) == 0);
    PROPERTY(chunk_unpack(packed, size_bytes, count) != NULL);
    free(packed);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    static void (*const checks[])(const uint8_t *, size_t) = {check_format, check_state,  check_manifest, check_bank,
                                                              check_entry,  check_extent, check_plan,     check_chunk};
    enum { KINDS = sizeof checks / sizeof *checks, PLAN = 6, AS_IT_IS = 0x80 };
    fuzz_input in = {bytes, size_bytes};
    const uint8_t kind = take8(&in);
    const size_t record_bytes = in.left;
    uint8_t *record = malloc(record_bytes);
    PROPERTY(record || record_bytes == 0);
    take(&in, record, record_bytes);
    if (!(kind & AS_IT_IS) && kind % KINDS != PLAN && record_bytes >= 4) {
        const uint32_t crc = crc32c(record + 4, record_bytes - 4);
        memcpy(record, &crc, sizeof crc);
    }
    checks[kind % KINDS](record, record_bytes);
    free(record);
    return 0;
}
