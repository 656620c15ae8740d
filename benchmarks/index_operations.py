"""What the index costs in the places where it is used.

    python -m benchmarks.index_operations --banned 10k
    python -m benchmarks.index_operations --banned 1M --entries 1M

Prints one JSON object per line. Times are milliseconds of processor time (opening: of the clock too)
unless the name says otherwise. Codes are
clustered as real hashes are, with as many per banned image and per upload as the pictures of the
corpus have on average.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.index import best, count
from benchmarks.index_codes import Codes, clustered_codes
from moderation.domain.algorithms import radii_for
from moderation.domain.index import LayeredIndex

BITS = 256
ENROLLED = {"dhash256/1": 12, "phash256/1": 8}
"""Codes of a banned image: eight orientations, and for a third of them lightness too."""
ASKED = {"dhash256/1": 3, "phash256/1": 1}
"""Codes of an upload with one patch; most have one fewer."""
SAMPLE = 100_000
"""Stored codes that are looked up to know how long all would take."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--banned", type=count, help="match uploads against so many banned images")
    parser.add_argument("--entries", type=count, help="open, change, rescan with so many codes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.banned:
            report(banned=options.banned, **whole_match(options.banned, Path(folder)))
        if options.entries:
            path = Path(folder) / "entries.index"
            report(entries=options.entries, **file_and_process(options.entries, path))
            report(entries=options.entries, **changes(path))
            report(uploads=options.entries, **rescans(options.entries))


def report(**figures: float) -> None:
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}), flush=True)


def owners(codes: int, each: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(codes, dtype=np.int64) // each + 1


def whole_match(banned: int, folder: Path) -> dict[str, float]:
    """Match one upload, both algorithms, at the default hold radius for a list of this length."""
    indexes: dict[str, LayeredIndex] = {}
    for algorithm, each in ENROLLED.items():
        path = folder / algorithm.replace("/", "-")
        index = LayeredIndex(BITS)
        index.add(clustered_codes(banned * each, BITS, len(indexes)), owners(banned * each, each))
        index.write(path, algorithm=algorithm, revision=1)
        indexes[algorithm] = index = LayeredIndex.open(path, algorithm=algorithm, bits=BITS)
        # Two bans since the file was written: the tree is asked as well.
        index.add(clustered_codes(24, BITS, 9), owners(24, 12) + banned)

    def match(pictures: list[Codes]) -> Callable[[], object]:
        turn = iter(pictures * 1_000)

        def once() -> None:
            picture = next(turn)
            for algorithm, queries in zip(ASKED, np.split(picture, [3 * len(picture) // 4]), strict=True):
                indexes[algorithm].search(queries, radii_for(algorithm, banned).hold)

        return once

    def typical(pictures: list[Codes]) -> float:
        once = match(pictures)
        return float(np.median([best(once, patience=0) for _ in pictures])) * 1e3

    still = clustered_codes(4 * 200, BITS, 5).reshape(200, 4, -1)
    frames = clustered_codes(4 * 30 * 20, BITS, 6).reshape(20, 4 * 30, -1)
    return {"still": typical(list(still)), "animation_of_30_frames": typical(list(frames))}


def file_and_process(entries: int, path: Path) -> dict[str, float]:
    """Write the file, and open it in a fresh process."""
    index = LayeredIndex(BITS)
    codes = clustered_codes(entries, BITS, 1)
    start = time.thread_time()
    index.add(codes, owners(entries, 1))
    made = time.thread_time()
    index.write(path, algorithm="dhash256/1", revision=1)
    written = time.thread_time()
    process = subprocess.run(
        [sys.executable, "-c", _OPEN, str(path)], capture_output=True, check=True, text=True
    )
    return {
        "build_s": made - start,
        "write_s": written - made,
        "file_mb": path.stat().st_size / 1e6,
        "bytes_per_entry": path.stat().st_size / entries,
        **json.loads(process.stdout),
    }


_OPEN = """
import json, sys, time
import numpy as np
from moderation.domain.index import LayeredIndex

def private():
    # Pages of the file are shared with whoever else maps it, and are not counted.
    lines = open("/proc/self/status").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1e3

before = private()
began = time.perf_counter()
start = time.thread_time()
index = LayeredIndex.open(sys.argv[1], algorithm="dhash256/1", bits=256)
clock = time.perf_counter()
ready = time.thread_time()
query = np.random.default_rng(1).integers(0, 256, (4, 32), np.uint8)
index.search(query, 36)
first = time.thread_time()
for _ in range(50):
    index.search(query, 36)
after = private()
print(json.dumps({"open_ms": (ready - start) * 1e3, "open_clock_ms": (clock - began) * 1e3, "first_search_ms": (first - ready) * 1e3,
                  "private_mb": after, "private_mb_of_the_index": after - before}))
"""


def changes(path: Path) -> dict[str, float]:
    """Ban and retire, one after the other, in a process that has the file open."""
    index = LayeredIndex.open(path, algorithm="dhash256/1", bits=BITS)
    codes = clustered_codes(12 * 2_000, BITS, 7).reshape(2_000, 12, -1)
    times: dict[str, list[float]] = {"ban": [], "retire": []}
    for number, own in enumerate(codes):
        item = np.full(12, 10**9 + number, np.int64)
        times["ban"].append(_seconds(partial(index.add, own, item)))
        if number % 2:
            times["retire"].append(_seconds(partial(index.retire, item[:1])))
    figures: dict[str, float] = {}
    for name, found in times.items():
        middle, late = np.percentile(found, [50, 99])
        figures |= {
            f"{name}_median": middle * 1e3,
            f"{name}_99th": late * 1e3,
            f"{name}_slowest": max(found) * 1e3,
        }
        figures[f"{name}_mean"] = sum(found) / len(found) * 1e3
    return figures


def rescans(uploads: int) -> dict[str, float]:
    """Match one ban against stored uploads; stored uploads against as many imported hashes."""
    stored = clustered_codes(uploads * 5 // 2, BITS, 1)
    index = LayeredIndex(BITS)
    index.add(stored, owners(len(stored), 3))
    ban = clustered_codes(12, BITS, 8)
    radius = radii_for("dhash256", uploads).hold
    one = best(lambda: index.search(ban, radius))
    imported = LayeredIndex(BITS)
    imported.add(clustered_codes(uploads, BITS, 2), owners(uploads, 1))
    some = stored[:SAMPLE]
    start = time.thread_time()
    hits = sum(len(imported.search(part, radius).item) for part in _parts(some, 1_000))
    taken = time.thread_time() - start
    return {
        "one_ban": one * 1e3,
        "after_an_import_s": taken * len(stored) / len(some),
        "after_an_import_us_per_code": taken / len(some) * 1e6,
        "hits_per_code": hits / len(some),
    }


def _parts(codes: Codes, size: int) -> Iterator[Codes]:
    places = [*range(0, len(codes), size), len(codes)]
    return (codes[start:end] for start, end in pairwise(places))


def _seconds(action: Callable[[], object]) -> float:
    start = time.thread_time()
    action()
    return time.thread_time() - start


if __name__ == "__main__":
    main()
