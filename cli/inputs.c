/* SPDX-License-Identifier: Apache-2.0 */
/* Operands to paths, lazily: a list that another program is still writing is read as it comes. */
#include "inputs.h"

#include "base/cleanup.h"
#include "lines.h"
#include "memory.h"
#include "text.h"
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

struct inputs {
    char **operands;
    FTS *walk;  /* of the folder at hand, or NULL */
    lines list; /* of paths; closed when there is none */
    bool quiet; /* counting: complaints come later, when the paths are read for good */
    bool failed;
};

inputs *inputs_open(const settings *set, char **operands) {
    CLEANUP(inputs_free) inputs *in = must_have(1, sizeof *in);
    in->operands = operands;
    if (set->files_from && !lines_open(&in->list, set->files_from, set->null_separated ? 0 : '\n'))
        return NULL;
    return STEAL(in);
}

void inputs_free(inputs **in) {
    if (!*in)
        return;
    if ((*in)->walk)
        fts_close((*in)->walk);
    lines_close(&(*in)->list);
    free(*in);
    *in = NULL;
}

static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void failed(inputs *in, const char *path, const char *why) {
    in->failed = true;
    if (!in->quiet)
        complain(path, "%s", why);
}

bool is_folder(const char *path) {
    struct stat info;
    return strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* A path as it was given: a folder begins a walk and gives NULL, anything else is handed out as it is. */
static char *enter(inputs *in, const char *path) {
    if (!is_folder(path))
        return must_copy(path);
    char *start[] = {must_copy(path), NULL};
    const size_t length = strlen(path);
    if (length > 1 && start[0][length - 1] == '/')
        start[0][length - 1] = 0; /* so that paths below do not hold a double slash */
    in->walk = fts_open(start, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!in->walk)
        failed(in, path, strerror(errno));
    free(start[0]);
    return NULL;
}

/* A database is no media: adding the folder that it lies in does not read its files. */
static bool is_database(const char *folder) {
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/data.mdb", folder);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

/* The next regular file of the folder at hand, or NULL when it is walked to its end. */
static char *walk_on(inputs *in) {
    FTSENT *entry;
    while ((entry = fts_read(in->walk))) {
        switch (entry->fts_info) {
        case FTS_D:
            if (is_database(entry->fts_path))
                fts_set(in->walk, entry, FTS_SKIP);
            break;
        case FTS_F: return must_copy(entry->fts_path);
        case FTS_DNR:
        case FTS_ERR:
        case FTS_NS: failed(in, entry->fts_path, strerror(entry->fts_errno)); break;
        default: break;
        }
    }
    fts_close(in->walk);
    in->walk = NULL;
    return NULL;
}

/* The next path of the list, borrowed, or NULL at its end. There, "-" is a file like any other. */
static const char *next_listed(inputs *in) {
    while (in->list.file && lines_next(&in->list))
        if (*in->list.text)
            return strcmp(in->list.text, "-") == 0 ? "./-" : in->list.text;
    in->failed |= in->list.failed;
    return NULL;
}

char *inputs_next(inputs *in) {
    for (;;) {
        char *path = in->walk ? walk_on(in) : NULL;
        if (path)
            return path;
        if (*in->operands) {
            path = enter(in, *in->operands++);
        } else {
            const char *listed = next_listed(in);
            if (!listed)
                return NULL;
            path = enter(in, listed);
        }
        if (path)
            return path;
    }
}

bool inputs_failed(const inputs *in) {
    return in->failed;
}

uint64_t inputs_count(const settings *set, char **operands) {
    struct stat info;
    if (set->files_from && (stat(set->files_from, &info) != 0 || !S_ISREG(info.st_mode)))
        return 0;
    CLEANUP(inputs_free) inputs *in = inputs_open(set, operands);
    if (!in)
        return 0;
    in->quiet = true;
    uint64_t count = 0;
    for (char *path; (path = inputs_next(in)); count++)
        free(path);
    return count;
}
