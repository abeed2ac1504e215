#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# add, match, banks, entries, import and export, verify, backup: a database from its first entry to its copy.
. "$(dirname "$0")/cli.sh"
need_ffmpeg

mkdir known
still mandelbrot=size=400x300 known/fractal.png
still testsrc2=size=320x240 known/chart.jpg
make_media -f lavfi -i mandelbrot=size=320x180:rate=10:start_scale=2:end_scale=0.01:end_pts=80 -t 8 -pix_fmt yuv420p known/zoom.mp4
make_media -i known/fractal.png -vf scale=200:150 -q:v 10 smaller.jpg
make_media -i known/fractal.png -vf hflip mirrored.png
make_media -i known/fractal.png -vf negate negative.png
make_media -ss 3 -i known/zoom.mp4 -t 3 -c:v mpeg4 -q:v 5 part.mkv
still 'cellauto=size=320x240:rule=110:random_seed=9:scroll=0,gblur=sigma=2' stranger.png

run match smaller.jpg
code_is 2
err_is 'resight: resight.db: there is no database here; resight add --db DIR makes one'
run add --label case=7 --label source=test known
code_is 0
out_is <<'TEXT'
known/chart.jpg: added to known, entry 1, 2 hashes
known/fractal.png: added to known, entry 2, 2 hashes
known/zoom.mp4: added to known, entry 3, 65 hashes
TEXT
run add known known/chart.jpg
code_is 0
out_lines 4
out_has '^known/fractal\.png: in known already, entry 2$'
run add --json known/chart.jpg stranger.txt
code_is 2
out_has '^\{"path":"known/chart.jpg","bank":"known","entry":1,"added":false,"sha256":"[0-9a-f]{64}"\}$'
out_has '^\{"path":"stranger.txt","error":"No such file or directory"\}$'

run match smaller.jpg
code_is 0
out_has '^smaller\.jpg: known entry 2 known/fractal\.png, [0-9]+ bits(, reduced)?$'
run match known/fractal.png
out_is <<<'known/fractal.png: known entry 2 known/fractal.png, the same file'
run match mirrored.png
out_has ' [0-9]+ bits, flipy$'
run match negative.png
out_has ' [0-9]+ bits, inverted$'
make_media -i known/fractal.png -vf negate,hflip both.png
run match both.png
out_has ' [0-9]+ bits, flipy, inverted'
run match part.mkv
code_is 0
out_has '^part\.mkv: known entry 3 known/zoom\.mp4, .* s is 3\.000-6\.000 s of it, 6 of 6 frames$'
run match stranger.png
code_is 1
out_is <<<'stranger.png: no match'
run match stranger.png missing.png smaller.jpg
code_is 2
out_lines 2
err_lines 1
run match --json smaller.jpg part.mkv stranger.png missing.png
code_is 2
out_has '^\{"query":"smaller.jpg","kind":"image","quality":[0-9]+,"matches":\[\{"bank":"known","entry":2,"name":"known/fractal.png","kind":"image","evidence":"frame","confidence":"certain","corners":\[\[0\.0,0\.0\],\[1\.0,0\.0\],\[1\.0,1\.0\],\[0\.0,1\.0\]\],"distance_bits":[0-9]+,"pdq_distance_bits":[0-9]+,"approximate":false,"view":"[a-z-]+","known_view":"[a-z-]+","known_dialect":"pdq","transform":"orig","inverted":false\}\],"match_count":1\}$'
out_has '^\{"query":"part.mkv","kind":"video".*"query_from_us":0,"query_to_us":3000000,"known_from_us":3000000,"known_to_us":6000000,"speed":1.0,"frames":6'
out_has '^\{"query":"stranger.png",.*"matches":\[\],"match_count":0\}$'
out_has '^\{"query":"missing.png","error":'

hash=$("$resight" hash known/fractal.png | cut -d, -f1)
run match --hash "$hash"
code_is 0
out_is <<<"$hash: known entry 2 known/fractal.png, 0 bits"
printf '%s\n# comment\nhash=%s,some text\nnonsense\n%064d\n' "$hash" "$hash" 0 >hashes
run match --hashes hashes
code_is 2
out_lines 3
err_has '^resight: hashes: line 4: '
run match --radius 0 stranger.png
code_is 1
run match --radius 256 --top 2 stranger.png
code_is 0
out_lines 3
out_has ': and 1 more; --top 0 prints all$'

