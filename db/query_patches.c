/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query for patches: keys to matches. Segments are asked in order of their entries and the tail last, and the hits of
 * each are taken in order, so that matches come out sorted by entry. As with hashes, a hit whose record is gone was
 * removed.
 *
 * First all hits are gathered, then their entries are read: each read costs as much as some hundred comparisons, and
 * most are not needed. A key with more hits than the limit of common keys is given up early. Hits may be on removed
 * entries, so in a segment the limit is raised by what is dead there: whoever has more hits than that has more live
 * ones than the limit. Only of a key about which that does not decide are live hits counted, entry by entry.
 */
#include "array.h"
#include "chunk.h"
#include "reader.h"

#include "base/cleanup.h"
#include <string.h>

/* Whether a key is near too many live patches. */
typedef enum key_kind { KEY_RARE, KEY_DOUBTFUL, KEY_COMMON } key_kind;

typedef struct key_state {
    uint32_t raw;  /* hits, in the segment at hand */
    uint64_t sum;  /* in all segments, live or not */
    uint64_t live; /* of a doubtful key, so far, in all banks */
    key_kind kind;
} key_state;

typedef struct patch_query {
    resight_reader *reader;
    const uint64_t *keys;
    uint32_t count, radius_bits;
    resight_patch_query_options options;
    key_state *state; /* [count] */
    uint64_t dead;    /* patches in the segments and the tail */
    size_t *end;      /* [segments + 1]: where the hits of each segment end, and those of the tail */
    resight_patch_hits *out;
    resight_error *error;
} patch_query;

/* One entry, and its chunk that was read last. */
typedef struct entry_reader {
    entry_view entry;
    const resight_bank *bank;
    const uint8_t *patches;
    uint32_t chunk, set;
    resight_patch_set set_held;
} entry_reader;

void resight_patch_hits_free(resight_patch_hits *matches) {
    free(matches->items);
    *matches = (resight_patch_hits){0};
}

static int check_options(const patch_query *query) {
    if (query->count < 1 || query->count > UINT16_MAX)
        return resight_fail(query->error, RESIGHT_E_ARG, "%u keys, expected 1 to %d", query->count, UINT16_MAX);
    if (query->radius_bits > 64)
        return resight_fail(query->error, RESIGHT_E_ARG, "radius %u, expected 0 to 64 bits", query->radius_bits);
    return RESIGHT_OK;
}

static bool is_common(const patch_query *query, uint32_t key) {
    return query->state[key].kind == KEY_COMMON;
}

