/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an index is cut. A query looks up sum over bands b of V(b) values, where V(b) counts the values within the band's
 * radius, and compares the hashes it finds there: count / 2^width for each value, when hashes are uniform. So
 *
 *     cost = sum over b of V(b) * (PROBE_COST + CANDIDATE_COST * count / 2^width(b))
 *
 * and the plan is the cheapest one whose tables of offsets are no longer than about the array of hashes. Wider bands
 * find fewer candidates, but there are fewer of them, so that each needs a larger radius, and V grows with
 * width^radius. V is convex in the radius, so the radii of a best plan differ by at most one; bands of one radius cost
 * least when their widths differ by at most one. That leaves three numbers to try: how many bands, how they share the
 * sum of radii, and how many bits the bands of the larger radius get.
 *
 * Everything is in integers: the same count and radius give the same plan on every machine.
 */
#include "search/plan.h"

#include "search/band.h"

#define HASH_BITS 256
#define MIN_WIDTH_BITS (HASH_BITS / RESIGHT_MAX_BANDS)
#define MAX_BAND_RADIUS 3
#define MAX_PLAN_RADIUS 63

/* Bands of one radius that share `bits` as evenly as can be: the first ones are the wider ones by a bit. */
typedef struct band_group {
    unsigned bands, bits, radius;
} band_group;

/* Bands of a radius, and bands of the next larger one. */
typedef struct cut {
    band_group lower, upper;
} cut;

uint64_t plan_shell(unsigned width_bits, unsigned distance) {
    uint64_t values = 1;
    for (unsigned i = 0; i < distance; i++)
        values = values * (width_bits > i ? width_bits - i : 0) / (i + 1);
    return values;
}

uint64_t plan_shell_cost(unsigned width_bits, unsigned distance, uint32_t count) {
    const uint64_t values = plan_shell(width_bits, distance);
    return values * PROBE_COST + (values * CANDIDATE_COST * count >> width_bits);
}

static uint64_t band_cost(unsigned width_bits, unsigned radius, uint32_t count) {
    uint64_t cost = 0;
    for (unsigned distance = 0; distance <= radius; distance++)
        cost += plan_shell_cost(width_bits, distance, count);
    return cost;
}

static uint64_t group_cost(band_group group, uint32_t count) {
    if (group.bands == 0)
        return 0;
    const unsigned width = group.bits / group.bands, wider = group.bits % group.bands;
    return wider * band_cost(width + 1, group.radius, count) +
           (group.bands - wider) * band_cost(width, group.radius, count);
}

/* Tables are at most twice as long as the array, and at most as wide as the format allows. */
static unsigned widest_for(uint32_t count) {
    unsigned width = MIN_WIDTH_BITS;
    while (width < MAX_WIDTH_BITS && (uint32_t)1 << width < count)
        width++;
    return width;
}

static bool fits(band_group group, unsigned widest) {
    return group.bits >= group.bands * MIN_WIDTH_BITS && group.bits <= group.bands * widest;
}

/* The radii of `bands` bands whose sum of (radius + 1) is `sum`; with more bands than that, all are 0. */
static cut share_radii(unsigned bands, unsigned sum) {
    if (sum < bands)
        sum = bands;
    const unsigned radius = sum / bands - 1;
    return (cut){.lower = {bands - sum % bands, 0, radius}, .upper = {sum % bands, 0, radius + 1}};
}

/* The best way for a number of bands to share the bits; false when there is none. */
static bool best_bits(cut *best, unsigned widest, uint32_t count, uint64_t *best_cost) {
    cut tried = *best;
    bool found = false;
    for (unsigned bits = 0; bits <= HASH_BITS; bits++) {
        tried.upper.bits = bits;
        tried.lower.bits = HASH_BITS - bits;
        if (!fits(tried.lower, widest) || !fits(tried.upper, widest))
            continue;
        const uint64_t cost = group_cost(tried.lower, count) + group_cost(tried.upper, count);
        if (!found || cost < *best_cost) {
            *best_cost = cost;
            *best = tried;
            found = true;
        }
    }
    return found;
}

static void lay(band_group group, resight_index_plan *plan) {
    for (unsigned i = 0; i < group.bands; i++) {
        const resight_band *last = plan->band_count > 0 ? &plan->band[plan->band_count - 1] : NULL;
        plan->band[plan->band_count++] = (resight_band){
            .first_bit = (uint16_t)(last ? last->first_bit + last->width_bits : 0),
            .width_bits = (uint8_t)(group.bits / group.bands + (i < group.bits % group.bands)),
            .radius_bits = (uint8_t)group.radius,
        };
    }
}

int resight_index_plan_for(uint32_t count, unsigned radius_bits, resight_index_plan *out) {
    if (radius_bits > MAX_PLAN_RADIUS)
        return RESIGHT_E_ARG;
    const unsigned widest = widest_for(count);
    cut best = {{0}, {0}};
    uint64_t best_cost = UINT64_MAX;
    for (unsigned bands = 1; bands <= RESIGHT_MAX_BANDS; bands++) {
        cut tried = share_radii(bands, radius_bits + 1);
        uint64_t cost = 0;
        if (tried.lower.radius + (tried.upper.bands > 0) > MAX_BAND_RADIUS)
            continue;
        if (best_bits(&tried, widest, count, &cost) && cost < best_cost) {
            best_cost = cost;
            best = tried;
        }
    }
    resight_index_plan plan = {0};
    lay(best.lower, &plan);
    lay(best.upper, &plan);
    plan.radius_bits = best.lower.bands * (best.lower.radius + 1) + best.upper.bands * (best.upper.radius + 1) - 1;
    *out = plan;
    return RESIGHT_OK;
}

int resight_index_plan_check(const resight_index_plan *plan) {
    if (plan->band_count < 1 || plan->band_count > RESIGHT_MAX_BANDS)
        return RESIGHT_E_ARG;
    unsigned bits = 0, sum = 0;
    for (uint32_t b = 0; b < plan->band_count; b++) {
        const resight_band *band = &plan->band[b];
        if (band->first_bit != bits || band->width_bits < 1 || band->width_bits > MAX_WIDTH_BITS ||
            band->radius_bits > MAX_BAND_RADIUS)
            return RESIGHT_E_ARG;
        bits += band->width_bits;
        sum += band->radius_bits + 1u;
    }
    return bits == HASH_BITS && plan->radius_bits == sum - 1 ? RESIGHT_OK : RESIGHT_E_ARG;
}
