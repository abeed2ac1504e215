#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# How many edited videos are recognised, by what evidence, and how well they are located.
# usage: video_recognition.py RESIGHT KNOWN EDITED [DURATIONS]
# KNOWN is a folder of videos; EDITED holds a folder for each edit, with copies named like the originals. DURATIONS has a
# line "NAME<tab>SECONDS" for each original: then the ends of the segment are held against what the edit did, for the
# edits that it knows by name. Matches with other known videos are printed: whether they are false, eyes must decide.
import collections
import json
import os
import subprocess
import sys
import tempfile

resight, known, edited = sys.argv[1:4]
seconds = dict(line.split() for line in open(sys.argv[4])) if len(sys.argv) > 4 else {}


def stem(path):
    return os.path.basename(path).split(".")[0]


def truth(edit, length):
    """Where the edit put the known video: query from, to, known from, to."""
    if edit.startswith("speed"):
        return 0, length / float(edit[5:]), 0, length
    return {
        "trim_head20": (0, length * 0.8, length * 0.2, length),
        "trim_tail20": (0, length * 0.8, 0, length * 0.8),
        "insert_in_60s": (25, 25 + min(10, length), 0, min(10, length)),
    }.get(edit)


def is_located(match, expected):
    best = match["segments"][0]
    ends = [best[key] / 1e6 for key in ("query_from_us", "query_to_us", "known_from_us", "known_to_us")]
    return all(abs(end - right) <= 1 for end, right in zip(ends, expected))


total, others = [], collections.Counter()
with tempfile.TemporaryDirectory() as work:
    db = os.path.join(work, "bank")
    subprocess.run([resight, "add", "--db", db, known], stdout=subprocess.DEVNULL, check=True)
    for edit in sorted(os.listdir(edited)):
        folder = os.path.join(edited, edit)
        if not os.path.isdir(folder) or os.path.samefile(folder, known):
            continue
        run = subprocess.run([resight, "match", "--db", db, "--json", "--top", "0", folder], stdout=subprocess.PIPE)
        answers = [a for a in map(json.loads, run.stdout.splitlines()) if "matches" in a]
        evidence, located, asked = collections.Counter(), 0, 0
        for answer in answers:
            name = stem(answer["query"])
            ours = [m for m in answer["matches"] if stem(m["name"]) == name]
            others.update((name, stem(m["name"])) for m in answer["matches"] if stem(m["name"]) != name)
            evidence.update(m["evidence"] for m in ours[:1])
            expected = truth(edit, float(seconds[name])) if name in seconds else None
            if ours and expected:
                asked += 1
                located += is_located(ours[0], expected)
        total.append(sum(evidence.values()) / len(answers))
        told = f"located {located} of {asked}" if asked else ""
        print(f"{edit:24} {100 * total[-1]:5.1f} %  {dict(evidence)} {told}", flush=True)
print(f"mean {100 * sum(total) / len(total):.1f} % of {len(total)} edits")
for (query, name), count in others.most_common():
    print(f"also matched: {query} with {name}, {count} times")
