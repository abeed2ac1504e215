/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of several shapes, an index that owns its arrays, and the naive answer that every search is held against. */
#ifndef TESTS_SEARCH_DATA_H
#define TESTS_SEARCH_DATA_H

#include <criterion/criterion.h>
#include <resight/search.h>

/* A repeatable sequence; RESIGHT_SEED=N repeats a run. */
void seed(void);
uint32_t next(void);

typedef enum shape {
    UNIFORM,
    HALF_SET,     /* exactly 128 bits, as the hash of a picture */
    NEAR_COPIES,  /* families that lie within a few dozen bits of each other */
    CROWDED,      /* nine in ten agree in their first 160 bits */
    ALL_THE_SAME, /* but for a bit or two */
    SHAPES
} shape;

extern const char *const shape_names[SHAPES];

void fill(resight_hash *hashes, uint32_t count, shape s);

/* `hash` with exactly `distance` of its bits turned. */
resight_hash turned(const resight_hash *hash, unsigned distance);

void flip(resight_hash *hash, unsigned bit);

/* An index whose arrays are malloc'd to the byte, so that ASan sees a step outside. */
typedef struct built_index {
    resight_index view;
    resight_hash *hashes;
    uint32_t *offsets[RESIGHT_MAX_BANDS], *postings[RESIGHT_MAX_BANDS];
} built_index;

/* The hashes are copied. */
built_index built_index_new(const resight_index_plan *plan, const resight_hash *hashes, uint32_t count);
void built_index_free(built_index *built);

/* What a scan by the definition gives, nearest first. */
resight_hits naive(const resight_hash *hashes, uint32_t count, const resight_hash *query, unsigned radius_bits,
                   uint16_t query_number);

/* Sorts `hits`, and compares. */
void check_hits(resight_hits *hits, const resight_hits *expected, const char *what);

#endif
