/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rectangles bounded by straight steps in luma. A pixel pair is a step when it differs clearly, and more than the pairs
 * two to either side: texture does so in one place of three, the edge of a picture that lies on something else nearly
 * everywhere. The lines on which steps crowd longest, along both axes, and the frame are combined to rectangles, which
 * are ranked by the steps on their sides.
 */
#include "region/trim.h"
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE RESIGHT_THUMBNAIL_SIDE_PX
/* Two pixels differ clearly: above the blocking of JPEG, below the contrast of a blurred fill. Of 4, 6, 8 and 12 levels
 * the lower two find more, and as much as each other. */
#define STEP 6
/* Lines of one axis, with the two of the frame; with 26 nothing more was found. */
#define LINES 18

/* The long straight lines across one axis, in their order. */
typedef struct axis {
    uint32_t across_px; /* positions a line may have */
    unsigned count;
    uint16_t at[LINES];                  /* 0 and across_px are the frame */
    uint16_t steps[LINES][MAX_SIDE + 1]; /* before each place along the line */
} axis;

struct resight_finder {
    uint8_t turned[MAX_SIDE * MAX_SIDE]; /* the picture with its axes swapped */
    uint8_t step[MAX_SIDE * MAX_SIDE];   /* 1 where pixel x - 1 and x of a row are a step */
    axis columns, rows;
};

typedef struct ranked {
    resight_rect rect;
    int32_t score;
} ranked;

int resight_finder_new(resight_finder **out) {
    resight_finder *finder = malloc(sizeof *finder);
    if (!finder)
        return RESIGHT_E_NOMEM;
    *out = finder;
    return RESIGHT_OK;
}

void resight_finder_free(resight_finder **finder) {
    free(*finder);
    *finder = NULL;
}

/* Steps of one row; those next to the frame are none. */
static void mark_steps(const uint8_t *restrict row, uint32_t width, uint8_t *restrict step) {
    uint8_t difference[MAX_SIDE + 4] = {0}; /* two zeros before, two behind */
    for (uint32_t x = 1; x < width; x++)
        difference[x + 2] = row[x] > row[x - 1] ? (uint8_t)(row[x] - row[x - 1]) : (uint8_t)(row[x - 1] - row[x]);
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t here = difference[x + 2], before = difference[x], behind = difference[x + 4];
        step[x] = (here >= STEP) & (here >= before) & (here >= behind);
    }
}

/* The length, less its gaps twice, of the stretch of each column in which steps crowd most. */
static void longest_stretches(const uint8_t *step, uint32_t width, uint32_t height, int16_t *restrict best) {
    int16_t stretch[MAX_SIDE] = {0};
    memset(best, 0, width * sizeof *best);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            const int16_t grown = (int16_t)(stretch[x] + 2 * step[(size_t)y * width + x] - 1);
            stretch[x] = grown > 0 ? grown : 0;
            best[x] = best[x] > stretch[x] ? best[x] : stretch[x];
        }
}

/* A line within two pixels of a longer one is the same edge, mixed or rung. */
static bool is_ridge(const int16_t *best, uint32_t width, uint32_t x) {
    for (uint32_t i = x > 2 ? x - 2 : 0; i <= x + 2 && i < width; i++)
        if (best[i] > best[x] || (best[i] == best[x] && i < x))
            return false;
    return true;
}

/* The longest ridges, by insertion: at[] from the longest down. */
static unsigned longest_lines(const int16_t *best, uint32_t width, int16_t shortest, uint16_t at[LINES - 2]) {
    unsigned count = 0;
    for (uint32_t x = 1; x < width; x++) {
        if (best[x] < shortest || !is_ridge(best, width, x))
            continue;
        unsigned i = count < LINES - 2 ? count++ : LINES - 2;
        for (; i > 0 && best[at[i - 1]] < best[x]; i--)
            if (i < LINES - 2)
                at[i] = at[i - 1];
        if (i < LINES - 2)
            at[i] = (uint16_t)x;
    }
    return count;
}

static int ascending(const void *left, const void *right) {
    return *(const uint16_t *)left - *(const uint16_t *)right;
}

static void find_lines(uint8_t *step, const resight_image *image, axis *a) {
    const uint32_t width = image->width_px, height = image->height_px;
    int16_t best[MAX_SIDE];
    for (uint32_t y = 0; y < height; y++)
        mark_steps(image->px + y * image->stride_bytes, width, step + (size_t)y * width);
    longest_stretches(step, width, height, best);
    a->across_px = width;
    a->count = longest_lines(best, width, (int16_t)(height / 12 + 4), a->at);
    a->at[a->count++] = 0;
    a->at[a->count++] = (uint16_t)width;
    qsort(a->at, a->count, sizeof *a->at, ascending);
    for (unsigned i = 0; i < a->count; i++) {
        a->steps[i][0] = 0;
        for (uint32_t y = 0; y < height; y++)
            a->steps[i][y + 1] =
                (uint16_t)(a->steps[i][y] + (a->at[i] < width ? step[(size_t)y * width + a->at[i]] : 0));
    }
}

static bool is_frame(const axis *a, unsigned line) {
    return a->at[line] == 0 || a->at[line] == a->across_px;
}

/* Steps on the sides of a rectangle less the places without, and how many places there are. */
typedef struct evidence {
    int32_t score, length_px;
} evidence;

/* The score times the square of its share of the length: four sides that are all steps count more than longer ones with
 * gaps, which any two strong lines give. */
