/* SPDX-License-Identifier: Apache-2.0 */
/* A program with no decoder in it, whatever it is given: it hashes by workers alone. */
#include "isolate/hashing.h"

int hashing_start(hashing *h, const resight_decode_options *options, resight_cpu cpu, resight_error *error) {
    (void)h;
    (void)options;
    (void)cpu;
    return resight_fail(error, RESIGHT_E_UNSUPPORTED, "this program was made without decoders");
}

void hashing_end(hashing *h) {
    (void)h;
}

int hashing_run(const hashing *h, resight_source *source, const resight_marking *how, const resight_sink *sink,
                resight_media_info *info, bool *damaged, resight_error *error) {
    (void)h;
    (void)source;
    (void)how;
    (void)sink;
    (void)info;
    (void)damaged;
    return resight_fail(error, RESIGHT_E_UNSUPPORTED, "this program was made without decoders");
}

int hashing_tmk(const hashing *h, resight_source *source, resight_tmk *out, resight_media_info *info, bool *damaged,
                resight_error *error) {
    (void)h;
    (void)source;
    (void)out;
    (void)info;
    (void)damaged;
    return resight_fail(error, RESIGHT_E_UNSUPPORTED, "this program was made without decoders");
}
