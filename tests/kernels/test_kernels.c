/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kernel of every instruction set against the scalar specification: memcmp on seeded random input, at every size
 * around the vector lengths, in buffers that end at a page nobody may touch, with the padding between rows compared
 * too. RESIGHT_SEED=N repeats a run.
 */
#include "kernels/kernels.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t state;

static uint32_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static void seed(void) {
    const char *given = getenv("RESIGHT_SEED");
    state = given ? strtoull(given, NULL, 0) : 0x9e3779b97f4a7c15u ^ (unsigned)getpid();
    fprintf(stderr, "RESIGHT_SEED=%llu\n", (unsigned long long)state);
}

/* Memory whose last byte is the last before a page that faults. */
typedef struct guarded {
    uint8_t *map, *bytes;
    size_t mapped;
} guarded;

static guarded guarded_new(size_t size) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;
    guarded g = {.mapped = whole + page};
    g.map = mmap(NULL, g.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(g.map, MAP_FAILED);
    cr_assert_eq(mprotect(g.map + whole, page, PROT_NONE), 0);
    g.bytes = g.map + whole - size;
    memset(g.map, 0xa5, whole);
    return g;
}

static void guarded_free(guarded *g) {
    munmap(g->map, g->mapped);
}

static float *floats(const guarded *g) {
    return (float *)(void *)g->bytes;
}

/* Luma as a filter meets it: whole bytes, what RGB weights leave, or black and white alone. */
static void fill_luma(float *luma, size_t count) {
    const unsigned kind = next() % 3;
    for (size_t i = 0; i < count; i++) {
        const uint32_t level = next() % 65536;
        luma[i] = kind == 0 ? (float)(level % 256) : kind == 1 ? (float)level / 257.0f : level & 1 ? 255 : 0;
    }
}

#define FOR_EACH_LEVEL(table)                                                                                          \
    for (resight_cpu level = RESIGHT_CPU_NEON; level <= RESIGHT_CPU_AVX512; level++)                                   \
        for (const kernel_table *table = kernels_for(level); table; table = NULL)

#ifdef __aarch64__
/* A level that is lacking is passed over without a word; this one never is. */
Test(kernels, neon_is_there) {
    cr_assert_eq(resight_cpu_best(), RESIGHT_CPU_NEON);
}
#endif

static void check_luma(const kernel_table *table, size_t width, size_t pixel_bytes, luma_row_fn *spec,
                       luma_row_fn *fast) {
    guarded in = guarded_new(width * pixel_bytes), a = guarded_new(width * sizeof(float)),
            b = guarded_new(width * sizeof(float));
    for (size_t i = 0; i < width * pixel_bytes; i++)
        in.bytes[i] = (uint8_t)next();
    spec(in.bytes, floats(&a), width);
    fast(in.bytes, floats(&b), width);
    cr_assert_eq(memcmp(a.map, b.map, a.mapped - (size_t)sysconf(_SC_PAGESIZE)), 0, "%s: width %zu, %zu bytes a pixel",
                 resight_cpu_name(table->cpu), width, pixel_bytes);
    guarded_free(&in);
    guarded_free(&a);
    guarded_free(&b);
}

Test(kernels, luma) {
    seed();
    FOR_EACH_LEVEL(t)
    for (size_t width = 1; width < 200; width++) {
        check_luma(t, width, 1, kernels_scalar.luma_gray8, t->luma_gray8);
        check_luma(t, width, 1, kernels_scalar.luma_gray8_limited, t->luma_gray8_limited);
        check_luma(t, width, 3, kernels_scalar.luma_rgb24, t->luma_rgb24);
    }
}

Test(kernels, every_byte_of_video_range) {
    uint8_t in[256];
    float a[256], b[256];
    for (int i = 0; i < 256; i++)
        in[i] = (uint8_t)i;
    FOR_EACH_LEVEL(t) {
        kernels_scalar.luma_gray8_limited(in, a, 256);
        t->luma_gray8_limited(in, b, 256);
        cr_assert_arr_eq(a, b, sizeof a);
    }
}

