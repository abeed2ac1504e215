/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding edited clips among the whole ones, and saying where: for several ways of sampling both sides, the share of
 * the clips that are found and of those found that are located, and what a minute of known video takes.
 *
 *     bench_video DIR [BITS]      DIR/orig/NAME.*: the known clips; DIR/EDIT/NAME.*: edits of them; radius 31
 *
 * Found: segments with the clip, of at least FRAMES_MIN frames together, hold more evidence than those with any other.
 * Located: all four ends of the first segment lie within a second of where the edit put them. Every frame of every file
 * is hashed once; the ways of sampling choose from these. An insertion stands in footage of other known clips, which
 * are found too, and rightly: there, only the segment is judged. With BENCH_VIDEO_WHY in the environment, segments that
 * are not where they should be are printed.
 */
#include <dirent.h>
#include <math.h>
#include <resight/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US 1000000
#define FRAMES_MIN 2
#define LOCATED_S 1.0
#define CLIPS_MAX 256
#define EDITS_MAX 64
#define MARK_BYTES 48 /* sizeof(resight_mark); the index takes some more for each */

typedef struct clip {
    char name[64];
    resight_mark *marks; /* of every frame */
    size_t count;
    double seconds;
} clip;

typedef struct edit {
    char name[64];
    clip clips[CLIPS_MAX];
    size_t count;
} edit;

/* ---- Where an edit puts a clip that lasts d seconds ------------------------------------------- */

typedef struct truth {
    const char *edit;
    double query_from, query_to; /* seconds, plus as many lengths of the clip */
    double query_to_lengths, known_from, known_from_lengths, known_to, known_to_lengths;
} truth;

/* Edits that are not listed keep the time of the clip. */
static const truth truths[] = {
    {"trim_head20", 0, 0, .8, 0, .2, 0, 1},
    {"trim_tail20", 0, 0, .8, 0, 0, 0, .8},
    {"trim_mid_offset", 0, 0, .5, .37, .25, .37, .75},
    {"speed0.8", 0, 0, 1.25, 0, 0, 0, 1},
    {"speed1.25", 0, 0, .8, 0, 0, 0, 1},
    {"speed2", 0, 0, .5, 0, 0, 0, 1},
    {"framedrop", 0, 0, .7, 0, 0, 0, 1},
    {"insert_in_60s", 25, 25, 1, 0, 0, 0, 1},
    {"mix_trim_speed_grey", 0, 0, .8 / 1.1, 0, .2, 0, 1},
};

static bool is_located(const resight_segment *s, const char *edit_name, double d) {
    truth t = {edit_name, 0, 0, 1, 0, 0, 0, 1};
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++)
        if (strcmp(truths[i].edit, edit_name) == 0)
            t = truths[i];
    const double ends[] = {
        t.query_from,
        t.query_to + t.query_to_lengths * d,
        t.known_from + t.known_from_lengths * d,
        t.known_to + t.known_to_lengths * d,
    };
    const int64_t got[] = {s->query_from_us, s->query_to_us, s->known_from_us, s->known_to_us};
    for (size_t i = 0; i < 4; i++)
        if (fabs((double)got[i] / SECOND_US - ends[i]) > LOCATED_S)
            return false;
    return true;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int keep(void *user, const resight_mark *mark) {
    clip *c = user;
    if (c->count % 1024 == 0)
        c->marks = realloc(c->marks, (c->count + 1024) * sizeof *c->marks);
    if (!c->marks)
        return RESIGHT_E_NOMEM;
    c->marks[c->count++] = *mark;
    return RESIGHT_OK;
}

static void read_clip(clip *c, const char *folder, const char *file) {
    char path[4096];
    resight_error error;
    resight_decode_options options = resight_decode_options_default();
    const resight_marking how = {.dialect = RESIGHT_PDQ};
    options.every_us = 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    snprintf(c->name, sizeof c->name, "%.*s", (int)strcspn(file, "."), file);
    const resight_sink sink = {.mark = keep, .user = c};
    if (resight_hash_file(path, &options, &how, &sink, &error) != RESIGHT_OK || c->count == 0) {
        fprintf(stderr, "bench_video: %s: %s\n", path, error.text);
        exit(1);
    }
    const int64_t last_us = c->marks[c->count - 1].time_us;
    c->seconds = (double)last_us / SECOND_US * (double)c->count / (double)(c->count > 1 ? c->count - 1 : 1);
}

static int by_name(const void *left, const void *right) {
    return strcmp(((const clip *)left)->name, ((const clip *)right)->name);
}

