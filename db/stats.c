/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of a snapshot: from the counts that banks and the manifest keep, and from LMDB. */
#include "pages.h"
#include "reader.h"

#include <string.h>
#include <sys/stat.h>

/* A line of mdb_reader_list() for a slot begins with its process; others are titles. */
static int count_slot(const char *line, void *count) {
    while (*line == ' ')
        line++;
    if (*line >= '0' && *line <= '9')
        ++*(uint32_t *)count;
    return 0;
}

static int count_readers(resight_db *db, resight_db_stats *out) {
    int dead = 0;
    const int code = mdb_reader_check(db->env, &dead);
    out->stale_readers = (uint32_t)dead;
    if (code == 0)
        mdb_reader_list(db->env, count_slot, &out->readers);
    return code;
}

static int measure_file(resight_reader *reader, resight_db_stats *out) {
    MDB_envinfo info;
    mdb_filehandle_t fd;
    struct stat file;
    db_pages pages;
    int code = mdb_env_info(reader->db->env, &info);
    if (code == 0)
        code = mdb_env_get_fd(reader->db->env, &fd);
    if (code != 0 || fstat(fd, &file) != 0)
        return code != 0 ? code : MDB_PANIC;
    code = db_pages_count(reader->db, reader->txn, &pages);
    if (code != 0)
        return code;
    out->file_bytes = (uint64_t)file.st_size;
    out->used_bytes = (pages.all > pages.free ? pages.all - pages.free : 0) * reader->db->page_bytes;
    out->map_bytes = info.me_mapsize;
    return 0;
}

static void sum_banks(const resight_reader *reader, resight_db_stats *out) {
    out->banks = (uint32_t)reader->bank_count;
    for (size_t i = 0; i < reader->bank_count; i++) {
        const bank_record *bank = &reader->banks[i];
        out->entries += bank->bank.entries;
        out->videos += bank->videos;
        out->hashes += bank->held.hashes;
        out->patches += bank->held.patches;
    }
    out->images = out->entries - out->videos;
}

static void list_segments(const resight_reader *reader, resight_db_stats *out) {
    out->segment_count = reader->manifest.count;
    for (uint32_t i = 0; i < reader->manifest.count; i++) {
        const manifest_item *item = &reader->manifest.item[i];
        const db_segment *segment = reader->segments[i];
        out->segment[i] = (resight_segment_stats){.id = item->segment,
                                                  .hashes = (uint32_t)item->held.hashes,
                                                  .patches = (uint32_t)item->held.patches,
                                                  .patch_bands = segment->keys.plan.band_count,
                                                  .bands = segment->index.plan.band_count,
                                                  .radius_bits = segment->index.plan.radius_bits,
                                                  .first_entry = item->first_entry,
                                                  .last_entry = item->last_entry,
                                                  .bytes = segment->arrays.file_bytes};
    }
}

int resight_reader_stats(resight_reader *reader, resight_db_stats *out, resight_error *error) {
    const int status = reader_ready(reader, error);
    if (status != RESIGHT_OK)
        return status;
    *out = (resight_db_stats){.format_version = FORMAT_VERSION,
                              .radius_bits = reader->db->radius_bits,
                              .tail_hashes = reader->state.tail.hashes,
                              .tail_patches = reader->state.tail.patches};
    sum_banks(reader, out);
    list_segments(reader, out);
    int code = measure_file(reader, out);
    if (code == 0)
        code = count_readers(reader->db, out);
    return code == 0 ? RESIGHT_OK : db_fail(reader->db, code, "measure", error);
}
