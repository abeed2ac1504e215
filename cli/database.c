/* SPDX-License-Identifier: Apache-2.0 */
/* The database of the command line. */
#include "database.h"

#include "base/cleanup.h"
#include "memory.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *database_path(const settings *set) {
    if (set->db)
        return set->db;
    const char *from_environment = getenv("RESIGHT_DB");
    return from_environment && *from_environment ? from_environment : "resight.db";
}

int database_trouble(const settings *set, int status, const resight_error *error) {
    if (error->text[0]) /* these texts begin with the database */
        complain(NULL, "%s", error->text);
    else
        complain(database_path(set), "%s", resight_status_name(status));
    return status;
}

resight_db *database_open(const settings *set, database_use use) {
    const resight_db_options options = {
        .create = use == DATABASE_CREATE,
        .read_only = use == DATABASE_READ,
        .allow_network = set->allow_network,
    };
    resight_db *db = NULL;
    resight_error error = {0};
    const int status = resight_db_open(database_path(set), &options, &db, &error);
    if (status == RESIGHT_OK)
        return db;
    if (status == RESIGHT_NOT_FOUND)
        complain(database_path(set), "there is no database here; resight add --db DIR makes one");
    else
        database_trouble(set, status, &error);
    return NULL;
}

resight_reader *database_reader(const settings *set, resight_db *db) {
    resight_reader *reader = NULL;
    resight_error error = {0};
    const int status = resight_reader_new(db, &reader, &error);
    if (status != RESIGHT_OK)
        database_trouble(set, status, &error);
    return reader;
}

int database_bank(const settings *set, resight_reader *reader, const char *name, resight_bank *out) {
    resight_error error = {0};
    const int status = resight_reader_bank(reader, name, out, &error);
    if (status == RESIGHT_NOT_FOUND)
        complain(database_path(set), "there is no bank %s; resight bank list names them", name);
    else if (status != RESIGHT_OK)
        database_trouble(set, status, &error);
    return status;
}

int bank_init(const char *name, resight_bank *out) {
    if (!resight_bank_name_ok(name)) {
        complain(name, "not a name for a bank: 1 to %d of A-Z a-z 0-9 _ - and dots, not first", RESIGHT_BANK_NAME_MAX);
        return RESIGHT_E_ARG;
    }
    *out = (resight_bank){
        .polarity = RESIGHT_POSITIVE,
        .radius_bits = RESIGHT_DEFAULT_RADIUS_BITS,
        .min_quality = RESIGHT_DEFAULT_MIN_QUALITY,
    };
    memcpy(out->name, name, strlen(name) + 1);
    return RESIGHT_OK;
}

int bank_apply(const settings *set, resight_bank *bank) {
    if (set->negative && set->positive) {
        complain(bank->name, "either --positive or --negative");
        return RESIGHT_E_ARG;
    }
    if (set->negative || set->positive)
        bank->polarity = set->negative ? RESIGHT_NEGATIVE : RESIGHT_POSITIVE;
    if (set->radius_bits.given)
        bank->radius_bits = (uint32_t)set->radius_bits.value;
    if (set->min_quality.given)
        bank->min_quality = (uint32_t)set->min_quality.value;
    return RESIGHT_OK;
}

resight_label *labels_of(const settings *set) {
    const size_t count = set->labels.count;
    size_t bytes = count * sizeof(resight_label);
    for (size_t i = 0; i < count; i++)
        bytes += strlen(set->labels.items[i]) + 1;
    resight_label *labels = must_have(1, bytes + 1);
    char *text = (char *)(labels + count);
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(set->labels.items[i]) + 1;
        memcpy(text, set->labels.items[i], length);
        char *equals = strchr(text, '='); /* checked when the option was read */
        *equals = 0;
        labels[i] = (resight_label){text, equals + 1};
        text += length;
    }
    return labels;
}

bool parse_entry(const char *text, uint64_t *out) {
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (text[0] >= '1' && text[0] <= '9' && !*end && errno == 0)
        return true;
    complain(text, "not the number of an entry; resight list prints them");
    return false;
}

/* A bank that is there. RESIGHT_OK, RESIGHT_NOT_FOUND, or a failure after one line on stderr. */
static int find_bank(const settings *set, resight_db *db, const char *name, resight_bank *out) {
    resight_error error = {0};
    CLEANUP(resight_reader_free) resight_reader *reader = database_reader(set, db);
    if (!reader)
        return RESIGHT_E_IO;
    const int status = resight_reader_bank(reader, name, out, &error);
    return status < 0 ? database_trouble(set, status, &error) : status;
}

int database_make_bank(const settings *set, resight_db *db, const char *name, resight_bank *out) {
    resight_error error = {0};
    int status = bank_init(name, out);
    if (status == RESIGHT_OK)
        status = find_bank(set, db, name, out);
    if (status != RESIGHT_NOT_FOUND)
        return status;
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    status = resight_writer_begin(db, &writer, &error);
    if (status == RESIGHT_OK)
        status = resight_writer_put_bank(writer, out, &out->id, &error);
    if (status >= 0)
        status = resight_writer_commit(&writer, &error);
    return status < 0 ? database_trouble(set, status, &error) : RESIGHT_OK;
}

resight_matching database_matching(const settings *set, uint32_t bank) {
    resight_matching how = resight_matching_default();
    how.effort = set->effort;
    how.vpdq_rule = set->vpdq_rule;
    if (set->min_quality.given)
        how.min_quality = how.min_known_quality = (uint32_t)set->min_quality.value;
    how.has_min_known_quality = set->min_quality.given;
    how.has_radius = set->radius_bits.given;
    how.radius_bits = (uint32_t)set->radius_bits.value;
    how.bank = bank;
    return how;
}
