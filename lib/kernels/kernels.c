/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables this build has, which of them this processor can run, and their names. */
#include "kernels/kernels.h"

#include <string.h>

static const char *const level_names[] = {
    [RESIGHT_CPU_AUTO] = "auto", [RESIGHT_CPU_SCALAR] = "scalar", [RESIGHT_CPU_NEON] = "neon",
    [RESIGHT_CPU_AVX2] = "avx2", [RESIGHT_CPU_AVX512] = "avx512",
};
#define LEVELS (sizeof level_names / sizeof *level_names)

const kernel_table *kernels_for(resight_cpu cpu) {
    switch (cpu) {
    case RESIGHT_CPU_AUTO: return kernels_for(resight_cpu_best());
    case RESIGHT_CPU_SCALAR: return &kernels_scalar;
    case RESIGHT_CPU_NEON:
    case RESIGHT_CPU_AVX2:
    case RESIGHT_CPU_AVX512: return NULL;
    }
    return NULL;
}

resight_cpu resight_cpu_best(void) {
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
