/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What trimming and rectangles add to whole pictures: recall per edit, false matches, and the cost of each step.
 *
 *     bench_regions KNOWN UNRELATED EDITS [EDIT...]     EDITS/<edit>/<name of a known file>.<any ending>
 *
 * The bank holds the whole and the trimmed region of every known and every unrelated picture. Edited pictures are
 * asked, and the unrelated ones too, as strangers: what they find other than themselves is false. A query asks with its
 * whole, then with its trimmed region, then with its rectangles; each turned in the eight ways. Compared by brute
 * force.
 */
#include <dirent.h>
#include <resight/decode.h>
#include <resight/region.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_NAME 256
/* A whole, its trimmed region, and eight rectangles with theirs; three views of each. */
#define MAX_REGIONS ((2 + 2 * RESIGHT_RECTANGLES_MAX) * RESIGHT_VIEWS)

typedef enum evidence { WHOLE, TRIMMED, RECTANGLE, EVIDENCES } evidence;
static const char *const evidence_names[EVIDENCES] = {"whole", "+trimmed", "+rectangles"};
static const unsigned radii_bits[] = {31, 40, 50};
#define RADII (sizeof radii_bits / sizeof *radii_bits)

typedef struct region {
    resight_pdq turned[RESIGHT_TRANSFORMS];
    evidence evidence;
    bool full; /* the PDQ of the full raster, comparable only with such */
} region;

typedef struct picture {
    char name[MAX_NAME]; /* without the ending */
    region *regions;
    unsigned count;
} picture;

typedef struct pictures {
    picture *list;
    size_t count;
} pictures;

typedef struct bench {
    resight_decoder *decoder;
    resight_hasher *hasher;
    resight_finder *finder;
    double trim_us, rectangles_us, hash_us;
    size_t trims, searches, hashes;
} bench;

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void *checked(void *memory) {
    if (!memory) {
        fprintf(stderr, "bench_regions: no memory\n");
        exit(1);
    }
    return memory;
}

static void add_region(bench *b, picture *p, const resight_image *part, evidence e) {
    region r = {.evidence = e};
    const double start = now_us();
    const int status = resight_region_pdq(b->hasher, part, r.turned);
    b->hash_us += now_us() - start;
    b->hashes++;
    if (status == RESIGHT_OK && p->count < MAX_REGIONS)
        p->regions[p->count++] = r;
}

static void add_trimmed(bench *b, picture *p, const resight_image *part, evidence e) {
    resight_rect rect;
    const double start = now_us();
    const int status = resight_trim(part, &rect);
    b->trim_us += now_us() - start;
    b->trims++;
    if (status != RESIGHT_OK)
        return;
    const resight_image trimmed = resight_image_part(part, rect);
    add_region(b, p, &trimmed, e);
}

static void add_rectangles(bench *b, picture *p, const resight_image *grey) {
    resight_rect rects[RESIGHT_RECTANGLES_MAX];
    unsigned count = 0;
    const double start = now_us();
    resight_rectangles(b->finder, grey, rects, &count);
    b->rectangles_us += now_us() - start;
    b->searches++;
    for (unsigned i = 0; i < count; i++) {
        const resight_image part = resight_image_part(grey, rects[i]);
        add_region(b, p, &part, RECTANGLE);
        add_trimmed(b, p, &part, RECTANGLE);
    }
}

static void add_view(bench *b, picture *p, const resight_image *image, bool asked) {
    static uint8_t px[RESIGHT_THUMBNAIL_BYTES_MAX];
    resight_image grey;
    region *full = &p->regions[p->count];
    *full = (region){.evidence = WHOLE, .full = true};
    if (resight_hasher_turned(b->hasher, image, RESIGHT_PDQ, full->turned) == RESIGHT_OK)
        p->count++;
    if (resight_image_thumbnail(image, px, &grey) != RESIGHT_OK)
        return;
    region *reduced = &p->regions[p->count];
    *reduced = (region){.evidence = WHOLE};
    uint8_t small[RESIGHT_REDUCED_SIDE_PX * RESIGHT_REDUCED_SIDE_PX];
    resight_image reduced_image;
    resight_image_reduce(&grey, small, &reduced_image);
    if (resight_hasher_turned(b->hasher, &reduced_image, RESIGHT_PDQ, reduced->turned) == RESIGHT_OK)
        p->count++;
    add_trimmed(b, p, &grey, TRIMMED);
    if (asked)
        add_rectangles(b, p, &grey);
}

