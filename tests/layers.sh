#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The flow of the house, enforced: a folder includes only what stands to its left.
#     bytes -> decode -> luma -> hash -> search -> match -> report
# Run as `tests/layers.sh [ROOT]`. Without ROOT it also plants a violation in a copy and checks that it is found.
set -u

# folder | rooms whose internal headers it may include | public headers it may include
rules='
lib/base    | base                          | status image
lib/kernels | base kernels                  | status cpu
lib/decode  | base decode                   | status image decode
lib/luma    | base kernels luma             | status image
lib/hash    | base kernels luma hash        | status image cpu hash
lib/region  | base luma region              | status image cpu hash region
lib/search  | base kernels search           | status hash search
lib/local   | base local                    | status image patch
lib/video   | base video                    | status image decode hash region video
lib/tmk     | base tmk                      | status image decode hash tmk
lib/isolate | base isolate decode/probe.h decode/source.h | status image cpu decode hash video tmk pool
lib/isolate/worker | base isolate decode/source.h | status image cpu decode hash video tmk pool
db          | base/cleanup.h base/size.h db | status image hash patch search video db exchange
db/exchange | base/cleanup.h base/size.h db | status hash video exchange
db/match    | base/cleanup.h array.h match  | status image cpu decode hash patch region video db match live
cli/explain | base/cleanup.h memory.h text.h | status image decode patch video db match
cli         | base/cleanup.h base/size.h explain | status image cpu decode hash patch region video tmk pool search db exchange match live
'

# Is INCLUDE ("room/file.h" or "file.h" beside the includer) one of the ROOMS?
allowed_internal() {
    local include=$1 room
    for room in $2; do
        case $include in "$room" | "$room"/*) return 0 ;; esac
    done
    return 1
}

quoted='[<"]([^">]*)[">]'
check() { # ROOT
    local root=$1 folder rooms headers file line include name faults=0
    while IFS='|' read -r folder rooms headers; do
        folder=${folder// /}
        [ -n "$folder" ] && [ -d "$root/$folder" ] || continue
        for file in "$root/$folder"/*.[ch]; do
            [ -e "$file" ] || continue
            while read -r line; do
                [[ $line =~ $quoted ]] || continue
                include=${BASH_REMATCH[1]}
                case $line in
                *'<resight/'*)
                    name=${include##*/}
                    case " $headers " in *" ${name%.h} "*) continue ;; esac ;;
                *'"'*)
                    case $include in
                    */*) allowed_internal "$include" "$rooms" && continue ;;
                    *) [ -e "$root/$folder/$include" ] && continue
                       allowed_internal "$include" "$rooms" && continue ;;
                    esac ;;
                *) continue ;; # the system and other people's libraries
                esac
                echo "${file#"$root"/}: may not include $include"
                faults=$((faults + 1))
            done < <(grep -E '^[[:space:]]*#[[:space:]]*include' "$file")
        done
    done <<<"$rules"
    return $((faults > 0))
}

if [ $# -gt 0 ]; then
    check "$1"
    exit
fi
root=$(cd "$(dirname "$0")/.." && pwd)
check "$root" || exit 1
copy=$(mktemp -d) && trap 'rm -rf "$copy"' EXIT
cp -r "$root/lib" "$root/db" "$root/cli" "$copy"
for planted in 'lib/base/buffer.c:"hash/bits.h"' 'lib/luma/turn.c:<resight/hash.h>' 'lib/hash/pdq.c:<resight/db.h>'; do
    cp "$copy/${planted%%:*}" "$copy/keep"
    echo "#include ${planted#*:}" >>"$copy/${planted%%:*}"
    if check "$copy" >/dev/null; then
        echo "a planted violation was not found: $planted"
        exit 1
    fi
    cp "$copy/keep" "$copy/${planted%%:*}"
done
echo "layers: every include points to the left; planted violations are found"
