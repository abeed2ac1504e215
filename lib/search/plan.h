/* SPDX-License-Identifier: Apache-2.0 */
/* What looking things up costs: the plan of an index is made from it, and a query weighs an index against a scan. */
#ifndef RESIGHT_SEARCH_PLAN_H
#define RESIGHT_SEARCH_PLAN_H

#include <resight/search.h>

/*
 * Times of one step, in units of a sixteenth of a nanosecond: medians of benchmarks/bench_search.c at 10^6 hashes on
 * one core of an EPYC of 2024. Only their ratios matter.
 */
#define PROBE_COST 48     /* a value: its two offsets */
#define CANDIDATE_COST 80 /* a posting and the first half of its hash */
#define SCAN_COST 8       /* a hash in a scan for one query */

/* Values at exactly `distance` bits from a value of width_bits: the binomial coefficient. */
uint64_t plan_shell(unsigned width_bits, unsigned distance);

/* Cost of looking all of them up in a table of `count` uniform hashes. */
uint64_t plan_shell_cost(unsigned width_bits, unsigned distance, uint32_t count);

#endif