static int32_t weight(evidence sides) {
    const int64_t score = sides.score, length = sides.length_px;
    return (int32_t)(score * score * score / (length * length));
}

/* Steps on one side, less half its length: false when too few. The frame counts nothing. */
static bool side_score(const axis *a, unsigned line, uint32_t from, uint32_t to, evidence *sides) {
    if (is_frame(a, line))
        return true;
    const int32_t steps = a->steps[line][to] - a->steps[line][from], length = (int32_t)(to - from);
    sides->score += 2 * steps - length;
    sides->length_px += length;
    return steps * 5 >= length * 2;
}

static bool large_enough(uint32_t part_px, uint32_t whole_px) {
    return part_px >= 32 && part_px * 8 >= whole_px;
}

static uint64_t area(resight_rect r) {
    return (uint64_t)r.width_px * r.height_px;
}

static uint32_t overlap(uint32_t a, uint32_t a_length, uint32_t b, uint32_t b_length) {
    const uint32_t from = a > b ? a : b;
    const uint32_t a_end = a + a_length, b_end = b + b_length, to = a_end < b_end ? a_end : b_end;
    return to > from ? to - from : 0;
}

/* They share nine tenths of what they cover together. */
static bool nearly_same(resight_rect a, resight_rect b) {
    const uint64_t both =
        (uint64_t)overlap(a.x_px, a.width_px, b.x_px, b.width_px) * overlap(a.y_px, a.height_px, b.y_px, b.height_px);
    return both * 10 >= (area(a) + area(b) - both) * 9;
}

/* Keep the list sorted by score, and one of those that are nearly the same. */
static void rank(ranked list[RESIGHT_RECTANGLES_MAX], unsigned *count, ranked r) {
    for (unsigned i = 0; i < *count; i++)
        if (nearly_same(list[i].rect, r.rect)) {
            if (list[i].score >= r.score)
                return;
            memmove(&list[i], &list[i + 1], (*count - i - 1) * sizeof *list);
            (*count)--;
            i--;
        }
    unsigned i = *count < RESIGHT_RECTANGLES_MAX ? (*count)++ : RESIGHT_RECTANGLES_MAX;
    for (; i > 0 && list[i - 1].score < r.score; i--)
        if (i < RESIGHT_RECTANGLES_MAX)
            list[i] = list[i - 1];
    if (i < RESIGHT_RECTANGLES_MAX)
        list[i] = r;
}

static void combine(const axis *columns, const axis *rows, unsigned left, unsigned right,
                    ranked list[RESIGHT_RECTANGLES_MAX], unsigned *count) {
    const uint32_t x = columns->at[left], x_end = columns->at[right];
    for (unsigned top = 0; top + 1 < rows->count; top++)
        for (unsigned bottom = top + 1; bottom < rows->count; bottom++) {
            const uint32_t y = rows->at[top], y_end = rows->at[bottom];
            evidence sides = {0, 0};
            if (!large_enough(y_end - y, rows->across_px) || !side_score(columns, left, y, y_end, &sides) ||
                !side_score(columns, right, y, y_end, &sides) || !side_score(rows, top, x, x_end, &sides) ||
                !side_score(rows, bottom, x, x_end, &sides) || sides.score <= 0)
                continue;
            rank(list, count, (ranked){{x, y, x_end - x, y_end - y}, weight(sides)});
        }
}

/* A picture on white in a white border ends where the border does, or where the white does: the known picture may have
 * been stored with either. What resight_trim() does not give comes first. */
static unsigned other_trims(const resight_image *grey, resight_rect out[RESIGHT_RECTANGLES_MAX]) {
    static const trim_manner manners[] = {
        {.through_text = true, .to_edges = true},
        {.through_text = true, .from_text = true, .to_edges = true},
        {.to_edges = true},
        {0},
    };
    resight_rect trimmed = {0, 0, grey->width_px, grey->height_px}, rect;
    unsigned count = 0;
    resight_trim(grey, &trimmed);
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
        if (trim_peel(grey, manners[i], &rect) && memcmp(&rect, &trimmed, sizeof rect) != 0 &&
            (count == 0 || memcmp(&rect, &out[count - 1], sizeof rect) != 0))
            out[count++] = rect;
    return count;
}

static unsigned search(resight_finder *finder, const resight_image *grey, ranked list[RESIGHT_RECTANGLES_MAX]) {
    resight_image turned;
    resight_image_transform(grey, RESIGHT_FLIP_PLUS_1, finder->turned, &turned);
    find_lines(finder->step, grey, &finder->columns);
    find_lines(finder->step, &turned, &finder->rows);
    const axis *columns = &finder->columns;
    unsigned count = 0;
    for (unsigned left = 0; left + 1 < columns->count; left++)
        for (unsigned right = left + 1; right < columns->count; right++)
            if (large_enough(columns->at[right] - columns->at[left], columns->across_px))
                combine(columns, &finder->rows, left, right, list, &count);
    return count;
}

int resight_rectangles(resight_finder *finder, const resight_image *grey, resight_rect out[RESIGHT_RECTANGLES_MAX],
                       unsigned *count) {
    if (!trim_accepts(grey))
        return RESIGHT_E_ARG;
    ranked list[RESIGHT_RECTANGLES_MAX];
    const unsigned found = search(finder, grey, list);
    *count = other_trims(grey, out);
    for (unsigned i = 0; i < found && *count < RESIGHT_RECTANGLES_MAX; i++)
        out[(*count)++] = list[i].rect;
    return *count > 0 ? RESIGHT_OK : RESIGHT_NOT_FOUND;
}
