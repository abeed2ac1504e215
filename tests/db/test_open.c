/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: what is there, what is not, what is somebody else's; and backups. */
#include "env.h"
#include "preflight.h"
#include "sample.h"
#include "schema.h"
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int try_open(const char *dir, const resight_db_options *options) {
    resight_db *db = NULL;
    resight_error error = {""};
    const int status = resight_db_open(dir, options, &db, &error);
    cr_expect((status == RESIGHT_OK) == (db != NULL));
    cr_expect(status >= 0 || error.text[0] != 0, "no text");
    resight_db_close(&db);
    return status;
}

Test(open, what_is_not_a_database) {
    test_place place = place_make();
    const resight_db_options create = {.create = true};
    char path[256];
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_NOT_FOUND);
    cr_expect_eq(try_open(place.db, &(resight_db_options){.read_only = true}), RESIGHT_NOT_FOUND);
    cr_assert_eq(access(place.db, F_OK), -1);
    cr_expect_eq(try_open("/no/such/parent/db", &create), RESIGHT_E_IO);
    cr_assert_eq(mkdir(place.db, 0700), 0);
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_NOT_FOUND);
    snprintf(path, sizeof path, "%s/data.mdb", place.db);
    cr_assert_eq(access(path, F_OK), -1);
    file_write(path, NULL, 0);
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_NOT_FOUND);
    const uint8_t text[8192] = "a letter to somebody";
    file_write(path, text, sizeof text);
    cr_expect_eq(try_open(place.db, &create), RESIGHT_E_VERSION);
    cr_expect_eq(try_open(path, NULL), RESIGHT_E_VERSION); /* not a directory */
    unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_E_VERSION);
    rmdir(path);
    cr_expect_eq(try_open(place.db, &create), RESIGHT_OK);
    cr_expect_eq(try_open(place.db, &create), RESIGHT_OK);
    place_free(&place);
}

Test(open, options_out_of_range) {
    test_place place = place_make();
    cr_expect_eq(try_open(place.db, &(resight_db_options){.create = true, .read_only = true}), RESIGHT_E_ARG);
    cr_expect_eq(try_open(place.db, &(resight_db_options){.create = true, .radius_bits = 64}), RESIGHT_E_ARG);
    cr_expect_eq(try_open(place.db, &(resight_db_options){.create = true, .tail_hashes = UINT32_MAX}), RESIGHT_E_ARG);
    cr_expect_eq(access(place.db, F_OK), -1);
    place_free(&place);
}

/* What another program might have left: an LMDB environment with a table of its own. */
static void make_foreign(const char *dir, const char *table) {
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_val key = val_of("key", 3), value = val_of("value", 5);
    cr_assert_eq(mkdir(dir, 0700), 0);
    cr_assert_eq(mdb_env_create(&env), 0);
    cr_assert_eq(mdb_env_set_maxdbs(env, 4), 0);
    cr_assert_eq(mdb_env_open(env, dir, 0, 0600), 0);
    cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    cr_assert_eq(mdb_dbi_open(txn, table, table ? MDB_CREATE : 0, &dbi), 0);
    cr_assert_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

Test(open, somebody_elses_lmdb) {
    static const char *const tables[] = {NULL, "data", "meta"};
    for (size_t i = 0; i < 3; i++) {
        test_place place = place_make();
        make_foreign(place.db, tables[i]);
        cr_expect_eq(try_open(place.db, NULL), RESIGHT_E_VERSION);
        cr_expect_eq(try_open(place.db, &(resight_db_options){.create = true}), RESIGHT_E_VERSION);
        place_free(&place);
    }
}

/* Replace the format record, behind the library's back. */
static void put_format(const test_place *place, const uint8_t *bytes, size_t size) {
    resight_db *db = open_again(place, 0);
    MDB_txn *txn = NULL;
    MDB_val key = val_of(KEY_FORMAT, strlen(KEY_FORMAT)), value = val_of(bytes, size);
    cr_assert_eq(mdb_txn_begin(db->env, NULL, 0, &txn), 0);
    cr_assert_eq(mdb_put(txn, db->meta, &key, &value, 0), 0);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    resight_db_close(&db);
}

Test(open, another_version_and_a_broken_header) {
    uint8_t bytes[FORMAT_BYTES];
    test_place place;
    const uint32_t others[] = {FORMAT_VERSION - 1, FORMAT_VERSION + 1};
    for (size_t i = 0; i < 2; i++) {
        place = place_make();
        cr_assert_eq(try_open(place.db, &(resight_db_options){.create = true}), RESIGHT_OK);
        format_pack(&(db_format){.version = others[i], .radius_bits = 31}, bytes);
        put_format(&place, bytes, sizeof bytes);
        cr_expect_eq(try_open(place.db, NULL), RESIGHT_E_VERSION);
        place_free(&place);
    }
    place = place_make();
    cr_assert_eq(try_open(place.db, &(resight_db_options){.create = true}), RESIGHT_OK);
    format_pack(&(db_format){.version = FORMAT_VERSION, .radius_bits = 31}, bytes);
    bytes[24] ^= 1;
    put_format(&place, bytes, sizeof bytes);
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_E_DAMAGED);
    place_free(&place);
}

