/* SPDX-License-Identifier: Apache-2.0 */
/* `resight hash`: pictures, videos and raw frames to hashes on stdout. */
#include "base/cleanup.h"
#include "command.h"
#include "inputs.h"
#include "json.h"
#include "media.h"
#include "memory.h"
#include "pipeline.h"
#include "text.h"
#include <errno.h>
#include <resight/exchange.h>
#include <string.h>

typedef struct hash_run {
    const settings *set;
    bool many; /* inputs: a video's lines need a heading */
} hash_run;

/* ---- Printing -------------------------------------------------------------------------------- */

static bool is_approximate(const resight_mark *mark) {
    return mark->view & RESIGHT_VIEW_APPROXIMATE;
}

static void print_picture_line(FILE *out, const resight_mark *mark, const char *path) {
    char hex[RESIGHT_HEX_LEN + 1];
    resight_hash_to_hex(&mark->hash, hex);
    if (is_approximate(mark))
        putc(RESIGHT_APPROXIMATELY, out);
    fprintf(out, "%s,%d,", hex, mark->quality);
    print_name(out, path);
    putc('\n', out);
}

static void print_frame_line(FILE *out, const resight_mark *mark) {
    char line[RESIGHT_VPDQ_LINE_MAX];
    resight_vpdq_print(mark, line);
    fprintf(out, "%s\n", line);
}

static void print_text(const hash_run *run, FILE *out, const char *path, const media *got) {
    if (got->info.kind == RESIGHT_IMAGE) {
        for (size_t i = 0; i < got->mark_count; i++)
            print_picture_line(out, &got->marks[i], path);
        return;
    }
    if (run->many) {
        fputs("# ", out);
        print_name(out, path);
        putc('\n', out);
    }
    for (size_t i = 0; i < got->mark_count; i++)
        print_frame_line(out, &got->marks[i]);
}

static json_t *json_frame(const resight_mark *mark) {
    json_t *frame = json_object();
    json_object_set_new(frame, "frame", json_integer(mark->frame_number));
    json_object_set_new(frame, "time_us", json_integer(mark->time_us));
    json_object_set_new(frame, "quality", json_integer(mark->quality));
    json_object_set_new(frame, "hash", json_hash(&mark->hash));
    if (mark->transform != RESIGHT_ORIGINAL)
        json_object_set_new(frame, "transform", json_string(resight_transform_name(mark->transform)));
    return frame;
}

static json_t *json_hashes(const resight_mark *marks, size_t count) {
    json_t *hashes = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(hashes, resight_transform_name(marks[i].transform), json_hash(&marks[i].hash));
    return hashes;
}

static void print_media_json(const hash_run *run, FILE *out, const char *path, const media *got) {
    json_t *record = json_object();
    json_object_set_new(record, "path", json_name(path));
    json_object_set_new(record, "kind", json_string(resight_media_kind_name(got->info.kind)));
    json_object_set_new(record, "format", json_string(resight_format_name(got->info.format)));
    json_object_set_new(record, "codec", json_name(got->info.codec));
    json_object_set_new(record, "width_px", json_integer(got->info.width_px));
    json_object_set_new(record, "height_px", json_integer(got->info.height_px));
    json_object_set_new(record, "orientation", json_string(resight_transform_name(got->info.orientation)));
    json_object_set_new(record, "dialect", json_string(resight_dialect_name(run->set->dialect)));
    if (got->info.kind == RESIGHT_IMAGE && got->mark_count > 0) {
        json_object_set_new(record, "hash", json_hash(&got->marks[0].hash));
        json_object_set_new(record, "quality", json_integer(got->marks[0].quality));
        json_object_set_new(record, "approximate", json_boolean(is_approximate(&got->marks[0])));
        if (got->mark_count > 1)
            json_object_set_new(record, "hashes", json_hashes(got->marks, got->mark_count));
    } else {
        json_t *frames = json_array();
        for (size_t i = 0; i < got->mark_count; i++)
            json_array_append_new(frames, json_frame(&got->marks[i]));
        json_object_set_new(record, "duration_us", json_integer(got->duration_us));
        json_object_set_new(record, "damaged", json_boolean(got->damaged));
        json_object_set_new(record, "frames", frames);
    }
    print_json(out, record);
}

/* ---- Media ----------------------------------------------------------------------------------- */

static void *worker_new(void *shared, resight_error *error) {
    const hash_run *run = shared;
    return media_reader_new(run->set, 1000000, run->set->dihedral ? MEDIA_PRINT_DERIVED : MEDIA_PRINT, error);
}

static void worker_free(void *worker) {
    media_reader *reader = worker;
    media_reader_free(&reader);
}

static void work(void *worker, void *shared, job *item) {
    const hash_run *run = shared;
    size_t bytes = 0;
    media got;
    item->status = media_open(worker, item->path, &item->error);
    if (item->status == RESIGHT_OK)
        item->status = media_hash(worker, &got, &item->error);
    item->matched = true;
    FILE *out = must_open_text(&item->text, &bytes);
    if (item->status != RESIGHT_OK) {
        if (run->set->json)
            print_json(out, json_failure("path", item->path, item->error.text));
    } else {
        item->damaged = got.damaged;
        if (run->set->json)
            print_media_json(run, out, item->path, &got);
        else
            print_text(run, out, item->path, &got);
    }
    fclose(out);
}

