/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every request for memory that the program's own code makes in a command, refused once, and refused together with all
 * that follow it. Each run is a child that enters main() anew. It does without, or ends with exit code 2 and a line on
 * stderr; no signal, and LeakSanitizer finds nothing left.
 */
#include "refuse.h"

#include <fcntl.h>
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
static const char *product; /* a file that a run makes, and that must not be there before; NULL: none */
static const char *piped;   /* a file that a run reads through a pipe, as a stream; NULL: none */
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

/* ---- Media that is found inside of other media ------------------------------------------------------------------ */

enum { SIDE_PX = 256, BMP_HEAD_BYTES = 54 };

typedef struct grey {
    uint8_t px[SIDE_PX][SIDE_PX];
} grey;

/* Discs of many sizes and greys: patches are found in it, and quality. */
static void paint(grey *to, uint32_t seed, uint8_t ground) {
    enum { DISCS = 60 };
    memset(to, ground, sizeof *to);
    for (int n = 0; n < DISCS; n++) {
        seed = seed * 1664525 + 1013904223; /* Numerical Recipes */
        const int x = (int)(seed >> 24), y = (int)(seed >> 16 & 255), radius = 4 + (int)(seed >> 11 & 31);
        for (int v = 0; v < SIDE_PX; v++)
            for (int u = 0; u < SIDE_PX; u++)
                if ((u - x) * (u - x) + (v - y) * (v - y) < radius * radius)
                    to->px[v][u] = (uint8_t)(seed >> 3);
    }
}

/* A picture into another, as a square of that size. */
static void inset(grey *to, const grey *from, int at, int size) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            to->px[at + y][at + x] = from->px[y * SIDE_PX / size][x * SIDE_PX / size];
}

static char *write_bmp(const char *folder, const char *name, const grey *picture) {
    static const uint8_t head[BMP_HEAD_BYTES] = {'B', 'M', 54, 0,         3,        0,        0,        0,
                                                 0,   0,   54, [14] = 40, [19] = 1, [23] = 1, [26] = 1, [28] = 24};
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        abort();
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(head, 1, sizeof head, file) != sizeof head)
        abort();
    for (int y = SIDE_PX - 1; y >= 0; y--)
        for (int x = 0; x < SIDE_PX; x++)
            for (int channel = 0; channel < 3; channel++)
                fputc(picture->px[y][x], file);
    if (fclose(file) != 0)
        abort();
    return path;
}

/* The known picture; it in a white border; it in a corner of another; all but the borders of it, with a bar over it. */
enum { KNOWN, FRAMED, INSIDE, CROPPED, DRAWN };

static void make_pictures(const char *folder, char *paths[DRAWN + 1]) {
    static grey known, other;
    paint(&known, 1, 90);
    paths[KNOWN] = write_bmp(folder, "known.bmp", &known);
    memset(&other, 255, sizeof other);
    inset(&other, &known, 40, 176);
    paths[FRAMED] = write_bmp(folder, "framed.bmp", &other);
    paint(&other, 2, 200);
    inset(&other, &known, 96, 150);
    paths[INSIDE] = write_bmp(folder, "inside.bmp", &other);
    for (int y = 0; y < SIDE_PX; y++)
        for (int x = 0; x < SIDE_PX; x++)
            other.px[y][x] = y < 40 ? 20 : known.px[30 + y * 3 / 4][30 + x * 3 / 4];
    paths[CROPPED] = write_bmp(folder, "cropped.bmp", &other);
    if (asprintf(&paths[DRAWN], "%s/drawn.png", folder) < 0)
        abort();
}

/* ---- Runs ------------------------------------------------------------------------------------------------------- */

/* In a child: standard input becomes a pipe that a process of its own fills. Nothing here asks for memory. */
static void read_through_pipe(const char *path) {
    static char bytes[65536];
    int ends[2];
    ssize_t got;
    if (pipe(ends) != 0)
        abort();
    if (fork() != 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[1]);
        return;
    }
    close(ends[0]);
    const int from = open(path, O_RDONLY);
    while ((got = read(from, bytes, sizeof bytes)) > 0 && write(ends[1], bytes, (size_t)got) == got)
        ;
    _exit(0);
}

static void run(char **words, outcome *result) {
    const int out = memfd_create("out", 0), err = memfd_create("err", 0);
    int count = 0, how = 0;
    while (words[count])
        count++;
    if (product)
        unlink(product);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        if (piped)
            read_through_pipe(piped);
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

/* All stages of a search, and what is told of one match in every detail. */
static void visit_matching(char *pictures[DRAWN + 1], char *video, char *other_video) {
    char options[200], first[] = "1", second[] = "2";
    visit("add", "--jobs=1", (char *[]){pictures[KNOWN], video, NULL}, true);
    visit("match", "--jobs=1 --effort=thorough --json", (char *[]){pictures[FRAMED], pictures[INSIDE], NULL}, false);
    visit("match", "--jobs=1", (char *[]){pictures[CROPPED], NULL}, false);
    visit("match", "--jobs=1 --min-quality=0 --json", (char *[]){other_video, NULL}, false);
    visit("match", "--jobs=1 --min-quality=0 --rule=vpdq", (char *[]){other_video, NULL}, false);
    piped = video;
    visit("match", "--jobs=1 --min-quality=0 --json -", NULL, false);
    piped = NULL;
    product = pictures[DRAWN];
    snprintf(options, sizeof options, "--out=%s", product);
    visit("explain", options, (char *[]){pictures[CROPPED], first, NULL}, false);
    snprintf(options, sizeof options, "--min-quality=0 --json --out=%s", product);
    visit("explain", options, (char *[]){other_video, second, NULL}, false);
    unlink(product);
    product = NULL;
}

/* NAME.tmk is written into the working folder. */
static void visit_tmk(char *video) {
    static char signature[] = "signature.tmk";
    static char copy[] = "signature";
    product = signature;
    if (symlink(video, copy) != 0)
        abort();
    visit("tmk", "", (char *[]){copy, NULL}, false);
    product = NULL;
    visit("compare", "--json", (char *[]){signature, signature, NULL}, false);
    unlink(signature);
    unlink(copy);
}

int __wrap_main(int argc, char **argv) {
    static char folder[64], *pictures[DRAWN + 1];
    if (argc < 4) {
        fprintf(stderr, "usage: walk_program PICTURE... VIDEO VIDEO\n");
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
    make_pictures(folder, pictures);
    char *videos[] = {realpath(argv[argc - 2], NULL), realpath(argv[argc - 1], NULL)};
    if (!videos[0] || !videos[1] || chdir(folder) != 0)
        abort();
    visit_matching(pictures, videos[0], videos[1]);
    visit_tmk(videos[0]);
    remove_database();
    for (int i = 0; i <= DRAWN; i++) {
        unlink(pictures[i]);
        free(pictures[i]);
    }
    free(videos[0]);
    free(videos[1]);
    rmdir(folder);
    printf("%llu requests for memory, %llu runs, %u faults\n", (unsigned long long)sites, (unsigned long long)runs,
           faults);
    return faults > 0;
}
