/* SPDX-License-Identifier: Apache-2.0 */
/* The newest hashes, copied out of their records to be scanned: only what is new is read when a snapshot moves on. */
#include "reader.h"

#include <string.h>

/* More dead hashes than this, beyond as many as are live, and the tail is copied afresh. */
#define DEAD_HASHES 65536

/* Drop the entries that segments cover by now: they stand at the front. */
static void drop_covered(segment_source *held, uint64_t covered) {
    size_t gone = 0;
    while (gone < held->entry_count && held->entry[gone] <= covered)
        gone++;
    if (gone == 0)
        return;
    const uint32_t hashes = held->first[gone];
    held->entry_count -= gone;
    held->hash_count -= hashes;
    memmove(held->hashes, held->hashes + hashes, held->hash_count * sizeof *held->hashes);
    memmove(held->entry, held->entry + gone, held->entry_count * sizeof *held->entry);
    memmove(held->first, held->first + gone, (held->entry_count + 1) * sizeof *held->first);
    for (size_t i = 0; i <= held->entry_count; i++)
        held->first[i] -= hashes;
}

static void clear(db_tail *tail, uint64_t covered) {
    tail->held.entry_count = 0;
    tail->held.hash_count = 0;
    tail->seen = covered;
}

int tail_renew(db_tail *tail, resight_db *db, MDB_txn *txn, const db_manifest *list, const db_state *state,
               resight_error *error) {
    if (list->covered_entry != tail->after)
        drop_covered(&tail->held, list->covered_entry);
    tail->after = list->covered_entry;
    if (tail->seen < list->covered_entry || tail->held.hash_count > 2 * state->tail_hashes + DEAD_HASHES)
        clear(tail, list->covered_entry);
    const uint64_t last = state->next_entry - 1;
    const int status = segment_collect(db, txn, tail->seen + 1, last, UINT32_MAX, &tail->held, error);
    if (status == RESIGHT_E_LIMIT)
        return resight_fail(error, status, "%s: over %u hashes wait to be merged; run a merge", db->dir, UINT32_MAX);
    if (status == RESIGHT_OK)
        tail->seen = last;
    else
        clear(tail, list->covered_entry);
    return status;
}
