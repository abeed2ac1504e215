/* SPDX-License-Identifier: Apache-2.0 */
/* What trimming shares with the search for rectangles. */
#ifndef RESIGHT_REGION_TRIM_H
#define RESIGHT_REGION_TRIM_H

#include <resight/region.h>
#include <stdbool.h>

/* The pictures that this room reads: grey, and no larger than a thumbnail. */
bool trim_accepts(const resight_image *grey);

#endif
