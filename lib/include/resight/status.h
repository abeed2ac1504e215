/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Status codes and error texts, shared by every other header.
 *
 * The rule: 0 is done, a positive status is an expected outcome, a negative one is a failure. Functions return the
 * status as an int; outputs are written only on RESIGHT_OK unless the function says otherwise.
 */
#ifndef RESIGHT_STATUS_H
#define RESIGHT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RESIGHT_API __attribute__((visibility("default")))
#define RESIGHT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define RESIGHT_API
#define RESIGHT_PRINTF(fmt, args)
#endif

/** The values are pinned: they cross process and language borders. */
typedef enum resight_status {
    RESIGHT_OK = 0,
    RESIGHT_NOT_FOUND = 1, /**< no such entry, bank, match */
    RESIGHT_END = 2,       /**< no further frame, row or record */
    RESIGHT_EXISTS = 3,    /**< already there; nothing was changed */

    RESIGHT_E_ARG = -1,         /**< an argument is out of range; a bug of the caller or a wrong option */
    RESIGHT_E_NOMEM = -2,       /**< memory was refused */
    RESIGHT_E_IO = -3,          /**< the operating system said no: open, read, write */
    RESIGHT_E_FORMAT = -4,      /**< not what it claims to be, or damaged, or of no known kind */
    RESIGHT_E_LIMIT = -5,       /**< larger than a limit allows; the text names the limit */
    RESIGHT_E_UNSUPPORTED = -6, /**< recognised, but this build cannot do it */
    RESIGHT_E_DAMAGED = -7,     /**< a database whose checksums or structure do not hold */
    RESIGHT_E_VERSION = -8,     /**< a database of another format version, architecture or kind */
    RESIGHT_E_FULL = -9,        /**< disk or map full; what was stored before is intact */
    RESIGHT_E_BUSY = -10        /**< held by another process or thread */
} resight_status;

/** One line for people: what, where, and what was expected. Filled on failure (status < 0); never NULL inside. */
typedef struct resight_error {
    char text[256]; /**< NUL-terminated, no newline */
} resight_error;

/**
 * Fill an error text and hand the status through: `return resight_fail(error, RESIGHT_E_IO, "%s: %s", path, why);`
 *
 * @param error   may be NULL; a text that is too long is cut
 * @param status  returned unchanged
 */
RESIGHT_API int resight_fail(resight_error *error, int status, const char *format, ...) RESIGHT_PRINTF(3, 4);

/** A short lower-case name for a status ("out of memory"); never NULL. Cost: O(1). */
RESIGHT_API const char *resight_status_name(int status);

/** The library's version as "MAJOR.MINOR.PATCH". */
RESIGHT_API const char *resight_version(void);

#ifdef __cplusplus
}
#endif
#endif
