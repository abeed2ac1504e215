/* SPDX-License-Identifier: Apache-2.0 */
/* From a pair of regions that match to the place of one picture in the other. */
#include "luma/turn.h"
#include <math.h>
#include <resight/region.h>

/* A place in a picture: 0..1 of its width and height. */
typedef struct place {
    double x, y;
} place;

static bool is_area(const resight_area *a) {
    return isfinite(a->x) && isfinite(a->y) && isfinite(a->width) && isfinite(a->height) && a->width > 0 &&
           a->height > 0;
}

/* Where a place of the turned picture was before it was turned. */
static place turned_back(place p, turning t) {
    const double along = t.mirror_x ? 1 - p.x : p.x, down = t.mirror_y ? 1 - p.y : p.y;
    return t.swap ? (place){down, along} : (place){along, down};
}

int resight_region_place(const resight_area *query, resight_transform transform, const resight_area *known,
                         resight_quad *out) {
    static const place corners[4] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    if ((unsigned)transform >= RESIGHT_TRANSFORMS || !is_area(query) || !is_area(known))
        return RESIGHT_E_ARG;
    const turning t = turning_of(transform);
    for (unsigned i = 0; i < 4; i++) {
        const place in_known = {(corners[i].x - known->x) / known->width, (corners[i].y - known->y) / known->height};
        const place in_query = turned_back(in_known, t);
        out->x[i] = query->x + in_query.x * query->width;
        out->y[i] = query->y + in_query.y * query->height;
    }
    return RESIGHT_OK;
}
