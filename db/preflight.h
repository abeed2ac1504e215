/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked at with plain reads before LMDB maps a file: a page that is not there would kill the process. */
#ifndef RESIGHT_DB_PREFLIGHT_H
#define RESIGHT_DB_PREFLIGHT_H

#include <resight/status.h>
#include <stdbool.h>

/* Is this f_type of statfs(2) a file system whose locks and maps may not hold between machines? */
bool preflight_is_network(long fs_type);

/**
 * Look at DIR/data.mdb.
 *
 * @return RESIGHT_OK         as long as it says, or longer
 *         RESIGHT_NOT_FOUND  not there, empty, or a header cut off: no database was ever committed
 *         RESIGHT_E_VERSION  not a file of this LMDB
 *         RESIGHT_E_DAMAGED  a broken header, or pages in use lie past the end of the file
 *         RESIGHT_E_IO, RESIGHT_E_NOMEM
 */
int preflight_file(const char *path, resight_error *error);

#endif
