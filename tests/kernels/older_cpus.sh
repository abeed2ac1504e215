#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processors that lack what this one has, emulated: the right kernels are chosen, nothing else is ever run, and the hashes
# are those of this machine. RESIGHT_SEED=N repeats a run.
# usage: older_cpus.sh RESIGHT TEST_KERNELS, the second made with criterion_stand_in. Exit code 77: skipped.
set -euo pipefail
resight=$1 test_kernels=$2
[ "$(uname -m)" = x86_64 ] || { echo "not an x86-64 machine"; exit 77; }
command -v qemu-x86_64 >/dev/null || { echo "no qemu-x86_64 to run as another processor"; exit 77; }

folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
# Sides that are and are not multiples of a vector, and windows that are and are not powers of two.
sizes=(64x64 100x80 512x512 333x517)
cat "$test_kernels" "$resight" "$test_kernels" "$resight" >"$folder/bytes" # noise enough
hash_all() { # COMMAND...: by the program itself, without a worker
    local size pixels
    for size in "${sizes[@]}"; do
        pixels=$((${size%x*} * ${size#*x}))
        head -c "$pixels" "$folder/bytes" | "$@" hash --raw gray --size "$size" -
        head -c $((3 * pixels)) "$folder/bytes" | "$@" hash --raw rgb24 --size "$size" -
    done
}
hash_all "$resight" >"$folder/here"

as() { # MODEL COMMAND...; what the emulator does not emulate of the model, it says on stderr
    local model=$1
    shift
    qemu-x86_64 -cpu "$model" "$@" 2> >(grep -v '^qemu-x86_64: warning: ' >&2)
}

check() { # MODEL LEVEL
    as "$1" "$resight" version --verbose >"$folder/version"
    grep -qx "kernels in use: $2" "$folder/version" || { echo "$1: not $2:"; cat "$folder/version"; exit 1; }
    hash_all as "$1" "$resight" >"$folder/there"
    cmp "$folder/here" "$folder/there" || { echo "$1: other hashes"; exit 1; }
}
check Nehalem scalar
if as Haswell "$resight" version --verbose | grep -q '^kernels available:.* avx2'; then
    check Haswell avx2
    as Haswell "$test_kernels"
    echo "scalar as a Nehalem, AVX2 as a Haswell: the hashes of this machine"
else
    echo "scalar as a Nehalem: the hashes of this machine; this emulator has no AVX2"
fi
