/* SPDX-License-Identifier: Apache-2.0 */
/* `resight tmk`: videos to .tmk files; and two of those, for `resight compare`, to their scores. */
#include "base/cleanup.h"
#include "command.h"
#include "inputs.h"
#include "isolation.h"
#include "json.h"
#include "memory.h"
#include "text.h"
#include <resight/tmk.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSION ".tmk"
#define MAGIC "TMK1FVEC"

/* NAME.tmk in the working folder, for any/NAME.mp4: as the reference's -d does. Owned by the caller. */
static char *output_name(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    const size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    char *name = must_have(length + sizeof EXTENSION, 1);
    memcpy(name, base, length);
    memcpy(name + length, EXTENSION, sizeof EXTENSION);
    return name;
}

/* A video that is read in part is said to be; its signature is made all the same. False: there is none. */
static bool hash_one(resight_pool *pool, const char *path, resight_tmk *tmk) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    resight_error error = {0};
    bool damaged = false;
    int status = resight_source_open_path(path, &source, &error);
    if (status == RESIGHT_OK)
        status = resight_pool_tmk(pool, source, tmk, &damaged, &error);
    isolation_warn(pool);
    if (status != RESIGHT_OK)
        complain(path, "%s", error.text);
    else if (damaged)
        complain(path, "damaged or broken off: only a part could be read");
    return status == RESIGHT_OK;
}

static int make_one(resight_pool *pool, const char *path, resight_tmk *tmk) {
    CLEANUP_FREE char *name = output_name(path);
    resight_error error = {0};
    if (!hash_one(pool, path, tmk))
        return EXIT_TROUBLE;
    if (resight_tmk_write(name, tmk, &error) != RESIGHT_OK) {
        complain(name, "%s", error.text);
        return EXIT_TROUBLE;
    }
    print_name(stdout, path);
    putchar(' ');
    print_name(stdout, name);
    putchar('\n');
    return EXIT_MATCHED;
}

int run_tmk(const settings *set, char **operands) {
    CLEANUP(inputs_free) inputs *paths = inputs_open(set, operands);
    CLEANUP(resight_pool_free) resight_pool *pool = NULL;
    CLEANUP_FREE resight_tmk *tmk = must_have(1, sizeof *tmk);
    resight_decode_options options = resight_decode_options_default();
    resight_error error = {0};
    int code = EXIT_MATCHED;
    if (!paths)
        return EXIT_TROUBLE;
    options.limits = set->limits;
    options.every_us = 0;
    pool = isolation_pool(set, options, &error);
    if (!pool) {
        complain("tmk", "%s", error.text);
        return EXIT_TROUBLE;
    }
    for (char *path; (path = inputs_next(paths)); free(path))
        if (make_one(pool, path, tmk) != EXIT_MATCHED)
            code = EXIT_TROUBLE;
    return inputs_failed(paths) ? EXIT_TROUBLE : code;
}

bool is_tmk_file(const char *path) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    char magic[sizeof MAGIC - 1];
    size_t got = 0;
    return resight_source_open_path(path, &source, NULL) == RESIGHT_OK &&
           resight_source_read(source, 0, magic, sizeof magic, &got, NULL) == RESIGHT_OK && got == sizeof magic &&
           memcmp(magic, MAGIC, sizeof magic) == 0;
}

int compare_tmk_files(const settings *set, char **operands) {
    CLEANUP_FREE resight_tmk *tmk = must_have(2, sizeof *tmk);
    for (int i = 0; i < 2; i++) {
        resight_error error = {0};
        if (resight_tmk_read(operands[i], &tmk[i], &error) != RESIGHT_OK) {
            complain(operands[i], "%s", error.text);
            return EXIT_TROUBLE;
        }
    }
    const double level1 = resight_tmk_level1(&tmk[0], &tmk[1]), level2 = resight_tmk_level2(&tmk[0], &tmk[1]);
    const bool matched = level1 >= RESIGHT_TMK_DEFAULT_SCORE && level2 >= RESIGHT_TMK_DEFAULT_SCORE;
    if (set->json) {
        json_t *record = json_object();
        json_object_set_new(record, "a", json_name(operands[0]));
        json_object_set_new(record, "b", json_name(operands[1]));
        json_object_set_new(record, "matched", json_boolean(matched));
        json_object_set_new(record, "level1", json_real(level1));
        json_object_set_new(record, "level2", json_real(level2));
        print_json(stdout, record);
    } else { /* as the reference's tmk-two-level-score */
        printf("%.6f %.6f ", level1, level2);
        print_name(stdout, operands[0]);
        putchar(' ');
        print_name(stdout, operands[1]);
        putchar('\n');
    }
    return matched ? EXIT_MATCHED : EXIT_NOTHING;
}
