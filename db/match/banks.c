/* SPDX-License-Identifier: Apache-2.0 */
/* The banks of a snapshot: which of them are looked into, and what the negative ones take away. */
#include "match/matcher.h"

int banks_load(resight_matcher *m) {
    resight_bank bank = {0};
    int status;
    m->bank_count = 0;
    while ((status = resight_reader_next_bank(m->reader, bank.id, &bank, m->error)) == RESIGHT_OK) {
        if (!array_reserve(&m->banks, &m->bank_capacity, m->bank_count, 1))
            return out_of_memory(m);
        m->banks[m->bank_count++] = bank;
    }
    return status == RESIGHT_END ? RESIGHT_OK : status;
}

const resight_bank *banks_get(const resight_matcher *m, uint32_t id) {
    for (size_t i = 0; i < m->bank_count; i++)
        if (m->banks[i].id == id)
            return &m->banks[i];
    return NULL;
}

bool banks_negative(const resight_matcher *m, uint32_t id) {
    const resight_bank *bank = banks_get(m, id);
    return bank && bank->polarity == RESIGHT_NEGATIVE && id != m->how->bank;
}

bool banks_left_out(const resight_matcher *m, uint32_t id) {
    return m->how->bank && id != m->how->bank && !banks_negative(m, id);
}

static int by_frame(const void *left, const void *right) {
    const near_pair *a = left, *b = right;
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    return (a->distance_bits > b->distance_bits) - (a->distance_bits < b->distance_bits);
}

/* The nearest pair of a frame, of pairs[from .. to) in order of distance, that lies in a negative bank; or NULL. */
static const near_pair *nearest_negative(const resight_matcher *m, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (banks_negative(m, m->pairs[i].bank))
            return &m->pairs[i];
    return NULL;
}

int banks_note(resight_matcher *m, const near_pair *pair) {
    resight_answer *out = m->out;
    for (size_t i = 0; i < out->suppressor_count; i++)
        if (out->suppressors[i].entry == pair->entry) {
            if (pair->distance_bits < out->suppressors[i].distance_bits)
                out->suppressors[i].distance_bits = pair->distance_bits;
            return RESIGHT_OK;
        }
    if (!array_reserve(&out->suppressors, &out->suppressor_capacity, out->suppressor_count, 1))
        return out_of_memory(m);
    out->suppressors[out->suppressor_count++] = (resight_found){
        .entry = pair->entry,
        .distance_bits = pair->distance_bits,
        .transform = pair->transform,
        .inverted = pair->inverted,
    };
    return RESIGHT_OK;
}

int banks_suppress(resight_matcher *m) {
    int status = RESIGHT_OK;
    size_t kept = 0;
    pairs_sort(m, by_frame);
    for (size_t from = 0, to; from < m->pair_count && status == RESIGHT_OK; from = to) {
        for (to = from; to < m->pair_count && m->pairs[to].frame == m->pairs[from].frame;)
            to++;
        const near_pair *harmless = nearest_negative(m, from, to);
        const unsigned limit = harmless ? harmless->distance_bits : UINT16_MAX;
        if (harmless)
            status = banks_note(m, harmless);
        for (size_t i = from; i < to; i++)
            if (m->pairs[i].distance_bits < limit && !banks_negative(m, m->pairs[i].bank))
                m->pairs[kept++] = m->pairs[i];
    }
    m->pair_count = kept;
    return status;
}
