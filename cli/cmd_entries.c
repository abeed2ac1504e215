/* SPDX-License-Identifier: Apache-2.0 */
/* `resight list`, `show` and `remove`: the entries of a database. */
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "json.h"
#include "memory.h"
#include "text.h"
#include <stdio.h>
#include <string.h>

/* ---- Printing -------------------------------------------------------------------------------- */

static json_t *json_marks(const resight_entry *entry) {
    json_t *marks = json_array();
    for (uint32_t i = 0; i < entry->mark_count; i++) {
        const resight_mark *mark = &entry->marks[i];
        json_t *item = json_object();
        json_object_set_new(item, "hash", json_hash(&mark->hash));
        json_object_set_new(item, "dialect", json_string(resight_dialect_name(mark->dialect)));
        json_object_set_new(item, "quality", json_integer(mark->quality));
        json_object_set_new(item, "view", json_string(resight_view_name(mark->view)));
        if (entry->kind == RESIGHT_VIDEO) {
            json_object_set_new(item, "frame", json_integer(mark->frame_number));
            json_object_set_new(item, "time_us", json_integer(mark->time_us));
        }
        json_array_append_new(marks, item);
    }
    return marks;
}

static json_t *json_entry(const resight_entry *entry, const char *bank, bool whole) {
    json_t *record = json_object();
    json_object_set_new(record, "entry", json_integer((json_int_t)entry->id));
    json_object_set_new(record, "bank", json_string(bank));
    json_object_set_new(record, "kind", json_string(resight_media_kind_name(entry->kind)));
    json_object_set_new(record, "name", json_name(entry->name));
    json_object_set_new(record, "added_us", json_integer(entry->added_us));
    json_object_set_new(record, "duration_us", json_integer(entry->duration_us));
    json_object_set_new(record, "sha256", entry->has_sha256 ? json_digest(entry->sha256) : json_null());
    json_t *labels = json_object();
    for (uint32_t i = 0; i < entry->label_count; i++) {
        json_t *key = json_name(entry->labels[i].key);
        json_object_set_new(labels, json_string_value(key), json_name(entry->labels[i].value));
        json_decref(key);
    }
    json_object_set_new(record, "labels", labels);
    json_object_set_new(record, "patch_count", json_integer(entry->patch_count));
    if (whole)
        json_object_set_new(record, "hashes", json_marks(entry));
    else
        json_object_set_new(record, "hash_count", json_integer(entry->mark_count));
    return record;
}

static void print_row(const resight_entry *entry, const char *bank) {
    printf("%llu\t%s\t%s\t%u\t", (unsigned long long)entry->id, bank, resight_media_kind_name(entry->kind),
           entry->mark_count);
    print_name(stdout, entry->name);
    putchar('\n');
}

static void print_whole(const resight_entry *entry, const char *bank) {
    printf("entry %llu of %s, %s: ", (unsigned long long)entry->id, bank, resight_media_kind_name(entry->kind));
    print_name(stdout, entry->name);
    fputs("\n  added ", stdout);
    print_date(stdout, entry->added_us);
    if (entry->kind == RESIGHT_VIDEO) {
        fputs("\n  lasts ", stdout);
        print_seconds(stdout, entry->duration_us);
        fputs(" s", stdout);
    }
    if (entry->has_sha256) {
        char hex[65];
        format_sha256(entry->sha256, hex);
        printf("\n  sha256 %s", hex);
    }
    for (uint32_t i = 0; i < entry->label_count; i++) {
        fputs("\n  label ", stdout);
        print_name(stdout, entry->labels[i].key);
        putchar('=');
        print_name(stdout, entry->labels[i].value);
    }
    for (uint32_t i = 0; i < entry->mark_count; i++) {
        const resight_mark *mark = &entry->marks[i];
        char hex[RESIGHT_HEX_LEN + 1];
        resight_hash_to_hex(&mark->hash, hex);
        printf("\n  %s %s quality %u", resight_dialect_name(mark->dialect), hex, mark->quality);
        if (mark->view != RESIGHT_VIEW_STORED)
            printf(" %s", resight_view_name(mark->view));
        if (entry->kind == RESIGHT_VIDEO) {
            fputs(" at ", stdout);
            print_seconds(stdout, mark->time_us);
            fputs(" s", stdout);
        }
    }
    printf("\n  %u patches of %u pictures", entry->patch_count, entry->patch_set_count);
    putchar('\n');
}

/* ---- list and show --------------------------------------------------------------------------- */

/* The name of an entry's bank; the last one is kept, for entries of a bank come in runs. */
static const char *name_of_bank(resight_reader *reader, uint32_t id, resight_bank *last) {
    if (last->id != id && resight_reader_next_bank(reader, id - 1, last, NULL) != RESIGHT_OK)
        return "?";
    return last->id == id ? last->name : "?";
}

static bool has_label(const resight_entry *entry, const resight_label *wanted) {
    for (uint32_t i = 0; i < entry->label_count; i++)
        if (strcmp(entry->labels[i].key, wanted->key) == 0 && strcmp(entry->labels[i].value, wanted->value) == 0)
            return true;
    return false;
}

static bool has_labels(const resight_entry *entry, const resight_label *wanted, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!has_label(entry, &wanted[i]))
            return false;
    return true;
}

