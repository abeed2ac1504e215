/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder and hasher, one after the other. */
#include "isolate/hashing.h"

int hashing_start(hashing *h, const resight_decode_options *options, resight_cpu cpu, resight_error *error) {
    hashing made = {0};
    int status = resight_decoder_new(options, &made.decoder);
    if (status == RESIGHT_OK)
        status = resight_hasher_new(cpu, &made.hasher);
    if (status != RESIGHT_OK) {
        hashing_end(&made);
        return resight_fail(error, status, "cannot make a decoder and a hasher: %s", resight_status_name(status));
    }
    *h = made;
    return RESIGHT_OK;
}

void hashing_end(hashing *h) {
    resight_decoder_free(&h->decoder);
    resight_hasher_free(&h->hasher);
}

int hashing_run(const hashing *h, resight_source *source, const resight_marking *how, const resight_sink *sink,
                resight_media_info *info, bool *damaged, resight_error *error) {
    resight_media_info found;
    resight_marking marking = *how;
    int status = resight_decoder_open(h->decoder, source, &found, error);
    if (status != RESIGHT_OK)
        return status;
    marking.reduced = how->reduced && found.kind == RESIGHT_IMAGE;
    status = resight_hash_frames(h->decoder, h->hasher, &marking, sink, error);
    if (status != RESIGHT_OK)
        return status;
    *info = found;
    *damaged = resight_decoder_damaged(h->decoder);
    return RESIGHT_OK;
}

int hashing_tmk(const hashing *h, resight_source *source, resight_tmk *out, resight_media_info *info, bool *damaged,
                resight_error *error) {
    resight_media_info found;
    int status = resight_decoder_open(h->decoder, source, &found, error);
    if (status == RESIGHT_OK)
        status = resight_tmk_hash_frames(h->decoder, h->hasher, &found, out, error);
    if (status != RESIGHT_OK)
        return status;
    *info = found;
    *damaged = resight_decoder_damaged(h->decoder);
    return RESIGHT_OK;
}
