/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker program a file goes to, when a worker is started and replaced, and what is said when there is none. */
#include "base/cleanup.h"
#include "decode/probe.h"
#include "isolate/hashing.h"
#include "isolate/input.h"
#include "isolate/remote.h"
#include <limits.h>
#include <string.h>

/* The worker programs: JPEG and PNG alone, and everything. */
typedef enum trade { TRADE_IMAGE, TRADE_MEDIA } trade;
#define TRADES 2
static const char *const programs[TRADES] = {"resight-decode-image", "resight-decode-media"};

struct resight_pool {
    resight_pool_options options;
    uint32_t max_stream_seconds; /* on the wall; 0: a stream may take as long as it likes */
    char *folder;                /* of the worker programs */
    hashing here;                /* without isolation */
    remote workers[TRADES];      /* started when first needed */
};

resight_pool_options resight_pool_options_default(void) {
    return (resight_pool_options){
        .isolation = RESIGHT_ISOLATE_ON, .decode = resight_decode_options_default(), .files_per_worker = 256};
}

/* ---- Names ------------------------------------------------------------------------------------- */

static const char *const isolations[] = {"off", "on", "file", "strict"};
#define ISOLATIONS (sizeof isolations / sizeof *isolations)

const char *resight_isolation_name(resight_isolation isolation) {
    return (size_t)isolation < ISOLATIONS ? isolations[isolation] : "unknown";
}

int resight_isolation_from_name(const char *name, resight_isolation *out) {
    for (size_t i = 0; i < ISOLATIONS; i++)
        if (strcmp(name, isolations[i]) == 0) {
            *out = (resight_isolation)i;
            return RESIGHT_OK;
        }
    return RESIGHT_E_ARG;
}

const char *resight_wall_name(resight_wall wall) {
    switch (wall) {
    case RESIGHT_WALL_FILTER: return "system call filter";
    case RESIGHT_WALL_LANDLOCK: return "landlock";
    case RESIGHT_WALL_NAMESPACES: return "namespaces";
    case RESIGHT_WALL_MEMORY: return "memory limit";
    }
    return "unknown";
}

/* ---- A pool ------------------------------------------------------------------------------------ */

static uint64_t sum(uint64_t a, uint64_t b) {
    uint64_t both = 0;
    return __builtin_add_overflow(a, b, &both) ? 0 : both;
}

/* The largest that a decoder may reserve, a turned or composited copy of the picture, and the file. */
static uint64_t default_worker_bytes(const resight_limits *limits) {
    if (limits->max_memory_bytes == 0 || limits->max_bytes == 0)
        return 0;
    const uint64_t twice = sum(limits->max_memory_bytes, limits->max_memory_bytes);
    return twice ? sum(twice, limits->max_bytes) : 0;
}

