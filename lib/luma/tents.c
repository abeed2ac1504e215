/* SPDX-License-Identifier: Apache-2.0 */
/* Where the sums of the Jarosz filter are exact, and the steps of it that are not: tents.h has the reasoning. */
#include "luma/tents.h"

#include "kernels/box.h"
#include <string.h>

static bool is_power_of_two(size_t n) {
    return (n & (n - 1)) == 0;
}

static bool window_applies(size_t window) {
    return window >= 2 && window <= TENT_WINDOW_MAX && is_power_of_two(window);
}

bool tents_apply(size_t window_x, size_t window_y) {
    return window_applies(window_x) && window_applies(window_y);
}

void tents_plan(tent_plan *plan, size_t width, size_t window, const uint32_t at[64]) {
    const box_window w = box_window_of(window);
    plan->length = width;
    plan->window = window;
    memcpy(plan->at, at, sizeof plan->at);
    for (size_t i = 0; i < TENT_EDGE; i++) {
        const size_t j = TENT_EDGE + i;
        box_reciprocal(box_samples(w, i, width), &plan->high[i], &plan->low[i]);
        box_reciprocal(box_samples(w, width - TENT_EDGE + i, width), &plan->high[j], &plan->low[j]);
    }
}

/* Does nothing of the first columns stay behind in the running sum of a row, when it comes to the first sample? */
static bool begins_exactly(const float first[TENT_EDGE], box_window w, size_t at) {
    float running = 0, exact = 0;
    for (size_t i = 0; i < w.ahead; i++)
        running += first[i];
    for (size_t o = 0; o <= at; o++) {
        running += first[o + w.ahead];
        if (o > w.behind)
            running -= first[o - w.behind - 1];
    }
    for (size_t i = at - w.behind; i <= at + w.ahead; i++)
        exact += first[i];
    return running == exact;
}

/* The last sample, `from_end` columns before the end: what lies under the window before it is exact; then a column that
 * is not enters. */
static float last_sample(const float last[TENT_EDGE], box_window w, size_t from_end) {
    const size_t o = TENT_EDGE - from_end;
    float sum = 0;
    for (size_t i = o - 1 - w.behind; i < o + w.ahead; i++)
        sum += last[i];
    sum += last[o + w.ahead];
    sum -= last[o - w.behind - 1];
    return sum / (float)(w.behind + 1 + w.ahead);
}

bool tents_say(const tent_plan *plan, const float ends[2 * TENT_EDGE], size_t samples, float *last) {
    const box_window w = box_window_of(plan->window);
    if (!is_power_of_two(samples) || !begins_exactly(ends, w, plan->at[0]))
        return false;
    *last = last_sample(ends + TENT_EDGE, w, plan->length - plan->at[63]);
    return true;
}
