#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the shared libraries export is what the public headers declare, no more and no less.
# usage: exports.sh LIBRARY...
set -euo pipefail
headers=$(cat "$(dirname "$0")"/../../{lib,db}/include/resight/*.h)
faults=0
for library in "$@"; do
    count=0
    while read -r name; do
        count=$((count + 1))
        case $headers in *"$name("*) continue ;; esac
        echo "$library exports $name, which no public header declares"
        faults=$((faults + 1))
    done < <(nm -D --defined-only "$library" | awk '$2 ~ /^[A-Z]$/ && $2 != "A" { print $3 }' | sed 's/@.*//' |
        grep -v -e '^__\?asan' -e '^__\?ubsan' -e '^__odr')
    echo "$library: $count names"
    [ "$count" -gt 0 ] || faults=$((faults + 1))
done
exported=$(nm -D --defined-only "$@" | awk '$2 == "T" { print $3 }')
for name in $(grep -h '^RESIGHT_API' -A1 "$(dirname "$0")"/../../{lib,db}/include/resight/*.h | grep -o 'resight_[a-z0-9_]*(' | tr -d '('); do
    grep -qx "$name" <<<"$exported" || { echo "$name is declared, and no library exports it"; faults=$((faults + 1)); }
done
[ "$faults" -eq 0 ]
