/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <resight/decode.h>
#include <resight/patch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct picture {
    char name[64];
    uint32_t width, height;
    resight_patch *patches;
    size_t count;
} picture;
typedef struct folder {
    picture *pictures;
    size_t count;
} folder;

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}
static double find_ms[2];
static size_t find_count[2];
static uint8_t thumb[RESIGHT_THUMBNAIL_BYTES_MAX];

static int read_picture(resight_decoder *d, resight_patcher *patcher, const char *path, resight_patch_role role, picture *out) {
    resight_source *src = NULL;
    resight_media_info info;
    resight_frame frame;
    resight_error e;
    resight_image small;
    int st = resight_source_open_path(path, &src, &e);
    if (!st) st = resight_decoder_open(d, src, &info, &e);
    if (!st) st = resight_decoder_next(d, &frame, &e);
    if (!st) st = resight_image_thumbnail(&frame.image, thumb, &small);
    if (st) { fprintf(stderr, "%s: %s\n", path, e.text); resight_source_free(&src); return st; }
    resight_patch patches[RESIGHT_PATCHES_QUERY_MAX];
    double t = now_ms();
    st = resight_patcher_find(patcher, &small, role, patches, RESIGHT_PATCHES_QUERY_MAX, &out->count);
    find_ms[role - 1] += now_ms() - t;
    find_count[role - 1]++;
    if (st) { fprintf(stderr, "%s: %d\n", path, st); exit(1); }
    out->width = small.width_px, out->height = small.height_px;
    out->patches = malloc((out->count + 1) * sizeof *patches);
    memcpy(out->patches, patches, out->count * sizeof *patches);
    const char *base = strrchr(path, '/') + 1;
    snprintf(out->name, sizeof out->name, "%s", base);
    char *dot = strrchr(out->name, '.');
    if (dot) *dot = 0;
    resight_source_free(&src);
    return 0;
}

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

static folder read_folder(resight_decoder *d, resight_patcher *p, const char *path, resight_patch_role role, int every, int phase) {
    struct dirent **list;
    int n = scandir(path, &list, visible, alphasort);
    folder f = {calloc((size_t)(n > 0 ? n : 0) + 1, sizeof(picture)), 0};
    for (int i = 0; i < n; i++) {
        char full[4096];
        snprintf(full, sizeof full, "%s/%s", path, list[i]->d_name);
        if (i % every == phase && !read_picture(d, p, full, role, &f.pictures[f.count])) f.count++;
        free(list[i]);
    }
    if (n >= 0) free(list);
    return f;
}

typedef struct key { uint64_t key; uint32_t picture, patch; } key;
static key *keys;
static uint64_t *flat;
static size_t key_count;
static picture *bank[4096];
static size_t bank_count;
static int radius = RESIGHT_PATCH_RADIUS_BITS;
static size_t pair_count[4096];

static void add_pairs(const picture *q, size_t i, int mirrored) {
    const uint64_t k = mirrored ? resight_patch_mirrored_key(q->patches[i].key) : q->patches[i].key;
    uint8_t d[4096];
    for (size_t from = 0; from < key_count; from += sizeof d) {
        const size_t n = key_count - from < sizeof d ? key_count - from : sizeof d;
        for (size_t j = 0; j < n; j++) d[j] = (uint8_t)__builtin_popcountll(flat[from + j] ^ k);
        for (size_t j = 0; j < n; j++) if (d[j] <= radius) pair_count[keys[from + j].picture]++;
    }
}

static double vote_ms, match_ms;
static size_t votes_made, queries;

static void ask(const char *edit, const picture *q, size_t known, FILE *out) {
    double t = now_ms();
    memset(pair_count, 0, sizeof pair_count);
    for (size_t i = 0; i < q->count; i++) add_pairs(q, i, 0), add_pairs(q, i, 1);
    match_ms += now_ms() - t;
    queries++;
    const resight_patch_list ql = {q->patches, (uint32_t)q->count, q->width, q->height};
    for (size_t b = 0; b < bank_count; b++) {
        const int same = !strcmp(bank[b]->name, q->name);
        if (!same && pair_count[b] < 2) continue;
        resight_patch_match v;
        t = now_ms();
        const resight_patch_list kl = {bank[b]->patches, (uint32_t)bank[b]->count, bank[b]->width, bank[b]->height};
        resight_patches_compare(&ql, &kl, &v);
        if (pair_count[b] < 2) memset(&v, 0, sizeof v);
        vote_ms += now_ms() - t;
        votes_made++;
        if (same || v.agreeing >= 2) {
            fprintf(out, "%s\t%s\t%s\t%c\t%c\t%u\t%u\t%.3f\t%d", edit, q->name, bank[b]->name, same ? 's' : 'w', b < known ? 'k' : 'u', v.agreeing, v.large, (double)v.score, v.level);
            fprintf(out, "\n");
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 7) return 2; /* KNOWN UNRELATED EDITS every out edit... */
    int every = atoi(argv[4]), phase = getenv("PHASE") ? atoi(getenv("PHASE")) : 0;
    if (getenv("RADIUS")) radius = atoi(getenv("RADIUS"));
    resight_decode_options o = resight_decode_options_default();
    o.alpha = RESIGHT_ALPHA_COMPOSITE;
    memset(o.background_rgb, 255, 3);
    resight_decoder *d;
    resight_patcher *p;
    resight_decoder_new(&o, &d);
    resight_patcher_new(&p);
    folder known = read_folder(d, p, argv[1], RESIGHT_PATCHES_KNOWN, 1, 0), other = read_folder(d, p, argv[2], RESIGHT_PATCHES_KNOWN, 1, 0);
    for (size_t i = 0; i < known.count; i++) bank[bank_count++] = &known.pictures[i];
    for (size_t i = 0; i < other.count; i++) bank[bank_count++] = &other.pictures[i];
    for (size_t i = 0; i < bank_count; i++) key_count += bank[i]->count;
    keys = malloc(key_count * sizeof *keys);
    flat = malloc(key_count * sizeof *flat);
    size_t k = 0;
    for (uint32_t i = 0; i < bank_count; i++) for (uint32_t j = 0; j < bank[i]->count; j++) {
        flat[k] = bank[i]->patches[j].key;
        keys[k++] = (key){bank[i]->patches[j].key, i, j};
    }
    fprintf(stderr, "bank %zu+%zu, %.1f patches each\n", known.count, other.count, (double)key_count / (double)bank_count);
    FILE *out = fopen(argv[5], "w");
    for (int e = 6; e < argc; e++) {
        char path[4096];
        if (!strcmp(argv[e], "strangers")) snprintf(path, sizeof path, "%s", argv[2]);
        else snprintf(path, sizeof path, "%s/%s", argv[3], argv[e]);
        folder f = read_folder(d, p, path, RESIGHT_PATCHES_QUERY, every, phase);
        for (size_t i = 0; i < f.count; i++) { ask(argv[e], &f.pictures[i], known.count, out); free(f.pictures[i].patches); }
        free(f.pictures);
    }
    fprintf(stderr, "find: known %.2f ms, query %.2f ms; match %.1f ms a query; vote %.4f ms each, %.3f a query\n", find_ms[0] / (double)find_count[0], find_ms[1] / (double)find_count[1], match_ms / (double)queries, vote_ms / (double)votes_made, vote_ms / (double)queries);
    return 0;
}
