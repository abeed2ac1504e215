/* SPDX-License-Identifier: Apache-2.0 */
/* One table of options: it is what getopt_long() reads, what `resight help` prints, and where every value is checked.
 */
#include "options.h"

#include "memory.h"
#include "text.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct option_row option_row;
typedef bool option_reader(const option_row *row, const char *text, settings *set);

struct option_row {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: a flag */
    unsigned groups;
    option_reader *read;
    size_t field;         /* of settings, for the readers that fill one */
    uint64_t least, most; /* for numbers */
    const char *text;
};

static void *field_of(const option_row *row, settings *set) {
    return (char *)set + row->field;
}

/* One line about an option's value, and false, for the reader to return. */
static bool refuse(const option_row *row, const char *text, const char *expected) {
    char subject[64];
    snprintf(subject, sizeof subject, "--%s", row->name);
    complain(subject, "%s is not %s", text, expected);
    return false;
}

static bool read_flag(const option_row *row, const char *text, settings *set) {
    (void)text;
    *(bool *)field_of(row, set) = true;
    return true;
}

static bool read_text(const option_row *row, const char *text, settings *set) {
    *(const char **)field_of(row, set) = text;
    return true;
}

static bool read_word(const option_row *row, const char *text, settings *set) {
    word_list *list = field_of(row, set);
    must_grow(&list->items, list->count, sizeof *list->items);
    list->items[list->count++] = text;
    return true;
}

/* A whole number, with K, M, G or T for 1024 to the power when the row's unit is bytes. */
static bool parse_whole(const option_row *row, const char *text, uint64_t *out) {
    static const char powers[] = "KMGT";
    const bool bytes = strcmp(row->argument, "BYTES") == 0;
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    bool good = text[0] >= '0' && text[0] <= '9' && errno == 0;
    const char *power = *end && bytes ? strchr(powers, *end & ~0x20) : NULL;
    if (good && power) {
        good = !__builtin_mul_overflow(value, UINT64_C(1) << (10 * (power - powers + 1)), &value);
        end++;
    }
    if (good && !*end && value >= row->least && value <= row->most) {
        *out = value;
        return true;
    }
    char expected[128];
    snprintf(expected, sizeof expected, "a whole number from %llu to %llu%s", (unsigned long long)row->least,
             (unsigned long long)row->most, bytes ? "; K, M, G and T may follow" : "");
    return refuse(row, text, expected);
}

static bool read_number(const option_row *row, const char *text, settings *set) {
    given_number *number = field_of(row, set);
    return number->given = parse_whole(row, text, &number->value);
}

static bool read_u64(const option_row *row, const char *text, settings *set) {
    return parse_whole(row, text, field_of(row, set));
}

static bool read_u32(const option_row *row, const char *text, settings *set) {
    uint64_t value = 0;
    if (!parse_whole(row, text, &value))
        return false;
    *(uint32_t *)field_of(row, set) = (uint32_t)value;
    return true;
}

/* A decimal number that is neither negative nor absurd. */
static bool parse_decimal(const char *text, double most, double *out) {
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value) || value < 0 || value > most)
        return false;
    *out = value;
    return true;
}

static bool read_seconds(const option_row *row, const char *text, settings *set) {
    double seconds = 0;
    if (!parse_decimal(text, 86400, &seconds))
        return refuse(row, text, "a number of seconds from 0 to 86400");
    *(given_number *)field_of(row, set) = (given_number){true, (uint64_t)llround(seconds * 1e6)};
    return true;
}

static bool read_rate(const option_row *row, const char *text, settings *set) {
    double rate = 0;
    if (!parse_decimal(text, 1000, &rate) || rate <= 0)
        return refuse(row, text, "a number of frames a second, above 0 and up to 1000");
    set->frames_per_second = rate;
    return true;
}

static bool read_dialect(const option_row *row, const char *text, settings *set) {
    return resight_dialect_from_name(text, &set->dialect) == RESIGHT_OK || refuse(row, text, "pdq or pdq512");
}

