/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lists of patches, as a damaged or a hostile database could hold them: any places, widths and keys. The decision
 * is made of finite numbers, is the same a second time, and is borne out by the patches that it names.
 */
#include "fuzz.h"

#include <math.h>
#include <resight/patch.h>
#include <stdlib.h>

enum { NEAR_KEY = 0x80, MOVED = 0x40 };

/* A new patch, or one of `from` with a bit of its key changed or moved by a little: what a copy of a picture shows. */
static resight_patch take_patch(fuzz_input *in, const resight_patch_list *from) {
    const uint8_t like = take8(in);
    resight_patch patch;
    if (from->count == 0 || !(like & (NEAR_KEY | MOVED))) {
        take(in, &patch, sizeof patch);
        return patch;
    }
    patch = from->patches[(like & 0x3f) % from->count];
    if (like & NEAR_KEY)
        patch.key ^= UINT64_C(1) << take8(in) % 64;
    if (like & MOVED) {
        patch.x = (uint16_t)(patch.x + (int8_t)take8(in));
        patch.y = (uint16_t)(patch.y + (int8_t)take8(in));
    }
    return patch;
}

static resight_patch_list take_list(fuzz_input *in, uint32_t most, const resight_patch_list *from) {
    const uint32_t count = take8(in);
    resight_patch_list list = {.count = count % (most + 1), .width_px = take16(in), .height_px = take16(in)};
    resight_patch *patches = calloc(list.count, sizeof *patches); /* exactly */
    PROPERTY(patches || list.count == 0);
    for (uint32_t i = 0; i < list.count; i++) {
        patches[i] = take_patch(in, from);
        if (in->left > 0)
            patches[i].width = patches[i].width ? patches[i].width : 1; /* most inputs would be refused for one patch */
    }
    list.patches = patches;
    return list;
}

static bool is_valid(const resight_patch_list *list) {
    for (uint32_t i = 0; i < list->count; i++)
        if (list->patches[i].width == 0)
            return false;
    return list->width_px > 0 && list->height_px > 0;
}

/* What the score says, but that what is certain by it may have a gap and be probable. */
static bool level_holds(resight_patch_level level, float score) {
    if (score >= 0.8f)
        return level == RESIGHT_PATCHES_CERTAIN || level == RESIGHT_PATCHES_PROBABLE;
    return level == (score >= 0.3f ? RESIGHT_PATCHES_PROBABLE : RESIGHT_PATCHES_NOTHING);
}

static void check_numbers(const resight_patch_match *match) {
    PROPERTY(isfinite(match->score) && match->score >= 0);
    PROPERTY(level_holds(match->level, match->score) && (match->agreeing >= 2 || match->score == 0));
    for (int i = 0; i < 6; i++)
        PROPERTY(isfinite(match->matrix[i / 3][i % 3]));
    for (int i = 0; i < 4; i++)
        PROPERTY(isfinite(match->corner[i].x) && isfinite(match->corner[i].y));
}

/* The patches that agree are there, each once, and their keys are near. */
static void check_agreeing(const resight_patch_list *query, const resight_patch_list *known,
                           const resight_patch_match *match) {
    bool seen_query[RESIGHT_PATCHES_QUERY_MAX] = {false}, seen_known[RESIGHT_PATCHES_KNOWN_MAX] = {false};
    PROPERTY(match->agreeing <= RESIGHT_PATCHES_KNOWN_MAX);
    for (uint32_t i = 0; i < match->agreeing; i++) {
        const unsigned q = match->query[i], k = match->known[i];
        PROPERTY(q < query->count && k < known->count && !seen_query[q] && !seen_known[k]);
        seen_query[q] = seen_known[k] = true;
        const uint64_t key = known->patches[k].key, wanted = match->mirrored ? resight_patch_mirrored_key(key) : key;
        PROPERTY(__builtin_popcountll(query->patches[q].key ^ wanted) <= RESIGHT_PATCH_RADIUS_BITS);
    }
}

static void check(const resight_patch_list *query, const resight_patch_list *known) {
    resight_patch_match first, second;
    memset(&first, 0x55, sizeof first);
    memset(&second, 0xaa, sizeof second);
    const int status = resight_patches_compare(query, known, &first);
    PROPERTY(status == (is_valid(query) && is_valid(known) ? RESIGHT_OK : RESIGHT_E_ARG));
    PROPERTY(resight_patches_compare(query, known, &second) == status);
    if (status != RESIGHT_OK)
        return;
    check_numbers(&first);
    check_agreeing(query, known, &first);
    PROPERTY(first.score == second.score && first.agreeing == second.agreeing && first.mirrored == second.mirrored);
    PROPERTY(memcmp(first.query, second.query, first.agreeing) == 0);
    PROPERTY(memcmp(first.matrix, second.matrix, sizeof first.matrix) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    const resight_patch_list none = {0};
    const resight_patch_list known = take_list(&in, RESIGHT_PATCHES_KNOWN_MAX, &none);
    const resight_patch_list query = take_list(&in, RESIGHT_PATCHES_QUERY_MAX, &known);
    check(&query, &known);
    if (query.count <= RESIGHT_PATCHES_KNOWN_MAX)
        check(&known, &query);
    free((void *)(uintptr_t)query.patches);
    free((void *)(uintptr_t)known.patches);
    return 0;
}