# Banks.
run bank create trusted --negative --radius 20 --min-quality 10
code_is 0
run bank create trusted
code_is 2
run bank list
out_is <<'TEXT'
known	positive	3 entries	radius 31 bits	quality from 50
trusted	negative	0 entries	radius 20 bits	quality from 10
TEXT
run bank set known --radius 25
code_is 0
run bank list --json
out_has '^\{"bank":"known","polarity":"positive","entries":3,"radius_bits":25,"min_quality":50\}$'
run add --bank trusted smaller.jpg
code_is 0
run match smaller.jpg
code_is 1
out_has '^smaller\.jpg: no match \(known to be harmless: trusted entry 4 smaller\.jpg, 0 bits\)$'
make_media -i smaller.jpg -q:v 8 again.jpg
run match again.jpg
code_is 1
out_has '^again\.jpg: no match \(known to be harmless: trusted entry 4 smaller\.jpg, [0-9]+ bits\)$'
make_media -i known/fractal.png exact.bmp # nearer to what is known than to a darker, blurred one that is harmless
make_media -i known/fractal.png -vf gblur=sigma=4,eq=brightness=-0.2:contrast=1.3 harmless.png
run add --db near.db known/fractal.png
run bank create --db near.db trusted --negative --radius 60
run add --db near.db --bank trusted harmless.png
run match --db near.db exact.bmp
code_is 0
run match --db near.db harmless.png
code_is 1
run match --bank known smaller.jpg
code_is 1
run match --bank trusted smaller.jpg
code_is 0
run match --bank nowhere smaller.jpg
code_is 2
err_is 'resight: resight.db: there is no bank nowhere; resight bank list names them'
run bank remove trusted
code_is 0
out_is <<<'trusted: removed, with 1 entries'
run match smaller.jpg
code_is 0

# Entries.
run list
out_lines 3
out_has $'^2\tknown\timage\t2\tknown/fractal\\.png$'
run list --label case=8
out_lines 0
run list --json --label case=7
out_has '^\{"entry":3,"bank":"known","kind":"video",.*"labels":\{"case":"7","source":"test"\},"patch_count":[0-9]+,"hash_count":[0-9]+\}$'
run show 2
out_has '^entry 2 of known, image: known/fractal\.png$'
out_has '^  label case=7$'
out_has "^  pdq $hash quality [0-9]+$"
run show 2 99
code_is 2
err_is 'resight: 99: there is no such entry'
run stats
out_has '^  entries   3: 2 images, 1 videos$'
run stats --json
out_has '"entries":3,"images":2,"videos":1,"hashes":69,'
run verify
code_is 0
out_has ': 3 entries, 69 hashes, .* 0 faults$'
run backup copy.db
code_is 0
run backup copy.db
code_is 2
run remove 2
code_is 0
out_is <<<'1 removed'
run match --effort fast smaller.jpg # a place in the video looks much like it
code_is 1
run remove 2
code_is 2
err_is 'resight: 2: there is no such entry'
run remove --sha256 "$(sha256sum known/chart.jpg | cut -d' ' -f1)"
code_is 0
run match known/chart.jpg
code_is 1
run match --db copy.db smaller.jpg known/chart.jpg
code_is 0
out_lines 2
RESIGHT_DB=copy.db run match smaller.jpg
code_is 0

