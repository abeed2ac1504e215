#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A file of every format, cut at every hundredth of its length. A picture that breaks off is refused with one line, or
# what is missing does not matter and its hash is that of the whole; never the hash of another picture. A video is refused,
# or says that it is damaged, or gives the first frames of the whole: some containers do not say how long they are.
# Run as: truncated.sh RESIGHT FOLDER...
set -eu
resight=$(realpath "$1")
shift
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
files=0 cuts=0 faults=0

cut_up() { # FILE: into $work/1 ... $work/99
    local size percent
    size=$(stat -c %s "$1")
    rm -f "$work"/*
    for percent in {1..99}; do
        head -c $((size * percent / 100)) "$1" >"$work/$percent"
    done
    cp "$1" "$work/100"
}

for file in $(printf '%s/*\n' "$@"); do
    case $file in *crash* | *find*) continue ;; esac
    cut_up "$file"
    code=0
    (cd "$work" && "$resight" hash --jobs=1 --json {1..100} >out 2>err) || code=$?
    [ $code -eq 0 ] || [ $code -eq 2 ] || { echo "$file: exit code $code"; faults=$((faults + 1)); continue; }
    # Of each line the number of the cut, and what is said of the pixels; of a video its frames, without the brackets.
    sed -E 's/^\{"path":"([0-9]+)",/\1\t/; s/"duration_us":[0-9]+,//; s/\]?\}$//' "$work/out" >"$work/answers"
    wrong=$(awk -F'\t' -v err="$work/err" '
        BEGIN { while ((getline line < err) > 0) { split(line, part, ": "); said[part[2]]++; text[part[2]] = line } }
        { answer[$1] = $2; whole = $2 }
        END {
            for (n = 1; n <= 100; n++) {
                failed = answer[n] == "" || answer[n] ~ /"error":/
                partly = answer[n] ~ /"damaged":true/
                if (failed || partly ? said[n] != 1 : said[n] != 0 || index(whole, answer[n]) != 1)
                    print n " %: " answer[n] " " text[n]
            }
            if (whole == "" || whole ~ /"error":/) print "the whole: " whole
        }' "$work/answers")
    files=$((files + 1)) cuts=$((cuts + 99))
    if [ -n "$wrong" ]; then
        printf '%s:\n%s\n' "$file" "$wrong" | cut -c1-400
        faults=$((faults + 1))
    fi
done
echo "$files files, $cuts cuts, $faults files with faults"
[ "$files" -gt 0 ] && [ "$faults" -eq 0 ]
