/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Other people's hash lists, a line at a time: parsing and printing, nothing else. Lines come without their newline.
 */
#ifndef RESIGHT_EXCHANGE_H
#define RESIGHT_EXCHANGE_H

#include <resight/video.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Goes before a hash that is approximate (RESIGHT_VIEW_APPROXIMATE), so that no list takes it for an exact one. */
#define RESIGHT_APPROXIMATELY '~'

/** A line of a PDQ list: `[hash=]HEX64[,metadata]` (pdq/cpp/io/hashio.h). */
typedef struct resight_list_row {
    resight_hash hash;
    const char *metadata; /**< into the line, after the comma; NULL when there is none */
} resight_list_row;

/**
 * Parse one line of a PDQ list.
 *
 * @param line   NUL-terminated; a trailing CR is passed over; borrowed by out->metadata
 * @param out    written on RESIGHT_OK
 * @param error  says what was expected and at which column
 * @return RESIGHT_OK
 *         RESIGHT_END       blank, or a comment starting with #
 *         RESIGHT_E_FORMAT  or RESIGHT_APPROXIMATELY: lists are of exact hashes
 */
RESIGHT_API int resight_list_parse(const char *line, resight_list_row *out, resight_error *error);

/**
 * Parse one line of a vPDQ file: `frame,quality,HEX64,seconds`, or without the seconds (vpdq/cpp/vpdq/cpp/io).
 * Seconds may be in decimals or in the exponent form that python-threatexchange writes (1e+02).
 *
 * @param out  written on RESIGHT_OK; time_us is -1 when the line has no seconds
 * @return as resight_list_parse()
 */
RESIGHT_API int resight_vpdq_parse(const char *line, resight_mark *out, resight_error *error);

/** Characters of the longest line that resight_vpdq_print() writes, with its NUL. */
#define RESIGHT_VPDQ_LINE_MAX 128

/** Write `frame,quality,HEX64,seconds` with three decimals, without a newline. */
RESIGHT_API void resight_vpdq_print(const resight_mark *mark, char out[RESIGHT_VPDQ_LINE_MAX]);

#ifdef __cplusplus
}
#endif
#endif
