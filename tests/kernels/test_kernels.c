/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kernel of every instruction set against the scalar specification: memcmp on seeded random input, at every size
 * around the vector lengths, in buffers that end at a page nobody may touch, with the padding between rows compared
 * too. RESIGHT_SEED=N repeats a run.
 */
#include "kernels/box.h"
#include "kernels/kernels.h"
#include <criterion/criterion.h>
#include <stdbool.h>
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

/* What this processor is tested for in full, as an older one is tested in part. QEMU 7.2 reads, of a masked load, the
 * lanes that are left out, too: for it the page may be read. */
#ifdef OLDER_PROCESSOR
#define GUARD_PROTECTION PROT_READ
#define DIVISION_STEP 64
#else
#define GUARD_PROTECTION PROT_NONE
#define DIVISION_STEP 1
#endif

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
    cr_assert_eq(mprotect(g.map + whole, page, GUARD_PROTECTION), 0);
    g.bytes = g.map + whole - size;
    memset(g.map, 0xa5, whole);
    return g;
}

static void guarded_free(guarded *g) {
    munmap(g->map, g->mapped);
}

/* The bytes that may be looked at. */
static size_t mapped(const guarded *g) {
    return g->mapped - (size_t)sysconf(_SC_PAGESIZE);
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

Test(kernels, luma) {
    seed();
    FOR_EACH_LEVEL(t)
    for (size_t width = 1; width < 200; width++) {
        guarded in = guarded_new(width * 3), a = guarded_new(width * sizeof(float)),
                b = guarded_new(width * sizeof(float));
        for (size_t i = 0; i < width * 3; i++)
            in.bytes[i] = (uint8_t)next();
        kernels_scalar.luma_rgb24(in.bytes, floats(&a), width);
        t->luma_rgb24(in.bytes, floats(&b), width);
        cr_assert_eq(memcmp(a.map, b.map, mapped(&a)), 0, "%s: width %zu", resight_cpu_name(t->cpu), width);
        guarded_free(&in);
        guarded_free(&a);
        guarded_free(&b);
    }
}

Test(kernels, video_range) {
    seed();
    FOR_EACH_LEVEL(t)
    for (size_t width = 1; width < 300; width++) {
        guarded in = guarded_new(width), a = guarded_new(width), b = guarded_new(width);
        for (size_t i = 0; i < width; i++)
            in.bytes[i] = width < 256 ? (uint8_t)next() : (uint8_t)i; /* every byte, at the end */
        kernels_scalar.full_range(in.bytes, a.bytes, width);
        t->full_range(in.bytes, b.bytes, width);
        cr_assert_eq(memcmp(a.map, b.map, mapped(&a)), 0, "%s: width %zu", resight_cpu_name(t->cpu), width);
        t->full_range(in.bytes, in.bytes, width);
        cr_assert_eq(memcmp(in.bytes, b.bytes, width), 0, "%s: in place", resight_cpu_name(t->cpu));
        guarded_free(&in);
        guarded_free(&a);
        guarded_free(&b);
    }
}

static void check_box_rows(const kernel_table *t, size_t rows, size_t length, size_t window, size_t padding) {
    const size_t stride = length + padding, count = (rows - 1) * stride + length;
    guarded in = guarded_new(count * sizeof(float)), a = guarded_new(count * sizeof(float)),
            b = guarded_new(count * sizeof(float));
    fill_luma(floats(&in), count);
    kernels_scalar.box_rows(floats(&in), floats(&a), stride, rows, length, window);
    t->box_rows(floats(&in), floats(&b), stride, rows, length, window);
    cr_assert_eq(memcmp(a.map, b.map, mapped(&a)), 0, "%s: box_rows %zu rows of %zu, window %zu",
                 resight_cpu_name(t->cpu), rows, length, window);
    guarded_free(&in);
    guarded_free(&a);
    guarded_free(&b);
}

/* The specification is the running sum in float of scalar box_rows, not that of box_bytes. */
static void check_box_bytes(const kernel_table *t, size_t length, size_t window) {
    const size_t before = BYTES_BEFORE(window);
    guarded in = guarded_new(before + length + BYTES_AFTER(window)), wide = guarded_new(length * sizeof(float));
    guarded a = guarded_new(length * sizeof(float)), b = guarded_new(length * sizeof(float));
    const unsigned kind = next() % 3;
    memset(in.bytes, 0, before + length + BYTES_AFTER(window));
    for (size_t i = 0; i < length; i++) {
        in.bytes[before + i] = (uint8_t)(kind == 0 ? next() : kind == 1 ? 255 : next() & 1);
        floats(&wide)[i] = in.bytes[before + i];
    }
    kernels_scalar.box_rows(floats(&wide), floats(&a), length, 1, length, window);
    t->box_bytes(in.bytes + before, floats(&b), length, window);
    cr_assert_eq(memcmp(a.map, b.map, mapped(&a)), 0, "%s: box_bytes of %zu, window %zu", resight_cpu_name(t->cpu),
                 length, window);
    guarded *all[] = {&in, &wide, &a, &b};
    for (size_t i = 0; i < 4; i++)
        guarded_free(all[i]);
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

static void check_every_box_bytes(const kernel_table *t) {
    for (size_t length = 5; length < 100; length++)
        for (size_t window = 1; window <= length && window < 40; window++)
            check_box_bytes(t, length, window);
    for (int round = 0; round < 100; round++)
        check_box_bytes(t, 1000 + next() % 3000, 1 + next() % 300);
}

Test(kernels, box_bytes, .timeout = 120) {
    seed();
    check_every_box_bytes(&kernels_scalar);
    FOR_EACH_LEVEL(t)
    check_every_box_bytes(t);
}

static void plan_tents(tent_plan *plan, size_t length, size_t window) {
    const box_window w = box_window_of(window);
    plan->length = length;
    plan->window = window;
    for (size_t i = 0; i < 64; i++)
        plan->at[i] = (uint32_t)((2 * i + 1) * length / 128);
    for (size_t i = 0; i < 2 * TENT_EDGE; i++)
        box_reciprocal(box_samples(w, i < TENT_EDGE ? i : length - 2 * TENT_EDGE + i, length), &plan->high[i],
                       &plan->low[i]);
}

/* The specification is scalar box_rows, twice for the samples, of which the last touches a cut window and is not used.
 */
static void check_tent_bytes(const kernel_table *t, size_t length, size_t window) {
    const size_t before = BYTES_BEFORE(window), bytes = length * sizeof(float);
    guarded in = guarded_new(before + length + BYTES_AFTER(window)), out = guarded_new(TENT_COLUMNS * sizeof(float));
    guarded wide = guarded_new(bytes), once = guarded_new(bytes), twice = guarded_new(bytes);
    tent_plan plan;
    plan_tents(&plan, length, window);
    memset(in.bytes, 0, before + length + BYTES_AFTER(window));
    for (size_t i = 0; i < length; i++)
        floats(&wide)[i] = in.bytes[before + i] = (uint8_t)(length % 3 ? next() : 255);
    kernels_scalar.box_rows(floats(&wide), floats(&once), length, 1, length, window);
    for (size_t i = window / 2; i + window / 2 < length; i++) /* means of the means: exact where these are */
        for (size_t j = 0; j < window; j++)
            floats(&twice)[i] = (j > 0 ? floats(&twice)[i] : 0) + floats(&once)[i - box_window_of(window).behind + j];
    t->tent_bytes(&plan, in.bytes + before, floats(&out));
    for (size_t k = 0; k < 63; k++)
        cr_assert_eq(floats(&out)[k], floats(&twice)[plan.at[k]] / (float)window, "%s: sample %zu of %zu, window %zu",
                     resight_cpu_name(t->cpu), k, length, window);
    const size_t last = length - TENT_EDGE;
    cr_assert_arr_eq(floats(&out) + 64, floats(&once), TENT_EDGE * sizeof(float), "%s: first of %zu, window %zu",
                     resight_cpu_name(t->cpu), length, window);
    cr_assert_arr_eq(floats(&out) + 64 + TENT_EDGE, floats(&once) + last, TENT_EDGE * sizeof(float),
                     "%s: last of %zu, window %zu", resight_cpu_name(t->cpu), length, window);
    guarded *all[] = {&in, &out, &wide, &once, &twice};
    for (size_t i = 0; i < 5; i++)
        guarded_free(all[i]);
}

Test(kernels, tent_bytes, .timeout = 120) {
    seed();
    FOR_EACH_LEVEL(t)
    for (size_t window = 2; window <= TENT_WINDOW_MAX; window *= 2)
        for (size_t length = 128 * (window - 1) + 1; length <= 128 * window; length++)
            check_tent_bytes(t, length, window);
}

/* Rows that enter and leave, some of them zeros, and the divisors of an inner strip or of one that is cut. */
static column_steps make_steps(size_t rows, size_t length, const float *enter, const float *leave) {
    column_steps steps = {.rows = rows};
    const bool whole = next() % 2;
    const uint32_t samples = 1 + next() % 100;
    for (size_t r = 0; r < rows; r++) {
        steps.enter[r] = enter + r * length;
        steps.leave[r] = leave + r * length;
        steps.samples[r] = (float)(whole ? samples : 1 + next() % 100);
    }
    return steps;
}

static void check_box_columns_rows(const kernel_table *t, size_t rows, size_t length, size_t window) {
    const size_t bytes = length * sizeof(float);
    guarded enter = guarded_new(rows * bytes), leave = guarded_new(rows * bytes), row = guarded_new(bytes);
    guarded sum_a = guarded_new(bytes), sum_b = guarded_new(bytes);
    float out_a[STRIP_ROWS][64], out_b[STRIP_ROWS][64];
    uint32_t at[64];
    for (size_t i = 0; i < 64; i++)
        at[i] = (uint32_t)((2 * i + 1) * length / 128);
    fill_luma(floats(&enter), rows * length);
    fill_luma(floats(&leave), rows * length);
    fill_luma(floats(&sum_a), length);
    memcpy(sum_b.bytes, sum_a.bytes, bytes);
    memset(out_a, 0x5a, sizeof out_a);
    memset(out_b, 0x5a, sizeof out_b);
    const column_steps steps = make_steps(rows, length, floats(&enter), floats(&leave));
    kernels_scalar.box_columns_rows(floats(&sum_a), &steps, length, window, at, floats(&row), out_a);
    t->box_columns_rows(floats(&sum_b), &steps, length, window, at, floats(&row), out_b);
    cr_assert_eq(memcmp(sum_a.map, sum_b.map, mapped(&sum_a)), 0, "%s: sums of %zu rows of %zu, window %zu",
                 resight_cpu_name(t->cpu), rows, length, window);
    cr_assert_arr_eq(out_a, out_b, sizeof out_a, "%s: box_columns_rows %zu rows of %zu, window %zu",
                     resight_cpu_name(t->cpu), rows, length, window);
    guarded *all[] = {&enter, &leave, &row, &sum_a, &sum_b};
    for (size_t i = 0; i < 5; i++)
        guarded_free(all[i]);
}

Test(kernels, box_columns_rows, .timeout = 120) {
    seed();
    FOR_EACH_LEVEL(t) {
        for (size_t length = 5; length < 100; length++)
            for (size_t window = 1; window <= length && window < 12; window++)
                check_box_columns_rows(t, 1 + next() % STRIP_ROWS, length, window);
        for (size_t rows = 1; rows <= STRIP_ROWS; rows++)
            check_box_columns_rows(t, rows, 300 + next() % 400, 1 + next() % 9);
        for (int round = 0; round < 60; round++)
            check_box_columns_rows(t, 1 + next() % STRIP_ROWS, 1000 + next() % 3000, 1 + next() % 400);
    }
}

Test(kernels, box_columns) {
    seed();
    FOR_EACH_LEVEL(t)
    for (int round = 0; round < 500; round++) {
        enum { MOST = TENT_COLUMNS };
        float enter[STRIP_ROWS * MOST], leave[STRIP_ROWS * MOST], sum[2][MOST], means[2][STRIP_ROWS][MOST];
        float *out[2][STRIP_ROWS] = {{NULL}};
        const size_t rows = 1 + next() % STRIP_ROWS, columns = round % 2 ? 64 : MOST;
        fill_luma(enter, rows * MOST);
        fill_luma(leave, rows * MOST);
        fill_luma(sum[0], MOST);
        memcpy(sum[1], sum[0], sizeof sum[0]);
        memset(means, 0x5a, sizeof means);
        const column_steps steps = make_steps(rows, MOST, enter, leave);
        for (size_t r = 0; r < rows; r++)
            if (next() % 4 == 0)
                out[0][r] = means[0][r], out[1][r] = means[1][r];
        kernels_scalar.box_columns(sum[0], &steps, MOST - columns, columns, out[0]);
        t->box_columns(sum[1], &steps, MOST - columns, columns, out[1]);
        cr_assert_arr_eq(sum[0], sum[1], sizeof sum[0], "%s: sums", resight_cpu_name(t->cpu));
        cr_assert_arr_eq(means[0], means[1], sizeof means[0], "%s: means", resight_cpu_name(t->cpu));
    }
}

/* The quotients by `samples` of 1024 neighbouring floats: each row of steps is one unit in the last place above the row
 * before it. Between two columns there is one of zeros, so that the sums along the row, whose window is 1, are exact.
 */
static void check_division(const kernel_table *t, uint32_t mantissa, uint32_t samples) {
    float sum[128] = {0}, step[128] = {0}, none[128] = {0}, row[128], out[STRIP_ROWS][64];
    column_steps steps = {.rows = STRIP_ROWS};
    uint32_t at[64];
    for (uint32_t i = 0; i < 64; i++) {
        const uint32_t bits = 0x43000000u | (mantissa + i * STRIP_ROWS); /* 128 to 256 */
        memcpy(&sum[2 * i], &bits, sizeof bits);
        sum[2 * i] -= 0x1p-16f;
        step[2 * i] = 0x1p-16f;
        at[i] = 2 * i;
    }
    for (size_t r = 0; r < STRIP_ROWS; r++) {
        steps.enter[r] = step;
        steps.leave[r] = none;
        steps.samples[r] = (float)samples;
    }
    t->box_columns_rows(sum, &steps, 128, 1, at, row, out);
    for (uint32_t i = 0; i < 64 * STRIP_ROWS; i++) {
        const float dividend = 128.0f + (float)(mantissa + i) * 0x1p-16f, got = out[i % STRIP_ROWS][i / STRIP_ROWS];
        if (got != dividend / (float)samples)
            cr_assert_fail("%s: %a / %u is %a", resight_cpu_name(t->cpu), (double)dividend, samples, (double)got);
    }
}

/* The quotient by a window is the correctly rounded one for every mantissa: the exponent does not change it. */
Test(kernels, division_is_exact, .timeout = 300) {
    FOR_EACH_LEVEL(t)
    for (uint32_t samples = 1; samples <= 33; samples++)
        for (uint32_t mantissa = 0; mantissa < 1u << 23; mantissa += 64 * STRIP_ROWS * DIVISION_STEP)
            check_division(t, mantissa, samples);
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
    cr_assert(scanned >= (count >= 1));
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
