/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The multi-index: a plan, hashes, tables built from them and then changed as the input says, and queries. Tables that
 * pass their check answer as a scan does; those that do not are refused, or give nothing but true neighbours.
 */
#include "fuzz.h"

#include <resight/search.h>
#include <stdlib.h>

enum { MOST_HASHES = 48, MOST_WIDTH_BITS = 10 };

typedef struct tables {
    resight_index index;
    resight_hash *hashes;
    uint32_t *offsets[RESIGHT_MAX_BANDS], *postings[RESIGHT_MAX_BANDS];
} tables;

/* Bands of 8 bits or more until all 256 are covered. */
static resight_index_plan take_plan(fuzz_input *in, uint32_t count) {
    resight_index_plan plan = {0};
    const uint8_t kind = take8(in);
    if (kind & 1 && resight_index_plan_for(count, kind >> 2, &plan) == RESIGHT_OK) {
        PROPERTY(resight_index_plan_check(&plan) == RESIGHT_OK && plan.radius_bits >= kind >> 2);
        return plan;
    }
    uint32_t sum = 0;
    for (unsigned at = 0; at < 256; plan.band_count++) {
        const uint8_t shape = take8(in);
        unsigned width = 8 + shape % (MOST_WIDTH_BITS - 7);
        width = at + width > 256 ? 256 - at : width;
        const unsigned radius = shape >> 6 < width ? shape >> 6 : 0;
        plan.band[plan.band_count] = (resight_band){(uint16_t)at, (uint8_t)width, (uint8_t)radius};
        at += width;
        sum += radius + 1;
    }
    plan.radius_bits = sum - 1;
    return plan;
}

static void build(fuzz_input *in, tables *t) {
    t->index.count = take8(in) % (MOST_HASHES + 1);
    t->index.plan = take_plan(in, t->index.count);
    t->hashes = malloc((t->index.count + 1) * sizeof *t->hashes);
    PROPERTY(t->hashes);
    for (uint32_t i = 0; i < t->index.count; i++) {
        const uint8_t like = take8(in); /* of an earlier hash with one byte changed, or a new one */
        if (i > 0 && like & 0x80) {
            t->hashes[i] = t->hashes[like % i];
            ((uint8_t *)&t->hashes[i])[take8(in) % 32] ^= take8(in);
        } else {
            take(in, &t->hashes[i], sizeof *t->hashes);
        }
    }
    t->index.hashes = t->hashes;
    for (uint32_t b = 0; b < t->index.plan.band_count; b++) {
        const resight_band *band = &t->index.plan.band[b];
        t->index.offsets[b] = t->offsets[b] = malloc(resight_band_offsets(band) * sizeof(uint32_t));
        t->index.postings[b] = t->postings[b] = malloc((t->index.count ? t->index.count : 1) * sizeof(uint32_t));
        PROPERTY(t->offsets[b] && t->postings[b]);
        PROPERTY(resight_band_build(band, t->hashes, t->index.count, t->offsets[b], t->postings[b]) == RESIGHT_OK);
        PROPERTY(resight_band_check(band, t->hashes, t->index.count, t->offsets[b], t->postings[b]) == RESIGHT_OK);
    }
}

static void change(fuzz_input *in, tables *t) {
    for (unsigned changes = take8(in) % 16; changes > 0; changes--) {
        const uint8_t where = take8(in);
        const uint32_t b = (where >> 1) % t->index.plan.band_count;
        const size_t places = where & 1 ? t->index.count : resight_band_offsets(&t->index.plan.band[b]);
        uint32_t value = 0;
        const size_t place = take16(in);
        take(in, &value, where & 0x80 ? 4 : 1);
        if (places > 0)
            (where & 1 ? t->postings[b] : t->offsets[b])[place % places] ^= value;
    }
}

static bool sound(const tables *t) {
    for (uint32_t b = 0; b < t->index.plan.band_count; b++)
        if (resight_band_check(&t->index.plan.band[b], t->hashes, t->index.count, t->offsets[b], t->postings[b]) !=
            RESIGHT_OK)
            return false;
    return true;
}

static bool among(const resight_hit *hit, const resight_hits *all) {
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].index == hit->index && all->items[i].distance_bits == hit->distance_bits)
            return true;
    return false;
}

static void compare(int status, resight_hits *got, resight_hits *scanned, bool is_sound) {
    resight_hits_sort(got);
    resight_hits_sort(scanned);
    if (is_sound) {
        PROPERTY(status == RESIGHT_OK && got->count == scanned->count);
        PROPERTY(got->count == 0 || memcmp(got->items, scanned->items, got->count * sizeof *got->items) == 0);
        return;
    }
    PROPERTY(status == RESIGHT_OK || (status == RESIGHT_E_DAMAGED && got->count == 0));
    for (size_t i = 0; i < got->count; i++) {
        PROPERTY(among(&got->items[i], scanned));
        PROPERTY(i == 0 || got->items[i].index != got->items[i - 1].index);
    }
}

static void query(fuzz_input *in, const tables *t, bool is_sound) {
    resight_hits got = {0}, scanned = {0}, nearest = {0};
    resight_hash wanted = {{0}};
    const uint8_t like = take8(in);
    const unsigned radius_bits = take16(in) % 257;
    if (t->index.count > 0 && like & 0x80) {
        wanted = t->hashes[like % t->index.count];
        wanted.w[like % 4] ^= (uint64_t)take16(in) << (like % 48);
    } else {
        take(in, &wanted, sizeof wanted);
    }
    PROPERTY(resight_scan(t->hashes, t->index.count, &wanted, 1, radius_bits, &scanned) == RESIGHT_OK);
    compare(resight_index_query(&t->index, &wanted, radius_bits, 0, &got), &got, &scanned, is_sound);
    const uint32_t k = 1 + like % 8;
    const int status = resight_index_nearest(&t->index, &wanted, k, &nearest);
    PROPERTY(!is_sound || (status == RESIGHT_OK && nearest.count == (k < t->index.count ? k : t->index.count)));
    scanned.count = 0;
    PROPERTY(resight_scan(t->hashes, t->index.count, &wanted, 1, 256, &scanned) == RESIGHT_OK);
    resight_hits_sort(&scanned);
    for (size_t i = 0; is_sound && i < nearest.count; i++)
        PROPERTY(memcmp(&nearest.items[i], &scanned.items[i], sizeof *nearest.items) == 0);
    resight_hits_free(&nearest);
    resight_hits_free(&scanned);
    resight_hits_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    tables t = {0};
    build(&in, &t);
    change(&in, &t);
    const bool is_sound = sound(&t);
    for (int i = 0; i < 4; i++)
        query(&in, &t, is_sound);
    for (uint32_t b = 0; b < t.index.plan.band_count; b++) {
        free(t.offsets[b]);
        free(t.postings[b]);
    }
    free(t.hashes);
    return 0;
}