static bool read_picture(bench *b, const char *path, const char *name, bool asked, picture *out) {
    resight_source *source = NULL;
    resight_media_info info;
    resight_frame frame;
    picture p = {.regions = checked(calloc(MAX_REGIONS + 2, sizeof(region)))};
    snprintf(p.name, sizeof p.name, "%.*s", (int)strcspn(name, "."), name);
    if (resight_source_open_path(path, &source, NULL) == RESIGHT_OK &&
        resight_decoder_open(b->decoder, source, &info, NULL) == RESIGHT_OK)
        for (int n = 0; n < RESIGHT_VIEWS && resight_decoder_next(b->decoder, &frame, NULL) == RESIGHT_OK; n++)
            add_view(b, &p, &frame.image, asked);
    resight_source_free(&source);
    if (p.count > 0)
        p.regions = checked(realloc(p.regions, p.count * sizeof(region)));
    *out = p;
    return p.count > 0;
}

static int not_hidden(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static pictures read_folder(bench *b, const char *path, bool asked) {
    struct dirent **entries;
    const int count = scandir(path, &entries, not_hidden, alphasort);
    if (count < 0) {
        perror(path);
        exit(1);
    }
    pictures all = {.list = checked(calloc((size_t)count + 1, sizeof(picture)))};
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (read_picture(b, file, entries[i]->d_name, asked, &all.list[all.count]))
            all.count++;
        else
            fprintf(stderr, "%s: passed over\n", file);
        free(entries[i]);
    }
    free(entries);
    return all;
}

static void free_pictures(pictures *all) {
    for (size_t i = 0; i < all->count; i++)
        free(all->list[i].regions);
    free(all->list);
}

/* The stored side: known regions in their original position. */
static unsigned region_distance(const region *known, const region *asked) {
    unsigned best = 256;
    if (known->full != asked->full)
        return best;
    for (unsigned t = 0; t < RESIGHT_TRANSFORMS; t++) {
        const unsigned d = resight_hash_distance(&known->turned[RESIGHT_ORIGINAL].hash, &asked->turned[t].hash);
        best = d < best ? d : best;
    }
    return best;
}

/* The smallest distance by each evidence, on either side, or less of it. */
static void distances(const picture *known, const picture *asked, unsigned best[EVIDENCES]) {
    for (unsigned e = 0; e < EVIDENCES; e++)
        best[e] = 256;
    for (unsigned k = 0; k < known->count; k++)
        for (unsigned a = 0; a < asked->count; a++) {
            const region *one = &known->regions[k], *other = &asked->regions[a];
            if (one->evidence == RECTANGLE) /* strangers have them, the bank does not */
                continue;
            if (one->turned[0].quality < RESIGHT_DEFAULT_MIN_QUALITY)
                continue;
            const unsigned d = region_distance(one, other);
            for (unsigned e = one->evidence > other->evidence ? one->evidence : other->evidence; e < EVIDENCES; e++)
                best[e] = d < best[e] ? d : best[e];
        }
}

typedef struct tally {
    size_t asked, pairs;
    size_t found[RADII][EVIDENCES], wrong[RADII][EVIDENCES];
} tally;

static void count_pair(tally *t, const unsigned best[EVIDENCES], bool same) {
    for (size_t r = 0; r < RADII; r++)
        for (unsigned e = 0; e < EVIDENCES; e++)
            if (best[e] <= radii_bits[r])
                (same ? t->found : t->wrong)[r][e]++;
    t->pairs += !same;
}

static void ask(const pictures *asked, const pictures *bank, tally *t) {
    for (size_t q = 0; q < asked->count; q++, t->asked++)
        for (size_t k = 0; k < bank->count; k++) {
            unsigned best[EVIDENCES];
            const bool same = strcmp(asked->list[q].name, bank->list[k].name) == 0;
            distances(&bank->list[k], &asked->list[q], best);
            count_pair(t, best, same);
        }
}

