/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes each exhibit of the table, gives it to `resight hash`, and holds exit code, words, peak memory and time against
 * the table. `museum RESIGHT TABLE`, or with more words only the exhibits of those names; `museum --make FOLDER`
 * leaves all files there to look at.
 *
 * A line of the table: name, options, exit code, peak in MiB, seconds of the processor, the first line that is said;
 * between them tabs. Names have \n and \xNN for what cannot stand there. In the line a * stands for anything, as in a
 * shell.
 */
#include "exhibit.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A time that is an order of magnitude off counts; on a machine that is busy with other things three times is nothing.
 */
#define TIME_FACTOR 10

enum { MOST_WORDS = 16, SAID_BYTES = 1 << 16 };

typedef struct row {
    char name[128], options[128], says[512];
    int code;
    long peak_mib;
    double seconds;
} row;

typedef struct outcome {
    int code; /* 128 + signal when it was killed */
    long peak_mib;
    double seconds;
    char said[SAID_BYTES];
} outcome;

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "museum: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- Files ------------------------------------------------------------------------------------------------------ */

static void unescape(const char *from, char *to) {
    unsigned value = 0;
    int used = 0;
    for (; *from; to++) {
        if (from[0] == '\\' && from[1] == 'n') {
            *to = '\n';
            from += 2;
        } else if (sscanf(from, "\\x%2x%n", &value, &used) == 1) {
            *to = (char)value;
            from += used;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static void write_file(const char *path, const blob *content) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(content->bytes, 1, content->size, file) != content->size || fclose(file) != 0)
        give_up(path);
}

static void make_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        give_up(path);
    close(fd);
}

/* What no bytes make: places of other kinds than files. False when the name is none of them. */
static bool make_place(const char *name) {
    const blob nothing = {0};
    int result = 0;
    if (strcmp(name, "a-folder.jpg") == 0)
        result = mkdir(name, 0700);
    else if (strcmp(name, "a-fifo.jpg") == 0)
        result = mkfifo(name, 0600);
    else if (strcmp(name, "a-socket.jpg") == 0)
        make_socket(name);
    else if (strcmp(name, "a-device.jpg") == 0)
        result = symlink("/dev/zero", name);
    else if (strcmp(name, "a-loop.jpg") == 0)
        result = symlink(name, name);
    else if (strcmp(name, "nowhere.jpg") == 0)
        result = symlink("no such file", name);
    else if (strcmp(name, "unreadable.jpg") == 0) {
        write_file(name, &nothing);
        result = chmod(name, 0);
    } else
        return strcmp(name, "absent.jpg") == 0;
    if (result != 0)
        give_up(name);
    return true;
}

static bool make_from(const exhibit *list, const char *name, const char *path) {
    for (; list->name; list++) {
        if (strcmp(list->name, name) != 0)
            continue;
        blob content = {0};
        list->make(&content);
        write_file(path, &content);
        free(content.bytes);
        return true;
    }
    return false;
}

static void make(const char *name, const char *path) {
    if (make_from(picture_exhibits, name, path) || make_from(video_exhibits, name, path) || make_place(path))
        return;
    fprintf(stderr, "museum: nobody makes %s\n", name);
    exit(2);
}

/* ---- Running ---------------------------------------------------------------------------------------------------- */

/* Of the processor: a machine that is busy with other things takes no more of it. */
static double seconds_of(const struct rusage *used) {
    return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) +
           (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6;
}

static _Noreturn void run(const char *program, const row *r, const char *path, int out) {
    const char *words[MOST_WORDS] = {program, "hash", "--jobs=1"};
    char options[sizeof r->options];
    int count = 3;
    snprintf(options, sizeof options, "%s", r->options);
    for (char *word = strtok(options, " "); word && count < MOST_WORDS - 3; word = strtok(NULL, " "))
        if (strcmp(word, "-") != 0)
            words[count++] = word;
    words[count++] = "--";
    words[count++] = path;
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(126);
    execv(program, (char *const *)(uintptr_t)words);
    _exit(127);
}

/* Only the first bytes of what is said are kept; the rest is read, so that the program can go on. */
static void listen_to(int from, char said[SAID_BYTES]) {
    char rest[4096];
    size_t kept = 0;
    for (;;) {
        const bool full = kept == SAID_BYTES - 1;
        const ssize_t got = full ? read(from, rest, sizeof rest) : read(from, said + kept, SAID_BYTES - 1 - kept);
        if (got <= 0)
            break;
        kept += full ? 0 : (size_t)got;
    }
    said[kept] = '\0';
}

