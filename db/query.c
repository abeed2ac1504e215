/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query: hashes to matches. Every segment and the tail are asked once, with the widest radius of the banks in
 * question; each hit is then judged by the record of its entry and the policy of its bank. A hit whose record is gone
 * was removed.
 */
#include "array.h"
#include "reader.h"

#include <string.h>

typedef struct query_run {
    resight_reader *reader;
    const resight_hash *hashes;
    uint32_t count, radius_bits; /* the widest */
    resight_query_options options;
    resight_matches *out;
    resight_error *error;
} query_run;

void resight_matches_free(resight_matches *matches) {
    free(matches->items);
    *matches = (resight_matches){0};
}

static int check_options(const resight_query_options *options, uint32_t count, resight_error *error) {
    if (count < 1 || count > UINT16_MAX)
        return resight_fail(error, RESIGHT_E_ARG, "%u query hashes, expected 1 to %d", count, UINT16_MAX);
    if (options->has_radius && options->radius_bits > 256)
        return resight_fail(error, RESIGHT_E_ARG, "radius %u, expected 0 to 256 bits", options->radius_bits);
    if (options->has_min_quality && options->min_quality > 100)
        return resight_fail(error, RESIGHT_E_ARG, "minimum quality %u, expected 0 to 100", options->min_quality);
    return RESIGHT_OK;
}

static uint32_t radius_of(const query_run *query, const resight_bank *bank) {
    return query->options.has_radius ? query->options.radius_bits : bank->radius_bits;
}

static uint32_t min_quality_of(const query_run *query, const resight_bank *bank) {
    return query->options.has_min_quality ? query->options.min_quality : bank->min_quality;
}

static bool selected(const query_run *query, uint32_t bank) {
    return query->options.bank == 0 || query->options.bank == bank;
}

/* The widest radius of the banks that have something to find; false when there is none. */
static bool widest_radius(query_run *query) {
    const resight_reader *reader = query->reader;
    bool any = false;
    for (size_t i = 0; i < reader->bank_count; i++) {
        const bank_record *bank = &reader->banks[i];
        if (!selected(query, bank->bank.id) || bank->held.hashes == 0)
            continue;
        any = true;
        if (radius_of(query, &bank->bank) > query->radius_bits)
            query->radius_bits = radius_of(query, &bank->bank);
    }
    return any;
}

static int by_index(const void *left, const void *right) {
    const resight_hit *a = left, *b = right;
    return a->index != b->index ? (a->index > b->index) - (a->index < b->index)
                                : (a->query > b->query) - (a->query < b->query);
}

/* A hit on a mark of a live entry: does its bank want it? */
static int judge(query_run *query, const entry_view *entry, const resight_bank *bank, uint32_t number,
                 const resight_hit *hit) {
    const resight_mark mark = entry_mark(entry, number);
    if (resight_hash_distance(&mark.hash, &query->hashes[hit->query]) != hit->distance_bits)
        return reader_damaged(query->reader, query->error, "the index of entry", entry->id);
    if (hit->distance_bits > radius_of(query, bank) || mark.quality < min_quality_of(query, bank))
        return RESIGHT_OK;
    resight_matches *out = query->out;
    if (!array_reserve(&out->items, &out->capacity, out->count, 1))
        return resight_fail(query->error, RESIGHT_E_NOMEM, "%s: no memory for matches", query->reader->db->dir);
    out->items[out->count++] = (resight_match){.entry = entry->id,
                                               .bank = bank->id,
                                               .distance_bits = hit->distance_bits,
                                               .query = hit->query,
                                               .mark = number,
                                               .known = mark};
    return RESIGHT_OK;
}

/* All hits on one entry, whose hashes begin at `first` and are `hashes` many. */
static int judge_entry(query_run *query, uint64_t id, uint32_t first, uint32_t hashes, const resight_hit *hits,
                       size_t count) {
    entry_view entry;
    int status = reader_record(query->reader, id, &entry, query->error);
    if (status != RESIGHT_OK)
        return status == RESIGHT_NOT_FOUND ? RESIGHT_OK : status;
    if (!selected(query, entry.bank))
        return RESIGHT_OK;
    const bank_record *bank = reader_bank_of(query->reader, entry.bank);
    if (!bank || entry.mark_count != hashes)
        return reader_damaged(query->reader, query->error, "the index of entry", id);
    for (size_t i = 0; status == RESIGHT_OK && i < count; i++)
        status = judge(query, &entry, &bank->bank, hits[i].index - first, &hits[i]);
    return status;
}

