/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What FORMAT.md says, in C: the tables, and each record between bytes and structs. Only schema.c knows an offset.
 * Unpacking checks everything that can be checked from the bytes alone, the checksum first.
 */
#ifndef RESIGHT_DB_SCHEMA_H
#define RESIGHT_DB_SCHEMA_H

#include <resight/db.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_POINTER__ != 8
#error "libresight-db uses segments in place, and LMDB's file has the machine's words: little-endian, 64-bit only"
#endif

#define FORMAT_VERSION 1
/* The guaranteed radius lies below the limit of resight_index_plan_for(). */
#define RADIUS_MAX_BITS 63
/* One value holds all hashes of a segment so that they lie in one piece: 1 GiB of them, under LMDB's 4 GiB - 1. */
#define SEGMENT_MAX_HASHES (1u << 25)
/* Before the arrays of a part. LMDB puts a large value 16 bytes into a page, so the array starts 64 bytes into it. */
#define PART_HEAD_BYTES 48

/* Keys of the table "meta". */
#define KEY_FORMAT "format"
#define KEY_STATE "state"
#define KEY_MANIFEST "manifest"

typedef struct db_format {
    uint32_t version, radius_bits;
    int64_t created_us;
} db_format;
#define FORMAT_BYTES 40

/* Numbers that were never given out before, and what is not yet indexed. */
typedef struct db_state {
    uint64_t next_entry, next_segment;
    uint64_t tail_hashes; /* of live entries past the manifest's covered_entry */
    uint32_t next_bank;
} db_state;
#define STATE_BYTES 40

typedef struct manifest_item {
    uint64_t segment;
    uint64_t first_entry, last_entry; /* every hash in the segment belongs to an entry in this range */
    uint32_t hashes, dead_hashes;     /* dead: their entry has been removed */
} manifest_item;

/* The segments that are current, in order of entry id. */
typedef struct db_manifest {
    uint64_t generation;    /* rises whenever the set of segments changes */
    uint64_t covered_entry; /* live entries up to here are in segments, later ones are the tail */
    uint32_t count;
    manifest_item item[RESIGHT_MAX_SEGMENTS];
} db_manifest;
#define MANIFEST_BYTES(count) (32 + (size_t)(count)*32)

typedef struct bank_record {
    resight_bank bank;
    uint64_t videos, hashes; /* of its live entries */
} bank_record;
#define BANK_BYTES (56 + RESIGHT_BANK_NAME_MAX)

/* An entry's record where it lies; borrowed, and marks are not aligned. */
typedef struct entry_view {
    uint64_t id;
    uint32_t bank, mark_count, label_count;
    resight_media_kind kind;
    bool has_sha256;
    int64_t added_us, duration_us;
    const uint8_t *sha256; /* [32] */
    const uint8_t *marks;
    const char *name;
    const char *labels; /* key NUL value NUL, label_count times */
    size_t label_bytes;
} entry_view;

/* Parts of a segment. Band b has its offsets in PART_BANDS + 2b and its postings in PART_BANDS + 2b + 1. */
enum { PART_PLAN = 0, PART_HASHES = 1, PART_ENTRIES = 2, PART_BANDS = 3 };
#define PART_KEY(segment, part) ((uint64_t)(segment) << 16 | (part))
#define PART_KEY_SEGMENT(key) ((uint64_t)(key) >> 16)

typedef struct part_head {
    uint64_t segment, payload_bytes;
    uint32_t part, hashes, entries;
} part_head;

/* The key of a digest: the digest, then the bank in big-endian so that keys sort by bank. */
typedef struct digest_key {
    uint8_t bytes[36];
} digest_key;

int64_t now_us(void);

void format_pack(const db_format *format, uint8_t out[FORMAT_BYTES]);
/* RESIGHT_OK, RESIGHT_E_DAMAGED, RESIGHT_E_VERSION */
int format_unpack(const void *bytes, size_t size, db_format *out);

void state_pack(const db_state *state, uint8_t out[STATE_BYTES]);
int state_unpack(const void *bytes, size_t size, db_state *out);

/* out has MANIFEST_BYTES(manifest->count) */
void manifest_pack(const db_manifest *manifest, uint8_t *out);
int manifest_unpack(const void *bytes, size_t size, db_manifest *out);

/* RESIGHT_OK, or RESIGHT_E_ARG and what is wrong with the policy or the name. */
int bank_check(const resight_bank *bank, resight_error *error);
size_t bank_pack(const bank_record *record, uint8_t out[BANK_BYTES]);
int bank_unpack(const void *bytes, size_t size, bank_record *out);

/* RESIGHT_OK and the length of the record, or RESIGHT_E_ARG and which field is out of range. */
int entry_check(const resight_entry *entry, size_t *size, resight_error *error);
void entry_pack(const resight_entry *entry, uint8_t *out, size_t size);
int entry_unpack(const void *bytes, size_t size, uint64_t id, entry_view *out);
resight_mark entry_mark(const entry_view *entry, uint32_t mark);

digest_key digest_key_of(const uint8_t sha256[32], uint32_t bank);
uint32_t digest_key_bank(const void *key);

/* Bytes of the whole value: head, payload, and zeros up to a page so that LMDB never stores it inside a leaf. */
size_t part_bytes(const part_head *head, size_t page_bytes);
/* Writes head and crc over a value whose payload is in place already. */
void part_seal(const part_head *head, uint8_t *value, size_t size);
/* The head alone; RESIGHT_E_DAMAGED when it does not fit the key or the size. The checksum is left to part_intact(). */
int part_unpack(const void *value, size_t size, uint64_t key, part_head *out);
bool part_intact(const void *value, size_t size);

/* Ids of entries, then where the hashes of each begin, and the number of hashes. */
#define ENTRIES_BYTES(entries) ((size_t)(entries)*12 + 4)
#define PLAN_BYTES(bands) (8 + (size_t)(bands)*4)
void plan_pack(const resight_index_plan *plan, uint8_t *out);
int plan_unpack(const void *bytes, size_t size, resight_index_plan *out);

#endif
