/* SPDX-License-Identifier: Apache-2.0 */
/* What each of the eight transforms does to the axes. */
#ifndef RESIGHT_LUMA_TURN_H
#define RESIGHT_LUMA_TURN_H

#include <resight/image.h>
#include <stdbool.h>

/* The picture with its axes swapped (or not), then read from right to left, from bottom to top, or both. */
typedef struct turning {
    bool swap, mirror_x, mirror_y;
} turning;

turning turning_of(resight_transform transform);

#endif