static void read_edit(edit *e, const char *root, const char *name) {
    char folder[2048];
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    snprintf(e->name, sizeof e->name, "%s", name);
    DIR *open = opendir(folder);
    if (!open) {
        fprintf(stderr, "bench_video: cannot open %s\n", folder);
        exit(1);
    }
    for (struct dirent *file; (file = readdir(open)) && e->count < CLIPS_MAX;)
        if (file->d_name[0] != '.')
            read_clip(&e->clips[e->count++], folder, file->d_name);
    closedir(open);
    qsort(e->clips, e->count, sizeof *e->clips, by_name);
}

/* ---- Sampling -------------------------------------------------------------------------------- */

/* Every frame, or the first at or after each multiple of a time; pruned, or not. */
typedef struct sampling {
    int64_t every_us;
    unsigned prune_bits;
    int64_t longest_us; /* 0: not pruned */
} sampling;

static resight_mark *sample(const clip *c, sampling how, size_t *count) {
    resight_mark *marks = malloc(c->count * sizeof *marks);
    int64_t next_us = 0;
    *count = 0;
    for (size_t i = 0; marks && i < c->count; i++) {
        if (how.every_us && c->marks[i].time_us < next_us)
            continue;
        next_us = how.every_us ? (c->marks[i].time_us / how.every_us + 1) * how.every_us : 0;
        marks[(*count)++] = c->marks[i];
    }
    if (marks && how.longest_us)
        *count = resight_prune_marks(marks, *count, how.prune_bits, how.longest_us);
    return marks;
}

static void describe(sampling how, char out[32]) {
    const int length =
        how.every_us ? snprintf(out, 32, "%.2f s", (double)how.every_us / SECOND_US) : snprintf(out, 32, "all");
    if (how.longest_us)
        snprintf(out + length, 32 - (size_t)length, ", %u bits, %.1f s", how.prune_bits,
                 (double)how.longest_us / SECOND_US);
}

/* ---- Matching -------------------------------------------------------------------------------- */

#define SEGMENTS 16

typedef struct answer {
    resight_segment segments[SEGMENTS];
    size_t count;
    double evidence;
    uint32_t frames;
} answer;

static unsigned radius_bits = RESIGHT_DEFAULT_RADIUS_BITS;

static bool is_good(const resight_mark *mark) {
    return mark->quality >= RESIGHT_DEFAULT_MIN_QUALITY;
}

static int64_t in_us(double seconds) {
    return (int64_t)(seconds * SECOND_US);
}

/* Evidence from frames of good quality; ends from all. */
static answer match(const resight_mark *query, size_t query_count, const resight_mark *known, size_t known_count,
                    resight_extent query_extent, resight_extent known_extent) {
    resight_frame_pair *pairs = malloc((query_count * known_count + 1) * sizeof *pairs);
    size_t count = 0;
    answer a = {.count = 0};
    for (size_t i = 0; pairs && i < query_count; i++)
        for (size_t j = 0; j < known_count; j++) {
            const unsigned bits = resight_hash_distance(&query[i].hash, &known[j].hash);
            if (bits <= radius_bits && is_good(&query[i]) && is_good(&known[j]))
                pairs[count++] = (resight_frame_pair){query[i].time_us, known[j].time_us, (uint16_t)bits, 1};
        }
    if (!pairs || resight_align(pairs, count, NULL, a.segments, SEGMENTS, &a.count) != RESIGHT_OK)
        exit(1);
    resight_locate_options closer = resight_locate_options_default();
    closer.query = query_extent;
    closer.known = known_extent;
    if (resight_locate(a.segments, a.count, query, query_count, known, known_count, &closer) != RESIGHT_OK)
        exit(1);
    for (size_t i = 0; i < a.count; i++) {
        a.evidence += a.segments[i].evidence;
        a.frames += a.segments[i].frames;
    }
    free(pairs);
    return a;
}

typedef struct score {
    size_t clips, found, located, false_pairs, pairs;
} score;

