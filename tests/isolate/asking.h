/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of workers share: ask a pool for a file, keep all that it says. */
#ifndef RESIGHT_TESTS_ASKING_H
#define RESIGHT_TESTS_ASKING_H

#include <resight/pool.h>

#define ASKED_MARKS 512
#define ASKED_PICTURES 64

typedef struct asked {
    int status;
    resight_error error;
    resight_media_info info;
    bool damaged;
    size_t marks, pictures;
    resight_mark mark[ASKED_MARKS];
    uint64_t picture[ASKED_PICTURES]; /* a checksum of each thumbnail: size, time, view and pixels */
} asked;

/* A pool with these worker programs. */
resight_pool *ask_whom(const char *programs, const resight_pool_options *options);

/* Marks and, when wanted, thumbnails. */
asked ask(resight_pool *pool, const void *bytes, size_t size_bytes, const resight_marking *how, bool pictures);
asked ask_source(resight_pool *pool, resight_source *source, const resight_marking *how, bool pictures);

/* An order to a hostile worker, as asked of a picture worker or of the other. */
asked ask_order(resight_pool *pool, bool image, const char *order);

#endif
