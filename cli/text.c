/* SPDX-License-Identifier: Apache-2.0 */
/* Complaints and the printing of names, times and digests. */
#include "text.h"

#include "progress.h"
#include <string.h>
#include <time.h>

void print_name(FILE *out, const char *name) {
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        const bool c1_control = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0; /* U+0080 to U+009F in UTF-8 */
        if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\x%02x", *c);
        else if (c1_control)
            fprintf(out, "\\x%02x\\x%02x", c[0], c[1]), c++;
        else
            putc(*c, out);
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
