#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests of the kernels for AArch64, compiled across and run under emulation. RESIGHT_SEED=N repeats a run.
# usage: neon.sh. Exit code 77 (skipped) without the cross compiler or the emulator.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

case $(uname -m) in aarch64 | arm64) echo "this is an AArch64 machine: test_kernels.c itself tests NEON"; exit 77 ;; esac
compiler=aarch64-linux-gnu-gcc
for tool in "$compiler" qemu-aarch64; do
    command -v "$tool" >/dev/null || { echo "no $tool to compile for AArch64 and run the result"; exit 77; }
done

folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
echo '#include <stdio.h>' >"$folder/probe.c"
"$compiler" -E "$folder/probe.c" >/dev/null 2>&1 || { echo "no C library for AArch64 (libc6-dev-arm64-cross)"; exit 77; }

# The language and the order of floating-point operations as in meson.build.
"$compiler" -std=gnu11 -O3 -ffp-contract=off -D_GNU_SOURCE -DHAVE_KERNELS_NEON -Wall -Wextra -Wconversion -Werror -static \
    -I"$root/lib" -I"$root/lib/include" -isystem "$root/tests/kernels/criterion_stand_in" \
    "$root"/lib/kernels/{kernels,scalar,neon}.c "$root/tests/kernels/test_kernels.c" -o "$folder/test_kernels"
qemu-aarch64 "$folder/test_kernels"
