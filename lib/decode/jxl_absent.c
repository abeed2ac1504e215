/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG XL in a build without libjxl. */
#include "decode/backend.h"

static int absent_open(void *state, const media *file, resight_media_info *info, resight_error *error) {
    (void)state;
    (void)file;
    (void)info;
    return resight_fail(error, RESIGHT_E_UNSUPPORTED, "JPEG XL: this build was made without libjxl");
}

static int absent_next(void *state, resight_frame *frame, resight_error *error) {
    (void)state;
    (void)frame;
    (void)error;
    return RESIGHT_END;
}

const backend backend_jxl = {.open = absent_open, .next = absent_next};
