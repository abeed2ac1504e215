/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench_decode.py holds `resight hash` against: all files decoded by libjpeg-turbo in one process, with the
 * settings that resight uses and nothing else done. Rows go to one small buffer, which stays in the cache; the memory
 * of libjpeg is reserved anew for each file, as resight and djpeg do.
 *
 * usage: decode_alone [-f] FILE...     -f: as `resight hash --fast` decodes
 */
#include "base/cleanup.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h>

#define ROWS 16

typedef struct bytes {
    uint8_t *at;
    size_t size, room;
} bytes;

static bool reserve(bytes *b, size_t size) {
    if (size > b->room) {
        free(b->at);
        b->at = malloc(size);
        b->room = b->at ? size : 0;
    }
    return b->at;
}

static bool read_file(const char *path, bytes *into) {
    CLEANUP_FILE FILE *file = fopen(path, "rbe");
    struct stat info;
    if (!file || fstat(fileno(file), &info) != 0 || !reserve(into, (size_t)info.st_size + 1))
        return false;
    setbuf(file, NULL);
    into->size = fread(into->at, 1, (size_t)info.st_size, file);
    return into->size == (size_t)info.st_size;
}

/* What resight_decode_options.fast says. */
static void shrink(struct jpeg_decompress_struct *codec) {
    const unsigned shorter_px = codec->image_width < codec->image_height ? codec->image_width : codec->image_height;
    unsigned eighths = 1;
    while (eighths < 8 && (shorter_px * eighths + 7) / 8 < 256)
        eighths *= 2;
    if (eighths == 8)
        return;
    codec->scale_num = eighths;
    codec->scale_denom = 8;
    codec->out_color_space = JCS_GRAYSCALE;
}

/* An error ends the program: this is for files that are known to be good. */
static bool decode(const bytes *file, bool fast, bytes *rows) {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    JSAMPROW at[ROWS];
    codec.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, file->at, file->size);
    jpeg_read_header(&codec, TRUE);
    if (fast)
        shrink(&codec);
    jpeg_start_decompress(&codec);
    const size_t stride = (size_t)codec.output_width * (size_t)codec.output_components;
    if (!reserve(rows, ROWS * stride))
        return false;
    for (size_t i = 0; i < ROWS; i++)
        at[i] = rows->at + i * stride;
    while (codec.output_scanline < codec.output_height)
        jpeg_read_scanlines(&codec, at, ROWS);
    jpeg_finish_decompress(&codec);
    jpeg_destroy_decompress(&codec);
    return true;
}

int main(int argc, char **argv) {
    bytes file = {0}, rows = {0};
    const bool fast = argc > 1 && strcmp(argv[1], "-f") == 0;
    bool good = true;
    for (int i = 1 + fast; i < argc && good; i++) {
        good = read_file(argv[i], &file) && decode(&file, fast, &rows);
        if (!good)
            perror(argv[i]);
    }
    free(file.at);
    free(rows.at);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
