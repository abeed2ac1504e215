/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records to bytes and back: the only code that knows where a field lies. Every record starts with the CRC-32C of all
 * that follows it; FORMAT.md has the same tables in words. Numbers are little-endian, as the machine is.
 */
#include "schema.h"

#include "base/size.h"
#include "crc32c.h"
#include <string.h>
#include <time.h>

static const char format_magic[8] = "resight";
static const char extent_magic[4] = "RSEG";
/* Reads otherwise on a machine with another order of bytes. */
#define BYTE_ORDER_MARK 0x01020304u

#define PUT(field, at)                                                                                                 \
    do {                                                                                                               \
        const __typeof__(field) value_ = (field);                                                                      \
        memcpy(out + (at), &value_, sizeof value_);                                                                    \
    } while (0)
#define GET(variable, at) memcpy(&(variable), (const uint8_t *)bytes + (at), sizeof(variable))

static void seal(uint8_t *record, size_t size) {
    const uint32_t crc = crc32c(record + 4, size - 4);
    memcpy(record, &crc, sizeof crc);
}

static bool intact(const void *record, size_t size) {
    uint32_t crc;
    memcpy(&crc, record, sizeof crc);
    return crc == crc32c((const uint8_t *)record + 4, size - 4);
}

int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void format_pack(const db_format *format, uint8_t out[FORMAT_BYTES]) {
    memset(out, 0, FORMAT_BYTES);
    memcpy(out + 8, format_magic, sizeof format_magic);
    PUT(format->version, 16);
    PUT((uint32_t)BYTE_ORDER_MARK, 20);
    PUT(format->radius_bits, 24);
    PUT(format->created_us, 32);
    seal(out, FORMAT_BYTES);
}

/* A later version keeps the first 20 bytes and the checksum's place, so that this one can name it. */
int format_unpack(const void *bytes, size_t size, db_format *out) {
    uint32_t order;
    if (size < FORMAT_BYTES || !intact(bytes, size))
        return RESIGHT_E_DAMAGED;
    if (memcmp((const uint8_t *)bytes + 8, format_magic, sizeof format_magic) != 0)
        return RESIGHT_E_VERSION;
    GET(out->version, 16);
    GET(order, 20);
    if (out->version != FORMAT_VERSION || order != BYTE_ORDER_MARK)
        return RESIGHT_E_VERSION;
    GET(out->radius_bits, 24);
    GET(out->created_us, 32);
    return size == FORMAT_BYTES && out->radius_bits <= RADIUS_MAX_BITS ? RESIGHT_OK : RESIGHT_E_DAMAGED;
}

void state_pack(const db_state *state, uint8_t out[STATE_BYTES]) {
    memset(out, 0, STATE_BYTES);
    PUT(state->next_bank, 4);
    PUT(state->next_entry, 8);
    PUT(state->next_segment, 16);
    PUT(state->tail.hashes, 24);
    PUT(state->tail.patches, 32);
    seal(out, STATE_BYTES);
}

int state_unpack(const void *bytes, size_t size, db_state *out) {
    if (size != STATE_BYTES || !intact(bytes, size))
        return RESIGHT_E_DAMAGED;
    GET(out->next_bank, 4);
    GET(out->next_entry, 8);
    GET(out->next_segment, 16);
    GET(out->tail.hashes, 24);
    GET(out->tail.patches, 32);
    return out->next_bank >= 1 && out->next_entry >= 1 && out->next_segment >= 1 ? RESIGHT_OK : RESIGHT_E_DAMAGED;
}

void manifest_pack(const db_manifest *manifest, uint8_t *out) {
    memset(out, 0, MANIFEST_BYTES(0));
    PUT(manifest->count, 4);
    PUT(manifest->generation, 8);
    PUT(manifest->covered_entry, 16);
    for (size_t i = 0; i < manifest->count; i++) {
        const manifest_item *item = &manifest->item[i];
        const size_t at = MANIFEST_BYTES(i);
        PUT(item->segment, at);
        PUT(item->first_entry, at + 8);
        PUT(item->last_entry, at + 16);
        PUT((uint32_t)item->held.hashes, at + 24);
        PUT((uint32_t)item->dead.hashes, at + 28);
        PUT((uint32_t)item->held.patches, at + 32);
        PUT((uint32_t)item->dead.patches, at + 36);
    }
    seal(out, MANIFEST_BYTES(manifest->count));
}

/* Ranges rise and do not overlap; nothing reaches past what is covered. */
static bool manifest_in_order(const db_manifest *manifest) {
    uint64_t last = 0;
    for (uint32_t i = 0; i < manifest->count; i++) {
        const manifest_item *item = &manifest->item[i];
        if (item->first_entry <= last || item->last_entry < item->first_entry || amount_size(item->held) == 0 ||
            item->held.hashes > SEGMENT_MAX_HASHES || item->held.patches > SEGMENT_MAX_PATCHES ||
            !amount_within(item->dead, item->held))
            return false;
        last = item->last_entry;
    }
    return last <= manifest->covered_entry;
}

