/* SPDX-License-Identifier: Apache-2.0 */
/* One file to marks in one call: everything that decoding and hashing need, made for it and freed after it. */
#include "base/cleanup.h"
#include <resight/video.h>

int resight_hash_file(const char *path, const resight_decode_options *options, const resight_marking *how,
                      const resight_sink *sink, resight_error *error) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    CLEANUP(resight_decoder_free) resight_decoder *decoder = NULL;
    CLEANUP(resight_hasher_free) resight_hasher *hasher = NULL;
    resight_media_info info;
    int status = resight_source_open_path(path, &source, error);
    if (status != RESIGHT_OK)
        return status;
    if (resight_decoder_new(options, &decoder) != RESIGHT_OK ||
        resight_hasher_new(RESIGHT_CPU_AUTO, &hasher) != RESIGHT_OK)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a decoder and a hasher");
    status = resight_decoder_open(decoder, source, &info, error);
    return status == RESIGHT_OK ? resight_hash_frames(decoder, hasher, how, sink, error) : status;
}