static int take(void *shared, job *item, bool idle) {
    (void)shared;
    return print_job(item, idle);
}

/* ---- Raw frames ------------------------------------------------------------------------------ */

/* One frame's marks, printed: one line, or eight with --dihedral. Returns a resight_status. */
static int print_raw_frame(const settings *set, resight_hasher *hasher, const resight_image *image, int32_t number) {
    resight_pdq pdq[RESIGHT_TRANSFORMS];
    const int status = set->dihedral ? resight_hasher_dihedral(hasher, image, set->dialect, pdq)
                                     : resight_hasher_pdq(hasher, image, set->dialect, pdq);
    for (int t = 0; status == RESIGHT_OK && t < (set->dihedral ? RESIGHT_TRANSFORMS : 1); t++) {
        const resight_mark mark = {
            .hash = pdq[t].hash,
            .quality = (uint8_t)pdq[t].quality,
            .frame_number = number,
            .time_us = (int64_t)((double)number * 1e6 / set->frames_per_second + 0.5),
            .transform = (uint8_t)t,
        };
        if (set->json)
            print_json(stdout, json_frame(&mark));
        else
            print_frame_line(stdout, &mark);
    }
    return status;
}

/* Hash the frames of one stream. Returns EXIT_MATCHED, or EXIT_TROUBLE after one line on stderr. */
static int hash_raw(const settings *set, const char *path, FILE *in, resight_hasher *hasher) {
    resight_image image = {
        .width_px = set->raw_width_px,
        .height_px = set->raw_height_px,
        .format = set->raw_format,
        .stride_bytes = (size_t)set->raw_width_px * resight_pixel_bytes(set->raw_format),
    };
    const size_t frame_bytes = resight_image_bytes(&image);
    CLEANUP_FREE uint8_t *px = must_have(frame_bytes, 1);
    image.px = px;
    size_t got;
    int32_t number = 0;
    for (; (got = fread(px, 1, frame_bytes, in)) == frame_bytes && !ferror(stdout); number++) {
        const int status = print_raw_frame(set, hasher, &image, number);
        if (status != RESIGHT_OK) {
            complain(path, "frame %d: %s", number, resight_status_name(status));
            return EXIT_TROUBLE;
        }
    }
    if (ferror(in))
        complain(path, "%s", strerror(errno));
    else if (got > 0 || number == 0)
        complain(path, "ends after %zu bytes of frame %d; a frame is %zu bytes", got, number, frame_bytes);
    else
        return EXIT_MATCHED;
    return EXIT_TROUBLE;
}

static int hash_raw_file(const settings *set, const char *path, resight_hasher *hasher) {
    if (strcmp(path, "-") == 0)
        return hash_raw(set, path, stdin, hasher);
    CLEANUP_FILE FILE *in = fopen(path, "re");
    if (in)
        return hash_raw(set, path, in, hasher);
    complain(path, "%s", strerror(errno));
    return EXIT_TROUBLE;
}

static int run_raw(const settings *set, char **operands) {
    CLEANUP(resight_hasher_free) resight_hasher *hasher = NULL;
    int code = EXIT_MATCHED;
    if (set->raw_width_px == 0) {
        complain("--raw", "the size of the frames is not known; add --size WxH");
        return EXIT_TROUBLE;
    }
    if (set->limits.max_pixels && (uint64_t)set->raw_width_px * set->raw_height_px > set->limits.max_pixels) {
        complain("--size", "%u x %u pixels: over the limit of %llu (--max-pixels)", set->raw_width_px,
                 set->raw_height_px, (unsigned long long)set->limits.max_pixels);
        return EXIT_TROUBLE;
    }
    if (resight_hasher_new(set->cpu, &hasher) != RESIGHT_OK)
        return EXIT_TROUBLE;
    CLEANUP(inputs_free) inputs *in = inputs_open(set, operands);
    if (!in)
        return EXIT_TROUBLE;
    for (char *path; (path = inputs_next(in)); free(path))
        if (hash_raw_file(set, path, hasher) != EXIT_MATCHED)
            code = EXIT_TROUBLE;
    if (inputs_failed(in))
        code = EXIT_TROUBLE;
    return code;
}

int run_hash(const settings *set, char **operands) {
    if (!*operands && !set->files_from) {
        complain("hash", "no input; name files or folders, or - for standard input");
        return EXIT_TROUBLE;
    }
    if (set->raw_format)
        return run_raw(set, operands);
    hash_run run = {.set = set, .many = set->files_from || !operands[0] || operands[1] || is_folder(operands[0])};
    const pipeline line = {&run, worker_new, worker_free, work, take, NULL};
    const int code = pipeline_run(&line, set, operands);
    return code == EXIT_NOTHING ? EXIT_MATCHED : code; /* an empty folder is no trouble */
}
