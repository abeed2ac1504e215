#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Words that people type: commands, options, and mistakes in both.
. "$(dirname "$0")/cli.sh"

run
code_is 2
out_empty
err_has '^usage: resight COMMAND'
run --help
code_is 0
err_empty
out_has '^  match '
run help match
code_is 0
out_has '^usage: resight match '
out_has '^  -r, --radius BITS '
run match --help
code_is 0
out_has '^usage: resight match '
run help bank
code_is 0
out_lines 4
run --version
code_is 0
out_has '^resight [0-9]+\.[0-9]+\.[0-9]+$'
run version --verbose
out_has '^kernels available: scalar'

run frobnicate
code_is 2
err_is 'resight: frobnicate: no such command; resight help lists them'
run help frobnicate
code_is 2
run hash --frobnicate x
code_is 2
err_is 'resight: --frobnicate: no such option here; see resight help hash'
run hash --every
code_is 2
err_is 'resight: --every: needs a value; see resight help hash'
run match --radius 257 x
code_is 2
err_is 'resight: --radius: 257 is not a whole number from 0 to 256'
run match -r -1 x
code_is 2
err_is 'resight: --radius: -1 is not a whole number from 0 to 256'
run hash --max-bytes 99999999999T x
code_is 2
err_has '^resight: --max-bytes: 99999999999T is not a whole number'
run hash --every nan x
code_is 2
run hash --dialect md5 x
code_is 2
err_is 'resight: --dialect: md5 is not pdq or pdq512'
run match --hash 1234
code_is 2
err_is 'resight: --hash: 1234 is not a hash: 64 hex digits'
run add --label novalue x
code_is 2
err_is 'resight: --label: novalue is not KEY=VALUE, of at most 255 and 65535 bytes'
run compare x
code_is 2
err_has '^resight: compare: something is missing; usage:'
run hash
code_is 2
err_has '^resight: hash: no input'
run bank create 'no spaces allowed'
code_is 2
err_has '^resight: no spaces allowed: not a name for a bank'
run show 0
code_is 2
[ ! -e resight.db ] || fail "a mistake made a database"
printf 'x' >'a
b'
run hash $'a\nb'
code_is 2
err_lines 1
err_has '^resight: a\\x0ab: '
run hash -- --every
code_is 2
err_has '^resight: --every: '

# Everything that help names is in the manual, and every command.
manual=$(sed 's/\\-/-/g' "$project/cli/resight.1")
for word in $("$resight" help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort -u); do
    case $manual in *"$word"*) ;; *) fail "the manual does not name the command $word" ;; esac
done
for option in db bank radius min-quality every jobs json files-from null sha256 format max-bytes max-video-bytes max-memory \
    max-pixels max-side max-scans max-frames max-seconds positive negative; do
    case $manual in *"-$option"*) ;; *) fail "the manual does not name --$option" ;; esac
done
finish