static void check_box_rows(const kernel_table *t, size_t rows, size_t length, size_t window, size_t padding) {
    const size_t stride = length + padding, count = (rows - 1) * stride + length;
    guarded in = guarded_new(count * sizeof(float)), a = guarded_new(count * sizeof(float)),
            b = guarded_new(count * sizeof(float));
    fill_luma(floats(&in), count);
    kernels_scalar.box_rows(floats(&in), floats(&a), stride, rows, length, window);
    t->box_rows(floats(&in), floats(&b), stride, rows, length, window);
    cr_assert_eq(memcmp(a.map, b.map, a.mapped - (size_t)sysconf(_SC_PAGESIZE)), 0,
                 "%s: box_rows %zu rows of %zu, window %zu", resight_cpu_name(t->cpu), rows, length, window);

    float sampled_a[STRIP_ROWS][64], sampled_b[STRIP_ROWS][64];
    uint32_t at[64];
    for (size_t i = 0; i < 64; i++)
        at[i] = (uint32_t)((2 * i + 1) * length / 128);
    memset(sampled_a, 0x5a, sizeof sampled_a);
    memset(sampled_b, 0x5a, sizeof sampled_b);
    kernels_scalar.box_rows_sampled(floats(&in), stride, sampled_a, rows, length, window, at);
    t->box_rows_sampled(floats(&in), stride, sampled_b, rows, length, window, at);
    cr_assert_arr_eq(sampled_a, sampled_b, sizeof sampled_a, "%s: box_rows_sampled %zu rows of %zu, window %zu",
                     resight_cpu_name(t->cpu), rows, length, window);
    guarded_free(&in);
    guarded_free(&a);
    guarded_free(&b);
}

Test(kernels, box_rows, .timeout = 120) {
    seed();
    FOR_EACH_LEVEL(t) {
        for (size_t length = 5; length < 100; length++)
            for (size_t window = 1; window <= length && window < 12; window++)
                check_box_rows(t, 1 + next() % STRIP_ROWS, length, window, next() % 5);
        for (size_t rows = 1; rows <= STRIP_ROWS; rows++)
            check_box_rows(t, rows, 300 + next() % 400, 1 + next() % 9, next() % 20);
        for (int round = 0; round < 60; round++)
            check_box_rows(t, 1 + next() % STRIP_ROWS, 1000 + next() % 3000, 1 + next() % 400, next() % 3);
    }
}

static void check_box_columns(const kernel_table *t, size_t length, unsigned parts, float samples) {
    guarded enter = guarded_new(length * sizeof(float)), leave = guarded_new(length * sizeof(float));
    guarded sum_a = guarded_new(length * sizeof(float)), sum_b = guarded_new(length * sizeof(float));
    guarded out_a = guarded_new(length * sizeof(float)), out_b = guarded_new(length * sizeof(float));
    fill_luma(floats(&enter), length);
    fill_luma(floats(&leave), length);
    fill_luma(floats(&sum_a), length);
    memcpy(sum_b.bytes, sum_a.bytes, length * sizeof(float));
    const float *in = parts & 1 ? floats(&enter) : NULL, *gone = parts & 2 ? floats(&leave) : NULL;
    kernels_scalar.box_columns(floats(&sum_a), in, gone, parts & 4 ? floats(&out_a) : NULL, length, samples);
    t->box_columns(floats(&sum_b), in, gone, parts & 4 ? floats(&out_b) : NULL, length, samples);
    const size_t whole = sum_a.mapped - (size_t)sysconf(_SC_PAGESIZE);
    cr_assert_eq(memcmp(sum_a.map, sum_b.map, whole), 0, "%s: box_columns sums, length %zu", resight_cpu_name(t->cpu),
                 length);
    cr_assert_eq(memcmp(out_a.map, out_b.map, whole), 0, "%s: box_columns, length %zu, %g samples",
                 resight_cpu_name(t->cpu), length, (double)samples);
    guarded *all[] = {&enter, &leave, &sum_a, &sum_b, &out_a, &out_b};
    for (size_t i = 0; i < 6; i++)
        guarded_free(all[i]);
}

