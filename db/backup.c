/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of one snapshot while the database is in use: made in a directory beside its place, flushed, then renamed, so
 * that a backup is either whole or not there.
 */
#include "env.h"

#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The directory under construction; removed by CLEANUP unless it was handed over. */
typedef struct backup_draft {
    char *dir; /* NULL: none, or renamed */
    int fd;    /* of the directory; -1: none */
} backup_draft;

static void draft_close(backup_draft *draft) {
    if (draft->fd >= 0) {
        if (draft->dir)
            unlinkat(draft->fd, "data.mdb", 0);
        close(draft->fd);
    }
    if (draft->dir)
        rmdir(draft->dir);
    free(draft->dir);
}

static int say(const char *dir, const char *doing, resight_error *error) {
    const int code = errno;
    const int status = code == ENOSPC || code == EDQUOT ? RESIGHT_E_FULL : RESIGHT_E_IO;
    return resight_fail(error, status, "%s: %s: %s", dir, doing, strerror(code));
}

/* Without the slashes at its end, where the name of the draft goes. */
static size_t trimmed(const char *dir) {
    size_t length = strlen(dir);
    while (length > 1 && dir[length - 1] == '/')
        length--;
    return length;
}

static int draft_make(const char *dir, backup_draft *draft, resight_error *error) {
    char *name = NULL;
    if (asprintf(&name, "%.*s.XXXXXX", (int)trimmed(dir), dir) < 0)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", dir);
    if (!mkdtemp(name)) {
        const int status = say(dir, "make a directory beside it", error);
        free(name);
        return status;
    }
    draft->dir = name;
    draft->fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return draft->fd >= 0 ? RESIGHT_OK : say(name, "open", error);
}

static int copy_into(resight_db *db, const backup_draft *draft, resight_error *error) {
    CLEANUP_FD int fd = openat(draft->fd, "data.mdb", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return say(draft->dir, "create data.mdb", error);
    const int code = mdb_env_copyfd2(db->env, fd, MDB_CP_COMPACT);
    if (code != 0)
        return resight_fail(error, status_of_lmdb(code), "%s: copy: %s", draft->dir, mdb_strerror(code));
    if (fsync(fd) != 0 || fsync(draft->fd) != 0)
        return say(draft->dir, "flush", error);
    return RESIGHT_OK;
}

/* Never over something that is there; some file systems cannot promise it, and there the look before has to do. */
static int move_to(const char *from, const char *to) {
    const int code = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    return code != 0 && (errno == EINVAL || errno == ENOSYS) ? rename(from, to) : code;
}

/* Where the name of the copy will stand: opened before there is one, so that only the flush itself can fail after. */
static int open_parent(const char *dir, int *out, resight_error *error) {
    CLEANUP_FREE char *parent = strndup(dir, trimmed(dir));
    if (!parent)
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", dir);
    char *slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent ? 1 : 0] = 0;
    *out = open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out >= 0 ? RESIGHT_OK : say(dir, "open its parent", error);
}

int resight_db_backup(resight_db *db, const char *dir, resight_error *error) {
    CLEANUP(draft_close) backup_draft draft = {NULL, -1};
    CLEANUP(db_view_close) db_view view = {0};
    CLEANUP_FD int parent = -1;
    struct stat there;
    if (lstat(dir, &there) == 0)
        return resight_fail(error, RESIGHT_E_ARG, "%s: exists already", dir);
    /* The copy takes a snapshot of its own, uncounted; while this one is open the map stays where it is. */
    int status = db_view_open(db, &view, error);
    if (status == RESIGHT_OK)
        status = open_parent(dir, &parent, error);
    if (status == RESIGHT_OK)
        status = draft_make(dir, &draft, error);
    if (status == RESIGHT_OK)
        status = copy_into(db, &draft, error);
    if (status != RESIGHT_OK)
        return status;
    if (move_to(draft.dir, dir) != 0)
        return errno == EEXIST || errno == ENOTEMPTY ? resight_fail(error, RESIGHT_E_ARG, "%s: exists already", dir)
                                                     : say(dir, "rename", error);
    free(STEAL(draft.dir));
    return fsync(parent) == 0 ? RESIGHT_OK : say(dir, "flush its parent", error);
}
