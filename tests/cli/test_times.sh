#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Times of video frames, from containers that state them in every way there is; and the same frames, with the same
# hashes, times and numbers, however few of them are sampled.
. "$(dirname "$0")/cli.sh"
need_ffmpeg

has_encoder() { ffmpeg -v error -h "encoder=$1" 2>&1 | grep -q '^Encoder'; }
for encoder in libx264 libx265 libvpx-vp9; do
    has_encoder "$encoder" || { echo "no $encoder to make media with"; exit 77; }
done

# Six seconds that never stand still, and in which no frame is like another.
make_media -f lavfi -i testsrc2=size=160x120:rate=30 -f lavfi -i mandelbrot=size=160x120:rate=30 \
    -filter_complex '[0][1]blend=average,noise=alls=12:allf=t+u,format=yuv420p' -t 6 -c:v ffv1 -g 1 source.mkv
clip() { make_media -i source.mkv "$@"; } # OPTION... FILE
x264() { clip -c:v libx264 -preset veryfast "$@"; }

frames() { # EVERY FILE: lines of "FRAME TIME_US QUALITY HASH" into ./frames
    run hash --json --every "$1" "$2"
    code_is 0
    grep -o '{"frame":[^}]*}' out | sed -E 's/[^0-9a-f:,]//g; s/(^|,)[a-f]*:/ /g; s/^ +//' >frames
}

# The first frame, and the first at or after each multiple: of all frames, which are decoded one by one.
sampled_is_of_all() { # FILE
    frames 0 "$1"
    mv frames all
    [ -s all ] || fail "$1: no frames"
    for every in 0.125 0.5 1.7; do
        awk -v every="$every" '
            BEGIN { every *= 1000000 }
            $2 >= due { print; due = (int($2 / every) + 1) * every }' all >chosen
        frames "$every" "$1"
        cmp -s chosen frames || { fail "$1: other frames each $every s"; diff chosen frames | head -n 4; }
    done
}

# Codecs and groups of pictures.
x264 -bf 3 -g 15 -keyint_min 15 -sc_threshold 0 short-groups.mp4
x264 -bf 3 -g 60 long-groups.mkv
x264 -bf 3 -g 1000 one-group.mp4
x264 -g 1 intra.mp4
x264 -bf 3 -g 20 -x264-params open-gop=1 open.ts
x264 -g 30 -x264-params intra-refresh=1 refresh.mp4
x264 -bf 2 -g 20 -flags +ildct+ilme interlaced.ts
x264 -bf 2 -g 20 groups.flv
clip -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=20:open-gop=1:bframes=4 open-hevc.mp4
clip -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=20:open-gop=0:bframes=4 closed-hevc.mkv
clip -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=20:temporal-layers=1:bframes=4 layers-hevc.ts
clip -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 20 -b:v 300k groups.webm
clip -c:v libvpx-vp9 -deadline good -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -g 25 -b:v 300k hidden-frames.webm
clip -c:v mpeg4 -bf 2 -g 24 -q:v 5 groups.mp4
clip -c:v mpeg4 -bf 2 -g 24 -q:v 5 packed.avi
clip -c:v mpeg2video -bf 2 -g 12 -q:v 5 open-mpeg2.ts
clip -c:v mpeg2video -bf 2 -g 12 -q:v 5 -flags +cgop -sc_threshold 1000000000 closed-mpeg2.mpg
clip -c:v mjpeg -q:v 4 all-key.mov
for file in short-groups.mp4 long-groups.mkv one-group.mp4 intra.mp4 open.ts refresh.mp4 interlaced.ts groups.flv \
    open-hevc.mp4 closed-hevc.mkv layers-hevc.ts groups.webm hidden-frames.webm groups.mp4 packed.avi open-mpeg2.ts \
    closed-mpeg2.mpg all-key.mov; do
    sampled_is_of_all "$file"
    [ "$(wc -l <all)" -eq 180 ] || fail "$file: $(wc -l <all) frames"
    err_empty
done

# Rates that vary: presentation times of the source, from the first frame on.
clip -vf "select='not(mod(n,7))+gt(mod(n,41),20)'" -fps_mode vfr -c:v libx264 -preset veryfast -bf 3 -g 25 rates.mp4
sampled_is_of_all rates.mp4
awk 'BEGIN { for (n = 0; n < 180; n++) if (n % 7 == 0 || n % 41 > 20) print n }' >taken
paste -d ' ' all taken | awk '{ off = $2 - $5 * 100000 / 3; if (off < -600 || off > 600) exit 1 }' ||
    fail "rates.mp4: not the times of its frames"
[ "$(wc -l <all)" -eq "$(wc -l <taken)" ] || fail "rates.mp4: $(wc -l <all) frames"