static bool read_cpu(const option_row *row, const char *text, settings *set) {
    if (resight_cpu_from_name(text, &set->cpu) != RESIGHT_OK)
        return refuse(row, text, "auto, scalar, neon, avx2 or avx512");
    return resight_cpu_available(set->cpu) || refuse(row, text, "an instruction set of this machine and this build");
}

static bool read_isolation(const option_row *row, const char *text, settings *set) {
    return resight_isolation_from_name(text, &set->isolation) == RESIGHT_OK ||
           refuse(row, text, "on, off, file or strict");
}

static bool read_raw(const option_row *row, const char *text, settings *set) {
    if (strcmp(text, "gray") == 0 || strcmp(text, "grey") == 0)
        set->raw_format = RESIGHT_GRAY8;
    else if (strcmp(text, "rgb24") == 0)
        set->raw_format = RESIGHT_RGB24;
    else
        return refuse(row, text, "gray or rgb24");
    return true;
}

static bool read_size(const option_row *row, const char *text, settings *set) {
    unsigned width = 0, height = 0;
    int used = 0;
    const unsigned most = 1u << 20;
    if (sscanf(text, "%7ux%7u%n", &width, &height, &used) != 2 || text[used] || width < 1 || height < 1 ||
        width > most || height > most)
        return refuse(row, text, "a size such as 512x512");
    set->raw_width_px = width;
    set->raw_height_px = height;
    return true;
}

static bool read_colour(const option_row *row, const char *text, settings *set) {
    unsigned r = 0, g = 0, b = 0;
    int used = 0;
    if (strlen(text) != 6 || strspn(text, "0123456789abcdefABCDEF") != 6 ||
        sscanf(text, "%2x%2x%2x%n", &r, &g, &b, &used) != 3 || used != 6)
        return refuse(row, text, "a colour such as ffffff");
    set->composite = true;
    set->background_rgb[0] = (uint8_t)r;
    set->background_rgb[1] = (uint8_t)g;
    set->background_rgb[2] = (uint8_t)b;
    return true;
}

static bool read_label(const option_row *row, const char *text, settings *set) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || equals - text > 255 || strlen(equals) > 65536)
        return refuse(row, text, "KEY=VALUE, of at most 255 and 65535 bytes");
    for (size_t i = 0; i < set->labels.count; i++)
        if (strncmp(set->labels.items[i], text, (size_t)(equals - text) + 1) == 0)
            return refuse(row, text, "another key: each may have one value");
    if (set->labels.count == RESIGHT_LABELS_MAX)
        return refuse(row, text, "one of at most 1024 labels");
    return read_word(row, text, set);
}

static bool read_sha256(const option_row *row, const char *text, settings *set) {
    uint8_t digest[32];
    return parse_sha256(text, digest) ? read_word(row, text, set) : refuse(row, text, "64 hex digits");
}

static bool read_hash(const option_row *row, const char *text, settings *set) {
    resight_hash hash;
    if (strlen(text) != RESIGHT_HEX_LEN || resight_hash_from_hex(text, &hash) != RESIGHT_OK)
        return refuse(row, text, "a hash: 64 hex digits");
    return read_word(row, text, set);
}

static bool read_effort(const option_row *row, const char *text, settings *set) {
    static const char *const names[] = {"fast", "normal", "thorough"}; /* in the order of resight_effort */
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            set->effort = (resight_effort)(RESIGHT_EFFORT_FAST + i);
            return true;
        }
    return refuse(row, text, "fast, normal or thorough");
}

static bool read_rule(const option_row *row, const char *text, settings *set) {
    if (strcmp(text, "vpdq") != 0 && strcmp(text, "segments") != 0)
        return refuse(row, text, "segments or vpdq");
    set->vpdq_rule = text[0] == 'v';
    return true;
}

static bool read_list_format(const option_row *row, const char *text, settings *set) {
    if (strcmp(text, "pdq") != 0 && strcmp(text, "vpdq") != 0)
        return refuse(row, text, "pdq or vpdq");
    return read_text(row, text, set);
}