Test(kernels, box_columns) {
    seed();
    FOR_EACH_LEVEL(t)
    for (size_t length = 1; length < 150; length++)
        for (unsigned parts = 0; parts < 8; parts++)
            check_box_columns(t, length, parts, (float)(1 + next() % 100));
}

/* The quotient by a window is the correctly rounded one for every mantissa: the exponent does not change it. */
Test(kernels, division_is_exact, .timeout = 300) {
    enum { BLOCK = 1 << 15 };
    static float sum[BLOCK], zero[BLOCK], out[BLOCK];
    FOR_EACH_LEVEL(t)
    for (uint32_t samples = 1; samples <= 33; samples++)
        for (uint32_t mantissa = 0; mantissa < 1u << 23; mantissa += BLOCK) {
            for (uint32_t i = 0; i < BLOCK; i++) {
                const uint32_t bits = 0x43000000u | (mantissa + i); /* 128 to 256 */
                memcpy(&sum[i], &bits, sizeof bits);
            }
            t->box_columns(sum, zero, NULL, out, BLOCK, (float)samples);
            for (uint32_t i = 0; i < BLOCK; i++)
                if (out[i] != sum[i] / (float)samples)
                    cr_assert_fail("%s: %a / %u is %a", resight_cpu_name(t->cpu), (double)sum[i], samples,
                                   (double)out[i]);
        }
}

Test(kernels, dct_and_gradients) {
    seed();
    FOR_EACH_LEVEL(t)
    for (int round = 0; round < 200; round++) {
        dct_matrix matrix;
        resight_luma64 luma;
        resight_dct16 a, b;
        for (size_t i = 0; i < 16 * 64; i++)
            matrix.row[i / 64][i % 64] = (float)((int32_t)next() / 1e10);
        fill_luma(luma.px[0], 64 * 64);
        kernels_scalar.dct(&matrix, &luma, &a);
        t->dct(&matrix, &luma, &b);
        cr_assert_arr_eq(&a, &b, sizeof a, "%s: dct", resight_cpu_name(t->cpu));
        cr_assert_eq(kernels_scalar.gradients(&luma), t->gradients(&luma), "%s: gradients", resight_cpu_name(t->cpu));
    }
}

static uint64_t *words(const guarded *g) {
    return (uint64_t *)(void *)g->bytes;
}

/* A hash that differs from `centre` in exactly `distance` bits. */
static void turn_bits(const uint64_t centre[4], unsigned distance, uint64_t out[4]) {
    memcpy(out, centre, 4 * sizeof *out);
    for (unsigned turned = 0; turned < distance;) {
        const unsigned bit = next() % 256;
        if (((out[bit / 64] ^ centre[bit / 64]) >> bit % 64 & 1) == 0) {
            out[bit / 64] ^= (uint64_t)1 << bit % 64;
            turned++;
        }
    }
}

static void fill_words(uint64_t *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (uint64_t)next() << 32 | next();
}

