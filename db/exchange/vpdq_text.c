/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vPDQ files: `frame,quality,HEX64,seconds`, one frame a line. Numbers are read and written without the locale, which
 * could make the decimal point a comma. Source: ThreatExchange, vpdq/cpp/vpdq/cpp/io/vpdqio.cpp.
 */
#include <resight/exchange.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* 31 years: far longer than media, and its microseconds fit many times into 63 bits. */
#define MAX_SECONDS 1000000000
#define MAX_EXPONENT 9

typedef struct scanner {
    const char *line, *at;
    resight_error *error;
} scanner;

static int expected(const scanner *in, const char *what) {
    return resight_fail(in->error, RESIGHT_E_FORMAT, "column %lu: expected %s", (unsigned long)(in->at - in->line) + 1,
                        what);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits up to a limit; false when there are none or the number is larger. */
static bool scan_number(scanner *in, int64_t most, int64_t *out) {
    int64_t value = 0;
    if (!is_digit(*in->at))
        return false;
    for (; is_digit(*in->at); in->at++)
        if ((value = value * 10 + (*in->at - '0')) > most)
            return false;
    *out = value;
    return true;
}

static bool scan_comma(scanner *in) {
    if (*in->at != ',')
        return false;
    in->at++;
    return true;
}

static bool at_end(const scanner *in) {
    return in->at[0] == 0 || (in->at[0] == '\r' && in->at[1] == 0);
}

/* Digits behind the point as microseconds, further ones rounded; seconds * 10^exponent afterwards. */
typedef struct decimal {
    int64_t digits; /* at most 18 of them */
    int exponent;   /* of ten */
} decimal;

static bool scan_digits(scanner *in, decimal *out) {
    bool any = false, behind_point = false;
    for (;; in->at++) {
        if (*in->at == '.' && !behind_point) {
            behind_point = true;
        } else if (is_digit(*in->at)) {
            any = true;
            if (out->digits < INT64_C(100000000000000000)) {
                out->digits = out->digits * 10 + (*in->at - '0');
                out->exponent -= behind_point;
            } else {
                out->exponent += !behind_point;
            }
        } else {
            return any;
        }
    }
}

static bool scan_exponent(scanner *in, decimal *out) {
    int64_t value = 0;
    if (*in->at != 'e' && *in->at != 'E')
        return true;
    in->at++;
    const bool minus = *in->at == '-';
    in->at += *in->at == '-' || *in->at == '+';
    if (!scan_number(in, MAX_EXPONENT, &value))
        return false;
    out->exponent += (int)(minus ? -value : value);
    return true;
}

/* To whole microseconds, halves up; false beyond the limit. */
static bool to_us(decimal in, int64_t *out) {
    int64_t value = in.digits;
    int exponent = in.exponent + 6;
    for (; exponent > 0 && value > 0; exponent--)
        if (__builtin_mul_overflow(value, 10, &value))
            return false;
    for (; exponent < -1 && value > 0; exponent++)
        value /= 10;
    if (exponent == -1)
        value = (value + 5) / 10;
    *out = value;
    return value <= (int64_t)MAX_SECONDS * 1000000;
}

static int scan_seconds(scanner *in, int64_t *time_us) {
    decimal seconds = {0};
    const char *from = in->at;
    if (!scan_digits(in, &seconds) || !scan_exponent(in, &seconds))
        return expected(in, "seconds in decimals");
    if (!to_us(seconds, time_us)) {
        in->at = from;
        return expected(in, "less than 1,000,000,000 seconds");
    }
    return RESIGHT_OK;
}

static int scan_fields(scanner *in, resight_mark *out) {
    int64_t frame = 0, quality = 0;
    if (!scan_number(in, INT32_MAX, &frame) || !scan_comma(in))
        return expected(in, "a frame number, then a comma");
    if (!scan_number(in, 100, &quality) || !scan_comma(in))
        return expected(in, "a quality of 0 to 100, then a comma");
    if (resight_hash_from_hex(in->at, &out->hash) != RESIGHT_OK) {
        in->at += strspn(in->at, "0123456789abcdefABCDEF");
        return expected(in, "64 hex digits");
    }
    in->at += RESIGHT_HEX_LEN;
    out->frame_number = (int32_t)frame;
    out->quality = (uint8_t)quality;
    return RESIGHT_OK;
}

int resight_vpdq_parse(const char *line, resight_mark *out, resight_error *error) {
    scanner in = {line, line, error};
    resight_mark mark = {.time_us = -1, .dialect = RESIGHT_PDQ};
    if (line[strspn(line, " \t\r")] == 0 || line[0] == '#')
        return RESIGHT_END;
    int status = scan_fields(&in, &mark);
    if (status == RESIGHT_OK && scan_comma(&in))
        status = scan_seconds(&in, &mark.time_us);
    if (status == RESIGHT_OK && !at_end(&in))
        status = expected(&in, "the end of the line");
    if (status == RESIGHT_OK)
        *out = mark;
    return status;
}

void resight_vpdq_print(const resight_mark *mark, char out[RESIGHT_VPDQ_LINE_MAX]) {
    char hex[RESIGHT_HEX_LEN + 1];
    const int64_t us = mark->time_us > 0 ? mark->time_us : 0;
    const int64_t ms = us / 1000 + (us % 1000 >= 500);
    resight_hash_to_hex(&mark->hash, hex);
    snprintf(out, RESIGHT_VPDQ_LINE_MAX, "%" PRId32 ",%u,%s,%" PRId64 ".%03d", mark->frame_number, mark->quality, hex,
             ms / 1000, (int)(ms % 1000));
}