# Lists in and out.
run export --db copy.db
code_is 0
out_has "^$hash,known/fractal\\.png$"
cp out list.pdq
run import --db other.db --bank partner list.pdq
code_is 0
err_is '2 added, 0 already there, 0 not read'
run import --db other.db --bank partner list.pdq
err_is '0 added, 2 already there, 0 not read'
run match --db other.db smaller.jpg
code_is 0
out_has '^smaller\.jpg: partner entry [0-9]+ known/fractal\.png, '
run export --db copy.db --format vpdq
out_lines 65
cp out zoom.txt
run import --db other.db --format vpdq zoom.txt
code_is 0
run match --db other.db part.mkv
code_is 0
out_has ' known/zoom\.mp4, '
run import --db other.db --format vpdq zoom.txt
err_is '0 added, 1 already there, 0 not read'
printf '%s\nbad row\n%s' "$hash" "$hash" >bad.pdq
run import --db third.db bad.pdq
code_is 2
err_has '^resight: bad\.pdq: line 2: '
err_has '^1 added, 1 already there, 1 not read$'

printf '1,100,%s,5.0\n0,100,%s,4.0\n' "$hash" "$hash" >unordered.txt
run import --db third.db --format vpdq unordered.txt zoom.txt
code_is 0
err_is '2 added, 0 already there, 0 not read'
run match --hashes .
code_is 2
err_lines 1
run match --db other.db --dialect pdq512 --hash "$hash"
code_is 0
out_has ', 0 bits, hashed as pdq512 and known as pdq$'

# What is kept: of a video a picture a second that shows something new, and of a still scene a mark a second; all marks
# that --every asks for; of a picture with transparent parts the patches of one view.
make_media -f lavfi -i mandelbrot=size=320x240 -vf "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(gt(X,260),0,255)'" -frames:v 1 clear.png
make_media -loop 1 -framerate 8 -i known/fractal.png -t 30 -vf scale=64:48 -pix_fmt yuv420p half-minute.mp4
run add --db kept.db known/zoom.mp4 clear.png half-minute.mp4
code_is 0
out_has '^half-minute\.mp4: added to known, entry 3, 3[01] hashes$'
run show --db kept.db 1
out_has '^  [0-9]+ patches of 8 pictures$'
run show --db kept.db 2 3
[ "$(grep -c ' patches of 1 pictures$' out)" -eq 2 ] || fail "more than one picture was looked at"
run add --db all.db --every 0.125 half-minute.mp4
out_has ', 24[0-9] hashes$'

# A clip that is half somebody else's is found, and is no match by vPDQ's rule, which wants 80 % of it.
make_media -f lavfi -i testsrc2=size=320x180:rate=10 -ss 3 -t 4 -i known/zoom.mp4 -t 8 -filter_complex '[0:v]trim=0:4[a];[a][1:v]concat=n=2:v=1' -pix_fmt yuv420p half.mkv
run match --db kept.db half.mkv
code_is 0
run match --db kept.db --rule vpdq half.mkv
code_is 1
run match --db kept.db --rule vpdq --json part.mkv
code_is 0
out_has '"vpdq_query_percent":100\.0,"vpdq_known_percent":[0-9.]+\}'

# Every frame of a still scene resembles every other: that must not multiply.
make_media -loop 1 -framerate 4 -i known/fractal.png -t 900 -vf scale=64:48 -pix_fmt yuv420p still.mp4
run add --db still.db still.mp4
code_is 0
cp still.mp4 copy.mp4 && printf x >>copy.mp4
grep -qa __asan_init "$resight" || room=1500000 # a sanitizer needs terabytes of addresses
(failures=0 && ulimit -v "${room-unlimited}" && run match --db still.db -j 1 copy.mp4 && code_is 0 && exit "$failures") || fail "a still video takes too much memory"
out_has ' 0\.000-8[0-9][0-9]\.[0-9]+ s is 0\.000-8[0-9][0-9]\.[0-9]+ s of it'

# A folder that holds a database is added without it.
run add --db known/own.db known
code_is 0
run add --db known/own.db known
out_lines 3
rm -r known/own.db

# A damaged database is refused or found out, and never ends in a signal.
cp -r copy.db damaged.db
truncate -s 20000 damaged.db/data.mdb
run match --db damaged.db smaller.jpg
code_is 2
err_has '^resight: damaged\.db.*cut short'
run verify --db damaged.db
code_is 2
mkdir foreign.db
head -c 40000 /dev/urandom >foreign.db/data.mdb
run match --db foreign.db smaller.jpg
code_is 2
err_lines 1
finish
