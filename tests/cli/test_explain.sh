#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# explain: what it says of a match, what it draws and where, and when it draws nothing.
. "$(dirname "$0")/cli.sh"
need_ffmpeg
found=ff5a00 # the colour of what was found

size_of() { ffprobe -v error -show_entries stream=width,height -of csv=p=0:s=x "$1"; }
pixels() { # PNG WIDTH HEIGHT X Y: the pixels of that part, RRGGBB, one a line
    ffmpeg -v error -nostdin -i "$1" -vf "crop=$2:$3:$4:$5" -f rawvideo -pix_fmt rgb24 - </dev/null |
        od -An -v -tx1 -w3 | tr -d ' '
}
mostly_found() { # PNG WIDTH HEIGHT X Y: half of that part is in the colour; patches may cross it
    local part all
    part=$(pixels "$@" | grep -c "^$found$")
    all=$(pixels "$@" | wc -l)
    [ $((2 * part)) -ge "$all" ] || fail "$1: $part of $all pixels of $2x$3 at $4,$5 are in the colour"
}
none_found() { # PNG WIDTH HEIGHT X Y
    ! pixels "$@" | grep -q "^$found$" || fail "$1: something is drawn in $2x$3 at $4,$5"
}
calmer() { # PNG PNG WIDTH HEIGHT X Y: that part of the first is blurred beside that of the second
    local first second
    first=$(changes "$1" "${@:3}")
    second=$(changes "$2" "${@:3}")
    [ $((5 * first)) -lt $((4 * second)) ] || fail "$1 is not blurred: $first changes, $second in $2"
}
changes() { pixels "$@" | uniq | wc -l; } # PNG WIDTH HEIGHT X Y: where pixels differ from those before

still mandelbrot=size=400x300 fractal.png
still 'cellauto=size=320x240:rule=110:random_seed=9:scroll=0,gblur=sigma=2' stranger.png
make_media -i fractal.png -vf pad=640:480:120:90:white bordered.png
make_media -f lavfi -i mandelbrot=size=320x180:rate=10:start_scale=2:end_scale=0.01:end_pts=80 -t 8 -pix_fmt yuv420p zoom.mp4
make_media -ss 3 -i zoom.mp4 -t 3 -c:v mpeg4 -q:v 5 part.mkv
run add fractal.png zoom.mp4
code_is 0

# A border of 120 and 90 pixels: in a panel of 512 for 640, the corners are at 24 + 96, 84 + 72 and 320 x 240 further.
run explain bordered.png 1 --out bordered-explained.png
code_is 0
err_empty
out_has '^bordered\.png: known entry 1 fractal\.png, [0-9]+ bits, '
out_has '^  evidence: (trimmed|rectangle); '
out_has '^  confidence: certain; '
out_has '^  where: .* 18\.[0-9],18\.[0-9] 81\.[0-9],18\.[0-9] 81\.[0-9],81\.[0-9] 18\.[0-9],81\.[0-9] % of '
out_has '^  picture: bordered-explained\.png$'
[ "$(size_of bordered-explained.png)" = 1128x508 ] || fail "the picture is $(size_of bordered-explained.png)"
mostly_found bordered-explained.png 1 160 120 196
mostly_found bordered-explained.png 1 160 440 196
mostly_found bordered-explained.png 240 1 160 156
mostly_found bordered-explained.png 240 1 160 396
none_found bordered-explained.png 60 384 24 84
mostly_found bordered-explained.png 1 300 592 120 # the known picture, whole
mostly_found bordered-explained.png 400 1 640 468

# What is there stays, unless it may be replaced.
cp bordered-explained.png before.png
run explain bordered.png 1 --out bordered-explained.png
code_is 2
out_empty
err_is 'resight: bordered-explained.png: is there already; --force replaces it'
cmp -s before.png bordered-explained.png || fail "the picture was touched"
run explain bordered.png 1 --blur --out bordered-explained.png --force
code_is 0
cmp -s before.png bordered-explained.png && fail "the picture was not replaced"
calmer bordered-explained.png before.png 300 220 130 166

# The known picture is blurred unless it is asked for.
run explain bordered.png 1 --known fractal.png --out blurred.png
code_is 0
run explain bordered.png 1 --known fractal.png --show --out shown.png
code_is 0
calmer blurred.png shown.png 500 370 598 90

# Two files need no database, and nothing stays behind.
mkdir temporary
TMPDIR=$PWD/temporary run explain --db missing.db bordered.png fractal.png --out direct.png
code_is 0
out_has '^bordered\.png: file entry 1 fractal\.png, '
[ -s direct.png ] || fail "no picture"
[ -z "$(ls temporary)" ] || fail "something stayed behind: $(ls temporary)"
[ ! -e missing.db ] || fail "a database was made"

# Videos: the clip is covered from end to end, and lies between 3 and 6 of 8 seconds.
run explain part.mkv 2 --out video.png
code_is 0
out_has '^  time: (9[0-9]|100)\.[0-9] % of the query and 3[0-9]\.[0-9] % of the known video$'
height=$(size_of video.png | cut -dx -f2)
mostly_found video.png 940 1 116 $((height - 90))
mostly_found video.png 1 100 100 $((height - 95 - 420 * 5 / 8))
none_found video.png 1 100 100 $((height - 95 - 105))
none_found video.png 1 80 100 $((height - 95 - 420))
make_media -ss 4 -i zoom.mp4 -frames:v 1 moment.png
run explain moment.png 2 --out moment-explained.png
code_is 0
out_has ', at [34]\.[0-9]+(-[45]\.[0-9]+)? s of it'
[ -s moment-explained.png ] || fail "no picture"

run explain --json bordered.png 1
code_is 0
out_has '^\{"query":"bordered.png","kind":"image","entry":1,"matches":\[\{"bank":"known","entry":1,.*"corners":\[\[0\.18.*"agreeing_patches":[0-9]+,"frame_pairs":[0-9]+\}\],"picture":null\}$'

# When there is nothing to explain, nothing is drawn.
run explain stranger.png 1 --out nothing.png
code_is 1
out_has '^stranger\.png: no match'
out_has '^  it does not show fractal\.png, entry 1$'
run explain --json stranger.png 1 --out nothing.png
code_is 1
out_is <<<'{"query":"stranger.png","kind":"image","entry":1,"matches":[],"picture":null}'
run explain bordered.png 99 --out nothing.png
code_is 2
err_is 'resight: 99: there is no such entry'
run explain bordered.png 1 --known missing.png --out nothing.png
code_is 2
err_is 'resight: missing.png: No such file or directory'
run explain missing.png 1 --out nothing.png
code_is 2
err_is 'resight: missing.png: No such file or directory'
[ ! -e nothing.png ] || fail "something was drawn"
run explain bordered.png 1 --out missing/nothing.png
code_is 2
err_is 'resight: missing/nothing.png: No such file or directory'
run explain bordered.png --out nothing.png
code_is 2
err_has 'something is missing; usage: resight explain'

finish
