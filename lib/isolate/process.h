/* SPDX-License-Identifier: Apache-2.0 */
/* A child process that holds one socket and nothing else: started, watched, ended. */
#ifndef RESIGHT_ISOLATE_PROCESS_H
#define RESIGHT_ISOLATE_PROCESS_H

#include <resight/pool.h>
#include <sys/types.h>
#include <time.h>

typedef struct process {
    int channel; /* our end of the socket, a stream; -1: no process */
    int pidfd;
    pid_t pid;
    clockid_t clock; /* of the processor time it has used */
    unsigned walls;  /* RESIGHT_WALL_NAMESPACES, or 0 where the kernel refuses them */
} process;

#define NO_PROCESS ((process){.channel = -1, .pidfd = -1})

/*
 * Start a program with an empty environment, its socket as WORKER_CHANNEL, and no other descriptor: in namespaces of
 * its own where the kernel allows it.
 *
 * RESIGHT_OK, or RESIGHT_E_UNSUPPORTED with a text that names the program.
 */
int process_start(const char *program, process *out, resight_error *error);

/* How a process came to its end. */
typedef struct process_end {
    int signal;    /* that ended it; 0: none */
    int exit_code; /* when no signal did */
    bool killed;   /* by process_finish(), for it went on */
} process_end;

/* End it now. NO_PROCESS afterwards; NO_PROCESS before is fine. */
void process_stop(process *p);

/* The same for a process that has closed its socket, which a moment later has ended by itself. */
process_end process_finish(process *p);

/* Processor time of all its threads, in nanoseconds. */
int64_t process_time_ns(const process *p);

#endif
