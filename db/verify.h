/* SPDX-License-Identifier: Apache-2.0 */
/* One run of verify, shared by its two halves: records (verify.c) and the index (verify_index.c). */
#ifndef RESIGHT_DB_VERIFY_H
#define RESIGHT_DB_VERIFY_H

#include "reader.h"

/* What the records of a bank add up to. */
typedef struct bank_sums {
    uint64_t entries, videos;
    db_amount held;
} bank_sums;

typedef struct verify {
    resight_db *db;
    resight_reader *reader;
    resight_verify_sink sink;
    void *user;
    resight_verify_report report;
    bank_sums *sums; /* [reader->bank_count] */
    uint64_t digests, chunks;
    db_amount tail;
    uint8_t *sound;  /* [manifest.count]: 1 when the segment's tables can be followed */
    db_amount *live; /* [manifest.count]: found in the segment by their records */
    uint64_t random;
    resight_hash *samples; /* [sample_count] drawn from all live hashes, each as likely as any other */
    uint64_t *key_samples; /* [key_sample_count], likewise, from all live patches */
    uint32_t sample_count, key_sample_count, sample_limit;
} verify;

/* One line to the sink. */
void verify_fault(verify *run, const char *format, ...) RESIGHT_PRINTF(2, 3);

/* Called for each record that holds; anything but RESIGHT_OK ends the walk. */
typedef int (*verify_record)(verify *run, const entry_view *entry, void *user);
/* Every record in order; faults of records are lines when `report` is set, else passed over. */
int verify_walk(verify *run, bool report, verify_record each, void *user);

/* Each segment by itself: checksums, tables, bands. Fills run->sound. */
void verify_segments(verify *run);
/* A record that a segment should have, and its patches. */
void verify_indexed(verify *run, const entry_view *entry, const resight_patch *patches);
/* When all records have been looked for: what is left of each segment is dead, and as much as the manifest says. */
void verify_dead(verify *run);
/* Samples with some bits changed, through the index and by comparing with every record. */
int verify_lookups(verify *run, resight_error *error);
int verify_patch_lookups(verify *run, resight_error *error);

/* The next of a sequence that looks random. Source: Steele, Lea, Flood, SplitMix64 (2014). */
uint64_t verify_random(verify *run);

#endif
