/* SPDX-License-Identifier: Apache-2.0 */
/* Where bytes come from, and what the first of them say. */
#include "decode/chunks.h"
#include "decode/exif.h"
#include "decode/probe.h"
#include "making.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/resight-source-XXXXXX";
static char path[64];

static void make_folder(void) {
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
}

static void remove_folder(void) {
    unlink(path);
    rmdir(folder);
}

TestSuite(source, .init = make_folder, .fini = remove_folder);

static void write_file(const blob *b) {
    FILE *file = fopen(path, "wb");
    cr_assert_eq(fwrite(b->bytes, 1, b->size_bytes, file), b->size_bytes);
    fclose(file);
}

Test(source, path_descriptor_pipe_and_memory_give_the_same_bytes) {
    enum { SIZE_BYTES = 150000 };
    blob b = {malloc(SIZE_BYTES), SIZE_BYTES};
    for (size_t i = 0; i < SIZE_BYTES; i++)
        b.bytes[i] = (uint8_t)(i * 7 + i / 256);
    write_file(&b);
    resight_source *sources[4] = {NULL};
    int pipe_ends[2];
    cr_assert_eq(pipe(pipe_ends), 0);
    if (fork() == 0) {
        const ssize_t written = write(pipe_ends[1], b.bytes, b.size_bytes);
        _exit(written != (ssize_t)b.size_bytes);
    }
    close(pipe_ends[1]);
    const int fd = open(path, O_RDONLY);
    lseek(fd, 77, SEEK_SET); /* a regular file is read from its start all the same */
    cr_assert_eq(resight_source_open_path(path, &sources[0], NULL), RESIGHT_OK);
    cr_assert_eq(resight_source_open_fd(fd, 10, &sources[1], NULL), RESIGHT_OK);
    cr_assert_eq(resight_source_open_fd(pipe_ends[0], b.size_bytes, &sources[2], NULL), RESIGHT_OK);
    cr_assert_eq(resight_source_open_memory(b.bytes, b.size_bytes, &sources[3], NULL), RESIGHT_OK);
    uint8_t *got = malloc(b.size_bytes + 100);
    for (unsigned i = 0; i < 4; i++) {
        size_t got_bytes = 0;
        cr_assert_eq(resight_source_size(sources[i]), b.size_bytes);
        cr_assert_eq(resight_source_read(sources[i], 0, got, b.size_bytes + 100, &got_bytes, NULL), RESIGHT_OK);
        cr_assert_eq(got_bytes, b.size_bytes);
        cr_assert_eq(memcmp(got, b.bytes, got_bytes), 0, "source %u", i);
        cr_assert_eq(resight_source_read(sources[i], b.size_bytes - 3, got, 10, &got_bytes, NULL), RESIGHT_OK);
        cr_assert_eq(got_bytes, 3);
        cr_assert_eq(got[0], b.bytes[b.size_bytes - 3]);
        cr_assert_eq(resight_source_read(sources[i], UINT64_MAX - 4, got, 10, &got_bytes, NULL), RESIGHT_OK);
        cr_assert_eq(got_bytes, 0);
        resight_source_free(&sources[i]);
        cr_assert_null(sources[i]);
    }
    cr_assert_neq(fcntl(fd, F_GETFD), -1, "a borrowed descriptor was closed");
    close(fd);
    free(got);
    free(b.bytes);
}

Test(source, a_pipe_ends_at_the_limit) {
    int pipe_ends[2];
    resight_source *source = NULL;
    resight_error error;
    cr_assert_eq(pipe(pipe_ends), 0);
    cr_assert_eq(write(pipe_ends[1], "0123456789", 10), 10);
    close(pipe_ends[1]);
    cr_assert_eq(resight_source_open_fd(pipe_ends[0], 9, &source, &error), RESIGHT_E_LIMIT);
    cr_assert_not_null(strstr(error.text, "--max-bytes"));
    cr_assert_null(source);
}

static void expect_refused(const char *refused, const char *why) {
    resight_source *source = NULL;
    resight_error error;
    cr_expect_eq(resight_source_open_path(refused, &source, &error), RESIGHT_E_IO);
    cr_expect_not_null(strstr(error.text, why), "%s", error.text);
    cr_expect_null(source);
}