/* Every third hash lies within a bit or so of the radius of some query, the others anywhere. */
static void check_distances(const kernel_table *t, size_t count, size_t query_count, unsigned radius_bits) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), groups = (count + SCAN_GROUP - 1) / SCAN_GROUP;
    guarded hashes = guarded_new(count * 32), queries = guarded_new(query_count * 32), ids = guarded_new(count * 4);
    guarded a = guarded_new(groups * 8), b = guarded_new(groups * 8), c = guarded_new(count * 4),
            d = guarded_new(count * 4);
    fill_words(words(&hashes), 4 * count);
    fill_words(words(&queries), 4 * query_count);
    for (size_t i = 0; i < count; i += 3) {
        const unsigned distance = radius_bits + next() % 3;
        turn_bits(words(&queries) + 4 * (next() % query_count), distance > 256 ? 256 : distance,
                  words(&hashes) + 4 * i);
    }
    kernels_scalar.scan(words(&hashes), count, words(&queries), query_count, radius_bits, words(&a));
    t->scan(words(&hashes), count, words(&queries), query_count, radius_bits, words(&b));
    cr_assert_eq(memcmp(a.map, b.map, a.mapped - page), 0, "%s: scan %zu hashes, %zu queries, radius %u",
                 resight_cpu_name(t->cpu), count, query_count, radius_bits);
    uint32_t *positions = (uint32_t *)(void *)ids.bytes;
    for (size_t i = 0; i < count; i++)
        positions[i] = next() % (uint32_t)count;
    const size_t spec = kernels_scalar.pick(words(&hashes), positions, count, words(&queries), radius_bits,
                                            (uint32_t *)(void *)c.bytes);
    const size_t fast =
        t->pick(words(&hashes), positions, count, words(&queries), radius_bits, (uint32_t *)(void *)d.bytes);
    cr_assert_eq(spec, fast);
    cr_assert_eq(memcmp(c.bytes, d.bytes, spec * sizeof(uint32_t)), 0, "%s: pick", resight_cpu_name(t->cpu));
    guarded *all[] = {&hashes, &queries, &ids, &a, &b, &c, &d};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        guarded_free(all[i]);
}

Test(kernels, distances, .timeout = 120) {
    static const unsigned radii[] = {0, 1, 30, 31, 63, 64, 100, 128, 129, 255, 256};
    seed();
    FOR_EACH_LEVEL(t)
    for (size_t count = 1; count < 36; count++)
        for (size_t query_count = 1; query_count <= SCAN_QUERIES; query_count++)
            for (size_t r = 0; r < sizeof radii / sizeof *radii; r++)
                check_distances(t, count, query_count, radii[r]);
}

/* Every third key lies within a bit or so of the radius of the query, the others anywhere. */
static void check_keys(const kernel_table *t, size_t count, unsigned radius_bits) {
    guarded keys = guarded_new(count * 8), ids = guarded_new(count * 4), a = guarded_new(count * 4),
            b = guarded_new(count * 4);
    uint64_t query = 0;
    fill_words(&query, 1);
    fill_words(words(&keys), count);
    for (size_t i = 0; i < count; i += 3) {
        words(&keys)[i] = query;
        for (unsigned bit = 0; bit < radius_bits + i % 2 && bit < 64; bit++)
            words(&keys)[i] ^= (uint64_t)1 << (bit * 37 + i) % 64; /* 37 is odd: each bit once */
    }
    uint32_t *positions = (uint32_t *)(void *)ids.bytes, *spec = (uint32_t *)(void *)a.bytes,
             *fast = (uint32_t *)(void *)b.bytes;
    for (size_t i = 0; i < count; i++)
        positions[i] = next() % (uint32_t)count;
    const size_t scanned = kernels_scalar.scan_keys(words(&keys), count, query, radius_bits, spec);
    cr_assert_eq(t->scan_keys(words(&keys), count, query, radius_bits, fast), scanned, "%s: scan %zu keys, radius %u",
                 resight_cpu_name(t->cpu), count, radius_bits);
    cr_assert_eq(memcmp(spec, fast, scanned * sizeof *spec), 0);
    cr_assert(scanned >= 1);
    const size_t picked = kernels_scalar.pick_keys(words(&keys), positions, count, query, radius_bits, spec);
    cr_assert_eq(t->pick_keys(words(&keys), positions, count, query, radius_bits, fast), picked,
                 "%s: pick of %zu keys, radius %u", resight_cpu_name(t->cpu), count, radius_bits);
    cr_assert_eq(memcmp(spec, fast, picked * sizeof *spec), 0);
    guarded *all[] = {&keys, &ids, &a, &b};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        guarded_free(all[i]);
}

Test(kernels, key_distances, .timeout = 120) {
    static const unsigned radii[] = {0, 1, 8, 9, 31, 63, 64};
    seed();
    FOR_EACH_LEVEL(t)
    for (size_t count = 1; count < 70; count++)
        for (size_t r = 0; r < sizeof radii / sizeof *radii; r++)
            check_keys(t, count, radii[r]);
}
