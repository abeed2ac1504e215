/* SPDX-License-Identifier: Apache-2.0 */
/* Test data and the oracle, which counts bits by a table of its own and shares nothing with the library. */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t state = 1;

uint32_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

void seed(void) {
    const char *given = getenv("RESIGHT_SEED");
    state = given ? strtoull(given, NULL, 0) : 0x9e3779b97f4a7c15u ^ (unsigned)getpid();
    fprintf(stderr, "RESIGHT_SEED=%llu\n", (unsigned long long)state);
}

const char *const shape_names[SHAPES] = {"uniform", "half set", "near copies", "crowded", "all the same"};

void flip(resight_hash *hash, unsigned bit) {
    hash->w[bit / 64] ^= (uint64_t)1 << bit % 64;
}

static bool is_set(const resight_hash *hash, unsigned bit) {
    return hash->w[bit / 64] >> bit % 64 & 1;
}

resight_hash turned(const resight_hash *hash, unsigned distance) {
    resight_hash out = *hash;
    for (unsigned done = 0; done < distance;) {
        const unsigned bit = next() % 256;
        if (is_set(&out, bit) == is_set(hash, bit)) {
            flip(&out, bit);
            done++;
        }
    }
    return out;
}

static resight_hash uniform(void) {
    resight_hash hash;
    for (size_t k = 0; k < 4; k++)
        hash.w[k] = (uint64_t)next() << 32 | next();
    return hash;
}

static resight_hash half_set(void) {
    const resight_hash none = {{0}};
    return turned(&none, 128);
}

void fill(resight_hash *hashes, uint32_t count, shape s) {
    const resight_hash centre = uniform();
    for (uint32_t i = 0; i < count; i++)
        switch (s) {
        case UNIFORM: hashes[i] = uniform(); break;
        case HALF_SET: hashes[i] = half_set(); break;
        case NEAR_COPIES:
            hashes[i] = i < 8 || next() % 16 == 0 ? half_set() : turned(&hashes[next() % i], next() % 24);
            break;
        case CROWDED:
            hashes[i] = uniform();
            if (next() % 10 > 0)
                memcpy(hashes[i].w, centre.w, 20);
            break;
        case ALL_THE_SAME:
        case SHAPES: hashes[i] = turned(&centre, next() % 3); break;
        }
}

/* Nothing is written to an empty array; a byte keeps the pointer good. */
static void *allocate(size_t count, size_t size_bytes) {
    void *memory = malloc(count > 0 ? count * size_bytes : 1);
    cr_assert_not_null(memory);
    return memory;
}

built_index built_index_new(const resight_index_plan *plan, const resight_hash *hashes, uint32_t count) {
    built_index built = {.view = {.plan = *plan, .count = count}};
    built.hashes = allocate(count, sizeof *hashes);
    if (count > 0)
        memcpy(built.hashes, hashes, count * sizeof *hashes);
    built.view.hashes = built.hashes;
    for (uint32_t b = 0; b < plan->band_count; b++) {
        const resight_band *band = &plan->band[b];
        built.offsets[b] = allocate(resight_band_offsets(band), sizeof(uint32_t));
        built.postings[b] = allocate(count, sizeof(uint32_t));
        cr_assert_eq(resight_band_build(band, built.hashes, count, built.offsets[b], built.postings[b]), RESIGHT_OK);
        cr_assert_eq(resight_band_check(band, built.hashes, count, built.offsets[b], built.postings[b]), RESIGHT_OK);
        built.view.offsets[b] = built.offsets[b];
        built.view.postings[b] = built.postings[b];
    }
    return built;
}

void built_index_free(built_index *built) {
    for (uint32_t b = 0; b < RESIGHT_MAX_BANDS; b++) {
        free(built->offsets[b]);
        free(built->postings[b]);
    }
    free(built->hashes);
}

/* Set bits of each byte: two more bits add 0, 1, 1 or 2. */
#define TWICE(n) n, n + 1
#define FOUR(n) TWICE(n), TWICE(n + 1)
#define SIXTEEN(n) FOUR(n), FOUR(n + 1), FOUR(n + 1), FOUR(n + 2)
#define SIXTY_FOUR(n) SIXTEEN(n), SIXTEEN(n + 1), SIXTEEN(n + 1), SIXTEEN(n + 2)
static const uint8_t bits_of_byte[256] = {SIXTY_FOUR(0), SIXTY_FOUR(1), SIXTY_FOUR(1), SIXTY_FOUR(2)};

static unsigned distance(const resight_hash *a, const resight_hash *b) {
    uint8_t left[32], right[32];
    unsigned bits = 0;
    memcpy(left, a, sizeof left);
    memcpy(right, b, sizeof right);
    for (size_t i = 0; i < sizeof left; i++)
        bits += bits_of_byte[left[i] ^ right[i]];
    return bits;
}

static int nearest_first(const void *left, const void *right) {
    const resight_hit *a = left, *b = right;
    if (a->distance_bits != b->distance_bits)
        return a->distance_bits < b->distance_bits ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

resight_hits naive(const resight_hash *hashes, uint32_t count, const resight_hash *query, unsigned radius_bits,
                   uint16_t query_number) {
    resight_hits hits = {.items = allocate(count, sizeof *hits.items), .capacity = count};
    for (uint32_t i = 0; i < count; i++) {
        const unsigned bits = distance(&hashes[i], query);
        if (bits <= radius_bits)
            hits.items[hits.count++] = (resight_hit){i, (uint16_t)bits, query_number};
    }
    qsort(hits.items, hits.count, sizeof *hits.items, nearest_first);
    return hits;
}

void check_hits(resight_hits *hits, const resight_hits *expected, const char *what) {
    resight_hits_sort(hits);
    cr_assert_eq(hits->count, expected->count, "%s: %zu hits, expected %zu", what, hits->count, expected->count);
    if (hits->count > 0)
        cr_assert_eq(memcmp(hits->items, expected->items, hits->count * sizeof *hits->items), 0, "%s: other hits",
                     what);
}
