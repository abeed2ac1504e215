/* SPDX-License-Identifier: Apache-2.0 */
/* `resight bank …`: making, listing, changing and removing banks. */
#include "base/cleanup.h"
#include "command.h"
#include "database.h"
#include "json.h"
#include "text.h"
#include <stdio.h>

/* Write a bank in a transaction of its own. RESIGHT_OK or RESIGHT_EXISTS; a failure after one line on stderr. */
static int put_bank(const settings *set, resight_db *db, const resight_bank *bank) {
    resight_error error = {0};
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    int status = resight_writer_begin(db, &writer, &error);
    if (status == RESIGHT_OK)
        status = resight_writer_put_bank(writer, bank, NULL, &error);
    if (status >= 0) {
        const int committed = resight_writer_commit(&writer, &error);
        status = committed == RESIGHT_OK ? status : committed;
    }
    return status < 0 ? database_trouble(set, status, &error) : status;
}

int run_bank_create(const settings *set, char **operands) {
    resight_bank bank, present;
    resight_error error = {0};
    if (bank_init(operands[0], &bank) != RESIGHT_OK || bank_apply(set, &bank) != RESIGHT_OK)
        return EXIT_TROUBLE;
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_CREATE);
    if (!db)
        return EXIT_TROUBLE;
    {
        CLEANUP(resight_reader_free) resight_reader *reader = database_reader(set, db);
        if (!reader)
            return EXIT_TROUBLE;
        if (resight_reader_bank(reader, bank.name, &present, &error) == RESIGHT_OK) {
            complain(bank.name, "there is such a bank; resight bank set changes its policy");
            return EXIT_TROUBLE;
        }
    }
    return put_bank(set, db, &bank) < 0 ? EXIT_TROUBLE : EXIT_MATCHED;
}

/* The database, opened to change a bank that is there. NULL after one line on stderr. */
static resight_db *open_with_bank(const settings *set, const char *name, resight_bank *bank) {
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_WRITE);
    CLEANUP(resight_reader_free) resight_reader *reader = db ? database_reader(set, db) : NULL;
    if (!reader || database_bank(set, reader, name, bank) != RESIGHT_OK)
        return NULL;
    return STEAL(db);
}

int run_bank_set(const settings *set, char **operands) {
    resight_bank bank;
    CLEANUP(resight_db_close) resight_db *db = open_with_bank(set, operands[0], &bank);
    if (!db)
        return EXIT_TROUBLE;
    if (bank_apply(set, &bank) != RESIGHT_OK)
        return EXIT_TROUBLE;
    return put_bank(set, db, &bank) < 0 ? EXIT_TROUBLE : EXIT_MATCHED;
}

int run_bank_remove(const settings *set, char **operands) {
    resight_bank bank;
    resight_error error = {0};
    CLEANUP(resight_db_close) resight_db *db = open_with_bank(set, operands[0], &bank);
    if (!db)
        return EXIT_TROUBLE;
    CLEANUP(resight_writer_abort) resight_writer *writer = NULL;
    int status = resight_writer_begin(db, &writer, &error);
    if (status == RESIGHT_OK)
        status = resight_writer_remove_bank(writer, bank.id, &error);
    if (status == RESIGHT_OK)
        status = resight_writer_commit(&writer, &error);
    if (status != RESIGHT_OK) {
        database_trouble(set, status, &error);
        return EXIT_TROUBLE;
    }
    printf("%s: removed, with %llu entries\n", bank.name, (unsigned long long)bank.entries);
    return EXIT_MATCHED;
}

static void print_bank(const settings *set, const resight_bank *bank) {
    const char *polarity = bank->polarity == RESIGHT_NEGATIVE ? "negative" : "positive";
    if (!set->json) {
        printf("%s\t%s\t%llu entries\tradius %u bits\tquality from %u\n", bank->name, polarity,
               (unsigned long long)bank->entries, bank->radius_bits, bank->min_quality);
        return;
    }
    json_t *record = json_object();
    json_object_set_new(record, "bank", json_string(bank->name));
    json_object_set_new(record, "polarity", json_string(polarity));
    json_object_set_new(record, "entries", json_integer((json_int_t)bank->entries));
    json_object_set_new(record, "radius_bits", json_integer(bank->radius_bits));
    json_object_set_new(record, "min_quality", json_integer(bank->min_quality));
    print_json(stdout, record);
}

int run_bank_list(const settings *set, char **operands) {
    (void)operands;
    resight_bank bank = {0};
    resight_error error = {0};
    CLEANUP(resight_db_close) resight_db *db = database_open(set, DATABASE_READ);
    CLEANUP(resight_reader_free) resight_reader *reader = db ? database_reader(set, db) : NULL;
    if (!reader)
        return EXIT_TROUBLE;
    int status;
    while ((status = resight_reader_next_bank(reader, bank.id, &bank, &error)) == RESIGHT_OK)
        print_bank(set, &bank);
    if (status == RESIGHT_END)
        return EXIT_MATCHED;
    database_trouble(set, status, &error);
    return EXIT_TROUBLE;
}
