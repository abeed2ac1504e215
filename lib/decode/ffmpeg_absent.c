/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that FFmpeg reads, in a program without it: the image worker, whose parent then asks the other one. */
#include "decode/backend.h"

static int absent_open(void *state, const media *file, resight_media_info *info, resight_error *error) {
    (void)state;
    (void)file;
    (void)info;
    return resight_fail(error, RESIGHT_E_UNSUPPORTED, "this program was made without FFmpeg");
}

static int absent_next(void *state, resight_frame *frame, resight_error *error) {
    (void)state;
    (void)frame;
    (void)error;
    return RESIGHT_END;
}

const backend backend_ffmpeg_still = {.open = absent_open, .next = absent_next};
const backend backend_ffmpeg_video = {.open = absent_open, .next = absent_next};