static void watch(const char *program, const row *r, const char *path, outcome *out) {
    int ends[2], how = 0;
    struct rusage used;
    if (pipe2(ends, O_CLOEXEC) != 0)
        give_up("pipe");
    const pid_t child = fork(); /* wait4() tells the peak of it or of its workers, whichever is higher */
    if (child == 0)
        run(program, r, path, ends[1]);
    close(ends[1]);
    listen_to(ends[0], out->said);
    close(ends[0]);
    if (child < 0 || wait4(child, &how, 0, &used) != child)
        give_up("wait");
    out->seconds = seconds_of(&used);
    out->code = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
    out->peak_mib = used.ru_maxrss / 1024;
}

/* ---- Comparing -------------------------------------------------------------------------------------------------- */

static bool measure_memory = true;

static bool judge(const row *r, outcome *got) {
    const char *wrong = NULL;
    got->said[strcspn(got->said, "\n")] = '\0';
    if (got->code != r->code)
        wrong = "exit code";
    else if (fnmatch(r->says, got->said, 0) != 0)
        wrong = "words";
    else if (measure_memory && got->peak_mib > r->peak_mib)
        wrong = "memory";
    else if (measure_memory && got->seconds > r->seconds * TIME_FACTOR)
        wrong = "time";
    printf("%-8s%-28s %3d %5ld MiB %6.2f s  %s\n", wrong ? wrong : "ok", r->name, got->code, got->peak_mib,
           got->seconds, got->said);
    if (wrong)
        printf("  expected %31d %5ld MiB %6.2f s  %s\n", r->code, r->peak_mib, r->seconds, r->says);
    fflush(stdout);
    return !wrong;
}

static bool visit(const char *program, const row *r) {
    static outcome got;
    char path[sizeof r->name];
    unescape(r->name, path);
    if (strcmp(r->name, "unreadable.jpg") == 0 && geteuid() == 0) {
        printf("skipped %s: root reads everything\n", r->name);
        return true;
    }
    make(r->name, path);
    watch(program, r, path, &got);
    remove(path);
    return judge(r, &got);
}

static bool is_wanted(const char *name, char **wanted) {
    if (!*wanted)
        return true;
    for (; *wanted; wanted++)
        if (strcmp(*wanted, name) == 0)
            return true;
    return false;
}

static int visit_all(const char *program, FILE *table, char **wanted) {
    char line[1024];
    int failed = 0, seen = 0;
    while (fgets(line, sizeof line, table)) {
        row r = {0};
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (sscanf(line, "%127[^\t]\t%127[^\t]\t%d\t%ld\t%lf\t%511[^\n]", r.name, r.options, &r.code, &r.peak_mib,
                   &r.seconds, r.says) < 5) {
            fprintf(stderr, "museum: not a row: %s", line);
            exit(2);
        }
        if (!is_wanted(r.name, wanted))
            continue;
        seen++;
        failed += !visit(program, &r);
    }
    printf("%d exhibits, %d not as expected\n", seen, failed);
    return failed > 0 || seen == 0;
}

static int make_all(const char *folder) {
    if (chdir(folder) != 0)
        give_up(folder);
    for (int i = 0; i < 2; i++)
        for (const exhibit *e = i ? video_exhibits : picture_exhibits; e->name; e++) {
            char path[128];
            unescape(e->name, path);
            make(e->name, path);
        }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--make") == 0)
        return make_all(argv[2]);
    if (argc < 3) {
        fprintf(stderr, "usage: museum RESIGHT TABLE [NAME]...\n       museum --make FOLDER\n");
        return 2;
    }
    measure_memory = getenv("MUSEUM_WITHOUT_MEASURES") == NULL; /* a sanitizer takes memory and time of its own */
    char *program = realpath(argv[1], NULL), folder[] = "/tmp/resight-museum-XXXXXX";
    FILE *table = fopen(argv[2], "r");
    if (!program || !table)
        give_up(program ? argv[2] : argv[1]);
    if (!mkdtemp(folder) || chdir(folder) != 0)
        give_up(folder);
    const int code = visit_all(program, table, argv + 3);
    fclose(table);
    free(program);
    if (rmdir(folder) != 0)
        give_up(folder);
    return code;
}
