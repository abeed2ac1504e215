/* SPDX-License-Identifier: Apache-2.0 */
/* Complaints and the printing of names, times and digests. */
#include "text.h"

#include "progress.h"
#include <string.h>
#include <time.h>

/* The UTF-8 character at the start: its length, and its code in *code. 0: there is none. */
static size_t character(const unsigned char *text, uint32_t *code) {
    const size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (length == 0 || text[0] > 0xf4)
        return 0;
    *code = length == 1 ? text[0] : text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (text[i] & 0x3f);
    }
    return length;
}

/* Controls of either half of Latin-1, and the marks that turn the direction of what follows. */
static bool speaks_to_terminals(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

void print_name(FILE *out, const char *name) {
    const unsigned char *text = (const unsigned char *)name;
    while (*text) {
        uint32_t code = 0;
        const size_t length = character(text, &code), step = length ? length : 1;
        if (length > 0 && !speaks_to_terminals(code))
            fwrite(text, 1, step, out);
        else
            for (size_t i = 0; i < step; i++)
                fprintf(out, "\\x%02x", text[i]);
        text += step;
    }
}

void vcomplain(const char *subject, const char *format, va_list args) {
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    flockfile(stderr);
    progress_hide();
    fputs("resight: ", stderr);
    if (subject) {
        print_name(stderr, subject);
        fputs(": ", stderr);
    }
    print_name(stderr, text);
    putc('\n', stderr);
    funlockfile(stderr);
}

void complain(const char *subject, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vcomplain(subject, format, args);
    va_end(args);
}

void print_seconds(FILE *out, int64_t time_us) {
    fprintf(out, "%.3f", (double)time_us / 1e6);
}

void print_date(FILE *out, int64_t unix_us) {
    const time_t seconds = (time_t)(unix_us / 1000000);
    struct tm parts;
    char text[64] = "?";
    if (gmtime_r(&seconds, &parts))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    fputs(text, out);
}

void print_share(FILE *out, uint64_t part, uint64_t whole) {
    fprintf(out, "%.1f %%", whole ? 100.0 * (double)part / (double)whole : 0.0);
}

static int digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool parse_sha256(const char *text, uint8_t out[32]) {
    if (strlen(text) != 64)
        return false;
    for (int i = 0; i < 32; i++) {
        const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void format_sha256(const uint8_t digest[32], char out[65]) {
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
