/* SPDX-License-Identifier: Apache-2.0 */
/* The target without the fuzzer: every file of the folders that are named, in the order of their names. */
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>

static uint8_t *read_file(const char *path, size_t *size_bytes) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    *size_bytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size_bytes); /* exactly, so that one byte more is found by the sanitizer */
    if ((!bytes && *size_bytes) || fread(bytes, 1, *size_bytes, file) != *size_bytes) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return bytes;
}

static void run_file(const char *path) {
    size_t size_bytes = 0;
    uint8_t *bytes = read_file(path, &size_bytes);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
    LLVMFuzzerTestOneInput(bytes, size_bytes);
    free(bytes);
}

static int is_visible(const struct dirent *item) {
    return item->d_name[0] != '.';
}

static int run_folder(const char *folder) {
    struct dirent **items = NULL;
    const int count = scandir(folder, &items, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, items[i]->d_name);
        run_file(path);
        free(items[i]);
    }
    free(items);
    return count;
}

int main(int argc, char **argv) {
    int files = 0;
    LLVMFuzzerTestOneInput(NULL, 0);
    for (int i = 1; i < argc; i++) {
        const int found = run_folder(argv[i]);
        if (found < 1) {
            fprintf(stderr, "%s: no files\n", argv[i]);
            return 2;
        }
        files += found;
    }
    printf("%d inputs\n", files);
    return 0;
}
