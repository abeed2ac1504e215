#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Worker processes, from outside: the same answers with and without, one line for each file that ruins a worker, nothing
# left running. usage: test_isolate.sh RESIGHT HOSTILE-WORKERS
. "$(dirname "$0")/cli.sh"
hostile=$2

# A grey PNM is no media for us; a BMP by formula needs no encoder.
bmp() { # FILE: 64x64, 24 bits
    { printf 'BM\x36\x30\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\0\0\0\x40\0\0\0\x01\0\x18\0\0\0\0\0\0\x30\0\0'
      printf '\0%.0s' {1..16}
      raw_grey 96 128; } >"$1"
}
bmp one.bmp
cp one.bmp two.bmp
echo 'nothing known' >three.bmp

run hash --isolate=off one.bmp two.bmp three.bmp
code_is 2
mv out without
err_lines 2
err_has '^resight: --isolate=off: media is decoded in this process'
for how in on file; do
    run hash --isolate=$how one.bmp two.bmp three.bmp
    code_is 2
    cmp -s out without || fail "other hashes than with --isolate=off"
    err_is 'resight: three.bmp: of no known kind: neither a picture nor a video'
done
"$resight" hash - <one.bmp >out 2>err || fail "standard input, a file"
out_has '100,-$'
cat one.bmp | "$resight" hash - >out 2>err || fail "standard input, a pipe"
"$resight" hash - <>one.bmp >out 2>err || fail "standard input, open for writing"
out_has '100,-$'

run hash --isolate=sometimes one.bmp
code_is 2
err_is 'resight: --isolate: sometimes is not on, off, file or strict'

run version --verbose
out_has '^isolation: workers behind .*memory limit'

RESIGHT_WORKERS=$work/nowhere run hash one.bmp
code_is 2
err_is "resight: one.bmp: the worker program $work/nowhere/resight-decode-media: No such file or directory"

# Where there are no namespaces to be had, the other walls stand; strict says what lacks.
unshare -Ur true 2>/dev/null && {
    without() { unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh "$resight" "$@" >out 2>err; code=$?; }
    ran='without namespaces'
    without version --verbose
    if grep -q '^isolation: missing namespaces' out; then
        without hash one.bmp two.bmp
        code_is 0
        err_empty
        without hash --isolate=strict one.bmp
        code_is 2
        err_is 'resight: one.bmp: strict isolation is not to be had here: no namespaces'
    fi
}

# Workers that were taken over: each file is one line, those after it are done.
export RESIGHT_WORKERS=$hostile
printf crash >crash.jpg
printf garbage >garbage.jpg
printf behave >behave.jpg
run hash -j1 crash.jpg behave.jpg garbage.jpg behave.jpg
code_is 2
out_lines 2
err_lines 2
err_has '^resight: crash.jpg: the decoder crashed \(signal 11, .*\): the file is damaged or hostile$'
err_has '^resight: garbage.jpg: the decoder was taken over: it sent a record of no known kind or length; the file is hostile$'
run hash --max-seconds 1 crash.jpg
printf loop >loop.jpg
run hash --max-seconds 1 loop.jpg behave.jpg
code_is 2
out_lines 1
err_is 'resight: loop.jpg: the decoder did not end: over the limit of 1 seconds of processor time (--max-seconds)'

printf hang >hang.jpg
run hash --max-wall-seconds 3 hang.jpg behave.jpg
code_is 2
out_lines 1
err_is 'resight: hang.jpg: no answer within 3 seconds: the decoder hangs, or the disk is slow (--max-wall-seconds)'

# A program that is killed leaves no worker behind.
children_of() { awk -v parent="$1" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }' /proc/[0-9]*/status 2>/dev/null; }
"$resight" hash hang.jpg >out 2>err &
parent=$!
worker=
for _ in {1..100}; do
    worker=$(children_of $parent)
    [ -z "$worker" ] || break
    sleep 0.1
done
[ -n "$worker" ] || fail "no worker was started"
sleep 0.3
kill -KILL $parent
wait $parent 2>/dev/null
for _ in {1..100}; do
    [ -n "$worker" ] && [ -d "/proc/$worker" ] || break
    sleep 0.1
done
ran='resight, killed'
[ ! -d "/proc/$worker" ] || fail "its worker goes on"
finish