static uint32_t default_wall_seconds(const resight_limits *limits) {
    const uint64_t seconds = 4 * (uint64_t)limits->max_seconds + 60;
    return limits->max_seconds == 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

int resight_pool_new(const resight_pool_options *options, resight_pool **out, resight_error *error) {
    CLEANUP(resight_pool_free) resight_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a pool");
    for (trade t = 0; t < TRADES; t++)
        pool->workers[t] = NO_REMOTE;
    pool->options = options ? *options : resight_pool_options_default();
    if (pool->options.max_worker_bytes == 0)
        pool->options.max_worker_bytes = default_worker_bytes(&pool->options.decode.limits);
    pool->max_stream_seconds = pool->options.max_wall_seconds;
    if (pool->options.max_wall_seconds == 0)
        pool->options.max_wall_seconds = default_wall_seconds(&pool->options.decode.limits);
    pool->folder = strdup(pool->options.programs ? pool->options.programs : RESIGHT_WORKER_FOLDER);
    pool->options.programs = NULL; /* the caller's */
    if (!pool->folder)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory for a pool");
    if (pool->options.isolation == RESIGHT_ISOLATE_OFF) {
        const int status = hashing_start(&pool->here, &pool->options.decode, pool->options.cpu, error);
        if (status != RESIGHT_OK)
            return status;
    }
    *out = STEAL(pool);
    return RESIGHT_OK;
}

void resight_pool_free(resight_pool **pool) {
    if (!*pool)
        return;
    for (trade t = 0; t < TRADES; t++)
        remote_free(&(*pool)->workers[t]);
    hashing_end(&(*pool)->here);
    free((*pool)->folder);
    free(*pool);
    *pool = NULL;
}

/* ---- Workers ----------------------------------------------------------------------------------- */

static int refuse_without(unsigned walls, resight_error *error) {
    char missing[128] = "";
    for (unsigned wall = 1; wall < RESIGHT_WALLS; wall <<= 1)
        if (!(walls & wall))
            snprintf(missing + strlen(missing), sizeof missing - strlen(missing), "%s%s", *missing ? ", " : "",
                     resight_wall_name((resight_wall)wall));
    return resight_fail(error, RESIGHT_E_UNSUPPORTED, "strict isolation is not to be had here: no %s", missing);
}

/* A worker that is ready for a file. */
static int employ(resight_pool *pool, trade t, resight_error *error) {
    remote *r = &pool->workers[t];
    char program[PATH_MAX];
    if (remote_runs(r))
        return RESIGHT_OK;
    if (snprintf(program, sizeof program, "%s/%s", pool->folder, programs[t]) >= (int)sizeof program)
        return resight_fail(error, RESIGHT_E_UNSUPPORTED, "the path of the worker programs is too long");
    worker_setup setup;
    memset(&setup, 0, sizeof setup); /* the padding, too: it goes to another process */
    setup.decode = pool->options.decode;
    setup.cpu = pool->options.cpu;
    setup.max_bytes = pool->options.max_worker_bytes;
    const int status = remote_start(r, program, &setup, error);
    if (status != RESIGHT_OK || pool->options.isolation != RESIGHT_ISOLATE_STRICT || r->walls == RESIGHT_WALLS)
        return status;
    remote_stop(r);
    return refuse_without(r->walls, error);
}

static bool has_served(const resight_pool *pool, const remote *r) {
    return pool->options.isolation >= RESIGHT_ISOLATE_FILE ||
           (pool->options.files_per_worker && r->files >= pool->options.files_per_worker);
}

/* What is wanted of a file, and where it goes. */
typedef struct errand {
    worker_task task;
    resight_sink sink;
    resight_tmk *tmk; /* NULL: not wanted */
} errand;

/* A worker that crashes may have been broken by an earlier file, so only a fresh one is proof against this one. A
 * stream has a fresh one at once, for it cannot be read again. */
static int hash_in(resight_pool *pool, trade t, input *in, const errand *e, record_end *end, resight_error *error) {
    remote *r = &pool->workers[t];
    const resight_limits *limits = &pool->options.decode.limits;
    const patience most = {limits->max_seconds,
                           e->task.stream ? pool->max_stream_seconds : pool->options.max_wall_seconds};
    if (e->task.stream)
        remote_stop(r);
    for (;;) {
        const bool fresh = !remote_runs(r);
        answer so_far = {.how = e->task.how,
                         .thumbnails = e->task.thumbnails,
                         .fast = pool->options.decode.fast,
                         .stream = e->task.stream,
                         .max_frames = limits->max_frames,
                         .tmk = e->tmk};
        int status = employ(pool, t, error);
        if (status != RESIGHT_OK)
            return status;
        status = remote_hash(r, in, &e->task, &most, &e->sink, &so_far, end, error);
        if (status == RESIGHT_OK && has_served(pool, r))
            remote_stop(r);
        const bool again = r->crashed && !fresh && so_far.frames == 0;
        if (status == RESIGHT_OK || !again)
            return status;
    }
}

/* ---- One file ---------------------------------------------------------------------------------- */

/* By the first bytes; what turns out to be an animation is handed on by hash_isolated(). */
static int trade_for(resight_source *source, trade *out, resight_error *error) {
    uint8_t first[PROBE_BYTES];
    size_t got_bytes = 0;
    const int status = resight_source_read(source, 0, first, sizeof first, &got_bytes, error);
    const resight_format format = status == RESIGHT_OK ? probe_format(first, got_bytes) : RESIGHT_FORMAT_UNKNOWN;
    *out = format == RESIGHT_FORMAT_JPEG || format == RESIGHT_FORMAT_PNG ? TRADE_IMAGE : TRADE_MEDIA;
    return status;
}

static int hash_isolated(resight_pool *pool, resight_source *source, const errand *e, record_end *end,
                         resight_error *error) {
    CLEANUP(input_close) input in = NO_INPUT;
    trade t = TRADE_MEDIA;
    int status = trade_for(source, &t, error);
    if (status == RESIGHT_OK)
        status = input_open(source, &in, error);
    if (status == RESIGHT_OK)
        status = hash_in(pool, t, &in, e, end, error);
    if (status == RESIGHT_OK && t == TRADE_IMAGE && end->status == RESIGHT_E_UNSUPPORTED)
        status = hash_in(pool, TRADE_MEDIA, &in, e, end, error);
    return status;
}

static int run_errand(resight_pool *pool, resight_source *source, const errand *e, resight_media_info *info,
                      bool *damaged, resight_error *error) {
    record_end end = {0};
    const int status = hash_isolated(pool, source, e, &end, error);
    if (status != RESIGHT_OK)
        return status;
    if (end.status != RESIGHT_OK)
        return resight_fail(error, end.status, "%s", end.error.text);
    *info = end.info;
    *damaged = end.damaged;
    return RESIGHT_OK;
}

/* The padding of a task, too, goes to another process. */
static errand errand_for(resight_source *source) {
    errand e;
    memset(&e, 0, sizeof e);
    e.task.stream = resight_source_is_stream(source);
    e.task.size_bytes = resight_source_size(source);
    return e;
}

int resight_pool_hash(resight_pool *pool, resight_source *source, const resight_marking *how, const resight_sink *sink,
                      resight_media_info *info, bool *damaged, resight_error *error) {
    if (pool->options.isolation == RESIGHT_ISOLATE_OFF)
        return hashing_run(&pool->here, source, how, sink, info, damaged, error);
    errand e = errand_for(source);
    e.task.how = *how;
    e.task.thumbnails = sink->thumbnail != NULL;
    e.sink = *sink;
    return run_errand(pool, source, &e, info, damaged, error);
}

int resight_pool_tmk(resight_pool *pool, resight_source *source, resight_tmk *out, bool *damaged,
                     resight_error *error) {
    resight_media_info info;
    if (pool->options.decode.every_us != 0)
        return resight_fail(error, RESIGHT_E_ARG, "TMK needs every frame: expected a pool with every_us 0");
    if (pool->options.isolation == RESIGHT_ISOLATE_OFF)
        return hashing_tmk(&pool->here, source, out, &info, damaged, error);
    errand e = errand_for(source);
    e.task.tmk = true;
    e.tmk = out;
    return run_errand(pool, source, &e, &info, damaged, error);
}

int resight_pool_walls(resight_pool *pool, unsigned *walls, resight_error *error) {
    unsigned standing = RESIGHT_WALLS;
    bool any = false;
    if (pool->options.isolation == RESIGHT_ISOLATE_OFF)
        return RESIGHT_NOT_FOUND;
    for (trade t = 0; t < TRADES; t++)
        if (remote_runs(&pool->workers[t])) {
            standing &= pool->workers[t].walls;
            any = true;
        }
    const int status = any ? RESIGHT_OK : employ(pool, TRADE_IMAGE, error);
    if (status == RESIGHT_OK)
        *walls = any ? standing : pool->workers[TRADE_IMAGE].walls;
    return status;
}
