/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of resight/decode.h, each checked in one place, with a text that names the option that raises it. */
#ifndef RESIGHT_DECODE_LIMITS_H
#define RESIGHT_DECODE_LIMITS_H

#include <resight/decode.h>

/* The moment a file was opened, in nanoseconds: of this thread's processor time, and on the wall. */
typedef struct stopwatch {
    int64_t processor_ns, wall_ns;
} stopwatch;

stopwatch stopwatch_start(void);

/* Each returns RESIGHT_OK or RESIGHT_E_LIMIT. */
int limits_check_still_bytes(const resight_limits *limits, uint64_t bytes, resight_error *error);
int limits_check_video_bytes(const resight_limits *limits, uint64_t bytes, resight_error *error);
int limits_check_raster(const resight_limits *limits, uint64_t width_px, uint64_t height_px, resight_error *error);
int limits_check_memory(const resight_limits *limits, uint64_t bytes, const char *what, resight_error *error);
int limits_check_scans(const resight_limits *limits, uint64_t scans, resight_error *error);
int limits_check_frames(const resight_limits *limits, uint64_t frames, resight_error *error);
int limits_check_seconds(const resight_limits *limits, const stopwatch *watch, resight_error *error);

#endif
