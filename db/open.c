/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing a database: where it may lie, whether its file is whole, one open per process, the map, and the
 * tables.
 */
#include "creation.h"
#include "env.h"
#include "preflight.h"
#include "schema.h"

#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Address space, not memory: more than the file can grow to. Halved twice at a time where the system grants less. */
#define MAP_BYTES ((size_t)1 << 40)
#define MAP_LEAST_BYTES ((size_t)1 << 26)
/* A slot is 64 bytes; LMDB's default of 126 is soon used up by short-lived processes. */
#define MAX_READERS 1024
#define DEFAULT_TAIL_HASHES 65536
#define TABLES 5

/* LMDB's locks belong to the process: a second open environment on the same file would drop those of the first. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static resight_db *open_list;

static int claim(resight_db *db, resight_error *error) {
    bool taken = false;
    db->process = getpid();
    pthread_mutex_lock(&open_lock);
    for (const resight_db *other = open_list; other; other = other->next)
        taken |= other->device == db->device && other->inode == db->inode && other->process == db->process;
    if (!taken) {
        db->next = open_list;
        open_list = db;
    }
    pthread_mutex_unlock(&open_lock);
    return taken ? resight_fail(error, RESIGHT_E_BUSY, "%s: already open in this process", db->dir) : RESIGHT_OK;
}

static void unclaim(resight_db *db) {
    pthread_mutex_lock(&open_lock);
    for (resight_db **at = &open_list; *at; at = &(*at)->next)
        if (*at == db) {
            *at = db->next;
            break;
        }
    pthread_mutex_unlock(&open_lock);
}

void resight_db_close(resight_db **db) {
    if (!*db)
        return;
    if ((*db)->env)
        mdb_env_close((*db)->env);
    unclaim(*db);
    pthread_mutex_destroy(&(*db)->lock);
    free((*db)->dir);
    free(*db);
    *db = NULL;
}

uint32_t resight_db_radius(const resight_db *db) {
    return db->radius_bits;
}

static int check_options(const resight_db_options *options, resight_error *error) {
    if (options->create && options->read_only)
        return resight_fail(error, RESIGHT_E_ARG, "create and read_only exclude each other");
    if (options->radius_bits > RADIUS_MAX_BITS)
        return resight_fail(error, RESIGHT_E_ARG, "radius of %u bits, expected at most %d", options->radius_bits,
                            RADIUS_MAX_BITS);
    if (options->tail_hashes > SEGMENT_MAX_HASHES)
        return resight_fail(error, RESIGHT_E_ARG, "tail of %u hashes, expected at most %u", options->tail_hashes,
                            SEGMENT_MAX_HASHES);
    return RESIGHT_OK;
}

/* The directory: there or made, and not on a file system between machines. */
static int find_directory(resight_db *db, const resight_db_options *options, resight_error *error) {
    struct stat dir;
    struct statfs fs;
    if (options->create && mkdir(db->dir, 0700) != 0 && errno != EEXIST)
        return resight_fail(error, RESIGHT_E_IO, "%s: make the directory: %s", db->dir, strerror(errno));
    if (stat(db->dir, &dir) != 0)
        return errno == ENOENT ? RESIGHT_NOT_FOUND
                               : resight_fail(error, RESIGHT_E_IO, "%s: %s", db->dir, strerror(errno));
    if (!S_ISDIR(dir.st_mode))
        return resight_fail(error, RESIGHT_E_VERSION, "%s: not a directory", db->dir);
    if (statfs(db->dir, &fs) != 0)
        return resight_fail(error, RESIGHT_E_IO, "%s: %s", db->dir, strerror(errno));
    if (!options->allow_network && preflight_is_network((long)fs.f_type))
        return resight_fail(error, RESIGHT_E_ARG,
                            "%s: on a network file system (type 0x%lx), where locks may not hold; allow it if they do",
                            db->dir, (unsigned long)fs.f_type);
    db->device = dir.st_dev;
    db->inode = dir.st_ino;
    return RESIGHT_OK;
}

static int look_at_file(const resight_db *db, bool create, resight_error *error) {
    CLEANUP_FREE char *path = NULL;
    if (asprintf(&path, "%s/data.mdb", db->dir) < 0) {
        path = NULL;
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", db->dir);
    }
    const int status = preflight_file(path, error);
    return status == RESIGHT_NOT_FOUND && create ? creation_clear(db->dir, error) : status;
}

/* One try with one size of map. LMDB wants the environment closed after a failure, so each try makes its own. */
static int open_env(resight_db *db, size_t map_bytes) {
    unsigned flags = MDB_NOTLS;
    int code = mdb_env_create(&db->env);
    if (code != 0)
        return code;
    if ((code = mdb_env_set_mapsize(db->env, map_bytes)) == 0 && (code = mdb_env_set_maxdbs(db->env, TABLES)) == 0 &&
        (code = mdb_env_set_maxreaders(db->env, MAX_READERS)) == 0)
        code = mdb_env_open(db->env, db->dir, db->read_only ? flags | MDB_RDONLY : flags, 0600);
    if (code != 0) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    return code;
}

