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
    if (a->distance_bits != b->distance_bits)
        return a->distance_bits < b->distance_bits ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* How much of the query and of the known video the segments cover. */
static int cover(const resight_matcher *m, resight_found *item, int64_t known_duration_us) {
    const resight_extent query = {m->subject->duration_us, m->subject->every_us};
    const resight_extent known = {known_duration_us, m->subject->every_us};
    if (m->subject->kind != RESIGHT_VIDEO || item->kind != RESIGHT_VIDEO || item->segment_count == 0)
        return RESIGHT_OK;
    const int status = resight_segments_cover(item->segments, item->segment_count, query, known, &item->coverage);
    return status == RESIGHT_E_NOMEM ? out_of_memory(m) : status;
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
        const int covered = cover(m, &items[i], entry.duration_us);
        if (covered != RESIGHT_OK || !(items[i].name = strdup(entry.name)))
            return covered != RESIGHT_OK ? covered : out_of_memory(m);
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
