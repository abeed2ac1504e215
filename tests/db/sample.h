/* SPDX-License-Identifier: Apache-2.0 */
/* A database with something of everything in it, and its contents as one number. */
#ifndef TESTS_DB_SAMPLE_H
#define TESTS_DB_SAMPLE_H

#include "harness.h"

/* Make one at place->db, with segments, a tail and removed entries; compact, so that every page is in use. */
void sample_make(const test_place *place);

/* A checksum over banks and entries of any database; 0 when anything fails. */
uint64_t contents_digest(resight_db *db);

/* A checksum over banks, entries and the answers of some queries; 0 when anything fails. */
uint64_t sample_digest(resight_db *db);

/* The n-th hash that was stored as the only mark of an image that is still there. */
resight_hash sample_hash(uint32_t n);

/* A patch of an image that is still there. */
resight_patch sample_patch(uint32_t n);

/* A whole file in memory; free() it. */
uint8_t *file_read(const char *path, size_t *size);
void file_write(const char *path, const uint8_t *bytes, size_t size);

#endif
