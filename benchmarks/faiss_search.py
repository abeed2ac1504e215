#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The work of bench_search, done by FAISS (Debian's python3-faiss): all neighbours within 31 bits, one query at a time, one
# core, by the time that it takes of it. usage: faiss_search.py [HASHES]. IndexBinaryMultiHash with 16 tables of 16 bits and one flipped bit is exact here.
import sys
import time

import faiss
import numpy as np

count = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
faiss.omp_set_num_threads(1)
random = np.random.default_rng(1)
hashes = random.integers(0, 256, (count, 32), dtype=np.uint8)
queries = random.integers(0, 256, (200, 32), dtype=np.uint8)
for i in range(0, len(queries), 2):  # every other one near a stored hash: 20 bits flipped
    bits = np.unpackbits(hashes[random.integers(count)])
    bits[random.choice(256, 20, replace=False)] ^= 1
    queries[i] = np.packbits(bits)


def measure(name, index, repeats):
    start = time.thread_time()
    index.add(hashes)
    built = time.thread_time() - start
    times, found = [], 0
    for query in queries[:repeats]:
        start = time.thread_time()
        limits, _, _ = index.range_search(query[None], 32)  # FAISS means strictly below
        times.append(time.thread_time() - start)
        found += int(limits[1])
    print(f"{name:24} build {built:6.2f} s, query p50 {np.median(times) * 1e6:8.1f} us, {found} found in {repeats} queries")


print(f"FAISS {faiss.__version__}, {count} hashes")
multi = faiss.IndexBinaryMultiHash(256, 16, 16)
multi.nflip = 1
measure("IndexBinaryMultiHash", multi, 200)
measure("IndexBinaryFlat", faiss.IndexBinaryFlat(256), 50)
