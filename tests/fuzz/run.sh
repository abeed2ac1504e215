#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes every target for some seconds, two at a time, starting from its corpus. New inputs are thrown away but for those
# that broke something: they are left in BUILD/finds/, to be minimised (fuzz_NAME -minimize_crash=1) and kept in the corpus.
#     tests/fuzz/run.sh BUILD SECONDS [TARGET]...
# BUILD: CC=clang meson setup BUILD -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd) seconds=$2
shift 2
[ $# -gt 0 ] || set -- $(cd "$here/corpus" && ls)
mkdir -p "$build/finds"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

fuzz_one() { # TARGET: one line on stdout
    local name=$1 status=fine
    mkdir "$work/$name"
    # A frame may take two seconds of one core by the target's own limit, times two decoders and the sanitizers.
    TMPDIR=$work "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2500 -max_len=8192 \
        -artifact_prefix="$build/finds/$name-" "$work/$name" "$here/corpus/$name" >"$work/$name.log" 2>&1 || status=FAILED
    printf '%-10s %s, %s executions\n' "$name" "$status" "$(sed -nE 's/^#([0-9]+).*/\1/p' "$work/$name.log" | tail -1)"
    [ "$status" = fine ] || { tail -60 "$work/$name.log"; touch "$work/failed"; }
}
export -f fuzz_one
export here build seconds work
printf '%s\n' "$@" | xargs -P 2 -I NAME bash -c 'fuzz_one NAME'
[ ! -e "$work/failed" ]
