/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way through the Jarosz filter, for pictures of bytes whose windows are powers of two: 2, 4 or 8, that is
 * sides of 129 to 256, 385 to 512 and 897 to 1024 pixels.
 *
 * A mean over a power of two of integers is exact in float, and so are running sums of such means, whatever their
 * order. Both passes along a row then come to one sum of bytes with the weights of a tent, needed at 64 columns alone.
 * What rounds is where a window is cut and the divisor is another:
 *
 * - The first and last columns. They go down the columns in order, beside the tents, and every row begins in order,
 * over the first of them. When they have left the running sum again, a rounding of them may stay behind in it, for the
 * rest of the row or a part. It has stayed in some rows of a hundred when they leave, and in less than one of a hundred
 * at the first sample. Such a row goes in order to its end; where nothing has stayed, nothing rounds from there on.
 * - The last sample, into whose window the first of the last columns enters: that step is taken in order.
 * - The first and last rows, where the divisor is not a power of two: they go in order.
 *
 * A picture made for it, with one bright column at its left side, leaves a rounding in every row: it goes in order as
 * a whole.
 *
 * So nothing is estimated: what is taken from the tents is what the running sums come to.
 */
#ifndef RESIGHT_LUMA_TENTS_H
#define RESIGHT_LUMA_TENTS_H

#include "kernels/kernels.h"
#include <stdbool.h>

bool tents_apply(size_t window_x, size_t window_y);

void tents_plan(tent_plan *plan, size_t width, size_t window, const uint32_t at[64]);

/*
 * A row that came down the columns, the mean of `samples` rows, with these first and last columns: do the tents say
 * what it is, filtered along itself a second time? Its last sample is then `last`; otherwise it must go in order.
 */
bool tents_say(const tent_plan *plan, const float ends[2 * TENT_EDGE], size_t samples, float *last);

#endif
