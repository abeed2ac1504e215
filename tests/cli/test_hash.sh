#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `resight hash` and `resight compare`: lines, formats, raw frames, and files that cannot be read.
. "$(dirname "$0")/cli.sh"
need_ffmpeg

raw_grey 100 80 >one.gray
cat one.gray <(raw_grey 100 80 5) >two.gray
run hash --raw gray --size 100x80 two.gray
code_is 0
err_empty
cp out raw.golden
out_lines 2
out_has '^0,[0-9]+,[0-9a-f]{64},0\.000$'
out_has '^1,[0-9]+,[0-9a-f]{64},0\.040$'
run hash --raw gray --size 100x80 --fps 10 - <two.gray
out_has '^1,[0-9]+,[0-9a-f]{64},0\.100$'
run hash --raw gray --size 100x80 --dihedral one.gray
out_lines 8
run hash --raw gray --size 100x80 - < <(head -c 8001 two.gray)
code_is 2
out_lines 1
err_is 'resight: -: ends after 1 bytes of frame 1; a frame is 8000 bytes'
run hash --raw gray one.gray
code_is 2
err_is 'resight: --raw: the size of the frames is not known; add --size WxH'
for level in scalar avx2 avx512 neon; do
    run hash --cpu "$level" --raw gray --size 100x80 two.gray
    [ "$code" -eq 2 ] || cmp -s out raw.golden || fail "another hash at --cpu $level"
done

# A picture through a file is the same as its raw pixels.
make_media -f rawvideo -pix_fmt gray -s 100x80 -i one.gray -pix_fmt gray one.png
make_media -f rawvideo -pix_fmt gray -s 100x80 -i one.gray -pix_fmt gray -y one.bmp
hash=$(head -1 raw.golden | cut -d, -f3) quality=$(head -1 raw.golden | cut -d, -f2)
run hash one.png
code_is 0
out_is <<<"$hash,$quality,one.png"
run hash - <one.png
out_is <<<"$hash,$quality,-"
mv one.bmp looks-like.jpg
run hash looks-like.jpg
out_is <<<"$hash,$quality,looks-like.jpg"
run hash --json one.png
out_has "^\{\"path\":\"one.png\",\"kind\":\"image\",\"format\":\"png\",.*\"dialect\":\"pdq\",\"hash\":\"$hash\",\"quality\":$quality,\"approximate\":false\}$"
run hash --dihedral one.png
out_lines 8
[ "$(head -1 out)" = "$hash,$quality,one.png" ] || fail "the first of eight is not the hash"
run hash --json --dihedral one.png
out_has '"hashes":\{"orig":"[0-9a-f]{64}","rot90":'

# Large JPEGs at a part of their size: a hash that no list takes for an exact one.
make_media -f lavfi -i mandelbrot=size=1024x768 -frames:v 1 large.jpg
make_media -i large.jpg -vf scale=320:240 small.jpg
run hash --fast large.jpg small.jpg
code_is 0
out_has '^~[0-9a-f]{64},100,large\.jpg$'
out_has '^[0-9a-f]{64},100,small\.jpg$'
mv out approximate.pdq
run hash --fast --json large.jpg
out_has '"approximate":true\}$'
run compare --fast large.jpg small.jpg
out_has '^about [0-9]+ bits(;.*)?: match$'
run compare --json --fast small.jpg small.jpg
out_has '"approximate":false'
run import --db db approximate.pdq
code_is 2
err_has '^resight: approximate\.pdq: line 1: an approximate hash; expected an exact one$'
err_has '^1 added, 0 already there, 1 not read$'
run add --db db --fast large.jpg
code_is 2
err_is 'resight: --fast: for hash, match and compare alone; what add takes is exact'
run hash --fast --dialect pdq512 large.jpg
code_is 2
err_is 'resight: --fast: of dialect pdq alone; pdq512 is hashed of the whole picture'
run add --db db large.jpg
cp large.jpg again.jpg
echo >>again.jpg
run match --db db --fast again.jpg
code_is 0
out_has '^again\.jpg: known entry [0-9]+ large\.jpg, about [0-9]+ bits'
run match --db db --json --fast again.jpg
out_has '"pdq_distance_bits":null,"approximate":true,"view":"stored"'
run match --db db --hashes approximate.pdq
out_has '^[0-9a-f]{64}: known entry [0-9]+ large\.jpg, about [0-9]+ bits$'

