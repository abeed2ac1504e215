#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far the approximate hashes of `--fast` lie from the exact ones.

usage: fast_drift.py RESIGHT FOLDER [EVERY]

Every EVERYth picture (8) of a folder becomes JPEGs of several sizes and qualities, 4:2:0; each is hashed both ways. Prints
a table: the distribution of the distance in bits, by the size of the shorter side, and what is left of it. Pictures that a
plain hash says too little of (quality below 50) are left out. Needs python3-pil.
"""
import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

QUALITIES = 50, 75, 95
SHORTER_SIDES = 400, 511, 512, 640, 800, 1023, 1024, 1500, 2048, 3000


def make(source, folder, name):
    """All JPEGs of one picture."""
    with Image.open(source) as picture:
        picture = picture.convert("RGB")
    for side in SHORTER_SIDES:
        scale = side / min(picture.size)
        size = [round(length * scale) for length in picture.size]
        if max(size) > 4 * side:
            continue
        resized = picture.resize(size, Image.LANCZOS)
        for quality in QUALITIES:
            resized.save(folder / f"{side}-{quality}-{name}.jpg", quality=quality, subsampling=2)


def hashes(program, folder, *options):
    lines = subprocess.run([program, "hash", "--json", *options, folder], stdout=subprocess.PIPE, check=True).stdout
    return {record["path"]: record for record in map(json.loads, lines.splitlines())}


def distance(a, b):
    return bin(int(a["hash"], 16) ^ int(b["hash"], 16)).count("1")


def left_of(side):
    """The rule, said again: the smallest part that leaves 256 pixels."""
    return next(-(-side * part // 8) for part in (1, 2, 4, 8) if -(-side * part // 8) >= 256)


def row(title, bits):
    bits = sorted(bits)
    part = lambda share: bits[round((len(bits) - 1) * share)]
    print(f"| {title} | {len(bits)} | {sum(bits) / len(bits):.1f} | {part(.5)} | {part(.9)} | {part(.99)} | {bits[-1]} |")


def main():
    program, source = sys.argv[1:3]
    every = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    pictures = sorted(path for path in Path(source).rglob("*") if path.is_file())[::every]
    found = collections.defaultdict(list)
    for number, path in enumerate(pictures):
        with tempfile.TemporaryDirectory() as folder:
            make(path, Path(folder), number)
            exact, fast = hashes(program, folder), hashes(program, folder, "--fast")
            for name, record in exact.items():
                side, quality, _ = Path(name).stem.split("-")
                approximate = fast[name]["approximate"]
                assert approximate == (left_of(int(side)) < int(side)), name
                assert approximate or fast[name]["hash"] == record["hash"], name
                if approximate and record["quality"] >= 50:
                    found[int(side), int(quality)].append(distance(record, fast[name]))
    print("| shorter side, what is left of it | pictures | mean | median | 90 % | 99 % | most |\n|---|---|---|---|---|---|---|")
    for side in SHORTER_SIDES:
        if left_of(side) < side:
            row(f"{side}, {left_of(side)}", sum((found[side, quality] for quality in QUALITIES), []))
    for quality in QUALITIES:
        row(f"all, quality {quality}", sum((bits for key, bits in found.items() if key[1] == quality), []))
    row("all", sum(found.values(), []))


if __name__ == "__main__":
    main()
