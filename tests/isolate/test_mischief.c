/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that crash, hang, lie or talk too much: one line for the file, and the next file goes well. */
#include "asking.h"
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

static void expect_failure(resight_pool *pool, bool image, const char *order, int status, const char *text) {
    const asked a = ask_order(pool, image, order);
    cr_expect_eq(a.status, status, "%s: %d, %s", order, a.status, a.error.text);
    cr_expect(strstr(a.error.text, text), "%s: \"%s\" lacks \"%s\"", order, a.error.text, text);
    const asked next = ask_order(pool, image, "behave");
    cr_expect(next.status == RESIGHT_OK && next.marks == 1, "after %s: %s", order, next.error.text);
}

static void expect_failures(bool image) {
    static const struct {
        const char *order, *text;
    } cases[] = {
        {"crash", "the decoder crashed (signal 11"},
        {"abort", "the decoder crashed (signal "},
        {"garbage", "a record of no known kind or length"},
        {"oversize", "a record of no known kind or length"},
        {"break-off", "the decoder ended (exit code 0)"},
        {"picture", "a thumbnail that was not asked for"},
        {"twice", "more after the end"},
        {"hang-up", "the decoder fell silent"},
    };
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_failure(pool, image, cases[i].order, RESIGHT_E_FORMAT, cases[i].text);
    resight_pool_free(&pool);
}

Test(mischief, of_the_image_worker_costs_one_file) {
    expect_failures(true);
}

Test(mischief, of_the_media_worker_costs_one_file) {
    expect_failures(false);
}

Test(mischief, marks_without_end_meet_the_limit_of_frames) {
    resight_pool_options options = resight_pool_options_default();
    options.decode.limits.max_frames = 100;
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, &options);
    expect_failure(pool, true, "flood", RESIGHT_E_FORMAT, "more frames than the limit allows");
    resight_pool_free(&pool);
}

Test(mischief, processor_time_is_limited_from_outside) {
    resight_pool_options options = resight_pool_options_default();
    options.decode.limits.max_seconds = 1;
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, &options);
    expect_failure(pool, true, "loop", RESIGHT_E_LIMIT, "--max-seconds");
    resight_pool_free(&pool);
}

Test(mischief, waiting_is_limited_from_outside) {
    resight_pool_options options = resight_pool_options_default();
    options.max_wall_seconds = 1;
    options.decode.limits.max_frames = 0;
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, &options);
    expect_failure(pool, true, "hang", RESIGHT_E_LIMIT, "no answer within 1 seconds");
    expect_failure(pool, false, "flood", RESIGHT_E_LIMIT, "no answer within 1 seconds");
    resight_pool_free(&pool);
}

Test(mischief, memory_is_limited) {
    resight_pool_options options = resight_pool_options_default();
    options.max_worker_bytes = 64 << 20;
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, &options);
#ifdef RESIGHT_SANITIZED
    cr_skip_test("no memory limit under sanitizers");
#endif
    expect_failure(pool, true, "eat", RESIGHT_E_NOMEM, "refused");
    resight_pool_free(&pool);
}

/* A file that breaks its worker for the one that comes after it: that one is tried again, and not blamed. */
Test(mischief, poison_does_not_reach_the_next_file) {
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, NULL);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(ask_order(pool, true, "poison").status, RESIGHT_OK);
        const asked next = ask_order(pool, true, "behave");
        cr_expect(next.status == RESIGHT_OK && next.marks == 1, "%s", next.error.text);
    }
    resight_pool_free(&pool);
}

/* What a caller's sink does not want ends the run, and the worker that would go on talking. */
static int refuse_mark(void *user, const resight_mark *mark) {
    (void)user;
    (void)mark;
    return RESIGHT_E_FULL;
}

Test(mischief, a_sink_that_refuses_ends_the_worker) {
    const resight_marking how = {.dialect = RESIGHT_PDQ};
    const resight_sink sink = {.mark = refuse_mark};
    resight_pool *pool = ask_whom(HOSTILE_WORKERS, NULL);
    resight_source *source = NULL;
    resight_media_info info;
    bool damaged;
    cr_assert_eq(resight_source_open_memory("flood", 5, &source, NULL), RESIGHT_OK);
    cr_expect_eq(resight_pool_hash(pool, source, &how, &sink, &info, &damaged, NULL), RESIGHT_E_FULL);
    cr_expect_eq(ask_order(pool, false, "behave").status, RESIGHT_OK);
    resight_source_free(&source);
    resight_pool_free(&pool);
}
