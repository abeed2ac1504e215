/* SPDX-License-Identifier: Apache-2.0 */
/* The scan of a part of an array, for those who stop or change the radius between parts. */
#ifndef RESIGHT_SEARCH_SCAN_H
#define RESIGHT_SEARCH_SCAN_H

#include "kernels/kernels.h"
#include <resight/search.h>

/* Hashes in a part: 32 KB, which stay in the first cache while the queries take their turns. */
#define SCAN_PART 1024

/* What is compared with what; hits carry query_number + the query's place. */
typedef struct scan_job {
    const kernel_table *kernels;
    const resight_hash *hashes, *queries;
    uint32_t query_count;
    uint16_t query_number;
    unsigned radius_bits;
} scan_job;

/* Append the hits among hashes from .. to - 1, at most SCAN_PART of them: RESIGHT_OK or RESIGHT_E_NOMEM. */
int scan_part(const scan_job *job, uint32_t from, uint32_t to, resight_hits *hits);

/* The same for the first `count` hashes, however many; hits are unchanged on failure. */
int scan_all(const scan_job *job, uint32_t count, resight_hits *hits);

#endif
