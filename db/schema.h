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

#define FORMAT_VERSION 3
/* The guaranteed radius lies below the limit of resight_index_plan_for(). */
#define RADIUS_MAX_BITS 63
#define SEGMENT_MAX_HASHES (1u << 25)
#define SEGMENT_MAX_PATCHES RESIGHT_KEY_INDEX_MAX

/* Keys of the table "meta". */
#define KEY_FORMAT "format"
#define KEY_STATE "state"
#define KEY_MANIFEST "manifest"

/* Of a bank, in the same table: so that an addition, which changes state and bank, writes one page for both. */
typedef struct bank_key {
    uint8_t bytes[8]; /* "bank", then its number in big-endian */
} bank_key;
bank_key bank_key_of(uint32_t id);
bool is_bank_key(const void *key, size_t size);
uint32_t bank_key_id(const void *key);

typedef struct db_format {
    uint32_t version, radius_bits;
    int64_t created_us;
} db_format;
#define FORMAT_BYTES 40

/* What entries bring into the index. */
typedef struct db_amount {
    uint64_t hashes, patches;
} db_amount;

static inline db_amount amount_sum(db_amount a, db_amount b) {
    return (db_amount){a.hashes + b.hashes, a.patches + b.patches};
}

static inline db_amount amount_less(db_amount a, db_amount b) {
    return (db_amount){a.hashes - b.hashes, a.patches - b.patches};
}

static inline bool amount_same(db_amount a, db_amount b) {
    return a.hashes == b.hashes && a.patches == b.patches;
}

/* Is none of `part` more than in `whole`? */
static inline bool amount_within(db_amount part, db_amount whole) {
    return part.hashes <= whole.hashes && part.patches <= whole.patches;
}

/* What is compared one by one costs about the same for either. */
static inline uint64_t amount_size(db_amount a) {
    return a.hashes + a.patches;
}

/* Numbers that were never given out before, and what is not yet indexed. */
typedef struct db_state {
    uint64_t next_entry, next_segment;
    db_amount tail; /* of live entries past the manifest's covered_entry */
    uint32_t next_bank;
} db_state;
#define STATE_BYTES 40

typedef struct manifest_item {
    uint64_t segment;
    uint64_t first_entry, last_entry; /* everything in the segment belongs to an entry in this range */
    db_amount held, dead;             /* dead: of these, what removed entries had */
} manifest_item;

/* The segments that are current, in order of entry id. */
typedef struct db_manifest {
    uint64_t generation;    /* rises whenever the set of segments changes */
    uint64_t covered_entry; /* live entries up to here are in segments, later ones are the tail */
    uint32_t count;
    manifest_item item[RESIGHT_MAX_SEGMENTS];
} db_manifest;
#define MANIFEST_BYTES(count) (32 + (size_t)(count)*40)

typedef struct bank_record {
    resight_bank bank;
    uint64_t videos; /* live */
    db_amount held;  /* by its live entries */
} bank_record;
#define BANK_HEAD_BYTES 56
#define BANK_BYTES (BANK_HEAD_BYTES + RESIGHT_BANK_NAME_MAX)

/* An entry's record where it lies; borrowed, and marks and sets are not aligned. */
typedef struct entry_view {
    uint64_t id;
    uint32_t bank, mark_count, label_count;
    uint32_t patch_count, set_count;
    resight_media_kind kind;
    bool has_sha256;
    int64_t added_us, duration_us;
    const uint8_t *sha256; /* [32] */
    const uint8_t *marks;
    const uint8_t *sets; /* of patches */
    const char *name;
    const char *labels; /* key NUL value NUL, label_count times */
    size_t label_bytes;
} entry_view;

/* An entry's patches lie in chunks of their own, so that neither reading an entry nor one patch reads them all. Eight
 * full chunks fill a page of LMDB's. */
#define CHUNK_PATCHES 30
#define CHUNK_BYTES(count) (8 + (size_t)(count) * sizeof(resight_patch))
#define CHUNK_COUNT(patches) (((uint32_t)(patches) + CHUNK_PATCHES - 1) / CHUNK_PATCHES)
#define CHUNK_KEY(entry, chunk) ((uint64_t)(entry) << 16 | (chunk))
#define CHUNK_KEY_ENTRY(key) ((uint64_t)(key) >> 16)
_Static_assert(CHUNK_COUNT(RESIGHT_ENTRY_PATCHES_MAX) <= 1 << 16, "the number of a chunk fits its key");

/* The arrays of a segment are stored in extents. An extent is one value: a head that fills what LMDB leaves of its
 * first page, then whole pages of the arrays. */
#define EXTENT_KEY(segment, number) ((uint64_t)(segment) << 16 | (number))
#define EXTENT_KEY_SEGMENT(key) ((uint64_t)(key) >> 16)
#define EXTENT_HEAD_BYTES 48
/* LMDB's own, before a value that has pages to itself. */
#define LMDB_PAGE_HEAD_BYTES 16

typedef struct extent_head {
    uint64_t segment, array_bytes; /* array_bytes: of all extents together */
    uint32_t number, hashes, entries, patches;
} extent_head;

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
resight_patch_set entry_set(const entry_view *entry, uint32_t set);
db_amount entry_amount(const entry_view *entry);

/* Patches of an entry from number chunk * CHUNK_PATCHES on; how many of `patch_count` there are. */
uint32_t chunk_patches(uint32_t patch_count, uint32_t chunk);
void chunk_pack(const resight_patch *patches, uint32_t count, uint8_t *out);
/* The patches where they lie, not aligned; NULL when the record does not hold. */
const uint8_t *chunk_unpack(const void *bytes, size_t size, uint32_t count);

digest_key digest_key_of(const uint8_t sha256[32], uint32_t bank);
uint32_t digest_key_bank(const void *key);

/* Bytes of an extent before its pages of arrays. The first has the plan there, after its head. */
static inline size_t extent_first_bytes(size_t page_bytes) {
    return page_bytes - LMDB_PAGE_HEAD_BYTES;
}
/* Writes head and checksum over a value whose other bytes are in place. */
void extent_seal(const extent_head *head, uint8_t *value, size_t size);
/* The head alone; RESIGHT_E_DAMAGED when it does not fit the key. The checksum is left to extent_intact(). */
int extent_unpack(const void *value, size_t size, uint64_t key, extent_head *out);
bool extent_intact(const void *value, size_t size);

/* How a segment is cut. A plan without bands is that of nothing to look up, or of patches that are scanned. */
typedef struct segment_plan {
    resight_index_plan hashes, keys;
} segment_plan;
#define SEGMENT_MAX_BANDS (RESIGHT_MAX_BANDS + RESIGHT_MAX_KEY_BANDS)
#define PLAN_BYTES(bands) (16 + (size_t)(bands)*4)
/* Bytes used of out[PLAN_BYTES(SEGMENT_MAX_BANDS)]. */
size_t plan_pack(const segment_plan *plan, uint8_t *out);
int plan_unpack(const void *bytes, size_t size, segment_plan *out);

#endif
