/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of a worker that a file has taken over: any bytes. The first ones say what was asked for. What is read is
 * within its range and is, byte for byte, what record_write() makes of it; what is taken as an answer goes forward in
 * time, has what was asked for, and ends once.
 */
#include "fuzz.h"
#include "isolate/records.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_FRAMES = 3, SIGNATURE = 0x40 };

static resight_tmk tmk; /* where a signature goes */

static bool is_plain(const char *text, size_t room) {
    const size_t length = strnlen(text, room);
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return length < room;
}

static void check_mark(const resight_mark *mark) {
    PROPERTY(mark->time_us >= 0 && mark->frame_number >= 0 && mark->quality <= 100);
    PROPERTY(mark->dialect == RESIGHT_PDQ || mark->dialect == RESIGHT_PDQ512);
    PROPERTY(mark->transform < RESIGHT_TRANSFORMS);
    PROPERTY((mark->view & ~(unsigned)(RESIGHT_VIEW_REDUCED | RESIGHT_VIEW_APPROXIMATE)) < RESIGHT_VIEWS);
}

static void check_thumbnail(const resight_thumbnail *picture) {
    const resight_image *image = &picture->image;
    unsigned sum = 0;
    PROPERTY(picture->time_us >= 0 && image->format == RESIGHT_GRAY8);
    PROPERTY((picture->view & ~(unsigned)RESIGHT_VIEW_APPROXIMATE) < RESIGHT_VIEWS);
    PROPERTY(resight_image_check(image) == RESIGHT_OK && image->width_px <= RESIGHT_THUMBNAIL_SIDE_PX &&
             image->height_px <= RESIGHT_THUMBNAIL_SIDE_PX);
    for (uint32_t y = 0; y < image->height_px; y++)
        for (uint32_t x = 0; x < image->width_px; x++)
            sum += image->px[y * image->stride_bytes + x]; /* all of it is there */
    PROPERTY(sum <= 255u * RESIGHT_THUMBNAIL_BYTES_MAX);
}

static void check_end(const record_end *end) {
    static const resight_media_info none = {0};
    const resight_media_info *info = &end->info;
    PROPERTY(is_plain(end->error.text, sizeof end->error.text) && is_plain(info->codec, sizeof info->codec));
    if (end->status != RESIGHT_OK) {
        PROPERTY(end->status < 0 && strcmp(resight_status_name(end->status), "unknown status") != 0);
        PROPERTY(memcmp(info, &none, sizeof none) == 0);
        return;
    }
    PROPERTY(end->error.text[0] == '\0');
    PROPERTY(info->kind == RESIGHT_IMAGE || info->kind == RESIGHT_VIDEO);
    PROPERTY(info->width_px >= 1 && info->height_px >= 1 && info->orientation < RESIGHT_TRANSFORMS);
    PROPERTY(info->duration_us >= 0 && isfinite(info->frames_per_second) && info->frames_per_second >= 0);
    PROPERTY(info->format == RESIGHT_FORMAT_UNKNOWN || strcmp(resight_format_name(info->format), "unknown") != 0);
}

static void check_record(const record *got, const uint8_t *bytes, size_t used_bytes) {
    static uint8_t again[RECORD_BYTES_MAX];
    switch (got->kind) {
    case RECORD_HELLO: PROPERTY((got->hello.walls & ~RESIGHT_WALLS) == 0); break;
    case RECORD_MARK: check_mark(&got->mark); break;
    case RECORD_THUMBNAIL: check_thumbnail(&got->thumbnail); break;
    case RECORD_END: check_end(&got->end); break;
    case RECORD_TMK: PROPERTY(got->signature == bytes + 8 && used_bytes == 8 + RESIGHT_TMK_FILE_BYTES); break;
    }
    PROPERTY(used_bytes <= RECORD_BYTES_MAX && record_write(got, again) == used_bytes);
    PROPERTY(memcmp(again, bytes, used_bytes) == 0);
}

/* What was taken, counted here once more. */
typedef struct taken {
    uint64_t frames, signatures, ends;
    resight_mark last;
} taken;

