/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From hashes that lie near each other to known items: every mark of a query is looked up, what negative banks hold is
 * taken away, and what is left is gathered by entry, with the stretch of time that two videos share.
 */
#ifndef RESIGHT_CLI_MATCHING_H
#define RESIGHT_CLI_MATCHING_H

#include "settings.h"

/* What is looked up. All borrowed. */
typedef struct query {
    const uint8_t *sha256;     /* of the file, or NULL */
    const resight_mark *marks; /* of frames, plain or turned */
    size_t mark_count;
    bool inverted; /* look the negatives of the marks up too */
    resight_media_kind kind;
    int64_t every_us;     /* between the frames of a video */
    uint32_t min_quality; /* marks below it are not looked up */
    bool has_radius, has_min_known_quality;
    uint32_t radius_bits, min_known_quality;
    uint32_t bank; /* what is reported; 0: every positive bank. Negative banks count in any case */
} query;

/* One known item that the query resembles. */
typedef struct found_entry {
    uint64_t entry;
    char bank[RESIGHT_BANK_NAME_MAX + 1];
    resight_media_kind kind;
    char *name;             /* owned */
    bool same_file;         /* the digests are equal */
    uint16_t distance_bits; /* of the nearest pair of marks */
    uint16_t pdq_bits; /* of the nearest pair of rasters as stored, one dialect: PDQ's own; UINT16_MAX: none is near */
    resight_view view; /* of the query in the nearest pair */
    resight_view known_view;       /* of the known item in it */
    resight_dialect dialect;       /* of the query in it; 0: the same file, no hashes */
    resight_dialect known_dialect; /* of the known item: the two differ by some bits on the same picture */
    resight_transform transform;   /* of the query's pixels in that pair */
    bool inverted;                 /* the query's negative is near */
    uint32_t frames;               /* frames of the query that match in that transform, anywhere */
    resight_segment segment;       /* where most of them agree, when either side is a video */
} found_entry;

typedef struct found {
    found_entry *items; /* best first */
    size_t count;
    found_entry *suppressors; /* of negative banks, that took something away; name, bank, distance */
    size_t suppressor_count;
    uint32_t frames; /* of the query that had quality enough to be looked up */
    int quality;     /* the best of the query's untransformed marks; -1: it has none */
} found;

/* A reader's snapshot and scratch memory. Opaque; one thread at a time. */
typedef struct matcher matcher;

/* NULL: error is filled. */
matcher *matcher_new(resight_db *db, resight_error *error);
void matcher_free(matcher **m);

/* Everything committed so far is looked at. out is written on RESIGHT_OK; free with found_free(). */
int matcher_find(matcher *m, const query *what, found *out, resight_error *error);

void found_free(found *f);

#endif
