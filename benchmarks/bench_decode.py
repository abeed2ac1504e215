#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`resight hash` over a folder of JPEGs beside what decoding alone costs, and beside others who hash pictures.

usage: bench_decode.py BUILD [FOLDER [ROUNDS]]

Everything is run in turns, ROUNDS times (9), so that what the machine does meanwhile meets all alike. Processor time,
user and system, of a process and all its children; time on the wall beside it, for it shows what several cores do. A line
of JSON for each: medians and quartiles, microseconds a file, and how many times the decoding of its own round it took.
Without FOLDER it makes a few pictures with ffmpeg; without ffmpeg it ends with code 77.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DECODING = "libjpeg-turbo alone, one process"
# Rivals that start a process for each file: so many are enough to know them by.
FEW = 8

OPENCV = """
import sys
import cv2
hasher = cv2.img_hash.PHash_create() if sys.argv[1] == "hash" else None
for path in sys.argv[2:]:
    picture = cv2.imread(path)
    if hasher:
        hasher.compute(picture)
"""


def has_opencv():
    test = "import cv2; cv2.img_hash"
    return subprocess.run([sys.executable, "-c", test], stderr=subprocess.DEVNULL).returncode == 0


def contenders(build, files):
    """(name, files, commands): each command is one process."""
    alone, resight = build / "benchmarks/decode_alone", build / "cli/resight"
    few, cores = files[:FEW], str(os.cpu_count())
    yield DECODING, files, [[alone, *files]]
    for name, options in (("resight hash", ["-j1"]), ("resight hash, all cores", ["-j" + cores]),
                          ("resight hash --isolate=file", ["-j1", "--isolate=file"])):
        yield name, files, [[resight, "hash", *options, "--", *files]]
    yield "libjpeg-turbo alone, as --fast decodes", files, [[alone, "-f", *files]]
    yield "resight hash --fast", files, [[resight, "hash", "-j1", "--fast", "--", *files]]
    if shutil.which("djpeg"):
        yield "djpeg, a process a file", files, [["djpeg", "-outfile", "/dev/null", file] for file in files]
        yield "djpeg that only starts", files, [["djpeg", "-version"] for _ in files]
    if shutil.which("ffmpeg"):
        ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i"]
        yield "ffmpeg that only decodes, a process a file", few, [[*ffmpeg, file, "-f", "null", "-"] for file in few]
        signature = ["-vf", "signature", "-f", "null", "-"]
        yield "ffmpeg's signature filter, a process a file", few, [[*ffmpeg, file, *signature] for file in few]
    if has_opencv():
        for name, what in (("OpenCV that only decodes", "decode"), ("OpenCV's PHash", "hash")):
            yield name, files, [[sys.executable, "-c", OPENCV, what, *files]]


def run(commands):
    """Processor time and time on the wall, in microseconds."""
    processor, began = 0.0, time.monotonic()
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]
    for command in commands:
        command = [str(word) for word in command]
        child = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
        _, status, used = os.wait4(child, 0)
        if status:
            raise SystemExit(f"{' '.join(command)[:200]} ended with {status}")
        processor += used.ru_utime + used.ru_stime
    return processor * 1e6, (time.monotonic() - began) * 1e6


def first_line(*command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.partition("\n")[0]


def machine(build):
    """Where and of what the figures are. The flags are those that the hashing is compiled with, warnings left out."""
    commands = json.loads((build / "compile_commands.json").read_text())
    command = next(entry["command"] for entry in commands if entry["file"].endswith("lib/hash/pdq.c")).split()
    flags = [word for word in command if word[:2] in ("-O", "-f", "-m", "-g") or word.startswith("-std")]
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    here = Path(__file__).parent
    return {"cpu": models[0].split(":")[1].strip() if models else "unknown", "cores": os.cpu_count(),
            "compiler": first_line(command[0], "--version"), "flags": " ".join(flags),
            "commit": first_line("git", "-C", here, "describe", "--always", "--dirty") or "unknown"}


def spread(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": round(middle, 3), "quartiles": [round(low, 3), round(high, 3)]}


def make_pictures(folder):
    if not shutil.which("ffmpeg"):
        print("no folder of JPEGs was given, and there is no ffmpeg to make some")
        sys.exit(77)
    for size in ("500x375", "1280x960", "3000x2250"):
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", f"mandelbrot=size={size}:rate=1", "-vf",
                        "noise=alls=6:all_seed=1", "-frames:v", "8", "-pix_fmt", "yuvj420p", "-q:v", "4",
                        f"{folder}/{size}-%d.jpg"], check=True)


def measure(build, folder, rounds):
    files = sorted(path for path in Path(folder).rglob("*.jpg"))
    if not files:
        raise SystemExit(f"{folder}: no file ends in .jpg")
    where = machine(build)
    entries = list(contenders(build, files))
    samples = {name: [] for name, _, _ in entries}
    for _ in range(rounds):
        for name, some, commands in entries:
            samples[name].append([total / len(some) for total in run(commands)])
    for name, some, _ in entries:
        processor, wall = zip(*samples[name])
        alone = [time for time, _ in samples[DECODING]]
        line = {"name": name, "files": len(some), "rounds": rounds, "processor_us": spread(processor), "wall_us": spread(wall)}
        if len(some) == len(files):
            line["times_decoding"] = spread([mine / theirs for mine, theirs in zip(processor, alone)])
        print(json.dumps(line | where), flush=True)


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    build = Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 9
    with tempfile.TemporaryDirectory() as made:
        if len(sys.argv) == 2:
            make_pictures(made)
        measure(build, sys.argv[2] if len(sys.argv) > 2 else made, rounds)


if __name__ == "__main__":
    main()
