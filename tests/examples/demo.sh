#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What resight is for, in a minute: index some media, change it as an uploader would, and ask whether it is known.
# usage: demo.sh RESIGHT. Everything is made on the spot by ffmpeg, in ./demo.
set -euo pipefail
resight=$(realpath "$1")
rm -rf demo
mkdir -p demo/known demo/copies demo/strangers
cd demo

say() { printf '\n== %s\n' "$*"; }
make() { ffmpeg -v error -nostdin -y "$@"; } # ffmpeg, quiet unless it fails
still() { make -f lavfi -i "$1" -frames:v 1 "${@:2}"; }

say "Making five pictures and a video"
still mandelbrot=size=800x600:start_scale=0.6:start_x=-0.72:start_y=0.27 known/fractal.png
still 'gradients=size=900x600:n=6:seed=5,noise=alls=25:all_seed=3,vignette' -q:v 3 known/glow.jpg
still testsrc2=size=1280x720 known/chart.png
still 'cellauto=size=640x480:rule=30:random_seed=7:scroll=0,gblur=sigma=3' -q:v 3 known/cells.jpg
still sierpinski=size=700x500:seed=3:type=carpet known/carpet.png
make -f lavfi -i mandelbrot=size=640x360:rate=25:start_scale=2:end_scale=0.001:end_pts=300 -t 12 -pix_fmt yuv420p known/zoom.mp4

say "Changing them: smaller, recompressed, mirrored, brighter, cropped and turned in a frame, a piece of the video"
make -i known/fractal.png -vf scale=400:300 -q:v 12 copies/fractal-half-size.jpg
make -i known/glow.jpg -q:v 20 copies/glow-recompressed.jpg
make -i known/chart.png -vf hflip -quality 60 copies/chart-mirrored.webp
make -i known/cells.jpg -vf eq=brightness=0.15:contrast=1.3 copies/cells-brighter.png
make -i known/carpet.png -vf 'negate,scale=350:250' copies/carpet-negative.gif
make -i known/fractal.png -vf 'crop=iw*0.8:ih*0.8,rotate=0.1:fillcolor=gray,pad=iw+80:ih+160:40:120:white' copies/fractal-cropped-turned-framed.jpg
make -ss 4 -t 5 -i known/zoom.mp4 -vf scale=320:180 -c:v mpeg4 -q:v 8 copies/zoom-from-4s-to-9s.mkv

say "And making strangers"
still mandelbrot=size=800x600:start_scale=0.02:start_x=0.3:start_y=0.03 strangers/fractal-elsewhere.png
still 'cellauto=size=640x480:rule=110:random_seed=99:scroll=0,gblur=sigma=3' -q:v 3 strangers/other-cells.jpg
make -f lavfi -i testsrc=size=640x360:rate=25 -t 5 -pix_fmt yuv420p strangers/clock.mp4

say "resight add --db bank known"
"$resight" add --db bank known

say "resight match --db bank copies strangers"
found=0
"$resight" match --db bank copies strangers | tee matches.txt || found=$?

recognised=$(grep '^copies/.* entry ' matches.txt | cut -d: -f1 | sort -u | wc -l)
mistaken=$(grep -c '^strangers/.* entry ' matches.txt || true)
say "$recognised of 7 copies recognised, $mistaken of 3 strangers mistaken (exit code $found: 0 is 'something matched')"
echo "The media and the database are in ./demo; try:  build/cli/resight help"
[ "$recognised" -eq 7 ] && [ "$mistaken" -eq 0 ]
