/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Files to hashes in worker processes that have no rights: a file that crashes, hangs or takes over a decoder costs
 * that file alone.
 *
 *     source ──► descriptor ──► worker process: decode, hash ──► records ──► checked field by field ──► sink
 *
 * The calling process opens the file and never reads more of it than the first bytes that name its kind. JPEG and PNG
 * are decoded by a program with no other decoder in it, everything else by a second one. A worker lives for many files
 * and is replaced after any crash, broken answer or overstepped limit; what it says of a file is a claim that has been
 * checked for form, so that a worker which a file took over can lie, at most, about the files it is given.
 *
 * Linux only; the workers need no privilege, nor does the caller.
 */
#ifndef RESIGHT_POOL_H
#define RESIGHT_POOL_H

#include <resight/tmk.h>
#include <resight/video.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How far decoding is kept apart. The values are pinned. */
typedef enum resight_isolation {
    RESIGHT_ISOLATE_OFF = 0,   /**< in the calling process: for debugging */
    RESIGHT_ISOLATE_ON = 1,    /**< in workers that live for many files, behind all the walls that the kernel has */
    RESIGHT_ISOLATE_FILE = 2,  /**< the same, and each file has a worker of its own */
    RESIGHT_ISOLATE_STRICT = 3 /**< the same, and a worker that lacks a wall is refused */
} resight_isolation;

/** "off", "on", "file", "strict"; "unknown" for anything else. */
RESIGHT_API const char *resight_isolation_name(resight_isolation isolation);

/**
 * The isolation of a name.
 *
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  no such name
 */
RESIGHT_API int resight_isolation_from_name(const char *name, resight_isolation *out);

/** What stands around a worker: bits, one for each thing that a kernel or a build may lack. The values are pinned. */
typedef enum resight_wall {
    RESIGHT_WALL_FILTER = 1,     /**< seccomp: a short list of system calls; any other ends the worker */
    RESIGHT_WALL_LANDLOCK = 2,   /**< no path can be opened and, where the kernel has it, no port */
    RESIGHT_WALL_NAMESPACES = 4, /**< its own processes, network, mounts and message queues */
    RESIGHT_WALL_MEMORY = 8      /**< a limit to the memory it may have */
} resight_wall;
#define RESIGHT_WALLS 15u

/** "system call filter", "landlock", "namespaces", "memory limit"; "unknown" for anything else. */
RESIGHT_API const char *resight_wall_name(resight_wall wall);

/** How files are hashed. Start from resight_pool_options_default(). */
typedef struct resight_pool_options {
    resight_isolation isolation;   /**< default RESIGHT_ISOLATE_ON */
    resight_decode_options decode; /**< its limits are checked in the worker, and its time from outside, too */
    resight_cpu cpu;
    uint32_t files_per_worker; /**< 256; 0 means no limit */
    /** From handing a file over to the end of its answer. 0: four times limits.max_seconds and a minute; of a stream,
     * whose pauses are not the decoder's, no limit. */
    uint32_t max_wall_seconds;
    /** That a worker may have in all. 0: twice limits.max_memory_bytes and limits.max_bytes. */
    uint64_t max_worker_bytes;
    /** Folder of the worker programs, copied; NULL: where this build installs them. */
    const char *programs;
} resight_pool_options;

/** The defaults named above. */
RESIGHT_API resight_pool_options resight_pool_options_default(void);

/** A thread's own workers, one at most for each worker program. Opaque; one thread at a time. */
typedef struct resight_pool resight_pool;

/**
 * Make a pool. Workers are started when first needed.
 *
 * @param options  NULL for the defaults; copied
 * @param out      owned by the caller; free with resight_pool_free()
 * @return RESIGHT_OK, RESIGHT_E_NOMEM, or as resight_hasher_new() without isolation
 */
RESIGHT_API int resight_pool_new(const resight_pool_options *options, resight_pool **out, resight_error *error);

/** End the workers, free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_pool_free(resight_pool **pool);

/**
 * Decode and hash one file: resight_decoder_open() and resight_hash_frames(), done by a worker.
 *
 * Of how, reduced counts for a picture only, not for the frames of a video. The marks of a stream are handed out as
 * soon as their frames have come.
 *
 * @param source   borrowed for the call
 * @param how      borrowed for the call
 * @param sink     called on this thread, with marks and thumbnails that have been checked
 * @param info     written on RESIGHT_OK
 * @param damaged  written on RESIGHT_OK; as resight_decoder_damaged()
 * @param error    may be NULL
 * @return as resight_decoder_open() and resight_hash_frames(), and
 *         RESIGHT_E_FORMAT       the decoder crashed, or its answer was not possible
 *         RESIGHT_E_NOMEM        it was killed by somebody else, most likely by a system short of memory
 *         RESIGHT_E_LIMIT        the worker had to be ended for the time it took
 *         RESIGHT_E_UNSUPPORTED  no worker could be started, or it lacks a wall (RESIGHT_ISOLATE_STRICT)
 *
 * Cost: about 20 microseconds more than in process; once for many files, 2 ms (JPEG, PNG) or 30 ms to start a worker.
 */
RESIGHT_API int resight_pool_hash(resight_pool *pool, resight_source *source, const resight_marking *how,
                                  const resight_sink *sink, resight_media_info *info, bool *damaged,
                                  resight_error *error);

/**
 * The TMK signature of one file, made by a worker: resight_decoder_open() and resight_tmk_hash_frames(). Every frame is
 * needed: the pool is one with decode.every_us 0.
 *
 * @param source   borrowed for the call
 * @param out      as resight_tmk_unpack() lets it pass; after a failure of no use
 * @param damaged  written on RESIGHT_OK; as resight_decoder_damaged()
 * @param error    may be NULL
 * @return as resight_decoder_open(), resight_tmk_hash_frames() and resight_pool_hash(), and
 *         RESIGHT_E_ARG  the pool's decode.every_us is not 0
 */
RESIGHT_API int resight_pool_tmk(resight_pool *pool, resight_source *source, resight_tmk *out, bool *damaged,
                                 resight_error *error);

/**
 * Which walls stand around the workers here. Starts one when none is running.
 *
 * @param walls  written on RESIGHT_OK: resight_wall bits
 * @return RESIGHT_OK, RESIGHT_NOT_FOUND when there are no workers (RESIGHT_ISOLATE_OFF), RESIGHT_E_UNSUPPORTED,
 *         RESIGHT_E_NOMEM
 */
RESIGHT_API int resight_pool_walls(resight_pool *pool, unsigned *walls, resight_error *error);

#ifdef __cplusplus
}
#endif
#endif
