/* SPDX-License-Identifier: Apache-2.0 */
/* Names of statuses, and the one way to fill an error text. */
#include <resight/status.h>
#include <stdarg.h>
#include <stdio.h>

int resight_fail(resight_error *error, int status, const char *format, ...) {
    if (!error)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    for (char *c = error->text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return status;
}

const char *resight_status_name(int status) {
    switch ((resight_status)status) {
    case RESIGHT_OK: return "ok";
    case RESIGHT_NOT_FOUND: return "not found";
    case RESIGHT_END: return "end";
    case RESIGHT_EXISTS: return "exists already";
    case RESIGHT_E_ARG: return "bad argument";
    case RESIGHT_E_NOMEM: return "out of memory";
    case RESIGHT_E_IO: return "input/output error";
    case RESIGHT_E_FORMAT: return "bad format";
    case RESIGHT_E_LIMIT: return "over a limit";
    case RESIGHT_E_UNSUPPORTED: return "not supported by this build";
    case RESIGHT_E_DAMAGED: return "damaged database";
    case RESIGHT_E_VERSION: return "other database version";
    case RESIGHT_E_FULL: return "no room";
    case RESIGHT_E_BUSY: return "busy";
    }
    return "unknown status";
}

const char *resight_version(void) {
    return RESIGHT_VERSION;
}
