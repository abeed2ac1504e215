/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), the checksum of every record and segment: reflected polynomial 0x82F63B78, RFC 3720 B.4. */
#ifndef RESIGHT_DB_CRC32C_H
#define RESIGHT_DB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* crc of the bytes; "123456789" gives 0xE3069283. */
uint32_t crc32c(const void *bytes, size_t count);

/* The same without special instructions: the specification, for machines without them and for tests. */
uint32_t crc32c_portable(const void *bytes, size_t count);

#endif