#define AT(member) offsetof(settings, member)
#define SOME_SIDE (1u << 20)

static const option_row rows[] = {
    {"db", 'd', "DIR", TAKES_DB, read_text, AT(db), 0, 0, "the database; else $RESIGHT_DB, else resight.db"},
    {"allow-network", 0, NULL, TAKES_DB, read_flag, AT(allow_network), 0, 0,
     "open it on a network file system, at your own risk"},
    {"bank", 'b', "NAME", TAKES_BANK, read_text, AT(bank), 0, 0, "this bank only; for add and import: into it (known)"},
    {"label", 'l', "KEY=VALUE", TAKES_LABEL, read_label, AT(labels), 0, 0, "a label; may be given again"},
    {"negative", 0, NULL, TAKES_POLARITY, read_flag, AT(negative), 0, 0,
     "known to be harmless: matches in this bank take away others that are no nearer"},
    {"positive", 0, NULL, TAKES_POLARITY, read_flag, AT(positive), 0, 0,
     "known media: a match counts (so it is at first)"},
    {"radius", 'r', "BITS", TAKES_POLICY, read_number, AT(radius_bits), 0, 256,
     "hashes match up to this distance (the bank's; 31)"},
    {"min-quality", 'q', "N", TAKES_POLICY, read_number, AT(min_quality), 0, 100,
     "hashes of lower quality do not match (the bank's, 50; of a query 20)"},
    {"top", 't', "N", TAKES_MATCHING, read_number, AT(top), 0, UINT32_MAX,
     "at most so many matches a query (10; 0: all)"},
    {"effort", 0, "LEVEL", TAKES_MATCHING, read_effort, 0, 0, 0,
     "fast: whole frames; normal: then inside of them; thorough: all of it, always (normal)"},
    {"rule", 0, "NAME", TAKES_MATCHING, read_rule, 0, 0, 0,
     "of videos; segments: any stretch; vpdq: 80 % of the query's frames, as vPDQ counts them (segments)"},
    {"hash", 0, "HEX", TAKES_MATCHING, read_hash, AT(hashes), 0, 0, "look up a hash; may be given again"},
    {"hashes", 0, "FILE", TAKES_MATCHING, read_text, AT(hashes_file), 0, 0,
     "look up the hashes of a list: HASH[,text] a line; - for standard input"},
    {"sha256", 0, "HEX", TAKES_SHA256, read_sha256, AT(sha256), 0, 0, "the entries of this file; may be given again"},
    {"format", 'f', "FORMAT", TAKES_LIST_FORMAT, read_list_format, AT(list_format), 0, 0,
     "pdq: HASH[,text] a line; vpdq: FRAME,QUALITY,HASH,SECONDS a line (pdq)"},
    {"lookups", 0, "N", TAKES_LOOKUPS, read_number, AT(lookups), 0, 1000000,
     "random queries compared with a full scan (100)"},

    {"out", 'o', "FILE", TAKES_DRAWING, read_text, AT(out), 0, 0, "draw it: a PNG file"},
    {"force", 0, NULL, TAKES_DRAWING, read_flag, AT(force), 0, 0, "replace the file if it is there"},
    {"known", 0, "FILE", TAKES_DRAWING, read_text, AT(known), 0, 0,
     "the known picture or video: draw it blurred, in 16x16 squares"},
    {"show", 0, NULL, TAKES_DRAWING, read_flag, AT(show), 0, 0, "do not blur the known picture"},
    {"blur", 0, NULL, TAKES_DRAWING, read_flag, AT(blur), 0, 0, "blur the query too"},

    {"dialect", 0, "NAME", TAKES_DIALECT, read_dialect, AT(dialect), 0, 0, "pdq or pdq512 (pdq)"},
    {"dihedral", 0, NULL, TAKES_HASHING, read_flag, AT(dihedral), 0, 0,
     "eight hashes a picture, turned and mirrored as the reference derives them"},
    {"raw", 0, "FORMAT", TAKES_HASHING, read_raw, 0, 0, 0, "inputs are raw frames: gray or rgb24"},
    {"size", 0, "WxH", TAKES_HASHING, read_size, 0, 0, 0, "of raw frames, in pixels"},
    {"fps", 0, "N", TAKES_HASHING, read_rate, 0, 0, 0, "of raw frames (25)"},
    {"every", 'e', "SECONDS", TAKES_MEDIA, read_seconds, AT(every_us), 0, 0,
     "of a video, a frame so often; 0: every frame (1; match 0.5; add 0.125, and only what is new)"},
    {"via-rgb", 0, NULL, TAKES_MEDIA, read_flag, AT(via_rgb), 0, 0,
     "hash video frames through RGB as vPDQ does, not their luma"},
    {"fast", 0, NULL, TAKES_FAST, read_flag, AT(fast), 0, 0,
     "decode JPEGs at a part of their size, if 256 pixels of the shorter side are left: approximate hashes"},
    {"background", 0, "RRGGBB", TAKES_MEDIA, read_colour, 0, 0, 0,
     "put transparent pictures on this colour; else alpha is dropped"},
    {"cpu", 0, "LEVEL", TAKES_MEDIA, read_cpu, AT(cpu), 0, 0,
     "auto, scalar, neon, avx2 or avx512; all give the same bits"},
    {"isolate", 0, "HOW", TAKES_MEDIA, read_isolation, 0, 0, 0,
     "decode in processes without rights: on, file (a fresh one a file), strict (no wall may lack), off (on)"},
    {"max-bytes", 0, "BYTES", TAKES_MEDIA, read_u64, AT(limits.max_bytes), 0, UINT64_MAX,
     "of a picture, or of what cannot be sought (256M); of any limit, 0 is none"},
    {"max-video-bytes", 0, "BYTES", TAKES_MEDIA, read_u64, AT(limits.max_video_bytes), 0, UINT64_MAX,
     "of a video (8G)"},
    {"max-memory", 0, "BYTES", TAKES_MEDIA, read_u64, AT(limits.max_memory_bytes), 0, UINT64_MAX,
     "that a decoder may reserve at once (1G)"},
    {"max-pixels", 0, "N", TAKES_MEDIA, read_u64, AT(limits.max_pixels), 0, UINT64_MAX, "of a frame (128000000)"},
    {"max-side", 0, "PIXELS", TAKES_MEDIA, read_u32, AT(limits.max_side_px), 0, SOME_SIDE, "of a frame (32768)"},
    {"max-scans", 0, "N", TAKES_MEDIA, read_u32, AT(limits.max_scans), 0, UINT32_MAX, "of a progressive JPEG (100)"},
    {"max-frames", 0, "N", TAKES_MEDIA, read_u64, AT(limits.max_frames), 0, UINT64_MAX,
     "decoded from a file (1000000)"},
    {"max-seconds", 0, "N", TAKES_MEDIA, read_u32, AT(limits.max_seconds), 0, UINT32_MAX,
     "of processor time on one file (600)"},
    {"max-wall-seconds", 0, "N", TAKES_MEDIA, read_u32, AT(max_wall_seconds), 0, UINT32_MAX,
     "of time on one file, by the clock on the wall (four times --max-seconds, and a minute; of a stream, any)"},

    {"files-from", 0, "FILE", TAKES_INPUTS, read_text, AT(files_from), 0, 0,
     "read paths from a file, one a line; - for standard input"},
    {"null", '0', NULL, TAKES_INPUTS, read_flag, AT(null_separated), 0, 0,
     "the paths of --files-from end with NUL, as find -print0 writes them"},
    {"jobs", 'j', "N", TAKES_INPUTS, read_number, AT(jobs), 1, 1024, "files at once (all cores)"},
    {"json", 'J', NULL, TAKES_JSON, read_flag, AT(json), 0, 0, "print one JSON object a line"},
    {"help", 'h', NULL, TAKES_ALWAYS, read_flag, AT(help), 0, 0, "print this and end"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool accepts(unsigned groups, const option_row *row) {
    return row->groups == TAKES_ALWAYS || (row->groups & groups) != 0;
}

settings settings_default(void) {
    return (settings){
        .dialect = RESIGHT_PDQ,
        .cpu = RESIGHT_CPU_AUTO,
        .effort = RESIGHT_EFFORT_NORMAL,
        .isolation = RESIGHT_ISOLATE_ON,
        .limits = resight_limits_default(),
        .frames_per_second = 25, /* what FFmpeg's rawvideo assumes */
        .list_format = "pdq",
    };
}

void settings_free(settings *set) {
    free(set->labels.items);
    free(set->sha256.items);
    free(set->hashes.items);
    set->labels = set->sha256 = set->hashes = (word_list){0};
}

/* What getopt_long() wants, of the rows that the command accepts; val is the row's number + 256. */
static void fill_getopt(unsigned groups, struct option longs[ROWS + 1], char shorts[2 * ROWS + 3]) {
    size_t l = 0, s = 0;
    shorts[s++] = '-'; /* operands come in order, as option 1 */
    shorts[s++] = ':'; /* a missing argument is told apart from an unknown option */
    for (int i = 0; i < ROWS; i++) {
        if (!accepts(groups, &rows[i]))
            continue;
        longs[l++] = (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, 256 + i};
        if (rows[i].letter) {
            shorts[s++] = rows[i].letter;
            if (rows[i].argument)
                shorts[s++] = ':';
        }
    }
    longs[l] = (struct option){0};
    shorts[s] = 0;
}

static const option_row *row_of(unsigned groups, int code) {
    if (code >= 256)
        return &rows[code - 256];
    for (int i = 0; i < ROWS; i++)
        if (rows[i].letter == code && accepts(groups, &rows[i]))
            return &rows[i];
    return NULL;
}

/* How an option that went wrong was written: "--radius" or "-r". glibc gives a byte above 127 as a negative number. */
static const char *as_written(char **argv, char letter[3]) {
    if (optopt != 0 && optopt < 256) {
        letter[0] = '-';
        letter[1] = (char)optopt;
        letter[2] = 0;
        return letter;
    }
    return argv[optind - 1];
}

int options_read(const command *which, int argc, char **argv, settings *set, char **operands) {
    struct option longs[ROWS + 1];
    char shorts[2 * ROWS + 3], letter[3];
    int count = 0, code;
    fill_getopt(which->groups, longs, shorts);
    opterr = 0;
    optind = 0; /* glibc: start again */
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (code == 1) {
            operands[count++] = optarg;
            continue;
        }
        if (code == ':' || code == '?') {
            const char *option = as_written(argv, letter);
            if (strcmp(option, "--fast") == 0 && optopt == 0)
                complain(option, "not for %s: what is stored and exchanged is exact", which->name);
            else
                complain(option, "%s; see resight help %s",
                         code == ':'     ? "needs a value"
                         : optopt >= 256 ? "takes no value"
                                         : "no such option here",
                         which->name);
            return -1;
        }
        const option_row *row = row_of(which->groups, code);
        if (!row || !row->read(row, optarg, set))
            return -1;
    }
    while (optind < argc)
        operands[count++] = argv[optind++];
    if (set->fast && set->dialect != RESIGHT_PDQ) {
        complain("--fast", "of dialect pdq alone; %s is hashed of the whole picture",
                 resight_dialect_name(set->dialect));
        return -1;
    }
    if (set->vpdq_rule) /* vPDQ knows whole frames alone */
        set->effort = RESIGHT_EFFORT_FAST;
    operands[count] = NULL;
    return count;
}

void options_print(unsigned groups, FILE *out) {
    for (int i = 0; i < ROWS; i++) {
        if (!accepts(groups, &rows[i]))
            continue;
        char left[64];
        const char letter[] = {'-', rows[i].letter, ',', ' ', 0};
        snprintf(left, sizeof left, "%s--%s%s%s", rows[i].letter ? letter : "    ", rows[i].name,
                 rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
        fprintf(out, "  %-27s %s\n", left, rows[i].text);
    }
}