static int order(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int by_index(const void *left, const void *right) {
    const resight_hit *a = left, *b = right;
    return a->index != b->index ? order(a->index, b->index) : order(a->query, b->query);
}

static int index_contradicts(const patch_query *query, uint64_t entry) {
    return reader_damaged(query->reader, query->error, "the index of entry", entry);
}

/* Patches come in rising order, so the chunk and the set only move forward. */
static int seek(const patch_query *query, entry_reader *at, uint32_t number, resight_patch *out) {
    const uint32_t chunk = number / CHUNK_PATCHES;
    if (!at->patches || chunk != at->chunk) {
        const int status =
            chunk_read(query->reader->db, query->reader->txn, &at->entry, chunk, &at->patches, query->error);
        if (status != RESIGHT_OK)
            return status;
        at->chunk = chunk;
    }
    while (number >= at->set_held.first + at->set_held.count)
        at->set_held = entry_set(&at->entry, ++at->set);
    *out = patch_at(at->patches, number % CHUNK_PATCHES);
    return RESIGHT_OK;
}

static int judge(patch_query *query, entry_reader *at, uint32_t number, const resight_hit *hit) {
    resight_patch known;
    resight_patch_hits *out = query->out;
    const int status = seek(query, at, number, &known);
    if (status != RESIGHT_OK)
        return status;
    if (__builtin_popcountll(known.key ^ query->keys[hit->query]) != hit->distance_bits)
        return index_contradicts(query, at->entry.id);
    if (!array_reserve(&out->items, &out->capacity, out->count, 1))
        return resight_fail(query->error, RESIGHT_E_NOMEM, "%s: no memory for matches", query->reader->db->dir);
    out->items[out->count++] = (resight_patch_hit){.entry = at->entry.id,
                                                   .bank = at->bank->id,
                                                   .set = at->set,
                                                   .patch = number,
                                                   .query = hit->query,
                                                   .distance_bits = hit->distance_bits,
                                                   .known = known,
                                                   .time_us = at->set_held.time_us,
                                                   .width_px = at->set_held.width_px,
                                                   .height_px = at->set_held.height_px};
    return RESIGHT_OK;
}

/* Hits on one entry that is there. */
static void count_live(patch_query *query, const resight_hit *hits, size_t count) {
    for (size_t i = 0; i < count; i++) {
        key_state *key = &query->state[hits[i].query];
        if (key->kind == KEY_DOUBTFUL && ++key->live > query->options.common)
            key->kind = KEY_COMMON;
    }
}

/* Can it be told without the entry that none of these hits will be given, and none is to be counted? */
static bool not_needed(const patch_query *query, const resight_hit *hits, size_t count) {
    size_t doubtful = 0;
    for (size_t i = 0; i < count; i++)
        doubtful += query->state[hits[i].query].kind == KEY_DOUBTFUL;
    return doubtful == 0 && count < query->options.least;
}

/* All hits on one entry, which has `patches` of them from `first` on. */
static int judge_entry(patch_query *query, uint64_t id, uint32_t first, uint32_t patches, const resight_hit *hits,
                       size_t count) {
    entry_reader at = {0};
    if (not_needed(query, hits, count))
        return RESIGHT_OK;
    int status = reader_record(query->reader, id, &at.entry, query->error);
    if (status != RESIGHT_OK)
        return status == RESIGHT_NOT_FOUND ? RESIGHT_OK : status;
    const bank_record *bank = reader_bank_of(query->reader, at.entry.bank);
    if (!bank || at.entry.patch_count != patches)
        return index_contradicts(query, id);
    count_live(query, hits, count);
    if (count < query->options.least || (query->options.bank != 0 && query->options.bank != at.entry.bank))
        return RESIGHT_OK;
    at.bank = &bank->bank;
    at.set_held = entry_set(&at.entry, 0);
    for (size_t i = 0; status == RESIGHT_OK && i < count; i++)
        if (!is_common(query, hits[i].query))
            status = judge(query, &at, hits[i].index - first, &hits[i]);
    return status;
}

/* Some hits without those of common keys. */
static size_t without_common(const patch_query *query, resight_hit *hits, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_common(query, hits[i].query))
            hits[kept++] = hits[i];
    return kept;
}

static int judge_hits(patch_query *query, const db_segment *from, resight_hit *hits, size_t count) {
    count = without_common(query, hits, count);
    if (count > 1)
        qsort(hits, count, sizeof *hits, by_index);
    for (size_t i = 0, end = 0; i < count; i = end) {
        const uint32_t at = segment_entry_at(from, from->first_key, hits[i].index);
        if (at >= from->entries)
            return reader_damaged(query->reader, query->error, "the table of entries in segment", from->id);
        for (end = i + 1; end < count && hits[end].index < from->first_key[at + 1];)
            end++;
        const int status = judge_entry(query, from->entry[at], from->first_key[at],
                                       from->first_key[at + 1] - from->first_key[at], hits + i, end - i);
        if (status != RESIGHT_OK)
            return status;
    }
    return RESIGHT_OK;
}

/* More hits of a key than this, of which `dead` may be on removed entries, and it is common; 0: no limit. */
static uint32_t hit_limit(const patch_query *query, uint64_t dead) {
    const uint64_t limit = query->options.common + dead;
    return query->options.common == 0 || limit > UINT32_MAX ? 0 : (uint32_t)limit;
}

/* Whoever was cut off at the limit is common. */
static void count_raw(patch_query *query, const resight_hit *hits, size_t count, uint32_t limit) {
    for (uint32_t key = 0; key < query->count; key++)
        query->state[key].raw = 0;
    for (size_t i = 0; i < count; i++)
        query->state[hits[i].query].raw++;
    for (uint32_t key = 0; key < query->count; key++) {
        key_state *state = &query->state[key];
        state->sum += state->raw;
        if (limit > 0 && state->raw > limit)
            state->kind = KEY_COMMON;
    }
}

static int ask(patch_query *query, const db_segment *from, uint64_t dead, size_t number) {
    resight_hits *hits = &query->reader->hits;
    const size_t before = hits->count;
    const uint32_t limit = hit_limit(query, dead);
    int status = RESIGHT_OK;
    if (from->keys.count > 0)
        status = resight_key_index_query(&from->keys, query->keys, query->count, query->radius_bits, limit, hits);
    if (status == RESIGHT_E_DAMAGED)
        return reader_damaged(query->reader, query->error, "the index of segment", from->id);
    if (status != RESIGHT_OK)
        return resight_fail(query->error, status, "%s: search: %s", query->reader->db->dir,
                            resight_status_name(status));
    count_raw(query, hits->items + before, hits->count - before, limit);
    query->dead += dead;
    query->end[number] = hits->count;
    return RESIGHT_OK;
}

