#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A chosen part under valgrind, which sees reads of memory that nobody wrote, inside other people's libraries too: hashing
# a picture of every format, the corpora of our own parsers, and a database used from many threads. A minute or two.
#     tests/valgrind.sh BUILD      (a build without sanitizers; Debian: valgrind)
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
corpus=tests/fuzz/corpus
ninja -C "$build" --quiet

check() {
    echo "${1##*/} ${2-}"
    valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "$@" >/dev/null
}

for target in text records index structure exif arguments align database; do
    check "$build/tests/fuzz/replay_$target" $corpus/$target
done
for file in $corpus/picture/*; do
    check "$build/cli/resight" hash --jobs=1 "$file"
done
check "$build/tests/threads/concurrent" $corpus/picture/jpeg.jpg
echo "nothing found"
