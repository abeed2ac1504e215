/* SPDX-License-Identifier: Apache-2.0 */
/* A source to marks, in this process: what a worker does, and what a pool without isolation does. */
#ifndef RESIGHT_ISOLATE_HASHING_H
#define RESIGHT_ISOLATE_HASHING_H

#include <resight/pool.h>

/* All NULL is valid and empty. */
typedef struct hashing {
    resight_decoder *decoder;
    resight_hasher *hasher;
} hashing;

/* RESIGHT_OK, or as resight_decoder_new() and resight_hasher_new(). */
int hashing_start(hashing *h, const resight_decode_options *options, resight_cpu cpu, resight_error *error);

void hashing_end(hashing *h);

/* As resight_pool_hash(). */
int hashing_run(const hashing *h, resight_source *source, const resight_marking *how, const resight_sink *sink,
                resight_media_info *info, bool *damaged, resight_error *error);

/* As resight_pool_tmk(), and info. */
int hashing_tmk(const hashing *h, resight_source *source, resight_tmk *out, resight_media_info *info, bool *damaged,
                resight_error *error);

#endif
