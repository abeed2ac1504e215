/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of other people's lists: good ones, bad ones, and where they are bad. */
#include <criterion/criterion.h>
#include <resight/exchange.h>
#include <stdio.h>
#include <string.h>

#define HEX "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"

Test(exchange, list_lines) {
    static const struct {
        const char *line, *metadata;
        int status;
    } lines[] = {{HEX, NULL, RESIGHT_OK},
                 {HEX "\r", NULL, RESIGHT_OK},
                 {"hash=" HEX, NULL, RESIGHT_OK},
                 {HEX ",a=b,c", "a=b,c", RESIGHT_OK},
                 {"hash=" HEX ",", "", RESIGHT_OK},
                 {"", NULL, RESIGHT_END},
                 {"  \t\r", NULL, RESIGHT_END},
                 {"# " HEX, NULL, RESIGHT_END},
                 {HEX "0", NULL, RESIGHT_E_FORMAT},
                 {HEX " ,x", NULL, RESIGHT_E_FORMAT},
                 {HEX "\rx", NULL, RESIGHT_E_FORMAT},
                 {" " HEX, NULL, RESIGHT_E_FORMAT},
                 {"HASH=" HEX, NULL, RESIGHT_E_FORMAT},
                 {"f8f8", NULL, RESIGHT_E_FORMAT},
                 {"hash=", NULL, RESIGHT_E_FORMAT}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        resight_list_row row = {.metadata = "untouched"};
        resight_error error = {""};
        char hex[RESIGHT_HEX_LEN + 1];
        cr_expect_eq(resight_list_parse(lines[i].line, &row, &error), lines[i].status, "\"%s\"", lines[i].line);
        if (lines[i].status != RESIGHT_OK) {
            cr_expect_str_eq(row.metadata, "untouched");
            continue;
        }
        resight_hash_to_hex(&row.hash, hex);
        cr_expect_str_eq(hex, HEX);
        cr_expect(lines[i].metadata ? row.metadata && strcmp(row.metadata, lines[i].metadata) == 0 : !row.metadata);
    }
}

Test(exchange, faults_name_their_column) {
    resight_list_row row;
    resight_mark mark;
    resight_error error;
    cr_assert_eq(resight_list_parse("hash=f8g8", &row, &error), RESIGHT_E_FORMAT);
    cr_expect_str_eq(error.text, "column 8: expected 64 hex digits");
    cr_assert_eq(resight_list_parse(HEX ";", &row, &error), RESIGHT_E_FORMAT);
    cr_expect_str_eq(error.text, "column 65: expected a comma or the end after the hash");
    cr_assert_eq(resight_list_parse("~" HEX ",80,one.jpg", &row, &error), RESIGHT_E_FORMAT);
    cr_expect_str_eq(error.text, "an approximate hash; expected an exact one");
    cr_assert_eq(resight_vpdq_parse("1,2,f8f8", &mark, &error), RESIGHT_E_FORMAT);
    cr_expect_str_eq(error.text, "column 9: expected 64 hex digits");
    cr_assert_eq(resight_vpdq_parse("1,101," HEX, &mark, &error), RESIGHT_E_FORMAT);
    cr_expect(strstr(error.text, "quality of 0 to 100") != NULL, "%s", error.text);
    cr_assert_eq(resight_list_parse("x", &row, NULL), RESIGHT_E_FORMAT);
}

Test(exchange, vpdq_seconds) {
    static const struct {
        const char *seconds;
        int64_t time_us;
    } times[] = {{"0", 0},
                 {"0.000", 0},
                 {"1.5", 1500000},
                 {"12.345678", 12345678},
                 {"0.0000005", 1},
                 {"0.00000049", 0},
                 {"1e+02", 100000000},
                 {"1.23e+02", 123000000},
                 {"5E-1", 500000},
                 {"1e-06", 1},
                 {"1e-9", 0},
                 {".5", 500000},
                 {"5.", 5000000},
                 {"1000000000", 1000000000000000},
                 {"0000000000000000000000000001", 1000000},
                 {"3.33333333333333333333333333333333333", 3333333},
                 {"16.683333", 16683333}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char line[256];
        resight_mark mark;
        resight_error error;
        snprintf(line, sizeof line, "7,100,%s,%s", HEX, times[i].seconds);
        cr_assert_eq(resight_vpdq_parse(line, &mark, &error), RESIGHT_OK, "%s: %s", line, error.text);
        cr_expect_eq(mark.time_us, times[i].time_us, "%s: %lld", times[i].seconds, (long long)mark.time_us);
        cr_expect_eq(mark.frame_number, 7);
        cr_expect_eq(mark.quality, 100);
        cr_expect_eq(mark.dialect, RESIGHT_PDQ);
    }
}

Test(exchange, vpdq_lines_that_are_not) {
    static const char *const lines[] = {"a,1," HEX ",0",
                                        "-1,1," HEX ",0",
                                        "2147483648,1," HEX ",0",
                                        "1,1," HEX ",",
                                        "1,1," HEX ",-1",
                                        "1,1," HEX ",1.2.3",
                                        "1,1," HEX ",1e",
                                        "1,1," HEX ",1e10",
                                        "1,1," HEX ",1e+",
                                        "1,1," HEX ",.",
                                        "1,1," HEX ",nan",
                                        "1,1," HEX ",1 ",
                                        "1,1," HEX ",1,2",
                                        "1,1," HEX ",1000000001",
                                        "1,1," HEX ",99999999999999999999999999",
                                        "1,1," HEX "x",
                                        "1, 1," HEX,
                                        "1,1",
                                        ",1," HEX,
                                        "1,1," HEX HEX};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        resight_mark mark = {.time_us = 4711};
        cr_expect_eq(resight_vpdq_parse(lines[i], &mark, NULL), RESIGHT_E_FORMAT, "%s", lines[i]);
        cr_expect_eq(mark.time_us, 4711);
    }
    resight_mark mark;
    cr_expect_eq(resight_vpdq_parse("", &mark, NULL), RESIGHT_END);
    cr_expect_eq(resight_vpdq_parse("# x", &mark, NULL), RESIGHT_END);
    cr_expect_eq(resight_vpdq_parse("3,4," HEX "\r", &mark, NULL), RESIGHT_OK);
    cr_expect_eq(mark.time_us, -1);
}

Test(exchange, vpdq_round_trip) {
    resight_mark mark = {.frame_number = INT32_MAX, .quality = 100, .dialect = RESIGHT_PDQ}, back;
    static const int64_t times_us[] = {0, 1000, 999999000, 1000000000000000};
    char line[RESIGHT_VPDQ_LINE_MAX];
    cr_assert_eq(resight_hash_from_hex(HEX, &mark.hash), RESIGHT_OK);
    for (size_t i = 0; i < sizeof times_us / sizeof *times_us; i++) {
        mark.time_us = times_us[i];
        resight_vpdq_print(&mark, line);
        cr_assert_eq(resight_vpdq_parse(line, &back, NULL), RESIGHT_OK, "%s", line);
        cr_assert_arr_eq(&back, &mark, sizeof mark, "%s", line);
    }
    mark.time_us = 1500;
    mark.frame_number = 3;
    resight_vpdq_print(&mark, line);
    cr_assert_str_eq(line, "3,100," HEX ",0.002");
    mark.time_us = INT64_MAX;
    resight_vpdq_print(&mark, line);
    cr_assert_lt(strlen(line), RESIGHT_VPDQ_LINE_MAX - 1);
}