/* One query against all known clips. */
static void judge(const edit *e, const clip *query, const edit *known, sampling query_how, sampling known_how,
                  score *sum) {
    size_t query_count, known_count;
    resight_mark *marks = sample(query, query_how, &query_count);
    answer right = {.count = 0};
    double other = 0, seconds = 0;
    for (size_t k = 0; k < known->count; k++) {
        resight_mark *stored = sample(&known->clips[k], known_how, &known_count);
        const answer a =
            match(marks, query_count, stored, known_count, (resight_extent){in_us(query->seconds), query_how.every_us},
                  (resight_extent){in_us(known->clips[k].seconds), known_how.every_us});
        const bool own = strcmp(known->clips[k].name, query->name) == 0;
        free(stored);
        sum->pairs += !own;
        if (own) {
            right = a;
            seconds = known->clips[k].seconds;
        } else if (a.frames >= FRAMES_MIN && strcmp(e->name, "insert_in_60s") != 0) {
            sum->false_pairs++;
            other = a.evidence > other ? a.evidence : other;
        }
    }
    const bool found = right.frames >= FRAMES_MIN && right.evidence > other;
    sum->clips++;
    sum->found += found;
    sum->located += found && is_located(&right.segments[0], e->name, seconds);
    if (found && getenv("BENCH_VIDEO_WHY") && !is_located(&right.segments[0], e->name, seconds)) {
        const resight_segment *s = &right.segments[0];
        printf("    %s/%s: query %.2f..%.2f known %.2f..%.2f speed %.3f frames %u places %u of %zu, %zu segments\n",
               e->name, query->name, (double)s->query_from_us / SECOND_US, (double)s->query_to_us / SECOND_US,
               (double)s->known_from_us / SECOND_US, (double)s->known_to_us / SECOND_US, s->speed, s->frames, s->places,
               query_count, right.count);
    }
    free(marks);
}

static double bytes_a_minute(const edit *known, sampling how) {
    double bytes = 0, seconds = 0;
    for (size_t k = 0; k < known->count; k++) {
        size_t count;
        free(sample(&known->clips[k], how, &count));
        bytes += (double)(count * MARK_BYTES);
        seconds += known->clips[k].seconds;
    }
    return bytes * 60 / seconds;
}

static void run(const edit *known, const edit *edits, size_t edit_count, sampling known_how, sampling query_how,
                bool each) {
    score all = {0};
    for (size_t i = 0; i < edit_count; i++) {
        score one = {0};
        for (size_t q = 0; q < edits[i].count; q++)
            judge(&edits[i], &edits[i].clips[q], known, query_how, known_how, &one);
        if (each)
            printf("  %-22s found %5.1f %%  located %5.1f %%  false %zu of %zu\n", edits[i].name,
                   100.0 * (double)one.found / (double)one.clips,
                   one.found ? 100.0 * (double)one.located / (double)one.found : 0, one.false_pairs, one.pairs);
        all.clips += one.clips;
        all.found += one.found;
        all.located += one.located;
        all.false_pairs += one.false_pairs;
        all.pairs += one.pairs;
    }
    char known_text[32], query_text[32];
    describe(known_how, known_text);
    describe(query_how, query_text);
    printf("known %-20s query %-8s %6.0f bytes/min  found %5.1f %%  located %5.1f %%  false %zu of %zu\n", known_text,
           query_text, bytes_a_minute(known, known_how), 100.0 * (double)all.found / (double)all.clips,
           all.found ? 100.0 * (double)all.located / (double)all.found : 0, all.false_pairs, all.pairs);
    fflush(stdout);
}

int main(int argc, char **argv) {
    static edit known, edits[EDITS_MAX];
    size_t edit_count = 0;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: bench_video DIR [BITS]\n");
        return 2;
    }
    if (argc == 3)
        radius_bits = (unsigned)strtoul(argv[2], NULL, 10);
    read_edit(&known, argv[1], "orig");
    DIR *open = opendir(argv[1]);
    for (struct dirent *file; open && (file = readdir(open)) && edit_count < EDITS_MAX;)
        if (file->d_name[0] != '.' && file->d_type == DT_DIR && strcmp(file->d_name, "orig") != 0)
            read_edit(&edits[edit_count++], argv[1], file->d_name);
    if (open)
        closedir(open);
    const int64_t eighth = SECOND_US / 8, quarter = SECOND_US / 4;
    const sampling now = {quarter, 0, 0};
    const sampling ways[] = {
        {SECOND_US, 0, 0},
        {SECOND_US / 2, 0, 0},
        now,
        {quarter, 12, SECOND_US},
        {eighth, 0, 0},
        {eighth, 8, SECOND_US},
        {eighth, 12, SECOND_US},
        {eighth, 16, SECOND_US},
        {eighth, 24, SECOND_US},
        {0, 0, 0},
        {0, 8, SECOND_US},
        {0, 12, SECOND_US},
        {0, 20, SECOND_US},
    };
    const int64_t queries[] = {SECOND_US, SECOND_US / 2, SECOND_US / 4};
    for (size_t q = 0; q < sizeof queries / sizeof *queries; q++)
        run(&known, edits, edit_count, now, (sampling){queries[q], 0, 0}, true);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (size_t q = 0; q < sizeof queries / sizeof *queries; q++)
            run(&known, edits, edit_count, ways[w], (sampling){queries[q], 0, 0}, false);
    return 0;
}