Test(source, what_is_no_regular_file_is_refused, .timeout = 10) {
    expect_refused(path, "No such file");
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_refused(path, "a FIFO");
    unlink(path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    expect_refused(path, "a socket");
    close(fd);
    unlink(path);
    expect_refused(folder, "a directory");
    expect_refused("/dev/null", "a character device");
}

Test(source, a_decoder_is_used_for_one_file_after_another) {
    raster r = make_waves(40, 30, 3);
    blob files[] = {make_jpeg(&r, 0, NULL, 0), make_png(&r, 0), blob_copy("no picture", 10), make_jpeg(&r, 1, NULL, 0),
                    make_still("bmp", &r, AV_PIX_FMT_BGR24)};
    const int expected[] = {RESIGHT_OK, RESIGHT_OK, RESIGHT_E_FORMAT, RESIGHT_OK, RESIGHT_OK};
    resight_decoder *decoder = NULL;
    cr_assert_eq(resight_decoder_new(NULL, &decoder), RESIGHT_OK);
    for (unsigned i = 0; i < 30; i++) {
        resight_source *source = NULL;
        resight_media_info info;
        resight_frame frame;
        const blob *b = &files[i % 5];
        cr_assert_eq(resight_source_open_memory(b->bytes, b->size_bytes, &source, NULL), RESIGHT_OK);
        cr_assert_eq(resight_decoder_open(decoder, source, &info, NULL), expected[i % 5], "file %u", i);
        if (expected[i % 5] == RESIGHT_OK && i % 3 != 0) /* some are left before they are read */
            cr_assert_eq(resight_decoder_next(decoder, &frame, NULL), RESIGHT_OK, "file %u", i);
        if (expected[i % 5] != RESIGHT_OK)
            cr_assert_eq(resight_decoder_next(decoder, &frame, NULL), RESIGHT_END);
        resight_source_free(&source);
    }
    resight_decoder_free(&decoder);
    cr_assert_null(decoder);
    for (unsigned i = 0; i < 5; i++)
        free(files[i].bytes);
    free(r.px);
}

Test(probe, first_bytes_decide) {
    static const struct {
        const char *bytes;
        size_t size_bytes;
        resight_format format;
    } cases[] = {
        {"\xff\xd8\xff\xe0", 4, RESIGHT_FORMAT_JPEG},
        {"\xff\xd8", 2, RESIGHT_FORMAT_UNKNOWN},
        {"\x89PNG\r\n\x1a\n", 8, RESIGHT_FORMAT_PNG},
        {"\x89PNG\n\x1a\n\n", 8, RESIGHT_FORMAT_UNKNOWN},
        {"RIFF\1\2\3\4WEBP", 12, RESIGHT_FORMAT_WEBP},
        {"RIFX\1\2\3\4WEBP", 12, RESIGHT_FORMAT_UNKNOWN},
        {"RIFF\1\2\3\4AVI ", 12, RESIGHT_FORMAT_UNKNOWN},
        {"GIF89a", 6, RESIGHT_FORMAT_GIF},
        {"GIF88a", 6, RESIGHT_FORMAT_UNKNOWN},
        {"BMW is a car, not a picture", 27, RESIGHT_FORMAT_UNKNOWN},
        {"II*\0", 4, RESIGHT_FORMAT_TIFF},
        {"MM\0*", 4, RESIGHT_FORMAT_TIFF},
        {"\0\0\0\x1c"
         "ftypavif\0\0\0\0mif1",
         20, RESIGHT_FORMAT_AVIF},
        {"\0\0\0\x1c"
         "ftypavis\0\0\0\0msf1",
         20, RESIGHT_FORMAT_AVIF},
        {"\0\0\0\x18"
         "ftypmif1\0\0\0\0mif1heic",
         24, RESIGHT_FORMAT_HEIC},
        {"\0\0\0\x18"
         "ftypmif1\0\0\0\0miafavif",
         24, RESIGHT_FORMAT_AVIF},
        {"\0\0\0\x14"
         "ftypmif1\0\0\0\0mif1heic",
         24, RESIGHT_FORMAT_UNKNOWN}, /* the brand is outside the box */
        {"\0\0\0\x18"
         "ftypisom\0\0\0\0isomavif",
         24, RESIGHT_FORMAT_UNKNOWN},
        {"\0\0\0\x0cJXL \r\n\x87\n", 12, RESIGHT_FORMAT_JXL},
        {"", 0, RESIGHT_FORMAT_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(probe_format((const uint8_t *)cases[i].bytes, cases[i].size_bytes), cases[i].format, "case %zu",
                     i);
}

Test(probe, names) {
    cr_expect_str_eq(resight_format_name(RESIGHT_FORMAT_JXL), "jxl");
    cr_expect_str_eq(resight_format_name(RESIGHT_FORMAT_VIDEO), "video");
    cr_expect_str_eq(resight_format_name((resight_format)11), "unknown");
    cr_expect_str_eq(resight_media_kind_name(RESIGHT_VIDEO), "video");
    cr_expect_str_eq(resight_media_kind_name((resight_media_kind)0), "unknown");
}

Test(exif, orientations_in_both_byte_orders) {
    static const resight_transform upright[10] = {
        RESIGHT_ORIGINAL,    RESIGHT_ORIGINAL,   RESIGHT_FLIP_Y,       RESIGHT_ROTATE_180, RESIGHT_FLIP_X,
        RESIGHT_FLIP_PLUS_1, RESIGHT_ROTATE_270, RESIGHT_FLIP_MINUS_1, RESIGHT_ROTATE_90,  RESIGHT_ORIGINAL};
    for (unsigned value = 0; value < 10; value++)
        for (unsigned variant = 0; variant < 4; variant++) {
            blob exif = make_exif(value, variant & 1, variant & 2);
            cr_expect_eq(exif_orientation_of(exif.bytes, exif.size_bytes), upright[value], "%u", value);
            for (size_t cut = 0; cut < exif.size_bytes - 4 - 3;
                 cut++) { /* in a block that ends there, for the sanitizer */
                uint8_t *less = malloc(cut + 1);
                memcpy(less, exif.bytes, cut);
                cr_expect_eq(exif_orientation_of(less, cut), RESIGHT_ORIGINAL, "%u cut at %zu", value, cut);
                free(less);
            }
            free(exif.bytes);
        }
    uint8_t far[8] = {'I', 'I', '*', 0, 0xfe, 0xff, 0xff, 0xff};
    cr_expect_eq(exif_orientation_of(far, sizeof far), RESIGHT_ORIGINAL);
}
