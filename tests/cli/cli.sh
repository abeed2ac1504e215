# SPDX-License-Identifier: Apache-2.0
# What the tests of the program share: run it, and hold what it said against what it should have said.
# Sourced by test_*.sh, which are called as `test_NAME.sh RESIGHT`. Each works in a folder of its own.
set -u
resight=$(realpath "$1")
project=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset RESIGHT_DB
export LC_ALL=C.UTF-8
failures=0

run() { # ARGUMENT... : runs resight; stdout in ./out, stderr in ./err, exit code in $code
    ran="resight $*"
    "$resight" "$@" >out 2>err
    code=$?
}

fail() { # TEXT
    echo "FAILED: $ran: $1"
    sed 's/^/  out: /' out
    sed 's/^/  err: /' err
    failures=$((failures + 1))
}

code_is() { [ "$code" -eq "$1" ] || fail "exit code $code, expected $1"; }
out_is() { # the whole of stdout, on standard input
    cat >expected
    cmp -s out expected || { fail "stdout is not as expected"; diff expected out | sed 's/^/  /'; }
}
out_empty() { [ ! -s out ] || fail "stdout is not empty"; }
err_empty() { [ ! -s err ] || fail "stderr is not empty"; }
err_is() { [ "$(cat err)" = "$1" ] || fail "stderr is not: $1"; }
out_has() { grep -qE -- "$1" out || fail "stdout has no line like: $1"; }
out_lacks() { ! grep -qE -- "$1" out || fail "stdout has a line like: $1"; }
err_has() { grep -qE -- "$1" err || fail "stderr has no line like: $1"; }
out_lines() { [ "$(wc -l <out)" -eq "$1" ] || fail "stdout has $(wc -l <out) lines, expected $1"; }
err_lines() { [ "$(wc -l <err)" -eq "$1" ] || fail "stderr has $(wc -l <err) lines, expected $1"; }

finish() {
    [ "$failures" -eq 0 ] || { echo "$failures failures"; exit 1; }
    echo "all as expected"
    exit 0
}

need_ffmpeg() { command -v ffmpeg >/dev/null || { echo "no ffmpeg to make media with"; exit 77; }; }
make_media() { ffmpeg -v error -nostdin -y "$@" </dev/null; }
still() { make_media -f lavfi -i "$1" -frames:v 1 "${@:2}"; } # SOURCE [OPTION...] FILE

# A raw grey picture by formula: x*x + 3*y*y + x*y, modulo 256; another SEED shifts it.
raw_grey() { # WIDTH HEIGHT [SEED]
    awk -v w="$1" -v h="$2" -v s="${3-0}" \
        'BEGIN { for (y = 0; y < h; y++) for (x = 0; x < w; x++) printf "%02x", int((x*x + 3*y*y + x*y + s*x) / 16) % 256 }' |
        sed 's/../\\x&/g' | xargs -0 printf '%b'
}
