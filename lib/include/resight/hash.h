/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PDQ: a picture to 256 bits and a quality, bit-exact with the public standard.
 *
 * Pixels become luma (0.299 R + 0.587 G + 0.114 B, float, summed left to right; grey is taken as it is), the luma
 * passes a two-pass Jarosz box filter, is sampled at 64x64, transformed by a 16x64 DCT-II, and each of the 256
 * coefficients gives one bit: is it above the median? The order of every floating-point operation is fixed, so equal
 * pixels give equal bits on every machine and at every instruction-set level.
 *
 * Video range luma (RESIGHT_GRAY8_LIMITED) is read as clamp(round((y - 16) * 255 / 219), 0, 255).
 *
 * Source: Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019), and
 * ThreatExchange, pdq/cpp/hashing.
 */
#ifndef RESIGHT_HASH_H
#define RESIGHT_HASH_H

#include <resight/cpu.h>
#include <resight/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/** 256 bits. Bit k is bit k mod 64 of w[k / 64]; in memory (little endian) bit k mod 8 of byte k / 8. */
typedef struct resight_hash {
    uint64_t w[4];
} resight_hash;
_Static_assert(sizeof(resight_hash) == 32, "a hash is 32 bytes, in memory and on disk");

/** Characters of a hash in hex, without the NUL. */
#define RESIGHT_HEX_LEN 64

/**
 * The two forms of PDQ in use. They differ by about 6 bits on a photograph: never compare across them without knowing.
 * The values are pinned: they are stored.
 */
typedef enum resight_dialect {
    RESIGHT_PDQ = 1,   /**< "pdq": the filter runs over the picture as it is (python-threatexchange, HMA, Java) */
    RESIGHT_PDQ512 = 2 /**< "pdq512": a picture with a side over 512 is first squashed to 512x512 by nearest neighbour
                            (pdq-photo-hasher, WASM) */
} resight_dialect;

/** Sides below this hash to zero with quality 0, as in the reference (MIN_HASHABLE_DIM). */
#define RESIGHT_MIN_SIDE_PX 5
/** Queries and exchanges ignore hashes of lower quality; pdq/README.md. */
#define RESIGHT_DEFAULT_MIN_QUALITY 50
/** Two hashes match within this many bits; pdq/README.md. */
#define RESIGHT_DEFAULT_RADIUS_BITS 31

/** What hashing one picture gives. */
typedef struct resight_pdq {
    resight_hash hash;
    int32_t quality; /**< 0..100, from the gradients of the 64x64; below 50 there is too little in the picture */
} resight_pdq;

/** Scratch memory and kernels. Opaque; one thread at a time. */
typedef struct resight_hasher resight_hasher;

/**
 * Make a hasher.
 *
 * @param cpu  RESIGHT_CPU_AUTO, or a level to force
 * @param out  owned by the caller; free with resight_hasher_free()
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    this build or processor does not have that level
 *         RESIGHT_E_NOMEM
 *
 * Cost: a few microseconds; about 60 KB.
 */
RESIGHT_API int resight_hasher_new(resight_cpu cpu, resight_hasher **out);

/** Free and set to NULL; NULL inside is fine. */
RESIGHT_API void resight_hasher_free(resight_hasher **hasher);

/** The level the hasher runs at; never AUTO. */
RESIGHT_API resight_cpu resight_hasher_cpu(const resight_hasher *hasher);

/**
 * Hash one picture.
 *
 * @param hasher   one thread at a time
 * @param image    borrowed; any size that passes resight_image_check()
 * @param dialect  RESIGHT_PDQ or RESIGHT_PDQ512
 * @param out      written only on RESIGHT_OK
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG    the view or the dialect is wrong
 *         RESIGHT_E_NOMEM
 *
 * Cost: O(pixels); memory O(width), kept by the hasher and grown only for a picture wider than any before.
 */
RESIGHT_API int resight_hasher_pdq(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                                   resight_pdq *out);

/**
 * The eight hashes that the reference derives from one DCT by sign flips and transposes (pdq-photo-hasher --pdqdih).
 *
 * For output in the reference's formats. Not for queries: on small pictures the derived hash is up to 32 bits away from
 * the hash of the really turned picture, because the 64x64 sampling grid is not symmetric. Use resight_hasher_turned().
 *
 * @param out  indexed by resight_transform; out[RESIGHT_ORIGINAL] equals resight_hasher_pdq(); written only on
 * RESIGHT_OK
 * @return as resight_hasher_pdq()
 *
 * Cost: one hash plus eight medians of 256 numbers.
 */
RESIGHT_API int resight_hasher_dihedral(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                                        resight_pdq out[RESIGHT_TRANSFORMS]);

/**
 * The hashes of the picture turned in each of the eight ways: the pixels are turned, then hashed.
 *
 * @param out  indexed by resight_transform; written only on RESIGHT_OK
 * @return as resight_hasher_pdq()
 *
 * Cost: eight hashes and seven copies of the picture; one copy is kept by the hasher for the next call.
 */
RESIGHT_API int resight_hasher_turned(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                                      resight_pdq out[RESIGHT_TRANSFORMS]);

/** Floats that resight_hasher_pdqf() writes. */
#define RESIGHT_PDQF_FLOATS 256

/**
 * The 16x16 coefficients of one picture before they become bits ("PDQF"), as TMK takes them: pdqf[16 * i + j] is the
 * vertical frequency i and the horizontal frequency j.
 *
 * @param pdqf  written only on RESIGHT_OK; zeros for a side below RESIGHT_MIN_SIDE_PX
 * @return as resight_hasher_pdq()
 */
RESIGHT_API int resight_hasher_pdqf(resight_hasher *hasher, const resight_image *image, resight_dialect dialect,
                                    float pdqf[RESIGHT_PDQF_FLOATS]);

/** Number of differing bits, 0..256. Cost: nanoseconds. */
RESIGHT_API unsigned resight_hash_distance(const resight_hash *a, const resight_hash *b);

/** All bits inverted: the hash that the negative of the picture would have. */
RESIGHT_API resight_hash resight_hash_complement(const resight_hash *hash);

/**
 * Write 64 lower-case hex characters and a NUL, most significant first, as the reference prints them
 * (16 words of 16 bits, word 15 first).
 */
RESIGHT_API void resight_hash_to_hex(const resight_hash *hash, char out[RESIGHT_HEX_LEN + 1]);

/**
 * Read exactly 64 hex characters, upper or lower case; text[64] is not looked at.
 *
 * @param text  NUL-terminated, or at least 64 characters
 * @return RESIGHT_OK
 *         RESIGHT_E_FORMAT  fewer than 64 hex characters
 */
RESIGHT_API int resight_hash_from_hex(const char *text, resight_hash *out);

/** "pdq", "pdq512"; "unknown" for anything else. */
RESIGHT_API const char *resight_dialect_name(resight_dialect dialect);

/**
 * The dialect of a name.
 *
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  no such name
 */
RESIGHT_API int resight_dialect_from_name(const char *name, resight_dialect *out);

#ifdef __cplusplus
}
#endif
#endif