# Many, in order; what is no media is one line, and the others go on.
mkdir folder folder/below
cp one.png folder/b.png
cp one.png folder/below/c.png
echo 'not a picture' >folder/a.txt
: >folder/empty.jpg
head -c 200 one.png >folder/cut.png
run hash folder one.png
code_is 2
cut -d, -f3 out >out.names && mv out.names out
out_is <<'TEXT'
folder/b.png
folder/below/c.png
one.png
TEXT
err_lines 3
err_has '^resight: folder/a\.txt: '
err_has '^resight: folder/empty\.jpg: .*empty'
err_has '^resight: folder/cut\.png: '
run hash --json folder
code_is 2
out_lines 5
out_has '^\{"path":"folder/empty.jpg","error":".*empty.*"\}$'
run hash missing.png
code_is 2
err_is 'resight: missing.png: No such file or directory'
mkfifo pipe
run hash pipe
code_is 2
err_lines 1
printf 'one.png\n\none.png\n' >list
run hash --files-from list
code_is 0
out_lines 2
printf 'one.png\0' | (run hash --files-from - -0; code_is 0; out_lines 1; exit "$failures") || failures=1
cp one.png ./- && printf 'one.png\n-\none.png\n' | (run hash --files-from -; code_is 0; out_lines 3; exit "$failures") || failures=1
run hash --files-from .
code_is 2
err_lines 1
run hash --files-from /dev/zero
code_is 2
run hash --raw gray --size 100x80 --files-from <(echo two.gray)
code_is 0
out_lines 2
run hash one.png --max-video-bytes 100 --max-bytes 100
code_is 2
run hash --max-pixels 7999 one.png
code_is 2
err_has '^resight: one\.png: .*--max-pixels'
run hash --max-bytes 100 one.png
code_is 2
err_has '^resight: one\.png: .*--max-bytes'

# Video: vPDQ's lines, at the rate that was asked for.
make_media -f lavfi -i testsrc2=size=160x120:rate=10 -t 3 -pix_fmt yuv420p clip.mp4
run hash clip.mp4
code_is 0
out_lines 3
out_has '^20,[0-9]+,[0-9a-f]{64},2\.000$'
run hash --every 0 clip.mp4
out_lines 30
run hash --every 0.5 clip.mp4
out_lines 6
run hash clip.mp4 one.png
out_has '^# clip\.mp4$'
run hash --json clip.mp4
out_has '"kind":"video","format":"video".*"frames":\[\{"frame":0,"time_us":0,'
head -c 9000 clip.mp4 >broken.mp4
run hash broken.mp4
code_is 2

# compare: exit codes as grep's.
make_media -i one.png -vf hflip mirrored.png
still mandelbrot=size=200x160 other.png
run compare one.png one.png
code_is 0
out_is <<<'0 bits: match'
run compare one.png mirrored.png
code_is 0
out_has 'bits when turned \(flipy\): match$'
run compare one.png other.png
code_is 1
out_has ': no match$'
run compare --radius 256 one.png other.png
code_is 0
run compare "$hash" one.png
code_is 0
out_is <<<'0 bits: match'
run compare one.png missing.png
code_is 2
make_media -ss 1 -i clip.mp4 -t 1 -c:v mpeg4 part.mkv
run compare --every 0.1 part.mkv clip.mp4
code_is 0
out_has '0\.000-0\.[0-9]+ s is clip\.mp4 1\.[0-9]+-'
run compare --json --every 0.1 part.mkv clip.mp4
out_has '"matched":true,.*"b_from_us":1'
finish
