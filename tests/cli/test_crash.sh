#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `resight add` killed at any moment: what it printed is there, nothing is broken, and a second run adds the rest.
. "$(dirname "$0")/cli.sh"
need_ffmpeg

make_media -f lavfi -i mandelbrot=size=160x120:rate=25:start_scale=2:end_scale=0.001:end_pts=200 -frames:v 120 frame%03d.png
mkdir known && mv frame*.png known
for delay in 0.005 0.01 0.02 0.04 0.08 0.15 0.3 0.6; do
    rm -rf bank.db
    : >printed # the one to be killed may not come to making it
    "$resight" add --db bank.db -j 2 known >printed 2>err &
    pid=$!
    sleep "$delay"
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    complete=$(grep -c ' entry [0-9]*, [0-9]* hashes$' printed)
    ran="add killed after $delay s, with $complete entries printed"
    cp printed out
    "$resight" verify --db bank.db >verified 2>&1 || { [ "$complete" -eq 0 ] || { cat verified; fail "the database does not verify"; }; }
    "$resight" list --db bank.db >listed 2>/dev/null
    [ "$(wc -l <listed)" -ge "$complete" ] || fail "only $(wc -l <listed) entries are there"
    while IFS=: read -r path _; do
        cut -f5 listed | grep -qxF "$path" || fail "$path was printed and is not there"
    done < <(head -n "$complete" printed)
    run add --db bank.db known
    code_is 0
    run list --db bank.db
    out_lines 120
done
run add --db bank.db known # on a slow machine, none of them came to making the database
code_is 0
run verify --db bank.db
code_is 0
finish