static void check_order(taken *so_far, const answer *wanted, const record *got) {
    PROPERTY(so_far->ends == 0);
    if (got->kind == RECORD_MARK) {
        const resight_mark *mark = &got->mark, *last = &so_far->last;
        const bool same = so_far->frames > 0 && mark->time_us == last->time_us;
        PROPERTY(same ? mark->frame_number == last->frame_number
                      : so_far->frames == 0 ||
                            (mark->time_us > last->time_us &&
                             (mark->frame_number > last->frame_number || mark->frame_number == INT32_MAX)));
        PROPERTY(mark->dialect == (unsigned)wanted->how.dialect);
        PROPERTY(wanted->fast || !(mark->view & RESIGHT_VIEW_APPROXIMATE));
        so_far->frames += !same;
        so_far->last = *mark;
        PROPERTY(wanted->max_frames == 0 || wanted->stream || so_far->frames <= wanted->max_frames);
        PROPERTY(!wanted->tmk);
    } else if (got->kind == RECORD_TMK) {
        static uint8_t packed[RESIGHT_TMK_FILE_BYTES];
        static resight_tmk again;
        resight_tmk_pack(wanted->tmk, packed); /* what was taken passes as a file of its own */
        PROPERTY(resight_tmk_unpack(packed, sizeof packed, &again, NULL) == RESIGHT_OK && ++so_far->signatures == 1);
    } else if (got->kind == RECORD_THUMBNAIL) {
        PROPERTY(wanted->thumbnails && so_far->frames > 0 && got->thumbnail.time_us == so_far->last.time_us);
        PROPERTY(wanted->fast || !(got->thumbnail.view & RESIGHT_VIEW_APPROXIMATE));
    } else {
        PROPERTY(got->kind == RECORD_END);
        if (wanted->tmk)
            PROPERTY(so_far->signatures == (got->end.status == RESIGHT_OK));
        else
            PROPERTY(got->end.status != RESIGHT_OK || got->end.info.kind != RESIGHT_IMAGE || so_far->frames == 1);
        so_far->ends++;
    }
}

static answer take_wanted(fuzz_input *in) {
    const uint8_t bits = take8(in);
    return (answer){.how = {.dialect = bits & 1 ? RESIGHT_PDQ512 : RESIGHT_PDQ,
                            .turning = (resight_turning)(bits >> 1 & 3) % 3,
                            .reduced = bits >> 3 & 1},
                    .thumbnails = bits >> 4 & 1,
                    .fast = bits >> 7,
                    .stream = (bits >> 1 & 3) == 3,
                    .max_frames = bits >> 5 & 1 ? MOST_FRAMES : 0,
                    .tmk = bits & SIGNATURE ? &tmk : NULL};
}

/* A signature is longer than an input should be: one of zeros, with some of its floats changed. Owned by the caller. */
static uint8_t *with_signature(fuzz_input *in, size_t *size_bytes) {
    static uint8_t zeros[RECORD_BYTES_MAX];
    static const resight_tmk nothing;
    static uint8_t packed[RESIGHT_TMK_FILE_BYTES];
    resight_tmk_pack(&nothing, packed);
    const size_t head_bytes = record_write(&(record){.kind = RECORD_TMK, .signature = packed}, zeros);
    for (unsigned changes = take8(in) % 4; changes > 0; changes--) {
        const size_t at = take16(in);
        take(in, zeros + at * 4 % head_bytes, 4);
    }
    *size_bytes = head_bytes + in->left;
    uint8_t *stream = malloc(*size_bytes);
    PROPERTY(stream);
    memcpy(stream, zeros, head_bytes);
    take(in, stream + head_bytes, in->left);
    return stream;
}

static void hear(fuzz_input in, const answer *wanted) {
    answer so_far = *wanted;
    taken seen = {0};
    bool good = true;
    for (;;) {
        record got;
        size_t used_bytes = 0;
        resight_error error = {""};
        const int status = record_read(in.bytes, in.left, &got, &used_bytes, &error);
        PROPERTY(status == RESIGHT_OK || status == RESIGHT_END || (status == RESIGHT_E_FORMAT && error.text[0]));
        if (status != RESIGHT_OK)
            return;
        PROPERTY(used_bytes > 0 && used_bytes <= in.left);
        check_record(&got, in.bytes, used_bytes);
        good = good && answer_take(&so_far, &got, &error) == RESIGHT_OK; /* after the first refusal nobody listens */
        if (good)
            check_order(&seen, wanted, &got);
        in.bytes += used_bytes;
        in.left -= used_bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    const answer wanted = take_wanted(&in);
    fuzz_input answered = in;
    uint8_t *stream = NULL;
    if (wanted.tmk)
        answered.bytes = stream = with_signature(&in, &answered.left);
    hear(answered, &wanted);
    free(stream);
    return 0;
}
