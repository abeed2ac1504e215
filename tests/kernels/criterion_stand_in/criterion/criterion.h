/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of Criterion as test_kernels.c uses, for a processor that is emulated and has no Criterion: neon.sh. The
 * tests run one after another in one process; the first failure ends it. To be included once: main is in here.
 */
#ifndef RESIGHT_CRITERION_STAND_IN_H
#define RESIGHT_CRITERION_STAND_IN_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *name;
    void (*run)(void);
} criterion_tests[32];
static size_t criterion_count;

/* What follows the name, the limits of time, is left to the caller. */
#define Test(suite, test, ...)                                                                                         \
    static void suite##_##test(void);                                                                                  \
    __attribute__((constructor)) static void suite##_##test##_add(void) {                                              \
        criterion_tests[criterion_count].name = #suite "::" #test;                                                     \
        criterion_tests[criterion_count++].run = suite##_##test;                                                       \
    }                                                                                                                  \
    static void suite##_##test(void)

__attribute__((noreturn, format(printf, 3, 4))) static void criterion_fail(int line, const char *expected,
                                                                           const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "line %d: expected %s:", line, expected);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_FAILURE);
}

#define cr_assert(condition, ...) ((condition) ? (void)0 : criterion_fail(__LINE__, #condition, " " __VA_ARGS__))
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...) cr_assert((a) != (b), __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...) cr_assert(memcmp(a, b, size) == 0, __VA_ARGS__)
#define cr_assert_fail(...) criterion_fail(__LINE__, "otherwise", " " __VA_ARGS__)

int main(void) {
    for (size_t i = 0; i < criterion_count; i++) {
        fprintf(stderr, "%s\n", criterion_tests[i].name);
        criterion_tests[i].run();
    }
    printf("%zu tests passed\n", criterion_count);
    return criterion_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