Test(open, a_lost_table) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    MDB_txn *txn = NULL;
    cr_assert_eq(mdb_txn_begin(db->env, NULL, 0, &txn), 0);
    cr_assert_eq(mdb_drop(txn, db->segment, 1), 0);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    resight_db_close(&db);
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_E_DAMAGED);
    place_free(&place);
}

Test(open, the_radius_is_fixed_when_made) {
    test_place place = place_make();
    resight_db *db = NULL;
    resight_error error;
    assert_ok(resight_db_open(place.db, &(resight_db_options){.create = true, .radius_bits = 40}, &db, &error));
    resight_db_close(&db);
    assert_ok(resight_db_open(place.db, &(resight_db_options){.create = true, .radius_bits = 20}, &db, &error));
    cr_expect_eq(resight_db_radius(db), 40);
    resight_db_close(&db);
    place_free(&place);
}

Test(open, once_in_a_process) {
    test_place place = place_make();
    resight_db *db = open_new(&place, 0);
    char other[256];
    snprintf(other, sizeof other, "%s/link", place.root);
    cr_assert_eq(symlink(place.db, other), 0);
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_E_BUSY);
    cr_expect_eq(try_open(other, NULL), RESIGHT_E_BUSY);
    resight_db_close(&db);
    cr_expect_eq(try_open(other, NULL), RESIGHT_OK);
    place_free(&place);
}

Test(open, network_file_systems) {
    cr_expect(preflight_is_network(0x6969));             /* NFS */
    cr_expect(preflight_is_network((long)0xff534d42ul)); /* CIFS */
    cr_expect(preflight_is_network((long)(int)0xff534d42));
    cr_expect(preflight_is_network(0x65735546));             /* FUSE */
    cr_expect_not(preflight_is_network(0xef53));             /* ext4 */
    cr_expect_not(preflight_is_network(0x01021994));         /* tmpfs */
    cr_expect_not(preflight_is_network(0x58465342));         /* XFS */
    cr_expect_not(preflight_is_network((long)0x9123683eul)); /* Btrfs */
}

static int read_only_works(const char *dir) {
    resight_db *db = NULL;
    resight_writer *writer = NULL;
    const resight_db_options options = {.read_only = true};
    if (resight_db_open(dir, &options, &db, NULL) != RESIGHT_OK)
        return 10;
    if (resight_writer_begin(db, &writer, NULL) != RESIGHT_E_ARG || resight_db_merge(db, NULL) != RESIGHT_E_ARG)
        return 11;
    const uint64_t digest = sample_digest(db);
    resight_verify_report report;
    if (resight_db_verify(db, 10, NULL, NULL, &report, NULL) != RESIGHT_OK)
        return 12;
    resight_db_close(&db);
    return digest != 0 ? 0 : 13;
}

Test(open, read_only) {
    test_place place = place_make();
    sample_make(&place);
    cr_expect_eq(read_only_works(place.db), 0);
    place_free(&place);
}

/* 77: this machine does not let us make a file system of our own. */
static int on_read_only_fs(void *user) {
    const test_place *place = user;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(place->root, place->root, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, place->root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0)
        return 77;
    resight_db *db = NULL;
    if (resight_db_open(place->db, NULL, &db, NULL) != RESIGHT_E_IO) /* for writing: refused */
        return 20;
    return read_only_works(place->db);
}

Test(open, read_only_file_system) {
    test_place place = place_make();
    sample_make(&place);
    char lock[256];
    snprintf(lock, sizeof lock, "%s/lock.mdb", place.db);
    unlink(lock);
    const int code = in_child(on_read_only_fs, &place);
    cr_expect(code == 0 || code == 77, "%d", code);
    place_free(&place);
}

/* 1 TiB of addresses is not always to be had. */
static int open_in_little_space(void *user) {
    const test_place *place = user;
    const struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 20;
    return read_only_works(place->db);
}

Test(open, little_address_space) {
#ifdef __SANITIZE_ADDRESS__
    cr_skip("the sanitizer needs the address space");
#endif
    test_place place = place_make();
    sample_make(&place);
    cr_expect_eq(in_child(open_in_little_space, &place), 0);
    place_free(&place);
}

static int open_and_verify(void *user) {
    const test_place *place = user;
    resight_verify_report report;
    resight_db *db = NULL;
    const int status = resight_db_open(place->db, NULL, &db, NULL);
    if (status != RESIGHT_OK)
        return -status;
    return resight_db_verify(db, 0, NULL, NULL, &report, NULL) == RESIGHT_OK ? 0 : 100;
}