int manifest_unpack(const void *bytes, size_t size, db_manifest *out) {
    if (size < MANIFEST_BYTES(0) || !intact(bytes, size))
        return RESIGHT_E_DAMAGED;
    GET(out->count, 4);
    GET(out->generation, 8);
    GET(out->covered_entry, 16);
    if (out->count > RESIGHT_MAX_SEGMENTS || size != MANIFEST_BYTES(out->count))
        return RESIGHT_E_DAMAGED;
    for (size_t i = 0; i < out->count; i++) {
        manifest_item *item = &out->item[i];
        const size_t at = MANIFEST_BYTES(i);
        uint32_t amount[4];
        GET(item->segment, at);
        GET(item->first_entry, at + 8);
        GET(item->last_entry, at + 16);
        GET(amount, at + 24);
        item->held = (db_amount){amount[0], amount[2]};
        item->dead = (db_amount){amount[1], amount[3]};
    }
    return manifest_in_order(out) ? RESIGHT_OK : RESIGHT_E_DAMAGED;
}

int resight_bank_name_ok(const char *name) {
    size_t length = 0;
    if (name[0] == '.')
        return 0;
    for (; name[length]; length++) {
        const char c = name[length];
        const bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                          c == '-' || c == '.';
        if (!good || length == RESIGHT_BANK_NAME_MAX)
            return 0;
    }
    return length > 0;
}

int bank_check(const resight_bank *bank, resight_error *error) {
    if (!memchr(bank->name, 0, sizeof bank->name) || !resight_bank_name_ok(bank->name))
        return resight_fail(error, RESIGHT_E_ARG,
                            "bank name \"%.*s\": expected 1 to %d of A-Z a-z 0-9 _ - . , not starting with a dot",
                            RESIGHT_BANK_NAME_MAX, bank->name, RESIGHT_BANK_NAME_MAX);
    if (bank->polarity != RESIGHT_POSITIVE && bank->polarity != RESIGHT_NEGATIVE)
        return resight_fail(error, RESIGHT_E_ARG, "bank %s: polarity %d is neither positive (1) nor negative (2)",
                            bank->name, (int)bank->polarity);
    if (bank->radius_bits > 256)
        return resight_fail(error, RESIGHT_E_ARG, "bank %s: radius %u, expected 0 to 256 bits", bank->name,
                            bank->radius_bits);
    if (bank->min_quality > 100)
        return resight_fail(error, RESIGHT_E_ARG, "bank %s: minimum quality %u, expected 0 to 100", bank->name,
                            bank->min_quality);
    return RESIGHT_OK;
}

size_t bank_pack(const bank_record *record, uint8_t out[BANK_BYTES]) {
    const resight_bank *bank = &record->bank;
    const size_t name_bytes = strlen(bank->name);
    memset(out, 0, BANK_BYTES);
    PUT(bank->id, 4);
    PUT((uint32_t)bank->polarity, 8);
    PUT(bank->radius_bits, 12);
    PUT(bank->min_quality, 16);
    PUT((uint32_t)name_bytes, 20);
    PUT(bank->entries, 24);
    PUT(record->videos, 32);
    PUT(record->held.hashes, 40);
    PUT(record->held.patches, 48);
    memcpy(out + BANK_HEAD_BYTES, bank->name, name_bytes);
    seal(out, BANK_HEAD_BYTES + name_bytes);
    return BANK_HEAD_BYTES + name_bytes;
}

int bank_unpack(const void *bytes, size_t size, bank_record *out) {
    uint32_t polarity, name_bytes;
    if (size < BANK_HEAD_BYTES || size > BANK_BYTES || !intact(bytes, size))
        return RESIGHT_E_DAMAGED;
    *out = (bank_record){0};
    GET(out->bank.id, 4);
    GET(polarity, 8);
    GET(out->bank.radius_bits, 12);
    GET(out->bank.min_quality, 16);
    GET(name_bytes, 20);
    GET(out->bank.entries, 24);
    GET(out->videos, 32);
    GET(out->held.hashes, 40);
    GET(out->held.patches, 48);
    out->bank.polarity = (resight_polarity)polarity;
    memcpy(out->bank.name, (const uint8_t *)bytes + BANK_HEAD_BYTES, size - BANK_HEAD_BYTES);
    const bool good = name_bytes == size - BANK_HEAD_BYTES && strlen(out->bank.name) == name_bytes;
    return good && bank_check(&out->bank, NULL) == RESIGHT_OK ? RESIGHT_OK : RESIGHT_E_DAMAGED;
}

static const char bank_prefix[4] = {'b', 'a', 'n', 'k'};

bank_key bank_key_of(uint32_t id) {
    bank_key key;
    const uint32_t big_endian = __builtin_bswap32(id);
    memcpy(key.bytes, bank_prefix, sizeof bank_prefix);
    memcpy(key.bytes + sizeof bank_prefix, &big_endian, sizeof big_endian);
    return key;
}

bool is_bank_key(const void *key, size_t size) {
    return size == sizeof(bank_key) && memcmp(key, bank_prefix, sizeof bank_prefix) == 0;
}

