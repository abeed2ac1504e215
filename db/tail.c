/* SPDX-License-Identifier: Apache-2.0 */
/* The newest hashes and keys of patches, copied out of their records to be scanned: only what is new is read when a
 * snapshot moves on. */
#include "reader.h"

#include <string.h>

/* More dead than this, beyond as much as is live, and the tail is copied afresh. */
#define DEAD_MOST 65536

/* The table of a tail without its first entries, which had what stands before. */
static void shift_table(uint32_t *first, size_t gone, size_t entries) {
    const uint32_t before = first[gone];
    for (size_t i = 0; i <= entries; i++)
        first[i] = first[i + gone] - before;
}

/* Drop the entries that segments cover by now: they stand at the front. */
static void drop_covered(segment_source *held, uint64_t covered) {
    size_t gone = 0;
    while (gone < held->entry_count && held->entry[gone] <= covered)
        gone++;
    if (gone == 0)
        return;
    const uint32_t hashes = held->first[gone], keys = held->first_key[gone];
    held->entry_count -= gone;
    held->hash_count -= hashes;
    held->key_count -= keys;
    memmove(held->hashes, held->hashes + hashes, held->hash_count * sizeof *held->hashes);
    memmove(held->keys, held->keys + keys, held->key_count * sizeof *held->keys);
    memmove(held->entry, held->entry + gone, held->entry_count * sizeof *held->entry);
    shift_table(held->first, gone, held->entry_count);
    shift_table(held->first_key, gone, held->entry_count);
}

static void clear(db_tail *tail, uint64_t covered) {
    tail->held.entry_count = 0;
    tail->held.hash_count = tail->held.key_count = 0;
    tail->seen = covered;
}

int tail_renew(db_tail *tail, resight_db *db, MDB_txn *txn, const db_manifest *list, const db_state *state,
               resight_error *error) {
    if (list->covered_entry != tail->after)
        drop_covered(&tail->held, list->covered_entry);
    tail->after = list->covered_entry;
    if (tail->seen < list->covered_entry ||
        amount_size(source_amount(&tail->held)) > 2 * amount_size(state->tail) + DEAD_MOST)
        clear(tail, list->covered_entry);
    const uint64_t last = state->next_entry - 1;
    const db_amount most = {UINT32_MAX, UINT32_MAX};
    const int status = segment_collect(db, txn, tail->seen + 1, last, most, &tail->held, error);
    if (status == RESIGHT_E_LIMIT)
        return resight_fail(error, status, "%s: over %u hashes or patches wait to be merged; run a merge", db->dir,
                            UINT32_MAX);
    if (status == RESIGHT_OK)
        tail->seen = last;
    else
        clear(tail, list->covered_entry);
    return status;
}
