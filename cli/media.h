/* SPDX-License-Identifier: Apache-2.0 */
/* One file to what the commands need of it: its digest and its marks. */
#ifndef RESIGHT_CLI_MEDIA_H
#define RESIGHT_CLI_MEDIA_H

#include "settings.h"

typedef struct media {
    resight_media_info info;
    int64_t duration_us;       /* as the container says, else the time of the last frame that was hashed */
    bool damaged;              /* a video with parts that could not be read */
    const resight_mark *marks; /* borrowed from the reader until its next media_open() */
    size_t mark_count;
} media;

/* A decoder, a hasher and the marks of the file at hand. Opaque; one thread at a time. */
typedef struct media_reader media_reader;

/*
 * every_us: between frames of a video, unless --every was given. alpha: unless --background was given. NULL: error is
 * filled.
 */
media_reader *media_reader_new(const settings *set, int64_t every_us, resight_turning turning, resight_alpha alpha,
                               resight_error *error);

void media_reader_free(media_reader **reader);

/* Open a path, or standard input for "-". The file that was open before is closed. Returns a resight_status. */
int media_open(media_reader *reader, const char *path, resight_error *error);

/* SHA-256 of the bytes of the open file. */
int media_digest(media_reader *reader, uint8_t sha256[32], resight_error *error);

/* Decode and hash the open file. */
int media_hash(media_reader *reader, media *out, resight_error *error);

#endif
