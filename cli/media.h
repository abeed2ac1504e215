/* SPDX-License-Identifier: Apache-2.0 */
/* One file to what the commands need of it: its digest and its marks. */
#ifndef RESIGHT_CLI_MEDIA_H
#define RESIGHT_CLI_MEDIA_H

#include "inside.h"
#include "settings.h"

/* Known videos are sampled four times as densely as queries, so that no clip is missed by the phase of its sampling. */
#define KNOWN_EVERY_US 125000
#define QUERY_EVERY_US 500000
/* As vPDQ samples, where its rule is asked for. */
#define VPDQ_EVERY_US 1000000

typedef struct media {
    resight_media_info info;
    int64_t duration_us;       /* as the container says, else the time of the last frame that was hashed */
    bool damaged;              /* a video with parts that could not be read */
    const resight_mark *marks; /* borrowed from the reader until its next media_open() */
    size_t mark_count;
    patches_inside patches;              /* borrowed likewise; of what is kept only */
    const resight_thumbnail *thumbnails; /* borrowed likewise; of a query only */
    size_t thumbnail_count;
} media;

/* A worker or two that decode and hash, and the marks of the file at hand. Opaque; one thread at a time. */
typedef struct media_reader media_reader;

/* What the marks are for. */
typedef enum media_purpose {
    MEDIA_PRINT,         /* the raster as stored, as others hash it */
    MEDIA_PRINT_DERIVED, /* and the seven that the reference derives from it */
    MEDIA_COMPARE,       /* the raster as stored, turned in eight ways */
    MEDIA_KEEP,          /* every view of it, as it stands */
    MEDIA_QUERY          /* every view of it, turned in eight ways */
} media_purpose;

/* every_us: between frames of a video, unless --every was given. NULL: error is filled. */
media_reader *media_reader_new(const settings *set, int64_t every_us, media_purpose purpose, resight_error *error);

void media_reader_free(media_reader **reader);

/* Open a path, or standard input for "-". The file that was open before is closed. Returns a resight_status. */
int media_open(media_reader *reader, const char *path, resight_error *error);

/* The same for standard input that may be a stream; what is read of it ends when stop_fd can be read. */
int media_open_stream(media_reader *reader, int stop_fd, resight_error *error);

/* Is what is open a stream? Then it has no digest, and its marks are not kept. */
bool media_is_stream(const media_reader *reader);

/* Decode and hash the open stream to its end, and hand everything on. Returns a resight_status. */
int media_follow(media_reader *reader, const resight_sink *sink, bool *damaged, resight_error *error);

/* SHA-256 of the bytes of the open file. */
int media_digest(media_reader *reader, uint8_t sha256[32], resight_error *error);

/* Decode and hash the open file. */
int media_hash(media_reader *reader, media *out, resight_error *error);

/* What is looked up of a file. Borrowed from both; every_us: between the frames of a video. */
resight_subject media_subject(const media *got, const uint8_t sha256[32], int64_t every_us);

#endif
