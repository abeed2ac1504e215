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

const char *resight_confidence_name(resight_confidence confidence) {
    switch (confidence) {
    case RESIGHT_PROBABLE: return "probable";
    case RESIGHT_CERTAIN: return "certain";
    }
    return "unknown";
}

void answer_free_item(resight_found *item) {
    free(item->name);
    free(item->segments);
    free(item->frame_pairs);
    free(item->agreement.patches);
}

void resight_answer_free(resight_answer *answer) {
    for (size_t i = 0; i < answer->count; i++)
        answer_free_item(&answer->items[i]);
    for (size_t i = 0; i < answer->suppressor_count; i++)
        answer_free_item(&answer->suppressors[i]);
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
    if (a->confidence != b->confidence)
        return a->confidence > b->confidence ? -1 : 1;
    if (a->evidence != b->evidence)
        return a->evidence < b->evidence ? -1 : 1;
    if (a->frames != b->frames)
        return a->frames > b->frames ? -1 : 1;
    if (a->patches != b->patches)
        return a->patches > b->patches ? -1 : 1;
    if (a->distance_bits != b->distance_bits)
        return a->distance_bits < b->distance_bits ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

void answer_sort(resight_answer *answer) {
    if (answer->count > 1)
        qsort(answer->items, answer->count, sizeof *answer->items, best_first);
}

/* Name, bank, kind and, of videos, the times of one item. */
static int describe_one(resight_matcher *m, resight_found *item) {
    resight_entry entry;
    int status = resight_reader_entry(m->reader, item->entry, &entry, m->error);
    if (status == RESIGHT_NOT_FOUND)
        return resight_fail(m->error, RESIGHT_E_DAMAGED, "entry %llu was found and has no record; run verify",
                            (unsigned long long)item->entry);
    if (status != RESIGHT_OK)
        return status;
    const resight_bank *bank = banks_get(m, entry.bank);
    memcpy(item->bank, bank ? bank->name : "?", bank ? sizeof bank->name : 2);
    item->kind = entry.kind;
    if (!(item->name = strdup(entry.name)))
        return out_of_memory(m);
    if (item->segment_count == 0) /* of a suppressor nothing is asked but its name */
        return RESIGHT_OK;
    status = times_tell(m, item, &entry);
    return status == RESIGHT_OK && m->how->vpdq_rule ? times_share(m, item, &entry) : status;
}

static int describe(resight_matcher *m, resight_found *items, size_t count) {
    int status = RESIGHT_OK;
    for (size_t i = 0; status == RESIGHT_OK && i < count; i++)
        status = describe_one(m, &items[i]);
    return status;
}

/* Leave what vPDQ would call a match. */
static void keep_shares(resight_answer *out) {
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].vpdq.matched)
            out->items[kept++] = out->items[i];
        else
            answer_free_item(&out->items[i]);
    out->count = kept;
}

int answer_finish(resight_matcher *m) {
    resight_answer *out = m->out;
    answer_sort(out);
    const int status = describe(m, out->items, out->count);
    if (status == RESIGHT_OK && m->how->vpdq_rule)
        keep_shares(out);
    return status == RESIGHT_OK ? describe(m, out->suppressors, out->suppressor_count) : status;
}
