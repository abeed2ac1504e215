#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the compiler and the linker put in the way of an attacker is there; nobody else reads a database; media is never
# written anywhere. Run as: hardening.sh RESIGHT PICTURE [BINARY]...
set -u
resight=$(realpath "$1") picture=$(realpath "$2")
shift 2
faults=0
fault() {
    echo "$*"
    faults=$((faults + 1))
}

for binary in "$resight" "$@"; do
    name=${binary##*/}
    head=$(readelf -W -h -l -d "$binary") symbols=$(readelf -W --dyn-syms "$binary")
    grep -q 'Type: *DYN' <<<"$head" || fault "$name: not position-independent"
    grep -q 'GNU_RELRO' <<<"$head" || fault "$name: no RELRO"
    grep -Eq 'BIND_NOW|FLAGS_1.*NOW' <<<"$head" || fault "$name: RELRO is not full: symbols are bound late"
    grep -Eq 'GNU_STACK.* RW ' <<<"$head" || fault "$name: the stack may be executed"
    grep -Eq 'LOAD.* RWE ' <<<"$head" && fault "$name: a part may be written and executed"
    grep -q '(TEXTREL)' <<<"$head" && fault "$name: relocations in its code"
    grep -q '__stack_chk_fail' <<<"$symbols" || fault "$name: no stack protector"
    grep -Eq '__[a-z]+_chk' <<<"$(grep -v stack_chk <<<"$symbols")" || fault "$name: no _FORTIFY_SOURCE"
    # The mark of the whole binary needs a C library that has it too, and Debian's does not: the code is looked at.
    [ "$(uname -m)" != x86_64 ] || [ "$(LC_ALL=C grep -c -a -P '\xf3\x0f\x1e\xfa' "$binary")" -gt 10 ] ||
        fault "$name: no control-flow protection (endbr64)"
done

# The program that holds the database has no decoder of media in it; libpng writes what `explain` draws.
readelf -W -d "$resight" | grep -E 'NEEDED.*\[lib(jpeg|av[a-z]*|sw[a-z]*|heif|webp[a-z]*|jxl)\.' && fault "resight: a decoder is linked"

work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp" "$work/here"
export TMPDIR=$work/tmp
cd "$work/here" || exit 1
umask 0
trace=()
command -v strace >/dev/null && strace -qq true 2>/dev/null && trace=(strace -f -qq -e trace=openat,open,creat,memfd_create -o)
"${trace[@]}" ${trace:+"$work/add.trace"} "$resight" add --db="$work/db" "$picture" >/dev/null || fault "add failed"
"${trace[@]}" ${trace:+"$work/match.trace"} "$resight" match --db="$work/db" "$picture" >/dev/null || fault "match failed"
"$resight" backup --db="$work/db" "$work/copy" || fault "backup failed"
for dir in db copy; do
    [ "$(stat -c %a "$work/$dir")" = 700 ] || fault "$dir: mode $(stat -c %a "$work/$dir"), expected 700"
    for file in "$work/$dir"/*; do
        [ "$(stat -c %a "$file")" = 600 ] || fault "$dir/${file##*/}: mode $(stat -c %a "$file"), expected 600"
    done
done
[ -z "$(ls -A "$work/tmp" "$work/here" | grep -v ':$')" ] || fault "left behind: $(ls -A "$work/tmp" "$work/here")"
for run in ${trace:+add match}; do
    made=$(grep -E 'O_CREAT|O_TMPFILE|creat\(' "$work/$run.trace" | grep -v "\"$work/db/" || true)
    [ -z "$made" ] || fault "$run makes files: $made"
done
[ $faults -eq 0 ] && echo "hardened: the program, and $# libraries and workers; database 0700 and 0600; no file of media${trace:+, by strace}"
exit $((faults > 0))
