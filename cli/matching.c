/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of a query to known items, best first. */
#include "matching.h"

#include "base/cleanup.h"
#include "memory.h"
#include <string.h>

/* Looked up at once: 32 frames, turned and inverted. In a still scene each of them is near to every other. */
#define HASHES_A_QUERY 512
/* Pairs of one frame in one entry and way: all of them would be the product of the lengths of two still scenes. */
#define PARTNERS_MAX 32
/* Offsets this near agree: known videos are sampled every quarter of a second. */
#define LEAST_TOLERANCE_US 500000

/* One pair of near marks. */
typedef struct near_pair {
    uint64_t entry;
    int64_t query_us, known_us;
    uint32_t bank;
    uint32_t frame; /* of the query: counts frames, not marks */
    uint16_t distance_bits;
    uint8_t transform, view, known_view;
    uint8_t dialect, known_dialect;
    bool inverted;
} near_pair;

/* One hash to look up, and the mark that it came from. */
typedef struct asked {
    uint32_t mark, frame;
    bool inverted;
} asked;

struct matcher {
    resight_reader *reader;
    resight_matches matches; /* scratch of one lookup */
    resight_hash *hashes;    /* [HASHES_A_QUERY] */
    asked *asked;            /* [HASHES_A_QUERY] */
    near_pair *pairs;
    size_t pair_count;
    uint32_t wanted;     /* the bank that the query at hand asks for; 0: all */
    resight_bank *banks; /* in order of id */
    size_t bank_count;
};

matcher *matcher_new(resight_db *db, resight_error *error) {
    CLEANUP(matcher_free) matcher *m = must_have(1, sizeof *m);
    if (resight_reader_new(db, &m->reader, error) != RESIGHT_OK)
        return NULL;
    m->hashes = must_have(HASHES_A_QUERY, sizeof *m->hashes);
    m->asked = must_have(HASHES_A_QUERY, sizeof *m->asked);
    return STEAL(m);
}

void matcher_free(matcher **m) {
    if (!*m)
        return;
    resight_reader_free(&(*m)->reader);
    resight_matches_free(&(*m)->matches);
    free((*m)->hashes);
    free((*m)->asked);
    free((*m)->pairs);
    free((*m)->banks);
    free(*m);
    *m = NULL;
}

void found_free(found *f) {
    for (size_t i = 0; i < f->count; i++)
        free(f->items[i].name);
    for (size_t i = 0; i < f->suppressor_count; i++)
        free(f->suppressors[i].name);
    free(f->items);
    free(f->suppressors);
    *f = (found){0};
}

/* ---- Banks ----------------------------------------------------------------------------------- */

static int load_banks(matcher *m, resight_error *error) {
    resight_bank bank = {0};
    int status;
    m->bank_count = 0;
    while ((status = resight_reader_next_bank(m->reader, bank.id, &bank, error)) == RESIGHT_OK) {
        must_grow(&m->banks, m->bank_count, sizeof *m->banks);
        m->banks[m->bank_count++] = bank;
    }
    return status == RESIGHT_END ? RESIGHT_OK : status;
}

static const resight_bank *bank_of(const matcher *m, uint32_t id) {
    for (size_t i = 0; i < m->bank_count; i++)
        if (m->banks[i].id == id)
            return &m->banks[i];
    return NULL;
}

/* A negative bank that was asked for by name is looked into like any other. */
static bool is_negative(const matcher *m, uint32_t id) {
    const resight_bank *bank = bank_of(m, id);
    return bank && bank->polarity == RESIGHT_NEGATIVE && id != m->wanted;
}

/* ---- Lookup ---------------------------------------------------------------------------------- */

/* Which way the query was turned, as one number: the inverted ones come last. */
static int way(const near_pair *pair) {
    return pair->transform + (pair->inverted ? RESIGHT_TRANSFORMS : 0);
}

static bool same_group(const near_pair *a, const near_pair *b) {
    return a->entry == b->entry && a->frame == b->frame && way(a) == way(b);
}

static int by_entry_and_frame(const void *left, const void *right) {
    const near_pair *a = left, *b = right;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    if (way(a) != way(b))
        return way(a) - way(b);
    return (a->known_us > b->known_us) - (a->known_us < b->known_us);
}