/* Hits in order of the hash lie together by entry, so each record is read and checked once. */
static int judge_hits(query_run *query, const db_segment *from) {
    resight_hits *hits = &query->reader->hits;
    if (hits->count > 1)
        qsort(hits->items, hits->count, sizeof *hits->items, by_index);
    for (size_t i = 0, end = 0; i < hits->count; i = end) {
        const uint32_t at = segment_entry_at(from, from->first, hits->items[i].index);
        if (at >= from->entries)
            return reader_damaged(query->reader, query->error, "the table of entries in segment", from->id);
        for (end = i + 1; end < hits->count && hits->items[end].index < from->first[at + 1];)
            end++;
        const int status = judge_entry(query, from->entry[at], from->first[at], from->first[at + 1] - from->first[at],
                                       hits->items + i, end - i);
        if (status != RESIGHT_OK)
            return status;
    }
    return RESIGHT_OK;
}

static int search_failed(const query_run *query, int status, uint64_t segment) {
    if (status == RESIGHT_E_DAMAGED)
        return reader_damaged(query->reader, query->error, "the index of segment", segment);
    return resight_fail(query->error, status, "%s: search: %s", query->reader->db->dir, resight_status_name(status));
}

static int ask_segment(query_run *query, const db_segment *segment) {
    resight_hits *hits = &query->reader->hits;
    hits->count = 0;
    if (segment->index.count == 0)
        return RESIGHT_OK;
    const int status =
        resight_index_query_batch(&segment->index, query->hashes, query->count, query->radius_bits, hits);
    return status == RESIGHT_OK ? judge_hits(query, segment) : search_failed(query, status, segment->id);
}

static int ask_tail(query_run *query) {
    const segment_source *held = &query->reader->tail.held;
    resight_hits *hits = &query->reader->hits;
    if (held->hash_count == 0)
        return RESIGHT_OK;
    hits->count = 0;
    const int status =
        resight_scan(held->hashes, (uint32_t)held->hash_count, query->hashes, query->count, query->radius_bits, hits);
    if (status != RESIGHT_OK)
        return search_failed(query, status, 0);
    const db_segment as_segment = {.entries = (uint32_t)held->entry_count, .entry = held->entry, .first = held->first};
    return judge_hits(query, &as_segment);
}

static int order(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

int query_order(const void *left, const void *right) {
    const resight_match *a = left, *b = right;
    if (a->distance_bits != b->distance_bits)
        return order(a->distance_bits, b->distance_bits);
    if (a->entry != b->entry)
        return order(a->entry, b->entry);
    return a->mark != b->mark ? order(a->mark, b->mark) : order(a->query, b->query);
}

static int ask(query_run *query) {
    const resight_reader *reader = query->reader;
    int status = RESIGHT_OK;
    for (uint32_t i = 0; status == RESIGHT_OK && i < reader->manifest.count; i++)
        status = ask_segment(query, reader->segments[i]);
    if (status == RESIGHT_OK)
        status = ask_tail(query);
    if (status == RESIGHT_OK && query->out->count > 1)
        qsort(query->out->items, query->out->count, sizeof *query->out->items, query_order);
    return status;
}

int resight_reader_query(resight_reader *reader, const resight_hash *queries, uint32_t count,
                         const resight_query_options *options, resight_matches *out, resight_error *error) {
    query_run query = {.reader = reader, .hashes = queries, .count = count, .out = out, .error = error};
    if (options)
        query.options = *options;
    int status = reader_ready(reader, error);
    if (status == RESIGHT_OK)
        status = check_options(&query.options, count, error);
    if (status != RESIGHT_OK)
        return status;
    out->count = 0;
    if (!widest_radius(&query))
        return RESIGHT_OK;
    status = ask(&query);
    if (status != RESIGHT_OK)
        out->count = 0;
    return status;
}
