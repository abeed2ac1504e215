/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which instruction sets the kernels use. Every choice gives the same bits; only the time differs.
 */
#ifndef RESIGHT_CPU_H
#define RESIGHT_CPU_H

#include <resight/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The levels a context can be told to use. The values are pinned; higher means more is asked of the processor. */
typedef enum resight_cpu {
    RESIGHT_CPU_AUTO = 0,   /**< the best that this processor has */
    RESIGHT_CPU_SCALAR = 1, /**< portable C: the specification */
    RESIGHT_CPU_NEON = 2,   /**< AArch64 */
    RESIGHT_CPU_AVX2 = 3,   /**< x86-64 with AVX2, BMI2 and POPCNT */
    RESIGHT_CPU_AVX512 = 4  /**< x86-64 with AVX-512 F, BW, DQ, VL, VBMI, VNNI, VPOPCNTDQ (Ice Lake, Zen 4) */
} resight_cpu;

/** "auto", "scalar", "neon", "avx2", "avx512"; "unknown" for anything else. */
RESIGHT_API const char *resight_cpu_name(resight_cpu cpu);

/**
 * The level of a name.
 *
 * @return RESIGHT_OK
 *         RESIGHT_E_ARG  no such name
 */
RESIGHT_API int resight_cpu_from_name(const char *name, resight_cpu *out);

/** 1 when this build has kernels of that level and this processor can run them, else 0. AUTO and SCALAR are always 1.
 */
RESIGHT_API int resight_cpu_available(resight_cpu cpu);

/** The level that AUTO stands for here. The processor is asked once. */
RESIGHT_API resight_cpu resight_cpu_best(void);

#ifdef __cplusplus
}
#endif
#endif