static int map(resight_db *db, resight_error *error) {
    int code = ENOMEM, dead = 0;
    /* EINVAL is how valgrind says that it has not so many addresses */
    for (size_t bytes = MAP_BYTES; (code == ENOMEM || code == EINVAL) && bytes >= MAP_LEAST_BYTES; bytes /= 4)
        code = open_env(db, bytes);
    if (code == EACCES)
        return resight_fail(error, RESIGHT_E_IO,
                            "%s: permission denied: it needs %s data.mdb, and lock.mdb to be writable for readers too",
                            db->dir, db->read_only ? "to read" : "to write");
    if (code != 0)
        return resight_fail(error, status_of_lmdb(code), "%s: open: %s", db->dir, mdb_strerror(code));
    mdb_reader_check(db->env, &dead);
    return RESIGHT_OK;
}

typedef struct table {
    const char *name;
    unsigned flags;
    MDB_dbi *dbi;
} table;

/* Open every table, or only the first. Flags that differ are as wrong as a table that is missing. */
static int open_tables(resight_db *db, MDB_txn *txn, unsigned create) {
    const table tables[TABLES] = {{"meta", 0, &db->meta},
                                  {"entry", MDB_INTEGERKEY, &db->entry},
                                  {"patch", MDB_INTEGERKEY, &db->patch},
                                  {"digest", 0, &db->digest},
                                  {"segment", MDB_INTEGERKEY, &db->segment}};
    for (size_t i = 0; i < TABLES; i++) {
        unsigned flags = 0;
        int code = mdb_dbi_open(txn, tables[i].name, tables[i].flags | create, tables[i].dbi);
        if (code == 0)
            code = mdb_dbi_flags(txn, *tables[i].dbi, &flags);
        if (code == MDB_NOTFOUND && i > 0)
            return MDB_CORRUPTED;
        if (code != 0)
            return code;
        if (flags != tables[i].flags)
            return MDB_INCOMPATIBLE;
    }
    return 0;
}

static int put_meta(resight_db *db, MDB_txn *txn, const char *key, const void *bytes, size_t size) {
    MDB_val name = val_of(key, strlen(key)), value = val_of(bytes, size);
    return mdb_put(txn, db->meta, &name, &value, MDB_NOOVERWRITE);
}

static int fill_meta(resight_db *db, MDB_txn *txn, uint32_t radius_bits) {
    uint8_t format[FORMAT_BYTES], state[STATE_BYTES], list[MANIFEST_BYTES(0)];
    CLEANUP_FREE db_manifest *empty = calloc(1, sizeof *empty);
    if (!empty)
        return ENOMEM;
    format_pack(&(db_format){FORMAT_VERSION, radius_bits, now_us()}, format);
    state_pack(&(db_state){.next_entry = 1, .next_segment = 1, .next_bank = 1}, state);
    manifest_pack(empty, list);
    int code = put_meta(db, txn, KEY_FORMAT, format, sizeof format);
    if (code == 0)
        code = put_meta(db, txn, KEY_STATE, state, sizeof state);
    return code == 0 ? put_meta(db, txn, KEY_MANIFEST, list, sizeof list) : code;
}

/* Tables and first records in one transaction. When another process was faster, its are taken. The header is flushed
 * before anything follows it in the file: so a broken one with pages after it is damage, never a creation cut off.
 */
static int create_tables(resight_db *db, uint32_t radius_bits, resight_error *error) {
    MDB_txn *txn = NULL;
    int code = mdb_env_sync(db->env, 1);
    if (code != 0)
        return db_fail(db, code, "flush the header", error);
    const int status = db_begin(db, 0, &txn, error);
    if (status != RESIGHT_OK)
        return status;
    code = open_tables(db, txn, MDB_CREATE);
    if (code == 0)
        code = fill_meta(db, txn, radius_bits);
    const bool there = code == MDB_KEYEXIST;
    if (code == 0 || there)
        code = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    db_ended(db);
    if (code != 0)
        return db_fail(db, code, "create", error);
    creation_flush_names(db->dir);
    return RESIGHT_OK;
}

/* RESIGHT_NOT_FOUND when nothing at all was ever stored: a creation that was cut off. */
static int missing_is(resight_db *db, MDB_txn *txn, resight_error *error) {
    MDB_dbi main;
    MDB_stat stat = {0};
    if (mdb_dbi_open(txn, NULL, 0, &main) == 0 && mdb_stat(txn, main, &stat) == 0 && stat.ms_entries == 0)
        return RESIGHT_NOT_FOUND;
    return resight_fail(error, RESIGHT_E_VERSION, "%s: an LMDB database, but not one of resight's", db->dir);
}

