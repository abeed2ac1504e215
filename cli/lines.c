/* SPDX-License-Identifier: Apache-2.0 */
/* Lines with a bound: what has no line ends (a folder, /dev/zero, a video by mistake) is an error, not a long wait. */
#include "lines.h"

#include "memory.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX 65536 /* a path is 4,096 bytes at most, a row of a list a few hundred */

bool lines_open(lines *list, const char *path, int separator) {
    *list = (lines){.path = path, .separator = separator};
    list->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!list->file) {
        complain(path, "%s", strerror(errno));
        return false;
    }
    list->text = must_have(1, LINE_BYTES_MAX + 1);
    return true;
}

/* Windows programs begin a text with a byte order mark. */
static void drop_byte_order_mark(char *text) {
    static const char mark[] = "\xef\xbb\xbf";
    if (strncmp(text, mark, sizeof mark - 1) == 0)
        memmove(text, text + sizeof mark - 1, strlen(text) - (sizeof mark - 1) + 1);
}

bool lines_next(lines *list) {
    size_t length = 0;
    int c = EOF;
    if (list->failed)
        return false;
    list->number++;
    errno = 0;
    while (length <= LINE_BYTES_MAX && (c = getc_unlocked(list->file)) != EOF && c != list->separator)
        list->text[length++] = (char)c;
    if (length > LINE_BYTES_MAX || ferror(list->file)) {
        list->failed = true;
        if (ferror(list->file))
            complain(list->path, "%s", strerror(errno));
        else
            complain(list->path, "line %lu: more than %d bytes: not a list", list->number, LINE_BYTES_MAX);
        return false;
    }
    list->text[length] = 0;
    if (list->number == 1 && list->separator == '\n')
        drop_byte_order_mark(list->text);
    return c != EOF || length > 0;
}

void lines_close(lines *list) {
    if (list->file && list->file != stdin)
        fclose(list->file);
    free(list->text);
    *list = (lines){0};
}