static void keep_pair(matcher *m, const query *what, const resight_match *match) {
    const asked *from = &m->asked[match->query];
    const resight_mark *mark = &what->marks[from->mark];
    if (what->bank && match->bank != what->bank && !is_negative(m, match->bank))
        return;
    must_grow(&m->pairs, m->pair_count, sizeof *m->pairs);
    m->pairs[m->pair_count++] = (near_pair){
        .entry = match->entry,
        .bank = match->bank,
        .query_us = mark->time_us,
        .known_us = match->known.time_us,
        .frame = from->frame,
        .distance_bits = match->distance_bits,
        .transform = mark->transform,
        .view = mark->view,
        .known_view = match->known.view,
        .dialect = mark->dialect,
        .known_dialect = match->known.dialect,
        .inverted = from->inverted,
    };
}

/*
 * Of the pairs from `before` on, leave each frame a bounded number of partners in each entry and way, spread evenly
 * over the known item's time, the nearest always among them.
 */
static void thin(matcher *m, size_t before) {
    near_pair *pairs = m->pairs;
    size_t kept = before;
    if (m->pair_count - before > 1)
        qsort(pairs + before, m->pair_count - before, sizeof *pairs, by_entry_and_frame);
    for (size_t from = before, to; from < m->pair_count; from = to) {
        size_t nearest = from;
        for (to = from; to < m->pair_count && same_group(&pairs[to], &pairs[from]); to++)
            if (pairs[to].distance_bits < pairs[nearest].distance_bits)
                nearest = to;
        const size_t step = (to - from + PARTNERS_MAX - 1) / PARTNERS_MAX;
        for (size_t i = from; i < to; i++)
            if (i == nearest || (i - from) % step == 0)
                pairs[kept++] = pairs[i];
    }
    m->pair_count = kept;
}

static int look_up(matcher *m, const query *what, uint32_t count, resight_error *error) {
    if (count == 0)
        return RESIGHT_OK;
    const resight_query_options options = {
        .has_radius = what->has_radius,
        .radius_bits = what->radius_bits,
        .has_min_quality = what->has_min_known_quality,
        .min_quality = what->min_known_quality,
    };
    const size_t before = m->pair_count;
    const int status = resight_reader_query(m->reader, m->hashes, count, &options, &m->matches, error);
    for (size_t i = 0; status == RESIGHT_OK && i < m->matches.count; i++)
        keep_pair(m, what, &m->matches.items[i]);
    thin(m, before);
    return status;
}

/* Look every mark of sufficient quality up, and its negative. Fills m->pairs; out gets the number of frames. */
static int look_all_up(matcher *m, const query *what, found *out, resight_error *error) {
    uint32_t count = 0, frame = 0;
    bool counted = false; /* the frame at hand */
    int status = RESIGHT_OK;
    m->pair_count = 0;
    for (size_t i = 0; i < what->mark_count && status == RESIGHT_OK; i++) {
        const resight_mark *mark = &what->marks[i];
        if (mark->transform == RESIGHT_ORIGINAL && mark->view == RESIGHT_VIEW_STORED) {
            frame += i > 0;
            counted = false;
        }
        if (mark->transform == RESIGHT_ORIGINAL && mark->quality > out->quality)
            out->quality = mark->quality;
        if (mark->quality < what->min_quality)
            continue;
        out->frames += !counted;
        counted = true;
        m->hashes[count] = mark->hash;
        m->asked[count++] = (asked){(uint32_t)i, frame, false};
        if (what->inverted) {
            m->hashes[count] = resight_hash_complement(&mark->hash);
            m->asked[count++] = (asked){(uint32_t)i, frame, true};
        }
        if (count + 2 > HASHES_A_QUERY) {
            status = look_up(m, what, count, error);
            count = 0;
        }
    }
    return status == RESIGHT_OK ? look_up(m, what, count, error) : status;
}

/* ---- Negative banks -------------------------------------------------------------------------- */

static int by_frame(const void *left, const void *right) {
    const near_pair *a = left, *b = right;
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    return (a->distance_bits > b->distance_bits) - (a->distance_bits < b->distance_bits);
}

static void sort_pairs(matcher *m, int (*order)(const void *, const void *)) {
    if (m->pair_count > 1)
        qsort(m->pairs, m->pair_count, sizeof *m->pairs, order);
}

/* The nearest pair of a frame, of pairs[from .. to) in order of distance, that lies in a negative bank; or NULL. */
static const near_pair *nearest_negative(const matcher *m, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (is_negative(m, m->pairs[i].bank))
            return &m->pairs[i];
    return NULL;
}

