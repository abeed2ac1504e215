/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of real pictures: 100 queries over 1,350 hashes, and the numbers of pairs that the reference's own tools
 * count. The lists lie beside the project, in ../shared/vectors; without them the test is skipped.
 */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_LINES = 2000 };

static uint32_t read_list(const char *name, resight_hash *out) {
    char path[1000], line[200];
    snprintf(path, sizeof path, "%s/../../shared/vectors/media/lists/%s", TEST_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    uint32_t count = 0;
    while (count < MAX_LINES && fgets(line, sizeof line, file))
        if (resight_hash_from_hex(line, &out[count]) == RESIGHT_OK)
            count++;
    fclose(file);
    return count;
}

static size_t count_pairs(const resight_index *index, const resight_hash *queries, uint32_t query_count,
                          unsigned radius_bits) {
    resight_hits found = {0}, scanned = {0};
    for (uint32_t q = 0; q < query_count; q++)
        cr_assert_eq(resight_index_query(index, &queries[q], radius_bits, (uint16_t)q, &found), RESIGHT_OK);
    cr_assert_eq(resight_scan(index->hashes, index->count, queries, query_count, radius_bits, &scanned), RESIGHT_OK);
    cr_assert_eq(found.count, scanned.count);
    const size_t pairs = found.count;
    resight_hits_free(&found);
    resight_hits_free(&scanned);
    return pairs;
}

Test(lists, as_many_pairs_as_the_reference) {
    static resight_hash needles[MAX_LINES], haystack[MAX_LINES];
    const uint32_t needle_count = read_list("needles.txt", needles), count = read_list("haystack.txt", haystack);
    if (count == 0)
        cr_skip_test("no ../shared/vectors/media/lists");
    cr_assert_eq(needle_count, 100);
    cr_assert_eq(count, 1350);
    static const unsigned guarantees[] = {31, 63};
    for (size_t g = 0; g < 2; g++) {
        resight_index_plan plan;
        cr_assert_eq(resight_index_plan_for(100000, guarantees[g], &plan), RESIGHT_OK);
        built_index built = built_index_new(&plan, haystack, count);
        cr_expect_eq(count_pairs(&built.view, needles, needle_count, 31), 250);
        cr_expect_eq(count_pairs(&built.view, needles, needle_count, 63), 352);
        built_index_free(&built);
    }
}
