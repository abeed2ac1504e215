/* SPDX-License-Identifier: Apache-2.0 */
/* Files by the descriptor they are open as, memory as a sealed memory file that nobody can shorten under its reader,
 * streams as a socket. */
#include "isolate/input.h"

#include "base/cleanup.h"
#include "decode/source.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static int write_all(int fd, const uint8_t *bytes, uint64_t size_bytes) {
    for (uint64_t done = 0; done < size_bytes;) {
        const ssize_t got = write(fd, bytes + done, (size_t)(size_bytes - done));
        if (got < 0 && errno != EINTR)
            return -1;
        done += got > 0 ? (uint64_t)got : 0;
    }
    return 0;
}

static int memory_file(const resight_source *source, int *out, resight_error *error) {
    CLEANUP_FD int fd = memfd_create("media", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || write_all(fd, source_bytes(source), resight_source_size(source)) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return resight_fail(error, RESIGHT_E_NOMEM, "no memory file for the worker: %s", strerror(errno));
    *out = fd;
    fd = -1;
    return RESIGHT_OK;
}

/* Standard input may have been opened for writing, too: `<>`. */
static int reading_only(int fd, int *out, resight_error *error) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *out = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (*out >= 0)
        return RESIGHT_OK;
    return resight_fail(error, RESIGHT_E_IO, "open for writing, and not to be opened for reading alone: %s",
                        strerror(errno));
}

int input_open(resight_source *source, input *out, resight_error *error) {
    input made = {source_descriptor(source), -1, NULL};
    int status = RESIGHT_OK;
    if (resight_source_is_stream(source))
        status = feed_new(source, &made.feed, &made.owned_fd, error);
    else if (made.fd < 0)
        status = memory_file(source, &made.owned_fd, error);
    else if ((fcntl(made.fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
        status = reading_only(made.fd, &made.owned_fd, error);
    if (status != RESIGHT_OK)
        return status;
    if (made.owned_fd >= 0)
        made.fd = made.owned_fd;
    *out = made;
    return RESIGHT_OK;
}

void input_handed_over(input *in) {
    if (!in->feed)
        return;
    cleanup_fd(&in->owned_fd);
    in->fd = in->owned_fd = -1;
}

void input_close(input *in) {
    feed_free(&in->feed);
    cleanup_fd(&in->owned_fd);
    *in = NO_INPUT;
}