/* Pages that one commit took at the end and gave back are counted by LMDB but never written. */
Test(open, a_sound_file_may_be_shorter_than_it_says) {
    enum { MARKS = 20000 };
    test_place place = place_make();
    resight_error error;
    resight_db *db = open_new(&place, 0);
    const uint32_t bank = put_bank(db, "a", 31, 0);
    resight_mark *marks = calloc(MARKS, sizeof *marks);
    for (int i = 0; i < MARKS; i++)
        marks[i].dialect = RESIGHT_PDQ;
    const resight_entry video = {.bank = bank, .kind = RESIGHT_VIDEO, .marks = marks, .mark_count = MARKS};
    resight_writer *writer = NULL;
    uint64_t id = 0;
    for (uint64_t i = 0; i < 12; i++) { /* so that small pages come and go at the front of the file */
        const resight_hash hash = {{i}};
        add_hash(db, bank, &hash);
    }
    for (int i = 0; i < 3; i++) {
        const resight_hash hash = {{(uint64_t)i}};
        assert_ok(resight_writer_begin(db, &writer, &error));
        if (i == 0) /* one stays */
            assert_ok(resight_writer_add(writer, &video, &id, &error));
        assert_ok(resight_writer_add(writer, &video, &id, &error));
        assert_ok(resight_writer_remove(writer, id, &error));
        assert_ok(resight_writer_commit(&writer, &error));
        add_hash(db, bank, &hash);
    }
    MDB_envinfo info;
    struct stat file;
    char path[256];
    snprintf(path, sizeof path, "%s/data.mdb", place.db);
    mdb_env_info(db->env, &info);
    const size_t page = db->page_bytes;
    resight_db_close(&db);
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_lt((size_t)file.st_size, (info.me_last_pgno + 1) * page, "the file is not short: nothing is tested");
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_OK);
    /* One page more than is in the list of free pages: the count stands 136 bytes into each meta page. */
    size_t size = 0;
    uint8_t *bytes = file_read(path, &size);
    for (size_t at = 136; at <= page + 136; at += page)
        bytes[at]++;
    file_write(path, bytes, size);
    cr_expect_eq(try_open(place.db, NULL), RESIGHT_E_DAMAGED);
    for (size_t at = 136; at <= page + 136; at += page)
        bytes[at]--;
    file_write(path, bytes, size);
    free(bytes);
    int sound = 0, refused = 0;
    for (off_t pages = file.st_size / (off_t)page; pages > 2; pages--) {
        cr_assert_eq(truncate(path, pages * (off_t)page), 0);
        const int code = in_child(open_and_verify, &place);
        cr_expect(code == 0 || code == -RESIGHT_E_DAMAGED, "%d pages: %d", (int)pages, code);
        cr_expect(code != 0 || refused == 0, "%d pages are refused, %d are not", (int)pages + 1, (int)pages);
        sound += code == 0;
        refused += code != 0;
    }
    cr_expect(sound > 0 && refused > 0);
    free(marks);
    place_free(&place);
}

/* ---- Backup ----------------------------------------------------------------------------------------------------- */

static int count_files(const char *dir) {
    int count = 0;
    DIR *open = opendir(dir);
    while (readdir(open))
        count++;
    closedir(open);
    return count - 2;
}

Test(backup, opens_and_is_equal) {
    test_place place = place_make(), copy = place;
    resight_error error;
    sample_make(&place);
    resight_db *db = open_again(&place, 0), *other = NULL;
    snprintf(copy.db, sizeof copy.db, "%s/backup", place.root);
    const uint64_t digest = sample_digest(db);
    assert_ok(resight_db_backup(db, copy.db, &error));
    cr_expect_eq(resight_db_backup(db, copy.db, &error), RESIGHT_E_ARG);
    const resight_hash hash = sample_hash(1);
    add_hash(db, 1, &hash); /* not in the backup */
    other = open_again(&copy, 0);
    cr_expect_eq(sample_digest(other), digest);
    cr_expect_neq(sample_digest(db), digest);
    assert_sound(other, 100);
    add_hash(other, 1, &hash); /* it is a database like any other */
    struct stat dir;
    cr_assert_eq(stat(copy.db, &dir), 0);
    cr_expect_eq(dir.st_mode & 0777, 0700);
    resight_db_close(&other);
    resight_db_close(&db);
    place_free(&place);
}

static int backup_under_limit(void *user) {
    const test_place *place = user;
    const struct rlimit limit = {100000, 100000};
    resight_db *db = open_again(place, 0);
    char dir[256];
    snprintf(dir, sizeof dir, "%s/backup", place->root);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    const int status = resight_db_backup(db, dir, NULL);
    resight_db_close(&db);
    return -status;
}

Test(backup, leaves_nothing_when_it_fails) {
    test_place place = place_make();
    resight_error error;
    sample_make(&place);
    const int before = count_files(place.root);
    cr_expect_eq(in_child(backup_under_limit, &place), -RESIGHT_E_FULL);
    cr_expect_eq(count_files(place.root), before);
    resight_db *db = open_again(&place, 0);
    cr_expect_eq(resight_db_backup(db, "/no/such/parent/backup", &error), RESIGHT_E_IO);
    char occupied[256];
    snprintf(occupied, sizeof occupied, "%s/empty", place.root);
    cr_assert_eq(mkdir(occupied, 0700), 0);
    cr_expect_eq(resight_db_backup(db, occupied, &error), RESIGHT_E_ARG);
    resight_db_close(&db);
    place_free(&place);
}
