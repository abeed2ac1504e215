/* SPDX-License-Identifier: Apache-2.0 */
/* What a file may ask of the machine: checked before memory is reserved, and between frames and scans. */
#include "decode/limits.h"

#include <inttypes.h>
#include <time.h>

#define NS_PER_S 1000000000

/* Ordinary media never meets these; each keeps a known attack to a second or so of one worker. The sides and the scans
 * are those of ImageMagick's policy.xml and djpeg's -maxscans; the rest leaves room above the largest cameras. */
resight_limits resight_limits_default(void) {
    return (resight_limits){
        .max_bytes = 256 * (uint64_t)1024 * 1024,
        .max_video_bytes = 8 * (uint64_t)1024 * 1024 * 1024,
        .max_memory_bytes = (uint64_t)1024 * 1024 * 1024,
        .max_pixels = 128000000,
        .max_side_px = 32768,
        .max_scans = 100,
        .max_frames = 1000000,
        .max_seconds = 600,
    };
}

resight_decode_options resight_decode_options_default(void) {
    return (resight_decode_options){.limits = resight_limits_default(), .every_us = 1000000};
}

static bool over(uint64_t value, uint64_t limit) {
    return limit != 0 && value > limit;
}

int limits_check_still_bytes(const resight_limits *limits, uint64_t bytes, resight_error *error) {
    if (!over(bytes, limits->max_bytes))
        return RESIGHT_OK;
    return resight_fail(error, RESIGHT_E_LIMIT, "%" PRIu64 " bytes: over the limit of %" PRIu64 " bytes (--max-bytes)",
                        bytes, limits->max_bytes);
}

int limits_check_video_bytes(const resight_limits *limits, uint64_t bytes, resight_error *error) {
    if (!over(bytes, limits->max_video_bytes))
        return RESIGHT_OK;
    return resight_fail(error, RESIGHT_E_LIMIT,
                        "%" PRIu64 " bytes: over the limit of %" PRIu64 " bytes (--max-video-bytes)", bytes,
                        limits->max_video_bytes);
}

int limits_check_raster(const resight_limits *limits, uint64_t width_px, uint64_t height_px, resight_error *error) {
    if (over(width_px, limits->max_side_px) || over(height_px, limits->max_side_px))
        return resight_fail(error, RESIGHT_E_LIMIT,
                            "%" PRIu64 " x %" PRIu64 " pixels: over the limit of %" PRIu32
                            " pixels a side (--max-side)",
                            width_px, height_px, limits->max_side_px);
    uint64_t pixels = 0;
    if (__builtin_mul_overflow(width_px, height_px, &pixels) || over(pixels, limits->max_pixels))
        return resight_fail(error, RESIGHT_E_LIMIT,
                            "%" PRIu64 " x %" PRIu64 " pixels: over the limit of %" PRIu64 " pixels (--max-pixels)",
                            width_px, height_px, limits->max_pixels);
    return RESIGHT_OK;
}

int limits_check_memory(const resight_limits *limits, uint64_t bytes, const char *what, resight_error *error) {
    if (!over(bytes, limits->max_memory_bytes))
        return RESIGHT_OK;
    return resight_fail(error, RESIGHT_E_LIMIT,
                        "%s need %" PRIu64 " bytes of memory: over the limit of %" PRIu64 " bytes (--max-memory)", what,
                        bytes, limits->max_memory_bytes);
}

int limits_check_scans(const resight_limits *limits, uint64_t scans, resight_error *error) {
    if (!over(scans, limits->max_scans))
        return RESIGHT_OK;
    return resight_fail(error, RESIGHT_E_LIMIT,
                        "%" PRIu64 " scans or more: over the limit of %" PRIu32 " scans (--max-scans)", scans,
                        limits->max_scans);
}

int limits_check_frames(const resight_limits *limits, uint64_t frames, resight_error *error) {
    if (!over(frames, limits->max_frames))
        return RESIGHT_OK;
    return resight_fail(error, RESIGHT_E_LIMIT,
                        "%" PRIu64 " frames or more: over the limit of %" PRIu64 " frames (--max-frames)", frames,
                        limits->max_frames);
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

stopwatch stopwatch_start(void) {
    return (stopwatch){clock_ns(CLOCK_THREAD_CPUTIME_ID), clock_ns(CLOCK_MONOTONIC)};
}

/* Asked once a row. A thread's processor time is never ahead of the wall clock, and only that one is read without a
 * system call. */
int limits_check_seconds(const resight_limits *limits, const stopwatch *watch, resight_error *error) {
    const int64_t most_ns = (int64_t)limits->max_seconds * NS_PER_S;
    if (limits->max_seconds == 0 || clock_ns(CLOCK_MONOTONIC) - watch->wall_ns <= most_ns)
        return RESIGHT_OK;
    const int64_t spent_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - watch->processor_ns;
    if (spent_ns <= most_ns)
        return RESIGHT_OK;
    return resight_fail(error, RESIGHT_E_LIMIT,
                        "%.1f s of processor time: over the limit of %" PRIu32 " seconds (--max-seconds)",
                        (double)spent_ns / NS_PER_S, limits->max_seconds);
}
