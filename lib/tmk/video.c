/* SPDX-License-Identifier: Apache-2.0 */
/* One file to its signature in one call: of an open decoder, or with everything made for it and freed after it. */
#include "base/cleanup.h"
#include <resight/tmk.h>

int resight_tmk_hash_frames(resight_decoder *decoder, resight_hasher *hasher, const resight_media_info *info,
                            resight_tmk *out, resight_error *error) {
    CLEANUP(resight_tmk_maker_free) resight_tmk_maker *maker = NULL;
    resight_frame frame;
    int status = resight_tmk_maker_new(&maker);
    if (status != RESIGHT_OK)
        return resight_fail(error, status, "no memory for a TMK signature");
    resight_tmk_maker_start(maker, info->frames_per_second);
    while ((status = resight_decoder_next(decoder, &frame, error)) == RESIGHT_OK) {
        status = resight_tmk_maker_frame(maker, hasher, &frame);
        if (status != RESIGHT_OK)
            return resight_fail(error, status, "TMK of the frame at %lld us: %s", (long long)frame.time_us,
                                resight_status_name(status));
    }
    if (status == RESIGHT_END && resight_tmk_maker_finish(maker, out) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_FORMAT, "no frame could be decoded");
    return status == RESIGHT_END ? RESIGHT_OK : status;
}

int resight_tmk_hash_file(const char *path, const resight_decode_options *options, resight_tmk *out,
                          resight_error *error) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    CLEANUP(resight_decoder_free) resight_decoder *decoder = NULL;
    CLEANUP(resight_hasher_free) resight_hasher *hasher = NULL;
    resight_decode_options every = options ? *options : resight_decode_options_default();
    resight_media_info info;
    every.every_us = 0;
    int status = resight_source_open_path(path, &source, error);
    if (status != RESIGHT_OK)
        return status;
    if (resight_decoder_new(&every, &decoder) != RESIGHT_OK ||
        resight_hasher_new(RESIGHT_CPU_AUTO, &hasher) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a decoder and a hasher");
    status = resight_decoder_open(decoder, source, &info, error);
    return status == RESIGHT_OK ? resight_tmk_hash_frames(decoder, hasher, &info, out, error) : status;
}
