/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker says, in bytes: a stream of records, each a header and its fields. Reading is a pure function of bytes
 * that may be anything, and so is holding one record after the other against what was asked for.
 *
 *     hello, once; then for each file: (mark | thumbnail)* or signature, and end
 *
 * Both ends are programs of one build on one machine, so numbers are in its own order.
 */
#ifndef RESIGHT_ISOLATE_RECORDS_H
#define RESIGHT_ISOLATE_RECORDS_H

#include <resight/pool.h>

typedef enum record_kind {
    RECORD_HELLO = 1,
    RECORD_MARK = 2,
    RECORD_THUMBNAIL = 3,
    RECORD_END = 4,
    RECORD_TMK = 5
} record_kind;

/* The worker is ready, behind these walls. */
typedef struct record_hello {
    uint32_t walls; /* resight_wall bits */
} record_hello;

/* The end of one file's answer. */
typedef struct record_end {
    int status; /* RESIGHT_OK or a failure */
    bool damaged;
    resight_media_info info; /* all zero after a failure */
    resight_error error;     /* empty on RESIGHT_OK */
} record_end;

typedef struct record {
    record_kind kind;
    union {
        record_hello hello;
        resight_mark mark;
        resight_thumbnail thumbnail; /* its pixels are borrowed from the bytes it was read from */
        record_end end;
        const uint8_t *signature; /* the RESIGHT_TMK_FILE_BYTES of a .tmk file, borrowed likewise, and not yet read */
    };
} record;

/* Room for the longest record: a signature, or a thumbnail. */
#define RECORD_BYTES_MAX (64 + RESIGHT_TMK_FILE_BYTES)

/* Write a record to RECORD_BYTES_MAX bytes; returns how many it took. */
size_t record_write(const record *from, uint8_t *bytes);

/*
 * Read the record that the bytes begin with, every field within its range.
 *
 * Returns RESIGHT_OK; RESIGHT_END when the bytes end inside it; RESIGHT_E_FORMAT when no worker of ours writes such a
 * record. out and used_bytes are written on RESIGHT_OK.
 */
int record_read(const uint8_t *bytes, size_t size_bytes, record *out, size_t *used_bytes, resight_error *error);

/* What was asked for, and where in its answer a worker stands. Start with only the first six filled. */
typedef struct answer {
    resight_marking how;
    bool thumbnails;     /* are wanted */
    bool fast;           /* decoding: marks may be approximate */
    bool stream;         /* max_frames is of each of its minutes */
    uint64_t max_frames; /* 0: no limit */
    resight_tmk *tmk;    /* NULL: marks are wanted; else this, and it is written when the signature is taken */

    bool ended, has_tmk;
    uint64_t frames;          /* that have marks; of a stream, in this minute */
    unsigned marks, pictures; /* of the last frame: marks, and thumbnails */
    int64_t time_us;          /* of the last frame */
    int32_t frame_number;
} answer;

/* Of a stream: the minute of the last frame. */
uint64_t answer_minute(const answer *so_far);

/* RESIGHT_OK when the record may come next, else RESIGHT_E_FORMAT; RESIGHT_E_NOMEM while reading a signature. */
int answer_take(answer *so_far, const record *next, resight_error *error);

#endif
