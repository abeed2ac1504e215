#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What sampling a video costs beside decoding all of it: user seconds of one thread, `ffmpeg -f null -` against
# `resight hash` and `resight match`, medians of several rounds, for clips that differ in how often decoding can begin.
#
#     sparse_sampling.sh RESIGHT [FILE...]      without files: clips of 30 s at 1280x720 are made, in a folder that is removed
set -eu
resight=$(realpath "$1")
shift
rounds=${ROUNDS-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_clips() {
    local group
    ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i mandelbrot=size=1280x720:rate=30 \
        -filter_complex '[0][1]blend=average,noise=alls=8:allf=t+u,format=yuv420p' -t 30 \
        -c:v libx264 -preset ultrafast -qp 0 -threads 2 "$work/source.mkv"
    clip() { ffmpeg -v error -nostdin -i "$work/source.mkv" "$@"; }
    for group in 15 30 60 300; do
        clip -c:v libx264 -preset veryfast -bf 3 -g $group -keyint_min $group -sc_threshold 0 "$work/h264-$group.mp4"
    done
    clip -c:v libx264 -preset veryfast -bf 3 -g 60 -x264-params open-gop=1 "$work/h264-open-60.ts"
    clip -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=60:bframes=4 "$work/hevc-60.mp4"
    clip -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 60 -b:v 3M "$work/vp9-60.webm"
    clip -c:v mpeg2video -bf 2 -g 15 -q:v 4 "$work/mpeg2-15.ts"
    clip -c:v mpeg4 -bf 2 -g 60 -q:v 4 "$work/mpeg4-60.mp4"
    clip -c:v mjpeg -q:v 4 "$work/mjpeg-1.mov"
    rm "$work/source.mkv"
}

user_seconds() { # COMMAND...
    local TIMEFORMAT=%U
    { time "$@" >/dev/null 2>&1 || [ $? -eq 1 ] || echo "failed: $*" >&2; } 2>&1 # 1: nothing matched
}

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

if [ $# -eq 0 ]; then
    make_clips
    set -- "$work"/h264-15.mp4 "$work"/h264-30.mp4 "$work"/h264-60.mp4 "$work"/h264-300.mp4 "$work"/h264-open-60.ts \
        "$work"/hevc-60.mp4 "$work"/vp9-60.webm "$work"/mpeg2-15.ts "$work"/mpeg4-60.mp4 "$work"/mjpeg-1.mov
fi
raw() { awk 'BEGIN { for (i = 0; i < 64 * 64; i++) printf "%c", 32 + (i * i) % 90 }'; }
raw >"$work/known.gray"
ffmpeg -v error -nostdin -f rawvideo -pixel_format gray -video_size 64x64 -i "$work/known.gray" "$work/known.png"
"$resight" add --db "$work/db" "$work/known.png" >/dev/null 2>&1
echo '| clip | ffmpeg, all frames | hash, each second | hash, each half | match |'
echo '|---|---|---|---|---|'
for file; do
    rm -f "$work"/*.times
    for ((round = 0; round < rounds; round++)); do
        user_seconds ffmpeg -nostdin -threads 1 -i "$file" -map 0:v:0 -f null - >>"$work/all.times"
        user_seconds "$resight" hash --jobs 1 "$file" >>"$work/hash1.times"
        user_seconds "$resight" hash --jobs 1 --every 0.5 "$file" >>"$work/hash2.times"
        user_seconds "$resight" match --jobs 1 --db "$work/db" "$file" >>"$work/match.times"
    done
    all=$(median <"$work/all.times")
    printf '| %s | %s s |' "$(basename "$file")" "$all"
    for what in hash1 hash2 match; do
        median <"$work/$what.times" | awk -v all="$all" '{ printf " %s s, %.2f |", $1, $1 / all }'
    done
    echo
done
