/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local patches alone, without a database: recall of each edit, false matches, and times.
 *
 *     bench_patches KNOWN UNRELATED EDITS EVERY PAIRS [EDIT...]
 *
 * KNOWN and UNRELATED are folders of pictures, all of which are entries. EDITS/EDIT/NAME.ext is an edited copy of the
 * known picture NAME; without EDIT, all of EDITS are read; the EDIT "strangers" asks the pictures of UNRELATED. One
 * picture in EVERY of each folder is asked. Each pair that matches, rightly or wrongly, becomes a line of the file
 * PAIRS, so that wrong ones can be looked at: many are of pictures that do share something.
 *
 * A query is compared with the entries that at least two pairs of keys lead to, as with a database.
 */
#include <dirent.h>
#include <resight/decode.h>
#include <resight/patch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STRANGERS "strangers"
/* A database is asked for pairs within the radius; two of them make a candidate. */
#define CANDIDATE_PAIRS 2

typedef struct picture {
    char name[64]; /* of its file, without the ending */
    bool known;
    resight_patch_list list;

} picture;

typedef struct tools {
    resight_decoder *decoder;
    resight_patcher *patcher;
    double find_ms[2]; /* by role, in all */
    size_t found[2];
    double compare_ms;
    size_t compared;
} tools;

typedef struct bank {
    picture *entry;
    size_t count;
    FILE *pairs;
} bank;

/* What became of the queries of one edit; [0] probable and certain, [1] certain. */
typedef struct tally {
    size_t asked, right[2], wrong_known[2], wrong_unrelated[2];
} tally;

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void give_up(const char *what, const char *why) {
    fprintf(stderr, "bench_patches: %s: %s\n", what, why);
    exit(1);
}

static void *need(void *memory) {
    if (!memory)
        give_up("memory", "refused");
    return memory;
}

static int decode(tools *t, const char *path, uint8_t *px, resight_image *out, resight_error *error) {
    resight_source *source = NULL;
    resight_media_info info;
    resight_frame frame;
    int status = resight_source_open_path(path, &source, error);
    if (status == RESIGHT_OK)
        status = resight_decoder_open(t->decoder, source, &info, error);
    if (status == RESIGHT_OK)
        status = resight_decoder_next(t->decoder, &frame, error);
    if (status == RESIGHT_OK)
        status = resight_image_thumbnail(&frame.image, px, out);
    resight_source_free(&source);
    return status;
}

static bool read_picture(tools *t, const char *folder, const char *file, resight_patch_role role, picture *out) {
    static uint8_t px[RESIGHT_THUMBNAIL_BYTES_MAX];
    char path[4096];
    resight_error error = {"no reason given"};
    resight_image thumbnail;
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (decode(t, path, px, &thumbnail, &error) != RESIGHT_OK) {
        fprintf(stderr, "bench_patches: %s: %s; passed over\n", path, error.text);
        return false;
    }
    const double start = now_ms();
    if (resight_patcher_find(t->patcher, &thumbnail, role, patches, RESIGHT_PATCHES_QUERY_MAX, &count) != RESIGHT_OK)
        give_up(path, "no patches");
    t->find_ms[role - 1] += now_ms() - start;
    t->found[role - 1]++;
    resight_patch *kept = need(malloc((count + 1) * sizeof *kept));
    memcpy(kept, patches, count * sizeof *kept);
    *out = (picture){.list = {kept, (uint32_t)count, thumbnail.width_px, thumbnail.height_px}};
    snprintf(out->name, sizeof out->name, "%.*s", (int)strcspn(file, "."), file);
    return true;
}