# An edit list: decoding begins before what is shown. The frames are those of the whole, from there on, at times from 0.
frames 0 long-groups.mkv
cut -d ' ' -f 4 frames >whole
make_media -ss 1.3 -i long-groups.mkv -c copy edited.mp4
sampled_is_of_all edited.mp4
cut -d ' ' -f 4 all >rest
[ "$(head -n 1 all | cut -d ' ' -f 1,2)" = '0 0' ] || fail "edited.mp4 begins at $(head -n 1 all)"
tail -n 141 whole | cmp -s - rest || fail "edited.mp4: not the frames from 1.3 s on"

# Cut out of an open group: what is shown before its first key frame cannot be decoded, and is no frame.
make_media -ss 1.5 -i open-hevc.mp4 -c copy headless.ts
sampled_is_of_all headless.ts

# Without times, at the rate that the codec states; by their order of decoding alone; and beyond the 33 bits of a clock.
x264 -bf 2 -g 20 bare.h264
x264 -bf 2 -g 20 ordered.avi
make_media -i long-groups.mkv -c copy -output_ts_offset 95440 wrapping.ts
frames 0 groups.flv
cut -d ' ' -f 4 frames >same
for file in bare.h264 ordered.avi wrapping.ts; do
    sampled_is_of_all "$file"
    [ $file != wrapping.ts ] || cp whole same
    cut -d ' ' -f 4 all | cmp -s - same || fail "$file: other frames than in a container with times"
    awk '{ off = $2 - $1 * 100000 / 3; if (off < -2000 || off > 2000) exit 1 }' all || fail "$file: other times"
done

# The size changes in the middle, and the clock with it: every frame is hashed, and time goes on.
clip -vf scale=96:80 -t 2 -c:v libx264 -preset veryfast -bf 2 -g 20 small.ts
make_media -i long-groups.mkv -c copy large.ts
cat small.ts large.ts small.ts >sizes.ts
make_media -i small.ts -c copy small.h264
cat small.h264 bare.h264 >sizes.h264
sampled_is_of_all sizes.ts
[ "$(wc -l <all)" -ge 297 ] || fail "sizes.ts: $(wc -l <all) frames of 300"
awk '{ off = $2 - $1 * 100000 / 3; if (off < -200000 || off > 200000) exit 1 }' all || fail "sizes.ts: time does not go on"
head -n 60 all | cut -d ' ' -f 4 >first
frames 0 small.ts
cut -d ' ' -f 4 frames | cmp -s - first || fail "sizes.ts: other frames of the first size"
sampled_is_of_all sizes.h264
[ "$(wc -l <all)" -eq 240 ] || fail "sizes.h264: $(wc -l <all) frames of 240"

# Several streams: the one that is marked as the default, never a cover.
make_media -f lavfi -i color=gray:size=160x120:rate=30 -t 6 -c:v mpeg4 flat.mp4
make_media -i flat.mp4 -i long-groups.mkv -map 0 -map 1 -c copy -disposition:v:0 0 -disposition:v:1 default two.mkv
sampled_is_of_all two.mkv
cut -d ' ' -f 4 all | cmp -s - whole || fail "two.mkv: not the default stream"
make_media -i flat.mp4 -frames:v 1 cover.png
make_media -i cover.png -i long-groups.mkv -map 0 -map 1 -c copy -disposition:v:0 attached_pic covered.mp4
sampled_is_of_all covered.mp4
cut -d ' ' -f 4 all | cmp -s - whole || fail "covered.mp4: not the video"

# Sound alone is one clear line.
make_media -f lavfi -i sine -t 1 sound.mp4
run hash sound.mp4
code_is 2
err_is "resight: sound.mp4: 'mov,mp4,m4a,3gp,3g2,mj2' has no video stream"
make_media -f lavfi -i sine -t 1 sound.ogg
run hash sound.ogg
code_is 2
err_is "resight: sound.ogg: 'ogg' has no video stream"
make_media -f lavfi -i sine -t 1 sound.wav
run hash sound.wav
code_is 2
err_lines 1
err_has "^resight: sound.wav: neither a picture nor a video"

# A broken tail: what is there is hashed, and it is said that it ended early, however sparsely it is sampled. A bare
# stream and an MPEG program stream may end anywhere, and then nothing shows it.
for file in large.ts long-groups.mkv groups.flv ordered.avi closed-mpeg2.mpg bare.h264; do
    size=$(stat -c %s "$file")
    for percent in 40 85; do
        head -c $((size * percent / 100 / 188 * 188 + 100)) "$file" >"cut-$file"
        for every in 0 0.5; do
            run hash --every $every "cut-$file"
            code_is 0
            case $file in
            bare.h264 | closed-mpeg2.mpg) ;;
            *) err_is "resight: cut-$file: damaged or broken off: only a part could be read" ;;
            esac
            cp out "cut-$every"
        done
        frames=$(wc -l <cut-0)
        [ $((frames * 100)) -gt $((180 * (percent - 25))) ] || fail "cut-$file at $percent %: $frames frames"
        [ "$(wc -l <cut-0.5)" -ge $((frames / 15)) ] || fail "cut-$file at $percent %: too few samples"
    done
done
finish