static void print_row(const char *name, const tally *t, bool strangers) {
    printf("%-26s %5zu", name, t->asked);
    for (size_t r = 0; r < RADII; r++)
        for (unsigned e = 0; e < EVIDENCES; e++) {
            if (strangers)
                printf(" %9s", "");
            else
                printf(" %9.1f", t->asked ? 100.0 * (double)t->found[r][e] / (double)t->asked : 0);
        }
    printf("   wrong");
    for (size_t r = 0; r < RADII; r++)
        for (unsigned e = 0; e < EVIDENCES; e++)
            printf(" %4zu", t->wrong[r][e]);
    printf(" of %zu\n", t->pairs);
    fflush(stdout);
}

static void add_tally(tally *sum, const tally *t) {
    sum->asked += t->asked;
    sum->pairs += t->pairs;
    for (size_t r = 0; r < RADII; r++)
        for (unsigned e = 0; e < EVIDENCES; e++) {
            sum->found[r][e] += t->found[r][e];
            sum->wrong[r][e] += t->wrong[r][e];
        }
}

static void ask_edit(bench *b, const char *edits, const char *edit, const pictures bank[2], tally *sum) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", edits, edit);
    pictures asked = read_folder(b, path, true);
    tally t = {0};
    ask(&asked, &bank[0], &t);
    const size_t count = t.asked;
    ask(&asked, &bank[1], &t);
    t.asked = count;
    print_row(edit, &t, false);
    add_tally(sum, &t);
    free_pictures(&asked);
}

static void ask_all_edits(bench *b, const char *edits, const pictures bank[2], tally *sum) {
    struct dirent **entries;
    const int count = scandir(edits, &entries, not_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        ask_edit(b, edits, entries[i]->d_name, bank, sum);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void print_head(void) {
    printf("%-26s %5s", "recall, %, at radius", "asked");
    for (size_t r = 0; r < RADII; r++)
        for (unsigned e = 0; e < EVIDENCES; e++)
            printf(" %2u %-6.6s", radii_bits[r], evidence_names[e]);
    putchar('\n');
}

static void print_costs(const bench *b) {
    printf("microseconds: trim %.0f, rectangles %.0f, hash of a region in eight turns %.0f; regions a query %.1f\n",
           b->trim_us / (double)b->trims, b->rectangles_us / (double)(b->searches ? b->searches : 1),
           b->hash_us / (double)b->hashes, (double)b->hashes / (double)(b->searches ? b->searches : 1));
}

static void open_bench(bench *b) {
    resight_decode_options options = resight_decode_options_default();
    options.alpha = RESIGHT_ALPHA_VIEWS;
    if (resight_decoder_new(&options, &b->decoder) != RESIGHT_OK ||
        resight_hasher_new(RESIGHT_CPU_AUTO, &b->hasher) != RESIGHT_OK || resight_finder_new(&b->finder) != RESIGHT_OK)
        exit(1);
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: bench_regions KNOWN UNRELATED EDITS [EDIT...]\n");
        return 2;
    }
    bench b = {0};
    open_bench(&b);
    pictures bank[2] = {read_folder(&b, argv[1], false), read_folder(&b, argv[2], true)};
    bench strangers_cost = b;
    tally strangers = {0}, sum = {0};
    print_head();
    ask(&bank[1], &bank[0], &strangers);
    ask(&bank[1], &bank[1], &strangers);
    strangers.asked = bank[1].count;
    print_row("strangers", &strangers, true);
    print_costs(&strangers_cost);
    for (int i = 4; i < argc; i++)
        ask_edit(&b, argv[3], argv[i], bank, &sum);
    if (argc == 4)
        ask_all_edits(&b, argv[3], bank, &sum);
    print_row("all", &sum, false);
    print_costs(&b);
    free_pictures(&bank[0]);
    free_pictures(&bank[1]);
    resight_decoder_free(&b.decoder);
    resight_hasher_free(&b.hasher);
    resight_finder_free(&b.finder);
    return 0;
}
