/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database does to its file, recorded: this program's own pwrite(), fdatasync() and the like stand in front of
 * the C library's for everything that is linked into it, LMDB too.
 */
#ifndef TESTS_DB_RECORDER_H
#define TESTS_DB_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum record_kind {
    RECORD_WRITE = 1,
    RECORD_FLUSH,       /* of everything written so far */
    RECORD_FLUSH_LAST,  /* of the write just before: its descriptor is O_DSYNC */
    RECORD_FLUSH_NAMES, /* of the directory */
    RECORD_FLUSH_PARENT /* of the directory's own name */
} record_kind;

typedef struct record {
    record_kind kind;
    uint64_t at;
    size_t size;
    uint8_t *bytes;
} record;

typedef struct recording {
    record *items;
    size_t count, capacity;
} recording;

/* How flushes are treated. The values matter only here. */
typedef enum recorder_flushes {
    RECORDER_HONEST,
    RECORDER_LYING, /* they return, and nothing is recorded: a device that lies */
    RECORDER_IDLE   /* they return at once: for copies that nobody will miss */
} recorder_flushes;

/* Record what is done to the data.mdb of the database at `dir`, from now on; one at a time. */
void recorder_start(const char *dir, recorder_flushes flushes);
/* From now on nothing is recorded; what was belongs to the caller. */
recording recorder_stop(void);
/* How many records there are so far. */
size_t recorder_position(void);
/* Record nothing, and flush nothing. */
void recorder_idle(void);
void recording_free(recording *log);

#endif
