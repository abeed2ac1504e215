/* SPDX-License-Identifier: Apache-2.0 */
/* Growing an array of hits. A search that fails half way sets the count back: what it appended is then gone. */
#ifndef RESIGHT_SEARCH_HITS_H
#define RESIGHT_SEARCH_HITS_H

#include <resight/search.h>

/* RESIGHT_OK or RESIGHT_E_NOMEM. */
int hits_append(resight_hits *hits, resight_hit hit);

/* The hits from `first` on, nearest first, then the lower index. */
void hits_sort_from(resight_hits *hits, size_t first);

#endif
