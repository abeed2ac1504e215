/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker program: decodes and hashes what it is handed. Linked twice: with libjpeg-turbo and libpng alone
 * (resight-decode-image), and with everything (resight-decode-media).
 */
#include "base/cleanup.h"
#include "decode/source.h"
#include "isolate/hashing.h"
#include "isolate/worker/worker.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int prepare(void *user, const worker_setup *setup) {
    tzset(); /* reads a file, and FFmpeg asks for the time when a container has a date */
    return hashing_start(user, &setup->decode, setup->cpu, NULL);
}

static int say_mark(void *user, const resight_mark *mark) {
    (void)user;
    return worker_say(&(record){.kind = RECORD_MARK, .mark = *mark});
}

static int say_thumbnail(void *user, const resight_thumbnail *thumbnail) {
    (void)user;
    return worker_say(&(record){.kind = RECORD_THUMBNAIL, .thumbnail = *thumbnail});
}

/* Of a stream the next frame may be long in coming. */
static int say_mark_now(void *user, const resight_mark *mark) {
    const int status = say_mark(user, mark);
    return status == RESIGHT_OK ? worker_flush() : status;
}

static int say_thumbnail_now(void *user, const resight_thumbnail *thumbnail) {
    const int status = say_thumbnail(user, thumbnail);
    return status == RESIGHT_OK ? worker_flush() : status;
}

/* Too large for a stack, and needed by few. */
typedef struct signing {
    resight_tmk tmk;
    uint8_t packed[RESIGHT_TMK_FILE_BYTES];
} signing;

static void sign(const hashing *tools, resight_source *source, record_end *end) {
    CLEANUP_FREE signing *room = malloc(sizeof *room);
    end->status = room ? hashing_tmk(tools, source, &room->tmk, &end->info, &end->damaged, &end->error)
                       : resight_fail(&end->error, RESIGHT_E_NOMEM, "no memory for a TMK signature");
    if (end->status != RESIGHT_OK)
        return;
    resight_tmk_pack(&room->tmk, room->packed);
    worker_say(&(record){.kind = RECORD_TMK, .signature = room->packed});
}

static void work(void *user, const worker_task *task, int fd, record_end *end) {
    CLEANUP(resight_source_free) resight_source *source = NULL;
    const resight_sink sink = {.mark = task->stream ? say_mark_now : say_mark,
                               .thumbnail = !task->thumbnails ? NULL
                                            : task->stream    ? say_thumbnail_now
                                                              : say_thumbnail};
    end->status = task->stream ? source_open_pipe(fd, &source, &end->error)
                               : source_open_descriptor(fd, task->size_bytes, &source, &end->error);
    if (end->status == RESIGHT_OK && task->tmk)
        sign(user, source, end);
    else if (end->status == RESIGHT_OK)
        end->status = hashing_run(user, source, &task->how, &sink, &end->info, &end->damaged, &end->error);
}

int main(int argc, char **argv) {
    hashing tools = {0};
    if (argc != 2 || strcmp(argv[1], WORKER_VERSION) != 0) {
        fputs("a part of resight " WORKER_VERSION ", which starts it\n", stderr);
        return WORKER_OTHER_VERSION;
    }
    const worker_trade trade = {RESIGHT_WORKER_NEEDS, prepare, work, &tools};
    _exit(worker_serve(&trade)); /* what exit() does at the end is not on the list of system calls */
}
