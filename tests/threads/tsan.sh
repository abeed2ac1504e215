#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Threads under the thread sanitizer: the libraries from many threads at once, and the program with four workers. FFmpeg,
# LMDB and the others are not instrumented, so what they do between themselves is not seen. Media is decoded in the program
# itself: workers have no threads of ours.
#     tests/threads/tsan.sh [BUILD]
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build-tsan}
[ -f "$build/build.ninja" ] ||
    meson setup "$build" -Dbuildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false -Dtests=enabled >"$build.log"
rm -f "$build.log"
ninja -C "$build" --quiet cli/resight cli/resight-unisolated tests/threads/concurrent
export TSAN_OPTIONS=halt_on_error=1:exitcode=66
corpus=tests/fuzz/corpus
shopt -s extglob
files=("$corpus"/picture/!(*find*) "$corpus"/video/!(*find*)) # finds of the fuzzer are damaged
"$build/tests/threads/concurrent" $corpus/picture/{jpeg.jpg,rgb.png,lossy.webp,moving.gif} $corpus/video/{h264.mp4,mpeg4.avi}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
for command in 'hash --json' add match 'match --json'; do
    "$build/cli/resight" $command --isolate=off --jobs=4 $([ "$command" = 'hash --json' ] || echo "--db=$work/db") "${files[@]}" \
        >"$work/out" 2>"$work/err" || { cat "$work/err"; exit 1; }
    echo "resight $command: $(wc -l <"$work/out") lines from four workers"
done