static void picture_free(picture *p) {
    free((void *)(uintptr_t)p->list.patches);
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int files_of(const char *folder, struct dirent ***files) {
    const int count = scandir(folder, files, is_visible, alphasort);
    if (count < 0)
        give_up(folder, "not a folder that can be read");
    return count;
}

static void files_free(struct dirent **files, int count) {
    for (int i = 0; i < count; i++)
        free(files[i]);
    free(files);
}

static void bank_add(bank *b, tools *t, const char *folder, bool known) {
    struct dirent **files;
    const int count = files_of(folder, &files);
    b->entry = need(realloc(b->entry, (b->count + (size_t)count + 1) * sizeof *b->entry));
    for (int i = 0; i < count; i++) {
        picture *p = &b->entry[b->count];
        if (!read_picture(t, folder, files[i]->d_name, RESIGHT_PATCHES_KNOWN, p))
            continue;
        p->known = known;
        b->count++;
    }
    files_free(files, count);
}

/* Pairs of keys of a query and an entry within the radius, up to as many as make a candidate. */
static uint32_t count_pairs(const resight_patch_list *query, const resight_patch_list *known) {
    uint32_t pairs = 0;
    for (uint32_t i = 0; i < query->count && pairs < CANDIDATE_PAIRS; i++) {
        const uint64_t key = query->patches[i].key, mirrored = resight_patch_mirrored_key(key);
        for (uint32_t j = 0; j < known->count; j++) {
            const uint64_t other = known->patches[j].key;
            pairs += __builtin_popcountll(key ^ other) <= RESIGHT_PATCH_RADIUS_BITS;
            pairs += __builtin_popcountll(mirrored ^ other) <= RESIGHT_PATCH_RADIUS_BITS;
        }
    }
    return pairs;
}

static void judge(const bank *b, const char *edit, const picture *query, const picture *entry,
                  const resight_patch_match *m, tally *out) {
    const bool right = strcmp(query->name, entry->name) == 0;
    for (int level = RESIGHT_PATCHES_PROBABLE; level <= (int)m->level; level++) {
        const int i = level - RESIGHT_PATCHES_PROBABLE;
        ++*(right ? &out->right[i] : entry->known ? &out->wrong_known[i] : &out->wrong_unrelated[i]);
    }
    fprintf(b->pairs, "%s\t%s\t%s\t%c\t%c\t%u\t%.3f\t%d\n", edit, query->name, entry->name, right ? 's' : 'w',
            entry->known ? 'k' : 'u', m->agreeing, (double)m->score, (int)m->level);
}

static void ask(const bank *b, tools *t, const char *edit, const picture *query, tally *out) {
    const bool stranger = strcmp(edit, STRANGERS) == 0;
    out->asked++;
    for (size_t i = 0; i < b->count; i++) {
        const picture *entry = &b->entry[i];
        const bool itself = strcmp(query->name, entry->name) == 0;
        if ((stranger && itself) || count_pairs(&query->list, &entry->list) < CANDIDATE_PAIRS)
            continue;
        resight_patch_match match;
        const double start = now_ms();
        if (resight_patches_compare(&query->list, &entry->list, &match) != RESIGHT_OK)
            give_up(query->name, "patches that cannot be compared");
        t->compare_ms += now_ms() - start;
        t->compared++;
        judge(b, edit, query, entry, &match, out);
    }
}

static void print_tally(const char *edit, const tally *t) {
    const double part = t->asked ? 100.0 / (double)t->asked : 0;
    printf("%-26s %6zu %9.1f %9.1f %12zu %8zu %12zu %8zu\n", edit, t->asked, part * (double)t->right[0],
           part * (double)t->right[1], t->wrong_known[0], t->wrong_known[1], t->wrong_unrelated[0],
           t->wrong_unrelated[1]);
}

static void run_edit(const bank *b, tools *t, const char *folder, const char *edit, int every) {
    struct dirent **files;
    const int count = files_of(folder, &files);
    tally sum = {0};
    for (int i = 0; i < count; i += every) {
        picture query;
        if (!read_picture(t, folder, files[i]->d_name, RESIGHT_PATCHES_QUERY, &query))
            continue;
        ask(b, t, edit, &query, &sum);
        picture_free(&query);
    }
    files_free(files, count);
    print_tally(edit, &sum);
}

static void run_folder(const bank *b, tools *t, const char *edits, const char *unrelated, const char *edit, int every) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/%s", edits, edit);
    run_edit(b, t, strcmp(edit, STRANGERS) == 0 ? unrelated : folder, edit, every);
}

static void run_all(const bank *b, tools *t, const char *edits, const char *unrelated, int every) {
    struct dirent **files;
    const int count = files_of(edits, &files);
    for (int i = 0; i < count; i++)
        run_folder(b, t, edits, unrelated, files[i]->d_name, every);
    files_free(files, count);
    run_folder(b, t, edits, unrelated, STRANGERS, every);
}

/* Alpha over white, as most programs show it. */
static void tools_start(tools *t) {
    resight_decode_options options = resight_decode_options_default();
    options.alpha = RESIGHT_ALPHA_COMPOSITE;
    memset(options.background_rgb, 255, sizeof options.background_rgb);
    if (resight_decoder_new(&options, &t->decoder) != RESIGHT_OK || resight_patcher_new(&t->patcher) != RESIGHT_OK)
        give_up("memory", "refused");
}

static void print_costs(const bank *b, const tools *t) {
    size_t patches = 0;
    for (size_t i = 0; i < b->count; i++)
        patches += b->entry[i].list.count;
    printf("%zu entries, %.1f patches each; find: known %.2f ms, query %.2f ms; compare: %.3f ms, %.1f a query\n",
           b->count, (double)patches / (double)b->count, t->find_ms[0] / (double)t->found[0],
           t->find_ms[1] / (double)t->found[1], t->compare_ms / (double)t->compared,
           (double)t->compared / (double)t->found[1]);
}

int main(int argc, char **argv) {
    const int every = argc > 4 ? atoi(argv[4]) : 0;
    if (argc < 6 || every < 1) {
        fprintf(stderr, "usage: bench_patches KNOWN UNRELATED EDITS EVERY PAIRS [EDIT...]\n");
        return 2;
    }
    tools t = {0};
    bank b = {.pairs = need(fopen(argv[5], "w"))};
    tools_start(&t);
    bank_add(&b, &t, argv[1], true);
    bank_add(&b, &t, argv[2], false);
    printf("%-26s %6s %9s %9s %12s %8s %12s %8s\n", "edit", "asked", "probable", "certain", "wrong known", "certain",
           "wrong other", "certain");
    for (int i = 6; i < argc; i++)
        run_folder(&b, &t, argv[3], argv[2], argv[i], every);
    if (argc == 6)
        run_all(&b, &t, argv[3], argv[2], every);
    print_costs(&b, &t);
    for (size_t i = 0; i < b.count; i++)
        picture_free(&b.entry[i]);
    free(b.entry);
    fclose(b.pairs);
    resight_patcher_free(&t.patcher);
    resight_decoder_free(&t.decoder);
    return 0;
}
