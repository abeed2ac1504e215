/* SPDX-License-Identifier: Apache-2.0 */
/* What looking things up costs: the plan of an index is made from it, and a query weighs an index against a scan. */
#ifndef RESIGHT_SEARCH_PLAN_H
#define RESIGHT_SEARCH_PLAN_H

#include <resight/search.h>

/*
 * Times of one step in tenths of a nanosecond, as least squares over the plans tried by hand give them on one core of
 * an EPYC of 2024 with 4 KiB pages: 10 ns a value at 10^6 and at 10^7 hashes; a candidate 4 ns at 10^6, where the
 * hashes just about lie in a cache, and 15 ns at 10^7. Only the ratios matter, and the optimum is flat.
 */
#define PROBE_COST 100     /* a value: its two offsets, and the first of its postings */
#define CANDIDATE_COST 100 /* a hash, met at random */
#define SCAN_COST 6        /* a hash in a scan for one query */

/* Values at exactly `distance` bits from a value of width_bits: the binomial coefficient. */
uint64_t plan_shell(unsigned width_bits, unsigned distance);

/* Cost of looking all of them up in a table of `count` uniform hashes. */
uint64_t plan_shell_cost(unsigned width_bits, unsigned distance, uint32_t count);

#endif
