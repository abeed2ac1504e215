/* SPDX-License-Identifier: Apache-2.0 */
/* Files to digests and marks: the only place of the program where media is opened. */
#include "media.h"

#include "base/cleanup.h"
#include "isolation.h"
#include "memory.h"
#include "thumbnails.h"
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

/*
 * What is kept of a known video: a mark within 24 bits of the last one says nothing new for a second. It has the recall
 * of every frame in a fifth of the space; benchmarks/README.md.
 */
#define NEWS_BITS 24
#define NEWS_US 1000000

#define DIGEST_CHUNK_BYTES (1u << 20)

struct media_reader {
    resight_pool *pool;
    resight_source *source;
    resight_marking how;
    bool prunes;
    int (*show)(void *user, const resight_thumbnail *thumbnail); /* what becomes of thumbnails; NULL: none are made */
    uint64_t max_bytes;                                          /* of what cannot be sought */
    uint64_t max_size_bytes;                                     /* of anything */
    resight_mark *marks;
    size_t count;
    inside *inside; /* of what is kept */
    thumbnails thumbnails;
    uint8_t *chunk; /* DIGEST_CHUNK_BYTES */
};

static resight_decode_options decode_options(const settings *set, int64_t every_us, bool all_views) {
    resight_decode_options options = resight_decode_options_default();
    options.limits = set->limits;
    options.every_us = set->every_us.given ? (int64_t)set->every_us.value : every_us;
    options.via_rgb = set->via_rgb;
    options.fast = set->fast;
    options.alpha = set->composite ? RESIGHT_ALPHA_COMPOSITE : all_views ? RESIGHT_ALPHA_VIEWS : RESIGHT_ALPHA_DROP;
    memcpy(options.background_rgb, set->background_rgb, sizeof options.background_rgb);
    return options;
}

static resight_turning turning_for(media_purpose purpose) {
    switch (purpose) {
    case MEDIA_PRINT_DERIVED: return RESIGHT_DERIVED;
    case MEDIA_COMPARE:
    case MEDIA_QUERY: return RESIGHT_TURNED;
    case MEDIA_PRINT:
    case MEDIA_KEEP: break;
    }
    return RESIGHT_AS_STORED;
}

static int keep_mark(void *user, const resight_mark *mark) {
    media_reader *reader = user;
    must_grow(&reader->marks, reader->count, sizeof *reader->marks);
    reader->marks[reader->count++] = *mark;
    return RESIGHT_OK;
}

/* A query keeps its thumbnails, for the case that its frames are not found. */
static int keep_thumbnail(void *user, const resight_thumbnail *thumbnail) {
    media_reader *reader = user;
    thumbnails_keep(&reader->thumbnails, thumbnail);
    return RESIGHT_OK;
}

/* A known item keeps what it may be known by inside of other pictures. */
static int keep_inside(void *user, const resight_thumbnail *thumbnail) {
    media_reader *reader = user;
    resight_mark trimmed;
    const int status = inside_trimmed(reader->inside, thumbnail, &trimmed);
    if (status == RESIGHT_OK)
        keep_mark(reader, &trimmed);
    return status < 0 ? status : inside_patches(reader->inside, thumbnail);
}

media_reader *media_reader_new(const settings *set, int64_t every_us, media_purpose purpose, resight_error *error) {
    CLEANUP(media_reader_free) media_reader *reader = must_have(1, sizeof *reader);
    const bool all_views = purpose == MEDIA_KEEP || purpose == MEDIA_QUERY;
    if (purpose == MEDIA_KEEP)
        reader->show = keep_inside;
    else if (purpose == MEDIA_QUERY && set->effort != RESIGHT_EFFORT_FAST)
        reader->show = keep_thumbnail;
    reader->prunes = purpose == MEDIA_KEEP && !set->every_us.given; /* who says how often gets them all */
    reader->how = (resight_marking){.dialect = set->dialect, .turning = turning_for(purpose), .reduced = all_views};
    reader->max_bytes = set->limits.max_bytes;
    if (set->limits.max_bytes && set->limits.max_video_bytes)
        reader->max_size_bytes =
            set->limits.max_bytes > set->limits.max_video_bytes ? set->limits.max_bytes : set->limits.max_video_bytes;
    reader->chunk = must_have(1, DIGEST_CHUNK_BYTES);
    reader->pool = isolation_pool(set, decode_options(set, every_us, all_views), error);
    if (!reader->pool || (purpose == MEDIA_KEEP && !(reader->inside = inside_new(set->cpu, error))))
        return NULL;
    return STEAL(reader);
}

