#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The C program of the README, as a reader would use it: install, compile with pkg-config, run. And what was installed.
# usage: readme.sh BUILD-FOLDER RESIGHT. Exit code 77 (skipped) without ffmpeg, which makes the picture.
set -euo pipefail
build=$(realpath "$1") resight=$(realpath "$2") readme=$(realpath "$(dirname "$0")/../../README.md")
command -v ffmpeg >/dev/null || { echo "no ffmpeg to make a picture with"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

meson install -C "$build" --no-rebuild --quiet --destdir "$work/root" >/dev/null
prefix=$(dirname "$(dirname "$(find root -name resight -path '*/bin/*')")")
for file in share/man/man1/resight.1 share/bash-completion/completions/resight share/zsh/site-functions/_resight \
    share/fish/vendor_completions.d/resight.fish include/resight/hash.h include/resight/db.h; do
    [ -s "$prefix/$file" ] || { echo "not installed: $file"; exit 1; }
done
libraries=$(dirname "$(find root -name libresight.pc)")
libraries=$(realpath "${libraries%/pkgconfig}")

# The first block of C in the README.
sed -n '/^```c$/,/^```$/p' "$readme" | sed '1d;/^```$/,$d' >program.c
[ -s program.c ] || { echo "README.md has no C program"; exit 1; }
export PKG_CONFIG_PATH=$libraries/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root LD_LIBRARY_PATH=$libraries
sanitizer=$(meson introspect "$build" --buildoptions | tr '{' '\n' | sed -n 's/.*"name": "b_sanitize", "value": "\([a-z,]*\)".*/\1/p')
[ "$sanitizer" != none ] || sanitizer=
cc -Wall -Wextra -Werror ${sanitizer:+-fsanitize=$sanitizer} program.c $(pkg-config --cflags --libs libresight) -o program

ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=320x240 -frames:v 1 picture.png
got=$(./program picture.png)
expected=$("$resight" hash picture.png | cut -d, -f1,2)
echo "the README's program says $got"
[ "$got" = "$expected" ] || { echo "resight hash says $expected"; exit 1; }
