/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables this build has, which of them this processor can run, and their names. */
#include "kernels/kernels.h"

#include <stdbool.h>
#include <string.h>

static const char *const level_names[] = {
    [RESIGHT_CPU_AUTO] = "auto", [RESIGHT_CPU_SCALAR] = "scalar", [RESIGHT_CPU_NEON] = "neon",
    [RESIGHT_CPU_AVX2] = "avx2", [RESIGHT_CPU_AVX512] = "avx512",
};
#define LEVELS (sizeof level_names / sizeof *level_names)

#ifdef HAVE_KERNELS_X86
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512vpopcntdq");
}
#endif

const kernel_table *kernels_for(resight_cpu cpu) {
    switch (cpu) {
    case RESIGHT_CPU_AUTO: return kernels_for(resight_cpu_best());
    case RESIGHT_CPU_SCALAR: return &kernels_scalar;
#ifdef HAVE_KERNELS_NEON
    case RESIGHT_CPU_NEON: return &kernels_neon;
#else
    case RESIGHT_CPU_NEON: return NULL;
#endif
#ifdef HAVE_KERNELS_X86
    case RESIGHT_CPU_AVX2: return has_avx2() ? &kernels_avx2 : NULL;
    case RESIGHT_CPU_AVX512: return has_avx512() ? &kernels_avx512 : NULL;
#else
    case RESIGHT_CPU_AVX2:
    case RESIGHT_CPU_AVX512: return NULL;
#endif
    }
    return NULL;
}

resight_cpu resight_cpu_best(void) {
    for (resight_cpu cpu = RESIGHT_CPU_AVX512; cpu > RESIGHT_CPU_SCALAR; cpu--)
        if (kernels_for(cpu))
            return cpu;
    return RESIGHT_CPU_SCALAR;
}

int resight_cpu_available(resight_cpu cpu) {
    return kernels_for(cpu) != NULL;
}

const char *resight_cpu_name(resight_cpu cpu) {
    return (unsigned)cpu < LEVELS ? level_names[cpu] : "unknown";
}

int resight_cpu_from_name(const char *name, resight_cpu *out) {
    for (unsigned level = 0; level < LEVELS; level++)
        if (strcmp(name, level_names[level]) == 0) {
            *out = (resight_cpu)level;
            return RESIGHT_OK;
        }
    return RESIGHT_E_ARG;
}
