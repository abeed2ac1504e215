/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an index of keys is cut. Memory decides: there are a hundred keys to a picture, a band costs three bytes for each
 * and its table of offsets as much again when it is as long as the array. So there are as few bands as their largest
 * radius allows, all of one width, and the tables are an eighth as long as the array. That may leave bits without a
 * band, which is no loss of exactness: what differs there only adds to the distance.
 */
#include "search/band.h"
#include "search/keys.h"
#include "search/plan.h"

#define KEY_BITS 64
/* Of a band: at radius 3 it would be 1,562 values of 21 bits, and two bands of 32 have no table. */
#define MAX_KEY_BAND_RADIUS 2
#define MAX_KEY_RADIUS 15
#define MIN_KEY_WIDTH 4

static unsigned width_for(uint32_t count, unsigned bands) {
    unsigned width = MIN_KEY_WIDTH;
    while ((width + 1) * bands <= KEY_BITS && (uint64_t)16 << width <= count)
        width++;
    return width;
}

uint64_t key_plan_cost(const resight_index_plan *plan, uint32_t count) {
    uint64_t cost = 0;
    for (uint32_t b = 0; b < plan->band_count; b++) {
        uint64_t values = 0;
        for (unsigned distance = 0; distance <= plan->band[b].radius_bits; distance++)
            values += plan_shell(plan->band[b].width_bits, distance);
        cost += values * KEY_PROBE_COST + (values * KEY_CANDIDATE_COST * count >> plan->band[b].width_bits);
    }
    return cost;
}

int resight_key_plan_for(uint32_t count, unsigned radius_bits, resight_index_plan *out) {
    if (radius_bits > MAX_KEY_RADIUS)
        return RESIGHT_E_ARG;
    const unsigned sum = radius_bits + 1, most = MAX_KEY_BAND_RADIUS + 1, bands = (sum + most - 1) / most;
    const unsigned width = width_for(count, bands);
    resight_index_plan plan = {.radius_bits = radius_bits, .band_count = bands};
    for (unsigned b = 0; b < bands; b++)
        plan.band[b] = (resight_band){.first_bit = (uint16_t)(b * width),
                                      .width_bits = (uint8_t)width,
                                      .radius_bits = (uint8_t)((sum + b) / bands - 1)};
    const bool dear = count > RESIGHT_KEY_INDEX_MAX || key_plan_cost(&plan, count) >= (uint64_t)count * KEY_SCAN_COST;
    *out = dear ? (resight_index_plan){0} : plan;
    return RESIGHT_OK;
}

int resight_key_plan_check(const resight_index_plan *plan) {
    unsigned bits = 0, sum = 0;
    if (plan->band_count > RESIGHT_MAX_KEY_BANDS)
        return RESIGHT_E_ARG;
    for (uint32_t b = 0; b < plan->band_count; b++) {
        const resight_band *band = &plan->band[b];
        if (band->first_bit < bits || band->width_bits < 1 || band->width_bits > MAX_WIDTH_BITS ||
            band->radius_bits > MAX_KEY_BAND_RADIUS || band->first_bit + band->width_bits > KEY_BITS)
            return RESIGHT_E_ARG;
        bits = band->first_bit + band->width_bits;
        sum += band->radius_bits + 1u;
    }
    return plan->radius_bits == (sum > 0 ? sum - 1 : 0) ? RESIGHT_OK : RESIGHT_E_ARG;
}
