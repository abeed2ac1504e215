/* SPDX-License-Identifier: Apache-2.0 */
/* A database of one file. Its own files are removed as soon as they are open, so that nothing stays behind. */
#include "single.h"

#include "base/cleanup.h"
#include "database.h"
#include "media.h"
#include "memory.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SINGLE_BANK "file"

/* The folder and what a database has in it; what is not there is as good as removed. */
static void remove_folder(const char *folder) {
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[4096];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, names[i]) < (int)sizeof path)
            unlink(path);
    rmdir(folder);
}

/* Open a new database in a folder of its own, and take the folder away. */
static int open_in_passing(resight_db **out, resight_error *error) {
    const char *where = getenv("TMPDIR");
    char folder[3072];
    if (!where || !*where)
        where = "/tmp";
    if (snprintf(folder, sizeof folder, "%s/resight-XXXXXX", where) >= (int)sizeof folder || !mkdtemp(folder))
        return resight_fail(error, RESIGHT_E_IO, "%s: no temporary folder: %s", where, strerror(errno));
    const resight_db_options options = {.create = true};
    const int status = resight_db_open(folder, &options, out, error);
    remove_folder(folder);
    return status;
}

static int add(resight_db *db, const media *got, const char *path, const uint8_t sha256[32], resight_error *error) {
    resight_entry entry = {
        .kind = got->info.kind,
        .name = path,
        .has_sha256 = true,
        .duration_us = got->duration_us,
        .marks = got->marks,
        .mark_count = (uint32_t)got->mark_count,
        .patch_sets = got->patches.sets,
        .patch_set_count = (uint32_t)got->patches.set_count,
        .patches = got->patches.items,
        .patch_count = (uint32_t)got->patches.count,
    };
    resight_bank bank;
    uint64_t id = 0;
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    memcpy(entry.sha256, sha256, sizeof entry.sha256);
    int status = bank_init(SINGLE_BANK, &bank);
    if (status == RESIGHT_OK)
        status = resight_writer_begin(db, &writer, error);
    if (status == RESIGHT_OK)
        status = resight_writer_put_bank(writer, &bank, &entry.bank, error);
    if (status == RESIGHT_OK)
        status = resight_writer_add(writer, &entry, &id, error);
    return status == RESIGHT_OK ? resight_writer_commit(&writer, error) : status;
}

int single_open(const settings *set, const char *path, resight_db **out) {
    resight_error error = {0};
    uint8_t sha256[32];
    media got;
    CLEANUP(resight_db_close) resight_db *db = NULL;
    CLEANUP(media_reader_free) media_reader *reader = media_reader_new(set, KNOWN_EVERY_US, MEDIA_KEEP, &error);
    int status = reader ? media_open(reader, path, &error) : RESIGHT_E_NOMEM;
    if (status == RESIGHT_OK)
        status = media_digest(reader, sha256, &error);
    if (status == RESIGHT_OK)
        status = media_hash(reader, &got, &error);
    if (status == RESIGHT_OK)
        status = open_in_passing(&db, &error);
    if (status == RESIGHT_OK)
        status = add(db, &got, path, sha256, &error);
    if (status != RESIGHT_OK) {
        complain(path, "%s", error.text[0] ? error.text : resight_status_name(status));
        return status;
    }
    *out = STEAL(db);
    return RESIGHT_OK;
}
