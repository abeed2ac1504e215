/* SPDX-License-Identifier: Apache-2.0 */
/* The `resight` program: the table of its commands, and the way from argv to one of them. */
#include "base/cleanup.h"
#include "command.h"
#include "isolation.h"
#include "memory.h"
#include "options.h"
#include "text.h"
#include <errno.h>
#include <resight/cpu.h>
#include <stdio.h>
#include <string.h>

enum { ANY = -1 };

/* What every command that reads media accepts. */
#define MEDIA_GROUPS (TAKES_MEDIA | TAKES_INPUTS | TAKES_DIALECT | TAKES_JSON)

static const command commands[] = {
    {"hash", "print the hashes of pictures and videos", "[OPTION]... PATH...",
     "A picture is one line, HASH,QUALITY,PATH. A video is a line a frame, FRAME,QUALITY,HASH,SECONDS, as vPDQ files\n"
     "have them; when there are several inputs, a line `# PATH` goes before. A folder stands for the files in it,\n"
     "- for media on standard input. With --fast, ~ goes before a hash that is approximate.\n\n"
     "With --raw, standard input or the files hold frames of --size WxH, one after the other, without any header.",
     MEDIA_GROUPS | TAKES_HASHING | TAKES_FAST, 0, ANY, run_hash},
    {"compare", "say how far two pictures, videos or hashes are apart", "[OPTION]... A B",
     "A and B are paths, - for standard input, or hashes in hex. Exit code 0 when they match, 1 when not. B is also\n"
     "compared turned and mirrored. Pictures are compared whole: resight explain A B looks inside of them. Of two "
     "videos:\n"
     "the share of frames that match, and the time they have in common. Of two .tmk files: LEVEL1 LEVEL2 A B, a match "
     "when both scores are 0.7 and more.",
     TAKES_MEDIA | TAKES_FAST | TAKES_DIALECT | TAKES_JSON | TAKES_POLICY, 2, 2, run_compare},
    {"add", "add pictures and videos to a bank", "[OPTION]... PATH...",
     "Makes the database and the bank when they are not there. A line is printed when the entry is on disk, and "
     "matches\n"
     "from then on. A file that is in the bank already, by its SHA-256, is not added again.",
     MEDIA_GROUPS | TAKES_DB | TAKES_BANK | TAKES_LABEL, 0, ANY, run_add},
    {"match", "look up pictures, videos and hashes", "[OPTION]... PATH...",
     "Each picture, and each sampled frame of a video, is looked up whole, in all eight ways of turning and mirroring\n"
     "it, and as its negative; then, where nothing was found, without its borders, by rectangles inside of it, and by\n"
     "local patches. Exit code 0 when something matched, 1 when nothing did, 2 when a file could not be read.\n\n"
     "A video in a pipe (- for MPEG-TS, Matroska, FLV and all that can be read from its beginning) may be a stream "
     "that\n"
     "does not end. What appears in it is told at once, a line when it becomes certain (begun) and one when it is "
     "over\n"
     "(ended), 10 seconds after it was last seen; with --json they have the keys state and stream_us, the time of the\n"
     "stream. What is too short or too unsure to be certain is told when it is over. At the end, or after an "
     "interrupt,\n"
     "comes the line that a file gets. The last 20 seconds are kept, and nothing else but what is told at the end: "
     "1024\n"
     "known items, 16 stretches of each. The limits of bytes, frames and processor time hold for each minute.",
     MEDIA_GROUPS | TAKES_DB | TAKES_BANK | TAKES_POLICY | TAKES_MATCHING | TAKES_FAST, 0, ANY, run_match},
    {"explain", "show why a file matches a known item, and where", "[OPTION]... QUERY ENTRY",
     "Says by what evidence QUERY shows the known item, how surely and where, and with --out draws it. ENTRY is the "
     "number\n"
     "of an entry, or a second file, which needs no database. Media is not stored, so the known side is drawn from "
     "hashes and\n"
     "patches; its file is blurred (--known, or a second file) unless --show is given. The query is drawn as it is, in "
     "grey,\n"
     "unless --blur is given. Exit code 1 when QUERY does not match; then nothing is drawn.",
     TAKES_MEDIA | TAKES_DIALECT | TAKES_JSON | TAKES_DB | TAKES_POLICY | TAKES_DRAWING, 2, 2, run_explain},
    {"bank create", "make a bank", "[OPTION]... NAME", NULL, TAKES_DB | TAKES_POLICY | TAKES_POLARITY, 1, 1,
     run_bank_create},
    {"bank list", "list the banks", "[OPTION]...", NULL, TAKES_DB | TAKES_JSON, 0, 0, run_bank_list},
    {"bank set", "change the policy of a bank", "[OPTION]... NAME", NULL, TAKES_DB | TAKES_POLICY | TAKES_POLARITY, 1,
     1, run_bank_set},
    {"bank remove", "remove a bank and every entry in it", "[OPTION]... NAME", NULL, TAKES_DB, 1, 1, run_bank_remove},
    {"list", "list the entries", "[OPTION]...",
     "A line an entry: number, bank, kind, hashes, name; between them, tabs. --label KEY=VALUE: only those that have "
     "it.",
     TAKES_DB | TAKES_BANK | TAKES_LABEL | TAKES_JSON, 0, 0, run_list},
    {"show", "show all that is stored of an entry", "[OPTION]... ENTRY...", NULL, TAKES_DB | TAKES_JSON, 1, ANY,
     run_show},
    {"remove", "remove entries", "[OPTION]... ENTRY...",
     "By number, or with --sha256 by the digest of the file they came from (in every bank, or in --bank).",
     TAKES_DB | TAKES_BANK | TAKES_SHA256, 0, ANY, run_remove},
    {"stats", "show what the database holds", "[OPTION]...", NULL, TAKES_DB | TAKES_JSON, 0, 0, run_stats},
    {"verify", "hold the database against its rules", "[OPTION]...",
     "Checksums of every record and segment, records against segments, and random lookups against a full scan. Runs "
     "while\n"
     "the database is in use. Exit code 2 when anything is wrong.",
     TAKES_DB | TAKES_LOOKUPS | TAKES_JSON, 0, 0, run_verify},
    {"backup", "write a copy of the database while it is in use", "[OPTION]... DIR",
     "DIR must not exist. The copy is one moment of the database, compact, and opens like any other.", TAKES_DB, 1, 1,
     run_backup},
    {"import", "add the hashes of a list to a bank", "[OPTION]... FILE...",
     "--format pdq: an entry a line, HASH[,text]; the text becomes the name. --format vpdq: a file is one video. A row "
     "that\n"
     "cannot be read is one line on stderr; the others are added. Rows that are in the bank already are passed over.",
     TAKES_DB | TAKES_BANK | TAKES_LABEL | TAKES_LIST_FORMAT | TAKES_DIALECT, 1, ANY, run_import},
    {"export", "print the hashes of a bank as a list", "[OPTION]...",
     "--format pdq: HASH,name a line, pictures only. --format vpdq: of a video a `# name` line, then\n"
     "FRAME,QUALITY,HASH,SECONDS a line. Hashes of another dialect than --dialect are left out.",
     TAKES_DB | TAKES_BANK | TAKES_LIST_FORMAT | TAKES_DIALECT, 0, 0, run_export},
    {"tmk", "write the TMK+PDQF signatures of videos", "[OPTION]... PATH...",
     "Of each video a file NAME.tmk in the working folder, as tmk-hash-video writes it; one that is there already is "
     "not "
     "touched.\n"
     "`resight compare A.tmk B.tmk` scores two of them.",
     TAKES_MEDIA | TAKES_INPUTS, 0, ANY, run_tmk},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_commands(FILE *out) {
    fputs("resight recognises known pictures and videos after re-encoding, cropping, captioning, mirroring and "
          "cutting.\n\n"
          "usage: resight COMMAND [OPTION]... [PATH]...\n\n",
          out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fputs("  help COMMAND more about one of them, and its options\n\n"
          "Exit codes: 0 done or matched, 1 nothing matched, 2 trouble. The database is --db DIR, else $RESIGHT_DB,\n"
          "else resight.db in the working folder.\n",
          out);
}

static void print_command(const command *which) {
    printf("resight %s: %s\n\nusage: resight %s %s\n\n", which->name, which->summary, which->name, which->usage);
    if (which->text)
        printf("%s\n\n", which->text);
    options_print(which->groups, stdout);
}

static void print_version(bool verbose) {
    printf("resight %s\n", resight_version());
    if (!verbose)
        return;
    printf("kernels in use: %s\nkernels available:", resight_cpu_name(resight_cpu_best()));
    for (resight_cpu level = RESIGHT_CPU_SCALAR; level <= RESIGHT_CPU_AVX512; level++)
        if (resight_cpu_available(level))
            printf(" %s", resight_cpu_name(level));
    putchar('\n');
    isolation_print();
}

/* The command that the first words name; *words is how many of them. NULL: none. */
static const command *find_command(char **argv, int *words) {
    for (int i = 0; i < COMMANDS; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        const size_t first = space ? (size_t)(space - name) : strlen(name);
        if (!argv[0] || strncmp(argv[0], name, first) != 0 || argv[0][first])
            continue;
        if (space && (!argv[1] || strcmp(argv[1], space + 1) != 0))
            continue;
        *words = space ? 2 : 1;
        return &commands[i];
    }
    return NULL;
}

static int no_such_command(const char *name) {
    complain(name, "no such command; resight help lists them");
    return EXIT_TROUBLE;
}

static int run_help(char **argv) {
    int words = 0;
    if (!*argv) {
        print_commands(stdout);
        return 0;
    }
    const command *which = find_command(argv, &words);
    if (which) {
        print_command(which);
        return 0;
    }
    bool found = false; /* the first word of several commands: all of them */
    for (int i = 0; i < COMMANDS; i++) {
        const size_t length = strlen(*argv);
        if (strncmp(commands[i].name, *argv, length) == 0 && commands[i].name[length] == ' ') {
            printf("  %-12s %s\n", commands[i].name, commands[i].summary);
            found = true;
        }
    }
    return found ? 0 : no_such_command(*argv);
}

/* words: how many of the arguments name the command. */
static int run_command(const command *which, int words, int argc, char **argv) {
    CLEANUP(settings_free) settings set = settings_default();
    CLEANUP_FREE char **operands = must_have((size_t)argc + 1, sizeof *operands);
    const int count = options_read(which, argc - words, argv + words, &set, operands);
    if (count < 0)
        return EXIT_TROUBLE;
    if (set.help) {
        print_command(which);
        return 0;
    }
    if (count < which->least || (which->most >= 0 && count > which->most)) {
        complain(which->name, "%s; usage: resight %s %s", count < which->least ? "something is missing" : "too much",
                 which->name, which->usage);
        return EXIT_TROUBLE;
    }
    if (set.isolation == RESIGHT_ISOLATE_OFF && !isolation_leave(argv))
        return EXIT_TROUBLE;
    return which->run(&set, operands);
}

int main(int argc, char **argv) {
    int words = 0;
    const char *first = argc > 1 ? argv[1] : "";
    const command *which = find_command(argv + 1, &words);
    int code = EXIT_TROUBLE;
    if (which)
        code = run_command(which, words, argc, argv);
    else if (!*first)
        print_commands(stderr);
    else if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        code = run_help(argv + 2);
    else if (strcmp(first, "version") == 0 || strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        print_version(argc > 2 && (strcmp(argv[2], "--verbose") == 0 || strcmp(argv[2], "-v") == 0));
        code = 0;
    } else
        code = no_such_command(first);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("standard output", "%s", strerror(errno));
        code = EXIT_TROUBLE;
    }
    return code;
}