static void note_suppressor(found *out, const near_pair *pair) {
    for (size_t i = 0; i < out->suppressor_count; i++)
        if (out->suppressors[i].entry == pair->entry) {
            if (pair->distance_bits < out->suppressors[i].distance_bits)
                out->suppressors[i].distance_bits = pair->distance_bits;
            return;
        }
    must_grow(&out->suppressors, out->suppressor_count, sizeof *out->suppressors);
    out->suppressors[out->suppressor_count++] = (found_entry){
        .entry = pair->entry,
        .distance_bits = pair->distance_bits,
        .transform = pair->transform,
        .inverted = pair->inverted,
    };
}

/* Take out what lies in negative banks, and of each frame what is no nearer than its nearest negative. */
static void suppress(matcher *m, found *out) {
    sort_pairs(m, by_frame);
    size_t kept = 0;
    for (size_t from = 0, to; from < m->pair_count; from = to) {
        for (to = from; to < m->pair_count && m->pairs[to].frame == m->pairs[from].frame;)
            to++;
        const near_pair *harmless = nearest_negative(m, from, to);
        const near_pair limit = harmless ? *harmless : (near_pair){.distance_bits = UINT16_MAX};
        if (harmless)
            note_suppressor(out, &limit);
        for (size_t i = from; i < to; i++)
            if (m->pairs[i].distance_bits < limit.distance_bits && !is_negative(m, m->pairs[i].bank))
                m->pairs[kept++] = m->pairs[i];
    }
    m->pair_count = kept;
}

/* ---- Gathering by entry ---------------------------------------------------------------------- */

static int by_entry(const void *left, const void *right) {
    const near_pair *a = left, *b = right;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    if (way(a) != way(b))
        return way(a) - way(b);
    return by_frame(a, b);
}

/* The least distance between rasters as stored, hashed in the same dialect. */
static uint16_t pdq_bits(const near_pair *pairs, size_t count) {
    uint16_t least = UINT16_MAX;
    for (size_t i = 0; i < count; i++)
        if (pairs[i].view == RESIGHT_VIEW_STORED && pairs[i].known_view == RESIGHT_VIEW_STORED &&
            pairs[i].dialect == pairs[i].known_dialect && pairs[i].distance_bits < least)
            least = pairs[i].distance_bits;
    return least;
}

/* By distance; of equals, the rasters as stored in one dialect first: their distance is PDQ's own. */
static unsigned nearness(const near_pair *pair) {
    return pair->distance_bits * 32u + (pair->dialect != pair->known_dialect) * 16u + pair->view + pair->known_view;
}

/* The pairs of one entry in one way, in order of frame: how many frames, and the nearest pair. */
static uint32_t count_frames(const near_pair *pairs, size_t count, const near_pair **nearest) {
    uint32_t frames = 0;
    *nearest = pairs;
    for (size_t i = 0; i < count; i++) {
        frames += i == 0 || pairs[i].frame != pairs[i - 1].frame;
        if (nearness(&pairs[i]) < nearness(*nearest))
            *nearest = &pairs[i];
    }
    return frames;
}

static resight_segment align(const near_pair *pairs, size_t count, int64_t tolerance_us) {
    CLEANUP_FREE resight_frame_pair *times = must_have(count, sizeof *times);
    for (size_t i = 0; i < count; i++)
        times[i] = (resight_frame_pair){pairs[i].query_us, pairs[i].known_us, pairs[i].distance_bits};
    resight_segment segment = {0};
    if (resight_align(times, count, tolerance_us, &segment) == RESIGHT_E_NOMEM)
        must_fail();
    return segment;
}

/* One entry of the pairs[from .. to): the way of turning that most frames agree on; of equals, the nearest. */
static found_entry gather(const near_pair *pairs, size_t from, size_t to, int64_t tolerance_us) {
    found_entry best = {0};
    for (size_t start = from, end; start < to; start = end) {
        for (end = start; end < to && way(&pairs[end]) == way(&pairs[start]);)
            end++;
        const near_pair *nearest;
        const uint32_t frames = count_frames(pairs + start, end - start, &nearest);
        if (frames < best.frames || (frames == best.frames && nearest->distance_bits >= best.distance_bits))
            continue;
        best = (found_entry){
            .entry = nearest->entry,
            .distance_bits = nearest->distance_bits,
            .pdq_bits = pdq_bits(pairs + start, end - start),
            .view = nearest->view,
            .known_view = nearest->known_view,
            .dialect = nearest->dialect,
            .known_dialect = nearest->known_dialect,
            .transform = nearest->transform,
            .inverted = nearest->inverted,
            .frames = frames,
            .segment = align(pairs + start, end - start, tolerance_us),
        };
    }
    return best;
}

