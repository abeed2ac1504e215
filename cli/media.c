/* SPDX-License-Identifier: Apache-2.0 */
/* Files to digests and marks: the only place of the program where media is opened. */
#include "media.h"

#include "base/cleanup.h"
#include "memory.h"
#include "thumbnails.h"
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define DIGEST_CHUNK_BYTES (1u << 20)

struct media_reader {
    resight_decoder *decoder;
    resight_hasher *hasher;
    resight_source *source;
    resight_marking how;
    bool all_views;
    media_purpose purpose;
    uint64_t max_bytes;      /* of what cannot be sought */
    uint64_t max_size_bytes; /* of anything */
    resight_mark *marks;
    size_t count;
    resight_patcher *patcher; /* of what is kept */
    resight_patch_set *patch_sets;
    size_t patch_set_count;
    resight_patch *patches;
    size_t patch_count, patch_capacity;
    thumbnails thumbnails;
    uint8_t *chunk; /* DIGEST_CHUNK_BYTES */
};

static resight_decode_options decode_options(const settings *set, int64_t every_us, bool all_views) {
    resight_decode_options options = resight_decode_options_default();
    options.limits = set->limits;
    options.every_us = set->every_us.given ? (int64_t)set->every_us.value : every_us;
    options.via_rgb = set->via_rgb;
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

media_reader *media_reader_new(const settings *set, int64_t every_us, media_purpose purpose, resight_error *error) {
    CLEANUP(media_reader_free) media_reader *reader = must_have(1, sizeof *reader);
    reader->purpose = purpose;
    reader->all_views = purpose == MEDIA_KEEP || purpose == MEDIA_QUERY;
    reader->how = (resight_marking){.dialect = set->dialect, .turning = turning_for(purpose)};
    reader->max_bytes = set->limits.max_bytes;
    if (set->limits.max_bytes && set->limits.max_video_bytes)
        reader->max_size_bytes =
            set->limits.max_bytes > set->limits.max_video_bytes ? set->limits.max_bytes : set->limits.max_video_bytes;
    reader->chunk = must_have(1, DIGEST_CHUNK_BYTES);
    const resight_decode_options options = decode_options(set, every_us, reader->all_views);
    int status = resight_decoder_new(&options, &reader->decoder);
    if (status == RESIGHT_OK)
        status = resight_hasher_new(set->cpu, &reader->hasher);
    if (status == RESIGHT_OK && purpose == MEDIA_KEEP)
        status = resight_patcher_new(&reader->patcher);
    if (status != RESIGHT_OK) {
        resight_fail(error, status, "cannot make a decoder and a hasher: %s", resight_status_name(status));
        return NULL;
    }
    return STEAL(reader);
}

void media_reader_free(media_reader **reader) {
    if (!*reader)
        return;
    resight_decoder_free(&(*reader)->decoder);
    resight_hasher_free(&(*reader)->hasher);
    resight_source_free(&(*reader)->source);
    resight_patcher_free(&(*reader)->patcher);
    free((*reader)->patch_sets);
    free((*reader)->patches);
    free((*reader)->marks);
    thumbnails_clear(&(*reader)->thumbnails);
    free((*reader)->chunk);
    free(*reader);
    *reader = NULL;
}

/* The decoder checks each kind by its own limit; but the digest reads the file before it does. */
int media_open(media_reader *reader, const char *path, resight_error *error) {
    resight_source_free(&reader->source);
    reader->count = reader->patch_set_count = reader->patch_count = 0;
    thumbnails_clear(&reader->thumbnails);
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

static int keep_trimmed(media_reader *reader, const resight_thumbnail *thumbnail) {
    resight_rect rest;
    resight_mark marks[RESIGHT_TRANSFORMS];
    int status = resight_trim(&thumbnail->image, &rest);
    if (status == RESIGHT_OK)
        status = resight_part_marks(reader->hasher, thumbnail, rest, RESIGHT_VIEW_TRIMMED, marks);
    if (status == RESIGHT_OK)
        return keep_mark(reader, &marks[RESIGHT_ORIGINAL]);
    return status == RESIGHT_NOT_FOUND ? RESIGHT_OK : status;
}

/* Room for another set of patches behind the first `count`. Memory grows by doubling, as must_grow() does. */
static resight_patch *room_for_patches(media_reader *reader) {
    const size_t need = reader->patch_count + RESIGHT_PATCHES_MAX;
    if (need > reader->patch_capacity) {
        reader->patch_capacity = 2 * need;
        must_resize(&reader->patches, reader->patch_capacity, sizeof *reader->patches);
    }
    return reader->patches + reader->patch_count;
}

/* Of a picture with transparent parts, the view on white stands for all: the opaque parts look the same in each. */
static int keep_patches(media_reader *reader, const resight_thumbnail *thumbnail) {
    size_t count = 0;
    if (thumbnail->view == RESIGHT_VIEW_ON_BLACK)
        return RESIGHT_OK;
    if (thumbnail->view == RESIGHT_VIEW_ON_WHITE)
        reader->patch_set_count = reader->patch_count = 0;
    if (reader->patch_count + RESIGHT_PATCHES_MAX > RESIGHT_ENTRY_PATCHES_MAX)
        return RESIGHT_OK; /* of a video of many hours, the first ones */
    const int status = resight_patcher_find(reader->patcher, &thumbnail->image, RESIGHT_PATCHES_KNOWN,
                                            room_for_patches(reader), RESIGHT_PATCHES_MAX, &count);
    if (status != RESIGHT_OK || count == 0)
        return status;
    must_grow(&reader->patch_sets, reader->patch_set_count, sizeof *reader->patch_sets);
    reader->patch_sets[reader->patch_set_count++] = (resight_patch_set){
        .time_us = thumbnail->time_us,
        .first = (uint32_t)reader->patch_count,
        .count = (uint32_t)count,
        .width_px = (uint16_t)thumbnail->image.width_px,
        .height_px = (uint16_t)thumbnail->image.height_px,
        .view = (uint8_t)thumbnail->view,
    };
    reader->patch_count += count;
    return RESIGHT_OK;
}

/* A known item keeps what it may be known by inside of other pictures. */
static int keep_inside(void *user, const resight_thumbnail *thumbnail) {
    const int status = keep_trimmed(user, thumbnail);
    return status == RESIGHT_OK ? keep_patches(user, thumbnail) : status;
}

int media_hash(media_reader *reader, media *out, resight_error *error) {
    media got = {0};
    resight_sink sink = {.mark = keep_mark, .user = reader};
    if (reader->all_views)
        sink.thumbnail = reader->purpose == MEDIA_QUERY ? keep_thumbnail : keep_inside;
    int status = resight_decoder_open(reader->decoder, reader->source, &got.info, error);
    reader->how.reduced = reader->all_views && got.info.kind == RESIGHT_IMAGE;
    if (status == RESIGHT_OK)
        status = resight_hash_frames(reader->decoder, reader->hasher, &reader->how, &sink, error);
    if (status != RESIGHT_OK)
        return status;
    got.damaged = resight_decoder_damaged(reader->decoder);
    got.marks = reader->marks;
    got.mark_count = reader->count;
    got.patch_sets = reader->patch_sets;
    got.patch_set_count = reader->patch_set_count;
    got.patches = reader->patches;
    got.patch_count = reader->patch_count;
    got.thumbnails = reader->thumbnails.items;
    got.thumbnail_count = reader->thumbnails.count;
    got.duration_us = got.info.duration_us;
    if (got.info.kind == RESIGHT_VIDEO && got.duration_us <= 0 && got.mark_count > 0)
        got.duration_us = got.marks[got.mark_count - 1].time_us;
    *out = got;
    return RESIGHT_OK;
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
