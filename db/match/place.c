/* SPDX-License-Identifier: Apache-2.0 */
/* Where a known picture lies within a query that shows it turned. */
#include "match/matcher.h"

/*
 * The query's pixels were turned by `transform`, and then showed the known picture. Where each of its corners came
 * from, as resight_image_transform() turns: x and y of top left, top right, bottom right, bottom left.
 */
static const uint8_t came_from[RESIGHT_TRANSFORMS][4][2] = {
    [RESIGHT_ORIGINAL] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}},
    [RESIGHT_ROTATE_90] = {{1, 0}, {1, 1}, {0, 1}, {0, 0}}, /* counter-clockwise: top right becomes top left */
    [RESIGHT_ROTATE_180] = {{1, 1}, {0, 1}, {0, 0}, {1, 0}},
    [RESIGHT_ROTATE_270] = {{0, 1}, {0, 0}, {1, 0}, {1, 1}},
    [RESIGHT_FLIP_X] = {{0, 1}, {1, 1}, {1, 0}, {0, 0}},
    [RESIGHT_FLIP_Y] = {{1, 0}, {0, 0}, {0, 1}, {1, 1}},
    [RESIGHT_FLIP_PLUS_1] = {{0, 0}, {0, 1}, {1, 1}, {1, 0}},
    [RESIGHT_FLIP_MINUS_1] = {{1, 1}, {1, 0}, {0, 0}, {0, 1}},
};

void place_turned(resight_transform transform, float left, float top, float width, float height,
                  resight_point corner[4]) {
    for (int i = 0; i < 4; i++)
        corner[i] = (resight_point){left + width * (float)came_from[transform][i][0],
                                    top + height * (float)came_from[transform][i][1]};
}
