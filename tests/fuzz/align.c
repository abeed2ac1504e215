/* SPDX-License-Identifier: Apache-2.0 */
/* Two sequences in time: pairs of any times at all, whose segments lie among them and count what they should. */
#include "fuzz.h"

#include <resight/video.h>
#include <stdlib.h>

enum { MOST_PAIRS = 64, MOST_SEGMENTS = 4 };

/* Small times, and now and then the largest that there are. */
static int64_t take_time(fuzz_input *in) {
    const uint8_t kind = take8(in);
    int64_t time_us = 0;
    if (kind < 0xe0)
        return (int64_t)kind * 40000;
    take(in, &time_us, sizeof time_us);
    return time_us;
}

static bool is_time(int64_t time_us) {
    return time_us > -(INT64_C(1) << 51) && time_us < INT64_C(1) << 51;
}

static void check_segment(const resight_frame_pair *pairs, size_t count, const resight_segment *s) {
    bool from = false, to = false, known_from = false, known_to = false;
    for (size_t i = 0; i < count; i++) {
        from |= pairs[i].query_us == s->query_from_us;
        to |= pairs[i].query_us == s->query_to_us;
        known_from |= pairs[i].known_us == s->known_from_us;
        known_to |= pairs[i].known_us == s->known_to_us;
    }
    PROPERTY(from && to && known_from && known_to);
    PROPERTY(s->query_from_us <= s->query_to_us && s->known_from_us <= s->known_to_us);
    PROPERTY(s->frames >= 1 && s->frames <= count);
}

static bool equal(const resight_segment *a, const resight_segment *b) {
    return a->query_from_us == b->query_from_us && a->query_to_us == b->query_to_us &&
           a->known_from_us == b->known_from_us && a->known_to_us == b->known_to_us && a->frames == b->frames;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    const size_t count = take8(&in) % (MOST_PAIRS + 1);
    resight_align_options how = resight_align_options_default();
    how.tolerance_us = take_time(&in);
    resight_frame_pair *pairs = calloc(count + 1, sizeof *pairs), *turned = calloc(count + 1, sizeof *turned);
    resight_segment first[MOST_SEGMENTS], second[MOST_SEGMENTS];
    size_t found = 0, again = 0, counting = 0;
    PROPERTY(pairs && turned);
    for (size_t i = 0; i < count; i++) {
        pairs[i] = (resight_frame_pair){.query_us = take_time(&in), .known_us = take_time(&in), .weight = 1};
        turned[count - 1 - i] = pairs[i];
        counting += is_time(pairs[i].query_us) && is_time(pairs[i].known_us);
    }
    const int status = resight_align(pairs, count, &how, first, MOST_SEGMENTS, &found);
    PROPERTY(status == (how.tolerance_us < 0 ? RESIGHT_E_ARG : RESIGHT_OK));
    PROPERTY(resight_align(turned, count, &how, second, MOST_SEGMENTS, &again) == status && again == found);
    PROPERTY(found > 0 || counting == 0 || status != RESIGHT_OK);
    for (size_t i = 0; i < found; i++) {
        PROPERTY(equal(&first[i], &second[i])); /* the order of the pairs says nothing */
        check_segment(pairs, count, &first[i]);
    }
    free(turned);
    free(pairs);
    return 0;
}