static found_entry *add_found(found *out, const found_entry *item) {
    must_grow(&out->items, out->count, sizeof *out->items);
    out->items[out->count] = *item;
    return &out->items[out->count++];
}

static void gather_all(matcher *m, const query *what, found *out) {
    const int64_t tolerance_us = what->every_us > LEAST_TOLERANCE_US ? what->every_us : LEAST_TOLERANCE_US;
    sort_pairs(m, by_entry);
    for (size_t from = 0, to; from < m->pair_count; from = to) {
        for (to = from; to < m->pair_count && m->pairs[to].entry == m->pairs[from].entry;)
            to++;
        const found_entry item = gather(m->pairs, from, to, tolerance_us);
        add_found(out, &item);
    }
}

/* ---- The same file --------------------------------------------------------------------------- */

static found_entry *entry_in(found *out, uint64_t entry) {
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].entry == entry)
            return &out->items[i];
    return NULL;
}

/* Entries that came from the very same bytes. One in a negative bank takes everything away: nothing is nearer. */
static int find_same_file(matcher *m, const query *what, found *out, resight_error *error) {
    bool harmless = false;
    uint64_t id = 0;
    int status = RESIGHT_OK;
    while (what->sha256 &&
           (status = resight_reader_find_sha256(m->reader, what->sha256, id, &id, error)) == RESIGHT_OK) {
        resight_entry entry;
        status = resight_reader_entry(m->reader, id, &entry, error);
        if (status != RESIGHT_OK)
            return status;
        const near_pair same = {.entry = id, .bank = entry.bank};
        if (is_negative(m, entry.bank)) {
            note_suppressor(out, &same);
            harmless = true;
            continue;
        }
        if (what->bank && entry.bank != what->bank)
            continue;
        found_entry *item = entry_in(out, id);
        if (!item)
            item = add_found(out, &(found_entry){.entry = id});
        if (item->transform != RESIGHT_ORIGINAL || item->inverted)
            item->frames = 0; /* a segment of a turned picture says nothing here */
        item->same_file = true;
        item->distance_bits = item->pdq_bits = 0;
        item->transform = RESIGHT_ORIGINAL;
        item->inverted = false;
        item->view = item->known_view = RESIGHT_VIEW_STORED;
    }
    if (harmless)
        out->count = 0;
    return status < 0 ? status : RESIGHT_OK;
}

/* ---- The answer ------------------------------------------------------------------------------ */

static int best_first(const void *left, const void *right) {
    const found_entry *a = left, *b = right;
    if (a->same_file != b->same_file)
        return a->same_file ? -1 : 1;
    if (a->frames != b->frames)
        return a->frames > b->frames ? -1 : 1;
    if (a->distance_bits != b->distance_bits)
        return a->distance_bits < b->distance_bits ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* Name, bank and kind of each item. */
static int describe(matcher *m, found_entry *items, size_t count, resight_error *error) {
    for (size_t i = 0; i < count; i++) {
        resight_entry entry;
        const int status = resight_reader_entry(m->reader, items[i].entry, &entry, error);
        if (status != RESIGHT_OK)
            return status == RESIGHT_NOT_FOUND ? RESIGHT_E_DAMAGED : status;
        const resight_bank *bank = bank_of(m, entry.bank);
        memcpy(items[i].bank, bank ? bank->name : "?", bank ? sizeof bank->name : 2);
        items[i].kind = entry.kind;
        items[i].name = must_copy(entry.name);
    }
    return RESIGHT_OK;
}

int matcher_find(matcher *m, const query *what, found *out, resight_error *error) {
    CLEANUP(found_free) found got = {.quality = -1};
    m->wanted = what->bank;
    int status = resight_reader_renew(m->reader, error);
    if (status == RESIGHT_OK)
        status = load_banks(m, error);
    if (status == RESIGHT_OK)
        status = look_all_up(m, what, &got, error);
    if (status != RESIGHT_OK)
        return status;
    suppress(m, &got);
    gather_all(m, what, &got);
    status = find_same_file(m, what, &got, error);
    if (got.count > 1)
        qsort(got.items, got.count, sizeof *got.items, best_first);
    if (status == RESIGHT_OK)
        status = describe(m, got.items, got.count, error);
    if (status == RESIGHT_OK)
        status = describe(m, got.suppressors, got.suppressor_count, error);
    if (status != RESIGHT_OK)
        return status;
    *out = got;
    got = (found){0};
    return RESIGHT_OK;
}