static int read_format(resight_db *db, MDB_txn *txn, resight_error *error) {
    MDB_val key = val_of(KEY_FORMAT, strlen(KEY_FORMAT)), value;
    db_format format = {0};
    const int code = mdb_get(txn, db->meta, &key, &value);
    if (code == MDB_NOTFOUND)
        return resight_fail(error, RESIGHT_E_VERSION, "%s: an LMDB database, but not one of resight's", db->dir);
    if (code != 0)
        return db_fail(db, code, "read the format", error);
    const int status = format_unpack(value.mv_data, value.mv_size, &format);
    if (status == RESIGHT_E_VERSION)
        return resight_fail(error, status, "%s: format version %u, expected %d", db->dir, format.version,
                            FORMAT_VERSION);
    if (status != RESIGHT_OK)
        return resight_fail(error, status, "%s: the checksum of the format record does not hold", db->dir);
    db->radius_bits = format.radius_bits;
    return RESIGHT_OK;
}

/* The format comes first: a database of another kind is not damaged because it has other tables. */
static int open_in(resight_db *db, MDB_txn *txn, resight_error *error) {
    int code = mdb_dbi_open(txn, "meta", 0, &db->meta);
    if (code == MDB_NOTFOUND)
        return missing_is(db, txn, error);
    if (code != 0)
        return db_fail(db, code, "open the table of the format", error);
    const int status = read_format(db, txn, error);
    if (status != RESIGHT_OK)
        return status;
    code = open_tables(db, txn, 0);
    return code == 0 ? RESIGHT_OK : db_fail(db, code, "open the tables", error);
}

/* Handles of tables stay good after the transaction only when it is committed. */
static int open_existing(resight_db *db, resight_error *error) {
    MDB_txn *txn = NULL;
    int status = db_begin(db, MDB_RDONLY, &txn, error);
    if (status != RESIGHT_OK)
        return status;
    status = open_in(db, txn, error);
    if (status == RESIGHT_OK) {
        const int code = mdb_txn_commit(txn);
        status = code == 0 ? RESIGHT_OK : db_fail(db, code, "open the tables", error);
    } else {
        mdb_txn_abort(txn);
    }
    db_ended(db);
    return status;
}

/* Pages of segments are mapped one by one. */
static int check_pages(const resight_db *db, resight_error *error) {
    const long machine = sysconf(_SC_PAGESIZE);
    return machine > 0 && db->page_bytes % (unsigned long)machine == 0
               ? RESIGHT_OK
               : resight_fail(error, RESIGHT_E_VERSION,
                              "%s: made of pages of %u bytes, on a machine with pages of %ld; export it and import it",
                              db->dir, db->page_bytes, machine);
}

static int find_tables(resight_db *db, const resight_db_options *options, resight_error *error) {
    MDB_stat stat;
    const int code = mdb_env_stat(db->env, &stat);
    if (code != 0)
        return db_fail(db, code, "read the header", error);
    db->page_bytes = stat.ms_psize;
    int status = check_pages(db, error);
    if (status == RESIGHT_OK)
        status = open_existing(db, error);
    if (status != RESIGHT_NOT_FOUND || !options->create)
        return status;
    status = create_tables(db, options->radius_bits ? options->radius_bits : RESIGHT_DEFAULT_RADIUS_BITS, error);
    return status == RESIGHT_OK ? open_existing(db, error) : status;
}

static int open_dir(resight_db *db, const resight_db_options *options, resight_error *error) {
    int status = find_directory(db, options, error);
    if (status == RESIGHT_OK)
        status = claim(db, error);
    if (status == RESIGHT_OK)
        status = look_at_file(db, options->create, error);
    if (status == RESIGHT_OK)
        status = map(db, error);
    return status == RESIGHT_OK ? find_tables(db, options, error) : status;
}

int resight_db_open(const char *dir, const resight_db_options *options, resight_db **out, resight_error *error) {
    const resight_db_options given = options ? *options : (resight_db_options){0};
    int status = check_options(&given, error);
    if (status != RESIGHT_OK)
        return status;
    CLEANUP(resight_db_close) resight_db *db = calloc(1, sizeof *db);
    if (!db || pthread_mutex_init(&db->lock, NULL) != 0) {
        free(STEAL(db));
        return resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", dir);
    }
    db->dir = strdup(dir);
    db->read_only = given.read_only;
    db->tail_limit = given.tail_hashes ? given.tail_hashes : DEFAULT_TAIL_HASHES;
    status = db->dir ? open_dir(db, &given, error) : resight_fail(error, RESIGHT_E_NOMEM, "%s: out of memory", dir);
    if (status == RESIGHT_NOT_FOUND)
        return resight_fail(error, status, "%s: no database there", dir);
    if (status == RESIGHT_OK)
        *out = STEAL(db);
    return status;
}
