/* SPDX-License-Identifier: Apache-2.0 */
/* Two sequences in time: pairs of any times at all, whose segment lies among them and counts what it should. */
#include "fuzz.h"

#include <resight/video.h>
#include <stdlib.h>

enum { MOST_PAIRS = 64 };

/* Small times, and now and then the largest that there are. */
static int64_t take_time(fuzz_input *in) {
    const uint8_t kind = take8(in);
    int64_t time_us = 0;
    if (kind < 0xe0)
        return (int64_t)kind * 40000;
    take(in, &time_us, sizeof time_us);
    return time_us;
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
    fuzz_input in = {bytes, size_bytes};
    const size_t count = take8(&in) % (MOST_PAIRS + 1);
    const int64_t tolerance_us = take_time(&in);
    resight_frame_pair *pairs = calloc(count + 1, sizeof *pairs), *turned = calloc(count + 1, sizeof *turned);
    resight_segment first = {0}, second = {0};
    PROPERTY(pairs && turned);
    for (size_t i = 0; i < count; i++) {
        pairs[i].query_us = take_time(&in);
        pairs[i].known_us = take_time(&in);
        turned[count - 1 - i] = pairs[i];
    }
    const int status = resight_align(pairs, count, tolerance_us, &first);
    PROPERTY(status == (count == 0 || tolerance_us < 0 ? RESIGHT_E_ARG : RESIGHT_OK));
    PROPERTY(resight_align(turned, count, tolerance_us, &second) == status);
    PROPERTY(memcmp(&first, &second, sizeof first) == 0); /* the order of the pairs says nothing */
    if (status == RESIGHT_OK)
        check_segment(pairs, count, &first);
    free(turned);
    free(pairs);
    return 0;
}
