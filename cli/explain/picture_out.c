/* SPDX-License-Identifier: Apache-2.0 */
/* A canvas as a PNG file. It is encoded first, so that nothing is left of one that could not be. */
#include "base/cleanup.h"
#include "drawing.h"
#include "memory.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The simplified API of libpng comes without longjmp. NULL after one line on stderr. */
static uint8_t *encode(const canvas *from, const char *path, size_t *bytes) {
    png_image png = {.version = PNG_IMAGE_VERSION, .width = from->width_px, .height = from->height_px};
    png_alloc_size_t size = 0;
    png.format = PNG_FORMAT_RGB;
    if (png_image_write_to_memory(&png, NULL, &size, 0, from->rgb, 0, NULL)) {
        CLEANUP_FREE uint8_t *made = must_have(size, 1);
        if (png_image_write_to_memory(&png, made, &size, 0, from->rgb, 0, NULL)) {
            *bytes = size;
            return STEAL(made);
        }
    }
    complain(path, "cannot make a PNG: %s", png.message);
    return NULL;
}

static bool write_all(int fd, const uint8_t *data, size_t bytes) {
    while (bytes > 0) {
        const ssize_t wrote = write(fd, data, bytes);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        data += wrote;
        bytes -= (size_t)wrote;
    }
    return true;
}

bool canvas_write(const canvas *from, const char *path, bool replace) {
    size_t bytes = 0;
    CLEANUP_FREE uint8_t *png = encode(from, path, &bytes);
    if (!png)
        return false;
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL), 0666);
    if (fd < 0) {
        complain(path, "%s", errno == EEXIST ? "is there already; --force replaces it" : strerror(errno));
        return false;
    }
    const bool wrote = write_all(fd, png, bytes);
    const int why = errno;
    if (close(fd) == 0 && wrote)
        return true;
    complain(path, "%s", strerror(wrote ? errno : why));
    if (!replace)
        unlink(path);
    return false;
}