uint32_t bank_key_id(const void *key) {
    uint32_t big_endian;
    memcpy(&big_endian, (const uint8_t *)key + sizeof bank_prefix, sizeof big_endian);
    return __builtin_bswap32(big_endian);
}

digest_key digest_key_of(const uint8_t sha256[32], uint32_t bank) {
    digest_key key;
    memcpy(key.bytes, sha256, 32);
    const uint32_t big_endian = __builtin_bswap32(bank);
    memcpy(key.bytes + 32, &big_endian, sizeof big_endian);
    return key;
}

uint32_t digest_key_bank(const void *key) {
    uint32_t big_endian;
    memcpy(&big_endian, (const uint8_t *)key + 32, sizeof big_endian);
    return __builtin_bswap32(big_endian);
}

void extent_seal(const extent_head *head, uint8_t *value, size_t size) {
    uint8_t *out = value;
    memset(out, 0, EXTENT_HEAD_BYTES);
    memcpy(out + 4, extent_magic, sizeof extent_magic);
    PUT(head->segment, 8);
    PUT(head->array_bytes, 16);
    PUT(head->number, 24);
    PUT(head->hashes, 28);
    PUT(head->entries, 32);
    PUT(head->patches, 36);
    seal(out, size);
}

int extent_unpack(const void *bytes, size_t size, uint64_t key, extent_head *out) {
    if (size < EXTENT_HEAD_BYTES || memcmp((const uint8_t *)bytes + 4, extent_magic, sizeof extent_magic) != 0)
        return RESIGHT_E_DAMAGED;
    GET(out->segment, 8);
    GET(out->array_bytes, 16);
    GET(out->number, 24);
    GET(out->hashes, 28);
    GET(out->entries, 32);
    GET(out->patches, 36);
    return EXTENT_KEY(out->segment, out->number) == key ? RESIGHT_OK : RESIGHT_E_DAMAGED;
}

bool extent_intact(const void *value, size_t size) {
    return intact(value, size);
}

static void bands_pack(const resight_index_plan *plan, uint8_t *out) {
    for (size_t b = 0; b < plan->band_count; b++) {
        PUT(plan->band[b].first_bit, 4 * b);
        PUT(plan->band[b].width_bits, 4 * b + 2);
        PUT(plan->band[b].radius_bits, 4 * b + 3);
    }
}

static void bands_unpack(const uint8_t *bytes, resight_index_plan *out) {
    for (size_t b = 0; b < out->band_count; b++) {
        GET(out->band[b].first_bit, 4 * b);
        GET(out->band[b].width_bits, 4 * b + 2);
        GET(out->band[b].radius_bits, 4 * b + 3);
    }
}

size_t plan_pack(const segment_plan *plan, uint8_t *out) {
    PUT(plan->hashes.radius_bits, 0);
    PUT(plan->hashes.band_count, 4);
    PUT(plan->keys.radius_bits, 8);
    PUT(plan->keys.band_count, 12);
    bands_pack(&plan->hashes, out + PLAN_BYTES(0));
    bands_pack(&plan->keys, out + PLAN_BYTES(plan->hashes.band_count));
    return PLAN_BYTES(plan->hashes.band_count + plan->keys.band_count);
}

int plan_unpack(const void *bytes, size_t size, segment_plan *out) {
    *out = (segment_plan){0};
    if (size < PLAN_BYTES(0))
        return RESIGHT_E_DAMAGED;
    GET(out->hashes.radius_bits, 0);
    GET(out->hashes.band_count, 4);
    GET(out->keys.radius_bits, 8);
    GET(out->keys.band_count, 12);
    if (out->hashes.band_count > RESIGHT_MAX_BANDS || out->keys.band_count > RESIGHT_MAX_KEY_BANDS ||
        size < PLAN_BYTES(out->hashes.band_count + out->keys.band_count))
        return RESIGHT_E_DAMAGED;
    bands_unpack((const uint8_t *)bytes + PLAN_BYTES(0), &out->hashes);
    bands_unpack((const uint8_t *)bytes + PLAN_BYTES(out->hashes.band_count), &out->keys);
    const bool hashes_hold = out->hashes.band_count == 0 || resight_index_plan_check(&out->hashes) == RESIGHT_OK;
    return hashes_hold && resight_key_plan_check(&out->keys) == RESIGHT_OK ? RESIGHT_OK : RESIGHT_E_DAMAGED;
}

uint32_t chunk_patches(uint32_t patch_count, uint32_t chunk) {
    const uint32_t left = patch_count - chunk * CHUNK_PATCHES;
    return left < CHUNK_PATCHES ? left : CHUNK_PATCHES;
}

void chunk_pack(const resight_patch *patches, uint32_t count, uint8_t *out) {
    memset(out, 0, CHUNK_BYTES(0));
    memcpy(out + CHUNK_BYTES(0), patches, count * sizeof *patches);
    seal(out, CHUNK_BYTES(count));
}

const uint8_t *chunk_unpack(const void *bytes, size_t size, uint32_t count) {
    const bool holds = size == CHUNK_BYTES(count) && intact(bytes, size);
    return holds ? (const uint8_t *)bytes + CHUNK_BYTES(0) : NULL;
}
