#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# How many edited copies are recognised. usage: recognition.py RESIGHT KNOWN EDITED STRANGERS
# KNOWN and STRANGERS are folders of pictures; EDITED holds a folder for each edit, with copies named like the originals.
# A copy counts when `match` names its entry; in the first column only when the rasters as stored, PDQ alone, are near.
import collections
import json
import os
import subprocess
import sys
import tempfile

resight, known, edited, strangers = sys.argv[1:]


def stem(path):
    return os.path.basename(path).rsplit(".", 1)[0]


def match(db, folder):
    run = subprocess.run([resight, "match", "--db", db, "--json", "--top", "0", folder], stdout=subprocess.PIPE)
    return [answer for answer in map(json.loads, run.stdout.splitlines()) if "matches" in answer]


with tempfile.TemporaryDirectory() as work:
    db = os.path.join(work, "bank")
    subprocess.run([resight, "add", "--db", db, known], stdout=subprocess.DEVNULL, check=True)
    rows = collections.defaultdict(lambda: [0, 0, 0])
    for answer in match(db, edited):
        row = rows[os.path.basename(os.path.dirname(answer["query"]))]
        ours = [m for m in answer["matches"] if stem(m["name"]) == stem(answer["query"])]
        row[0] += any(m["pdq_distance_bits"] is not None for m in ours)
        row[1] += bool(ours)
        row[2] += 1
    mistaken = [answer["query"] for answer in match(db, strangers) if answer["matches"]]

print(f"{'edit':16} {'PDQ':>6} {'resight':>8}")
for edit, (plain, ours, count) in sorted(rows.items()):
    print(f"{edit:16} {100 * plain / count:6.1f} {100 * ours / count:8.1f}")
plain, ours, count = map(sum, zip(*rows.values()))
print(f"{'mean':16} {100 * plain / count:6.1f} {100 * ours / count:8.1f}  of {count} copies")
print(f"strangers matched: {len(mistaken)}", *mistaken)
