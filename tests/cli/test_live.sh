#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A stream on standard input: what appears in it is told while it runs, in bounded memory, and every end is a clean one.
. "$(dirname "$0")/cli.sh"
need_ffmpeg

# Ten seconds of something else, eight of what is known, and much more of something else: cut after what is known.
make_media -f lavfi -i mandelbrot=size=320x180:rate=10:start_scale=2:end_scale=0.01:end_pts=80 -t 8 -pix_fmt yuv420p zoom.mp4
make_media -f lavfi -i testsrc2=size=320x180:rate=10 -i zoom.mp4 -filter_complex \
    '[0:v]trim=0:10[a];[0:v]trim=10:30,setpts=PTS-STARTPTS[c];[a][1:v][c]concat=n=3:v=1,fps=10' \
    -c:v mpeg2video -q:v 3 -g 10 -bf 0 -f mpegts all.ts
cut=$(ffprobe -v error -show_entries packet=pts_time,pos -of csv=p=0 all.ts | awk -F, 'NR == 1 { start = $1 } $1 - start >= 18 { print $2; exit }')
head -c "$cut" all.ts >begin.ts
tail -c +$((cut + 1)) all.ts >rest.ts
run add --db db zoom.mp4
code_is 0

waited_for() { # PATTERN FILE : within a minute
    for _ in {1..600}; do
        grep -qE -- "$1" "$2" && return
        sleep 0.1
    done
    fail "no line like $1 came in time"
}
begin() { # ARGUMENT... : resight reads ./stream, which descriptor 7 keeps open
    ran="resight $* <stream"
    rm -f stream out err
    mkfifo stream
    "$resight" "$@" <stream >out 2>err &
    reader=$!
    exec 7>stream
}
end() {
    exec 7>&-
    wait $reader
    code=$?
}
children_of() { awk -v parent="$1" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }' /proc/[0-9]*/status 2>/dev/null; }
field() { # LINE KEY... : of ./out
    /usr/bin/python3 -c 'import json, sys
value = json.loads(open("out").read().splitlines()[int(sys.argv[1])])
for key in sys.argv[2:]: value = value[int(key) if key.lstrip("-").isdigit() else key]
print(value)' "$@"
}
about() { # VALUE EXPECTED WHAT : microseconds, within a second
    local off=$(($1 - $2))
    [ ${off#-} -le 1000000 ] || fail "$3 is $1, expected about $2"
}

# What appears is told while the stream is held open, and once; it begins and ends where it does.
for how in --isolate=on --isolate=off --effort=fast; do
    begin match --db db --json $how -
    cat begin.ts >&7
    waited_for '"state":"begun"' out
    out_lines 1
    cat rest.ts >&7
    waited_for '"state":"ended"' out
    kill -0 $reader || fail 'it ended before its input did'
    out_lines 2
    end
    code_is 0
    [ $how = --isolate=off ] || err_empty
    out_lines 3
    [ "$(field 0 stream_us)" -le 18000000 ] || fail 'told only when it was over'
    about "$(field 0 matches 0 segments 0 query_from_us)" 10000000 'its beginning'
    about "$(field 0 matches 0 segments 0 known_from_us)" 0 'where it begins in what is known'
    for line in 1 2; do
        about "$(field $line matches 0 segments 0 query_from_us)" 10000000 'its beginning'
        about "$(field $line matches 0 segments 0 query_to_us)" 18000000 'its end'
        about "$(field $line matches 0 segments 0 known_to_us)" 8000000 'its end in what is known'
        [ "$(field $line match_count)" = 1 ] || fail 'other than one match'
    done
    ! grep -q '"state"' <(tail -1 out) || fail 'the last line has a state'
done

# The last line is what a file is answered with, and has its keys; without --json, the state is in the line.
run match --db db --json all.ts
mv out file.json
cat all.ts | "$resight" match --db db --json - >out 2>err
/usr/bin/python3 -c 'import json, sys
file, whole = json.load(open("file.json")), json.loads(open("out").read().splitlines()[-1])
sys.exit(file.keys() != whole.keys() or file["matches"][0].keys() != whole["matches"][0].keys())' || fail 'other keys than a file has'
cat all.ts | "$resight" match --db db - >out 2>err
out_lines 3
out_has '^-: begun: known entry 1 zoom.mp4, .* s of it'
out_has '^-: ended: known entry 1 zoom.mp4, .* s of it, 1[0-9] of [0-9]+ frames$'
out_has '^-: known entry 1 zoom.mp4, .* s of it, 1[0-9] of [0-9]+ frames$'

# Every container that can be read from its beginning; an MP4 that cannot be is read whole, within a limit.
for form in matroska flv nut avi; do
    make_media -i all.ts -c:v flv -q:v 3 -f $form all.$form
    cat all.$form | "$resight" match --db db --effort fast - >out 2>err
    ran="all.$form in a pipe"
    out_lines 3
done
make_media -i all.ts -c:v mpeg4 -q:v 3 last.mp4
make_media -i last.mp4 -c copy -movflags faststart first.mp4
cat first.mp4 | "$resight" match --db db --effort fast - >out 2>err
ran='first.mp4 in a pipe'
out_lines 3
cat last.mp4 | "$resight" match --db db --effort fast - >out 2>err
ran='last.mp4 in a pipe'
out_lines 1
out_has '^-: known entry 1'
cat last.mp4 | "$resight" match --db db --max-bytes 100K - >out 2>err
err_has '^resight: -: [0-9]+ bytes or more: over the limit of 102400 bytes \(--max-bytes\) of what is read whole, as an MP4 has to be whose index comes last$'
err_lines 1
still mandelbrot=size=320x180 still.png
cat still.png | "$resight" match --db db - >out 2>err
ran='a picture in a pipe'
out_lines 1

# A tail that breaks off: what came is told, and that it was a part.
head -c $(($(stat -c %s all.matroska) / 2)) all.matroska | "$resight" match --db db --effort fast --json - >out 2>err
code=$?
ran='a broken tail'
code_is 0
err_is 'resight: -: damaged or broken off: only a part could be read'
out_lines 3
out_has '"state":"ended"'
tail -1 out | grep -q '"damaged":true' || fail 'the last line does not say that it is damaged'

# An interrupt is an end.
for signal in INT TERM; do
    begin match --db db --effort fast --json -
    cat begin.ts >&7
    waited_for '"state":"begun"' out
    kill -$signal $reader
    wait $reader
    code=$?
    exec 7>&-
    code_is 0
    err_empty
    out_lines 3
    out_has '"state":"ended"'
done

# A worker that is gone: what was begun is ended, one line says why.
begin match --db db --effort fast --json -
cat begin.ts >&7
waited_for '"state":"begun"' out
kill -KILL $(children_of $reader)
wait $reader
code=$?
exec 7>&-
code_is 2
err_is 'resight: -: the decoder was killed from outside (signal 9): is memory short?'
out_lines 3
out_has '"state":"ended"'
tail -1 out | grep -q '^{"query":"-","error":"the decoder was killed' || fail 'the last line does not say why'

# Limits hold for a minute of a stream, not for all of it.
"$resight" match --db db --effort fast --max-frames 200 - <all.ts >out 2>err
ran='a file of more frames than the limit'
err_has 'over the limit of 200 frames'
cat all.ts | "$resight" match --db db --effort fast --max-frames 200 - >out 2>err
ran='a minute of more frames than the limit'
err_has 'over the limit of 200 frames'
cat all.ts | "$resight" match --db db --effort fast --max-video-bytes 100K - >out 2>err
err_has 'over the limit of 102400 bytes'

# An hour, in which something known comes every minute: memory stays what it was after ten minutes.
make_media -f lavfi -i testsrc2=size=160x90:rate=4 -i zoom.mp4 -t 60 \
    -filter_complex '[0:v]trim=0:52,setpts=PTS-STARTPTS,fps=4[a];[1:v]scale=160:90,fps=4[b];[a][b]concat=n=2:v=1' \
    -c:v flv -q:v 3 -g 20 minute.flv
make_media -stream_loop 59 -i minute.flv -c copy hour.flv
ten=$(($(stat -c %s hour.flv) / 6))
memory() { # of resight and its worker, in kB
    local pid sum=0
    for pid in $reader $(children_of $reader); do
        sum=$((sum + $(awk '/^VmRSS/ { print $2 }' /proc/$pid/status)))
    done
    echo $sum
}
ended() { # COUNT : so many appearances have come and gone
    for _ in {1..600}; do
        [ "$(grep -c ': ended: ' out)" -ge "$1" ] && return
        sleep 0.1
    done
    fail "not $1 appearances within a minute"
}
begin match --db db --effort fast --every 0.25 --max-frames 400 -
head -c $ten hour.flv >&7
ended 8
early=$(memory)
tail -c +$((ten + 1)) hour.flv >&7
ended 58
late=$(memory)
echo "an hour: $early kB after ten minutes, $late kB after sixty"
end
code_is 0
grep -qa __asan_init "$resight" || # which keeps what was freed
    [ $((late - early)) -le 1024 ] || fail "$early kB after ten minutes, $late kB after an hour"
out_has '^-: known entry 1 zoom.mp4, .* of 14[0-9][0-9][0-9] frames, and 15 more stretches$'
[ "$(grep -c ': begun: ' out)" -le 60 ] || fail 'the same was told again'
finish
