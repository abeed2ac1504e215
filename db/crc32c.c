/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32C by the processor's own instruction where there is one, else a nibble at a time. LMDB has no checksums of its
 * own: a bit that flips on the disk is found here or nowhere.
 */
#include "crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

/* Remainders of the sixteen nibbles for the reflected polynomial 0x82F63B78. */
static const uint32_t nibbles[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                     0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                     0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

uint32_t crc32c_portable(const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(const uint8_t *p, size_t count) {
    uint64_t crc = UINT32_MAX;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        crc = _mm_crc32_u64(crc, word);
    }
    uint32_t last = (uint32_t)crc;
    for (; count > 0; count--, p++)
        last = _mm_crc32_u8(last, *p);
    return ~last;
}

uint32_t crc32c(const void *bytes, size_t count) {
    return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(bytes, count) : crc32c_portable(bytes, count);
}

#elif defined(__ARM_FEATURE_CRC32)

uint32_t crc32c(const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    uint32_t crc = UINT32_MAX;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        crc = __crc32cd(crc, word);
    }
    for (; count > 0; count--, p++)
        crc = __crc32cb(crc, *p);
    return ~crc;
}

#else

uint32_t crc32c(const void *bytes, size_t count) {
    return crc32c_portable(bytes, count);
}

#endif