int run_list(const settings *set, char **operands) {
    (void)operands;
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    CLEANUP(resight_reader_free) resight_reader *reader = db ? database_reader(set, db) : NULL;
    CLEANUP_FREE resight_label *labels = labels_of(set);
    resight_bank bank = {0};
    if (!reader || (set->bank && database_bank(set, reader, set->bank, &bank) != RESIGHT_OK))
        return EXIT_TROUBLE;
    resight_error error = {0};
    resight_entry entry = {0};
    resight_bank last = {0};
    int status;
    while ((status = resight_reader_next_entry(reader, entry.id, bank.id, &entry, &error)) == RESIGHT_OK) {
        if (!has_labels(&entry, labels, set->labels.count))
            continue;
        const char *name = name_of_bank(reader, entry.bank, &last);
        if (set->json)
            print_json(stdout, json_entry(&entry, name, false));
        else
            print_row(&entry, name);
    }
    if (status == RESIGHT_END)
        return EXIT_MATCHED;
    database_trouble(set, status, &error);
    return EXIT_TROUBLE;
}

int run_show(const settings *set, char **operands) {
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    CLEANUP(resight_reader_free) resight_reader *reader = db ? database_reader(set, db) : NULL;
    if (!reader)
        return EXIT_TROUBLE;
    resight_bank last = {0};
    int code = EXIT_MATCHED;
    for (; *operands; operands++) {
        uint64_t id = 0;
        resight_entry entry;
        resight_error error = {0};
        const int status =
            parse_entry(*operands, &id) ? resight_reader_entry(reader, id, &entry, &error) : RESIGHT_E_ARG;
        if (status == RESIGHT_NOT_FOUND)
            complain(*operands, "there is no such entry");
        else if (status != RESIGHT_OK && error.text[0])
            database_trouble(set, status, &error);
        if (status != RESIGHT_OK) {
            code = EXIT_TROUBLE;
            continue;
        }
        const char *name = name_of_bank(reader, entry.bank, &last);
        if (set->json)
            print_json(stdout, json_entry(&entry, name, true));
        else
            print_whole(&entry, name);
    }
    return code;
}

/* ---- remove ---------------------------------------------------------------------------------- */

typedef struct id_list {
    uint64_t *items;
    size_t count;
} id_list;

static void id_list_free(id_list *list) {
    free(list->items);
}

static void add_id(id_list *list, uint64_t id) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == id)
            return;
    must_grow(&list->items, list->count, sizeof *list->items);
    list->items[list->count++] = id;
}

/* The entries of one digest, in the bank or in all. Returns an exit code. */
static int ids_of_digest(const settings *set, resight_reader *reader, uint32_t bank, const char *hex, id_list *ids) {
    uint8_t sha256[32];
    resight_error error = {0};
    uint64_t id = 0;
    const size_t before = ids->count;
    int status;
    parse_sha256(hex, sha256); /* checked when the option was read */
    while ((status = resight_reader_find_sha256(reader, sha256, id, &id, &error)) == RESIGHT_OK) {
        resight_entry entry;
        status = resight_reader_entry(reader, id, &entry, &error);
        if (status != RESIGHT_OK)
            break;
        if (!bank || entry.bank == bank)
            add_id(ids, id);
    }
    if (status < 0) {
        database_trouble(set, status, &error);
        return EXIT_TROUBLE;
    }
    if (ids->count == before)
        complain(hex, "no entry came from a file with this SHA-256");
    return ids->count == before ? EXIT_TROUBLE : EXIT_MATCHED;
}

/* Remove them in one transaction. Returns an exit code. */
static int remove_all(const settings *set, resight_db *db, const id_list *ids) {
    resight_error error = {0};
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    unsigned long long removed = 0;
    bool missing = false;
    int status = resight_writer_begin(db, &writer, &error);
    for (size_t i = 0; status >= 0 && i < ids->count; i++) {
        status = resight_writer_remove(writer, ids->items[i], &error);
        if (status == RESIGHT_NOT_FOUND) {
            char number[32];
            snprintf(number, sizeof number, "%llu", (unsigned long long)ids->items[i]);
            complain(number, "there is no such entry");
            missing = true;
        }
        removed += status == RESIGHT_OK;
    }
    if (status >= 0)
        status = resight_writer_commit(&writer, &error);
    if (status < 0) {
        database_trouble(set, status, &error);
        return EXIT_TROUBLE;
    }
    printf("%llu removed\n", removed);
    return missing ? EXIT_TROUBLE : EXIT_MATCHED;
}

int run_remove(const settings *set, char **operands) {
    CLEANUP(id_list_free) id_list ids = {0};
    int code = EXIT_MATCHED;
    if (!*operands && set->sha256.count == 0) {
        complain("remove", "nothing to remove; name entries by number, or --sha256 HEX");
        return EXIT_TROUBLE;
    }
    for (uint64_t id = 0; *operands; operands++) {
        if (!parse_entry(*operands, &id))
            return EXIT_TROUBLE; /* a slip of the pen removes nothing */
        add_id(&ids, id);
    }
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_WRITE);
    if (!db)
        return EXIT_TROUBLE;
    {
        resight_bank bank = {0};
        CLEANUP(resight_reader_free) resight_reader *reader = database_reader(set, db);
        if (!reader || (set->bank && database_bank(set, reader, set->bank, &bank) != RESIGHT_OK))
            return EXIT_TROUBLE;
        for (size_t i = 0; i < set->sha256.count; i++)
            if (ids_of_digest(set, reader, bank.id, set->sha256.items[i], &ids) != EXIT_MATCHED)
                code = EXIT_TROUBLE;
    }
    if (ids.count == 0)
        return code;
    return remove_all(set, db, &ids) == EXIT_MATCHED ? code : EXIT_TROUBLE;
}
