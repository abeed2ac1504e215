#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# How far the hashes of video frames lie from published vPDQ lists, through RGB and from the luma plane; frames of quality
# 50 and more. usage: vpdq_drift.py RESIGHT FOLDER, where FOLDER/videos/NAME.mp4 has its list in FOLDER/vpdq/NAME.txt.
import glob
import os
import subprocess
import sys

resight, folder = sys.argv[1:]
for way in (["--via-rgb"], []):
    for path in sorted(glob.glob(os.path.join(folder, "vpdq", "*.txt"))):
        name = os.path.basename(path)[:-4]
        video = os.path.join(folder, "videos", name + ".mp4")
        run = subprocess.run([resight, "hash", "--every", "0", *way, video], stdout=subprocess.PIPE, text=True)
        expected = [line.split(",") for line in open(path)]
        got = [line.split(",") for line in run.stdout.splitlines()]
        bits = [bin(int(a[2], 16) ^ int(b[2], 16)).count("1") for a, b in zip(expected, got) if int(a[1]) >= 50]
        print(f"{name:32} {'rgb' if way else 'luma':5} frames {len(got)} of {len(expected)}, "
              f"widest {max(bits)} bits, mean {sum(bits) / len(bits):.2f}")