void media_reader_free(media_reader **reader) {
    if (!*reader)
        return;
    resight_pool_free(&(*reader)->pool);
    resight_source_free(&(*reader)->source);
    inside_free(&(*reader)->inside);
    free((*reader)->marks);
    thumbnails_clear(&(*reader)->thumbnails);
    free((*reader)->chunk);
    free(*reader);
    *reader = NULL;
}

static void media_close(media_reader *reader) {
    resight_source_free(&reader->source);
    reader->count = 0;
    if (reader->inside)
        inside_clear(reader->inside);
    thumbnails_clear(&reader->thumbnails);
}

int media_open_stream(media_reader *reader, int stop_fd, resight_error *error) {
    media_close(reader);
    return resight_source_open_stream(STDIN_FILENO, stop_fd, reader->max_bytes, &reader->source, error);
}

bool media_is_stream(const media_reader *reader) {
    return resight_source_is_stream(reader->source);
}

/* The decoder checks each kind by its own limit; but the digest reads the file before it does. */
int media_open(media_reader *reader, const char *path, resight_error *error) {
    media_close(reader);
    if (strcmp(path, "-") == 0)
        return resight_source_open_fd(STDIN_FILENO, reader->max_bytes, &reader->source, error);
    const int status = resight_source_open_path(path, &reader->source, error);
    if (status != RESIGHT_OK || !reader->max_size_bytes ||
        resight_source_size(reader->source) <= reader->max_size_bytes)
        return status;
    return resight_fail(error, RESIGHT_E_LIMIT, "%llu bytes: over the limit of %llu (--max-video-bytes)",
                        (unsigned long long)resight_source_size(reader->source),
                        (unsigned long long)reader->max_size_bytes);
}

static void free_digest(EVP_MD_CTX **context) {
    EVP_MD_CTX_free(*context);
}

int media_digest(media_reader *reader, uint8_t sha256[32], resight_error *error) {
    CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    size_t got = DIGEST_CHUNK_BYTES;
    for (uint64_t at = 0; good && got == DIGEST_CHUNK_BYTES; at += got) {
        const int status = resight_source_read(reader->source, at, reader->chunk, DIGEST_CHUNK_BYTES, &got, error);
        if (status != RESIGHT_OK)
            return status;
        good = EVP_DigestUpdate(context, reader->chunk, got);
    }
    if (!good || !EVP_DigestFinal_ex(context, sha256, NULL))
        return resight_fail(error, RESIGHT_E_NOMEM, "SHA-256: %s", resight_status_name(RESIGHT_E_NOMEM));
    return RESIGHT_OK;
}

int media_hash(media_reader *reader, media *out, resight_error *error) {
    media got = {0};
    const resight_sink sink = {.mark = keep_mark, .thumbnail = reader->show, .user = reader};
    const int status =
        resight_pool_hash(reader->pool, reader->source, &reader->how, &sink, &got.info, &got.damaged, error);
    if (status != RESIGHT_OK)
        return status;
    isolation_warn(reader->pool);
    if (got.info.kind == RESIGHT_VIDEO && reader->prunes)
        reader->count = resight_prune_marks(reader->marks, reader->count, NEWS_BITS, NEWS_US);
    got.marks = reader->marks;
    got.mark_count = reader->count;
    if (reader->inside)
        got.patches = inside_found(reader->inside);
    got.thumbnails = reader->thumbnails.items;
    got.thumbnail_count = reader->thumbnails.count;
    got.duration_us = got.info.duration_us;
    if (got.info.kind == RESIGHT_VIDEO && got.duration_us <= 0 && got.mark_count > 0)
        got.duration_us = got.marks[got.mark_count - 1].time_us;
    *out = got;
    return RESIGHT_OK;
}

int media_follow(media_reader *reader, const resight_sink *sink, bool *damaged, resight_error *error) {
    resight_media_info info;
    const resight_sink wanted = {sink->mark, reader->show ? sink->thumbnail : NULL, sink->user};
    const int status = resight_pool_hash(reader->pool, reader->source, &reader->how, &wanted, &info, damaged, error);
    if (status == RESIGHT_OK)
        isolation_warn(reader->pool);
    return status;
}

resight_subject media_subject(const media *got, const uint8_t sha256[32], int64_t every_us) {
    return (resight_subject){
        .kind = got->info.kind,
        .sha256 = sha256,
        .marks = got->marks,
        .mark_count = got->mark_count,
        .thumbnails = got->thumbnails,
        .thumbnail_count = got->thumbnail_count,
        .every_us = every_us,
        .duration_us = got->duration_us,
    };
}
