/* SPDX-License-Identifier: Apache-2.0 */
/* The answer as it grows: items by entry, their order, their names. */
#include "match/matcher.h"

#include <string.h>

const char *resight_evidence_name(resight_evidence evidence) {
    switch (evidence) {
    case RESIGHT_BY_FILE: return "file";
    case RESIGHT_BY_FRAME: return "frame";
    case RESIGHT_BY_TRIMMED: return "trimmed";
    case RESIGHT_BY_RECTANGLE: return "rectangle";
    case RESIGHT_BY_PATCHES: return "patches";
    }
    return "unknown";
}

void resight_answer_free(resight_answer *answer) {
    for (size_t i = 0; i < answer->count; i++)
        free(answer->items[i].name);
    for (size_t i = 0; i < answer->suppressor_count; i++)
        free(answer->suppressors[i].name);
    free(answer->items);
    free(answer->suppressors);
    *answer = (resight_answer){0};
}

resight_found *answer_item(resight_answer *answer, uint64_t entry) {
    for (size_t i = 0; i < answer->count; i++)
        if (answer->items[i].entry == entry)
            return &answer->items[i];
    return NULL;
}

resight_found *answer_add(resight_answer *answer, const resight_found *item) {
    if (!array_reserve(&answer->items, &answer->capacity, answer->count, 1))
        return NULL;
    answer->items[answer->count] = *item;
    return &answer->items[answer->count++];
}

static int best_first(const void *left, const void *right) {
    const resight_found *a = left, *b = right;
    if (a->evidence != b->evidence)
        return a->evidence < b->evidence ? -1 : 1;
    if (a->frames != b->frames)
        return a->frames > b->frames ? -1 : 1;
    if (a->distance_bits != b->distance_bits)
        return a->distance_bits < b->distance_bits ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* Name, bank and kind of each item. */
static int describe(resight_matcher *m, resight_found *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        resight_entry entry;
        const int status = resight_reader_entry(m->reader, items[i].entry, &entry, m->error);
        if (status != RESIGHT_OK)
            return status == RESIGHT_NOT_FOUND ? RESIGHT_E_DAMAGED : status;
        const resight_bank *bank = banks_get(m, entry.bank);
        memcpy(items[i].bank, bank ? bank->name : "?", bank ? sizeof bank->name : 2);
        items[i].kind = entry.kind;
        if (!(items[i].name = strdup(entry.name)))
            return out_of_memory(m);
    }
    return RESIGHT_OK;
}

int answer_finish(resight_matcher *m) {
    resight_answer *out = m->out;
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, best_first);
    const int status = describe(m, out->items, out->count);
    return status == RESIGHT_OK ? describe(m, out->suppressors, out->suppressor_count) : status;
}
