/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every request for memory that the program's own code makes in a command, refused once, and refused together with all
 * that follow it. Each run is a child that enters main() anew. It does without, or ends with exit code 2 and a line on
 * stderr; no signal, and LeakSanitizer finds nothing left.
 */
#include "refuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The linker gives the program's main() to us, and ours to the system. */
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

enum { MOST_WORDS = 24, TROUBLE = 2, SAID_BYTES = 1 << 16 };

typedef struct outcome {
    int code; /* negative: the signal */
    char out[SAID_BYTES], err[SAID_BYTES];
} outcome;

static char database[128];
static unsigned faults;
static uint64_t sites, runs;

static void remove_database(void) {
    static const char *const names[] = {"data.mdb", "lock.mdb", "merge.lock"};
    char path[160];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", database, names[i]);
        unlink(path);
    }
    rmdir(database);
}

static void keep(int fd, char text[SAID_BYTES]) {
    const ssize_t got = pread(fd, text, SAID_BYTES - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
}

static void run(char **words, outcome *result) {
    const int out = memfd_create("out", 0), err = memfd_create("err", 0);
    int count = 0, how = 0;
    while (words[count])
        count++;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        alarm(60);
        exit(__real_main(count, words));
    }
    if (child < 0 || waitpid(child, &how, 0) != child)
        abort();
    result->code = WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
    keep(out, result->out);
    keep(err, result->err);
}

static const char *judge(const outcome *got, const outcome *sound) {
    if (got->code < 0)
        return "ended by a signal";
    if (got->code == sound->code && strcmp(got->out, sound->out) == 0)
        return NULL;
    if (got->code != TROUBLE)
        return "another answer, or another exit code";
    return strncmp(got->err, "resight: ", 9) == 0 ? NULL : "not a line of its own on stderr";
}

static void walk(char **words, bool fresh, bool ever) {
    static outcome sound, got;
    refuse_at(0, false);
    run(words, &sound);
    if (sound.code != 0)
        printf("%s: %d with all the memory it asks for\n%s", words[1], sound.code, sound.err);
    faults += sound.code != 0;
    for (uint64_t n = 1;; n++, runs++) {
        if (fresh)
            remove_database();
        refuse_at(n, ever);
        run(words, &got);
        const bool over = refuse_refused() == 0;
        refuse_at(0, false);
        if (over) {
            sites += ever ? 0 : n - 1;
            return;
        }
        const char *wrong = judge(&got, &sound);
        if (!wrong)
            continue;
        faults++;
        printf("%s: %s%llu: %s: %d\n%s%s", words[1], ever ? "from " : "", (unsigned long long)n, wrong, got.code,
               got.out, got.err);
    }
}

/* A command with its options, the database, and the files. */
static void visit(const char *command, const char *options, char **files, bool fresh) {
    static char program[] = "resight";
    char line[256], *words[MOST_WORDS] = {program};
    int count = 1;
    snprintf(line, sizeof line, "%s %s", command, options);
    for (char *word = strtok(line, " "); word && count < MOST_WORDS - 1; word = strtok(NULL, " "))
        words[count++] = word;
    while (files && *files && count < MOST_WORDS - 1)
        words[count++] = *files++;
    walk(words, fresh, false);
    walk(words, fresh, true);
}

int __wrap_main(int argc, char **argv) {
    static char folder[64];
    if (argc < 2) {
        fprintf(stderr, "usage: walk_program FILE...\n");
        return 2;
    }
    snprintf(folder, sizeof folder, "%s/resight-memory-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder))
        return 2;
    snprintf(database, sizeof database, "%s/db", folder);
    setenv("RESIGHT_DB", database, 1);
    visit("hash", "--jobs=1", argv + 1, false);
    visit("hash", "--jobs=1 --json --dihedral", argv + 1, false);
    visit("add", "--jobs=1 --label=key=value", argv + 1, true);
    visit("match", "--jobs=1", argv + 1, false);
    visit("match", "--jobs=1 --json", argv + 1, false);
    visit("compare", "--json", (char *[]){argv[argc - 1], argv[argc - 1], NULL}, false);
    visit("verify", "", NULL, false);
    visit("list", "--json", NULL, false);
    visit("show", "1 2", NULL, false);
    visit("stats", "", NULL, false);
    visit("export", "", NULL, false);
    remove_database();
    rmdir(folder);
    printf("%llu requests for memory, %llu runs, %u faults\n", (unsigned long long)sites, (unsigned long long)runs,
           faults);
    return faults > 0;
}
