#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How many edited copies of known pictures `resight match` recognises, and how often it is wrong.
# usage: run.sh RESIGHT KNOWN UNRELATED EDITS [OUT]
# EDITS holds a folder for each edit, with copies named like the known pictures. OUT (robustness) gets table.md,
# figures.jsonl, plot.svg, false.tsv and what the program said. README.md tells how it is counted.
set -euo pipefail
export LC_ALL=C
[ $# -ge 4 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
resight=$1 known=$2 unrelated=$3 edits=$4 out=${5:-robustness}
here=$(dirname "$0")
# Edits that are made with UNRELATED pictures: finding those in them is no mistake.
composites=${COMPOSITES:-^(pip|collage)}
TIMEFORMAT='%U %S'
mkdir -p "$out"
: > "$out/unread.txt"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

match() { # options and paths; the processor time of all processes goes to stderr
    local code=0
    time "$resight" match --db "$work/bank" --json --top 0 "$@" 2>> "$out/unread.txt" || code=$?
    [ "$code" -le 2 ] # 1 nothing matched, 2 some files could not be read: they are listed
}

for bank in known unrelated; do
    "$resight" add --db "$work/bank" --bank "$bank" "${!bank}" > "$work/added" 2> "$work/notes" || [ $? -eq 2 ]
    grep "^resight: " "$work/notes" >> "$out/unread.txt" || true
    printf -v "$bank"_entries %d "$("$resight" list --db "$work/bank" --bank "$bank" --json | grep -c '"entry"')"
done
match --bank known --effort fast "$edits" > "$out/pdq.jsonl" 2> "$work/fast"
match "$edits" > "$out/edits.jsonl" 2> "$work/normal"
match --bank known "$unrelated" > "$out/strangers.jsonl" 2> "$work/strangers"

: > "$out/false.tsv"
awk -f "$here/tally.awk" -v KNOWN="$known_entries" -v UNRELATED="$unrelated_entries" -v COMPOSITES="$composites" \
    -v FALSE="$out/false.tsv" -v TOTALS="$out/totals.tsv" \
    "$out/pdq.jsonl" "$out/edits.jsonl" "$out/strangers.jsonl" | sort > "$out/recall.tsv"
queries=$(wc -l < "$out/edits.jsonl")
each() { awk -v n="$queries" '{ print 1000 * ($1 + $2) / n }' "$1"; }
for form in table json; do
    awk -f "$here/report.awk" -v FORM="$form" -v MS="$(each "$work/normal")" -v FAST_MS="$(each "$work/fast")" \
        "$here/groups" "$out/totals.tsv" "$out/false.tsv" "$out/recall.tsv" > "$work/$form"
done
mv "$work/table" "$out/table.md"
mv "$work/json" "$out/figures.jsonl"
awk -f "$here/plot.awk" "$out/recall.tsv" > "$out/plot.svg"
cat "$out/table.md"
echo "$out: figures.jsonl plot.svg false.tsv; not read: $(wc -l < "$out/unread.txt")"