/* What is known of each key when all its hits are. */
static void settle_keys(patch_query *query) {
    const uint64_t common = query->options.common;
    for (uint32_t key = 0; common > 0 && key < query->count; key++) {
        key_state *state = &query->state[key];
        if (state->sum > common && state->kind == KEY_RARE)
            state->kind = state->sum > common + query->dead ? KEY_COMMON : KEY_DOUBTFUL;
    }
}

/* A key may have become common after its first matches were taken, and an entry have too few for that. */
static void drop_common(patch_query *query) {
    resight_patch_hits *out = query->out;
    size_t kept = 0;
    for (size_t i = 0; i < out->count;) {
        const uint64_t entry = out->items[i].entry;
        const size_t before = kept;
        for (; i < out->count && out->items[i].entry == entry; i++)
            if (!is_common(query, out->items[i].query))
                out->items[kept++] = out->items[i];
        if (kept - before < query->options.least)
            kept = before;
    }
    out->count = kept;
    for (uint32_t key = 0; key < query->count; key++)
        out->common_keys += is_common(query, key);
}

/* Segments in order of their entries, and the tail as if it were one. */
static int ask_all(patch_query *query) {
    const resight_reader *reader = query->reader;
    const segment_source *held = &reader->tail.held;
    const db_segment tail = {.keys = {.count = (uint32_t)held->key_count, .keys = held->keys},
                             .entries = (uint32_t)held->entry_count,
                             .entry = held->entry,
                             .first_key = held->first_key};
    const uint32_t count = reader->manifest.count;
    resight_hits *hits = &query->reader->hits;
    int status = RESIGHT_OK;
    hits->count = 0;
    for (uint32_t i = 0; status == RESIGHT_OK && i < count; i++)
        status = ask(query, reader->segments[i], reader->manifest.item[i].dead.patches, i);
    if (status == RESIGHT_OK)
        status = ask(query, &tail, held->key_count - reader->state.tail.patches, count);
    if (status != RESIGHT_OK)
        return status;
    settle_keys(query);
    for (uint32_t i = 0; status == RESIGHT_OK && i <= count; i++) {
        const size_t from = i > 0 ? query->end[i - 1] : 0;
        status = judge_hits(query, i < count ? reader->segments[i] : &tail, hits->items + from, query->end[i] - from);
    }
    if (status == RESIGHT_OK)
        drop_common(query);
    return status;
}

int resight_reader_query_patches(resight_reader *reader, const uint64_t *keys, uint32_t count,
                                 const resight_patch_query_options *options, resight_patch_hits *out,
                                 resight_error *error) {
    patch_query query = {.reader = reader, .keys = keys, .count = count, .out = out, .error = error};
    if (options)
        query.options = *options;
    query.radius_bits = query.options.has_radius ? query.options.radius_bits : RESIGHT_PATCH_RADIUS_BITS;
    int status = reader_ready(reader, error);
    if (status == RESIGHT_OK)
        status = check_options(&query);
    if (status != RESIGHT_OK)
        return status;
    CLEANUP_FREE key_state *state = calloc(count, sizeof *state);
    CLEANUP_FREE size_t *end = calloc((size_t)reader->manifest.count + 1, sizeof *end);
    if (!state || !end)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", reader->db->dir);
    query.state = state;
    query.end = end;
    out->count = out->common_keys = 0;
    status = ask_all(&query);
    if (status != RESIGHT_OK)
        out->count = out->common_keys = 0;
    return status;
}

int resight_reader_patches(resight_reader *reader, uint64_t entry, uint32_t set, resight_patch *out, size_t capacity,
                           size_t *count, resight_error *error) {
    const patch_query query = {.reader = reader, .error = error};
    entry_reader at = {.set = set};
    int status = reader_ready(reader, error);
    if (status == RESIGHT_OK)
        status = reader_record(reader, entry, &at.entry, error);
    if (status != RESIGHT_OK)
        return status;
    if (set >= at.entry.set_count)
        return RESIGHT_NOT_FOUND;
    at.set_held = entry_set(&at.entry, set);
    const uint32_t first = at.set_held.first,
                   some = at.set_held.count < capacity ? at.set_held.count : (uint32_t)capacity;
    for (uint32_t i = 0; status == RESIGHT_OK && i < some; i++)
        status = seek(&query, &at, first + i, &out[i]);
    *count = status == RESIGHT_OK ? some : 0;
    return status;
}
