"""Search time of the fingerprint index against its peers.

    python -m benchmarks.index                    # 10 k, 100 k, 1 M; writes docs/benchmarks/search.*
    python -m benchmarks.index --sizes 10k,10M --bits 256 --kinds random --output search

One thread, processor time. Everybody searches the same codes for the same queries; a contestant whose number of hits
differs from the linear scan's is reported and not timed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.index_codes import QUERIES, Codes, with_queries
from benchmarks.index_peers import CONTESTANTS, Contestant
from benchmarks.index_report import plot, tables

RADII = {64: (5, 10), 256: (27, 31, 36, 49)}
"""256 bits: around the default hold radii for a million and ten million entries, PDQ's own, and for the
shortest lists."""
BATCHES = (1, 32)
PATIENCE = 0.7
"""Seconds for one figure."""
FEW = 4
"""So many queries are asked of a contestant that would need longer for all."""
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", default="10k,100k,1M")
    parser.add_argument("--bits", default="64,256")
    parser.add_argument("--kinds", default="random,clustered")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/search"))
    options = parser.parse_args()
    target = options.output.with_suffix(".json")
    rows: list[Row] = json.loads(target.read_text()) if target.exists() else []
    sizes = [
        int(float(size.lower().replace("k", "e3").replace("m", "e6"))) for size in options.sizes.split(",")
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    for bits, kind, size in product(map(int, options.bits.split(",")), options.kinds.split(","), sizes):
        rows = [row for row in rows if (row["bits"], row["kind"], row["size"]) != (bits, kind, size)]
        rows += measured(bits, kind, size)
        target.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
    options.output.with_suffix(".tables.md").write_text(tables(rows))
    plot(rows, options.output.with_suffix(".svg"))


def measured(bits: int, kind: str, size: int) -> list[Row]:
    """Measure all contestants at one size."""
    codes, queries = with_queries(kind, size, bits)
    rows: list[Row] = []
    expected: dict[tuple[int, int], int] = {}
    for contestant in sorted(CONTESTANTS, key=lambda one: one.name != "numpy linear scan"):
        if size > contestant.most:
            continue
        try:
            start = time.thread_time()
            index = contestant(codes)
        except (ImportError, NotImplementedError) as error:
            print(f"{contestant.name}: {error}")
            continue
        built = time.thread_time() - start
        for radius in filter(index.can, RADII[bits]):
            few = queries[:FEW]
            if microseconds(index, few, radius, FEW, patience=0) * QUERIES < PATIENCE * 1e6:
                few = queries
            found = index.search(few, radius)
            if found != expected.setdefault((radius, len(few)), found):
                print(f"{contestant.name} finds {found} pairs, not {expected[radius, len(few)]}: not exact")
                continue
            row: Row = {"bits": bits, "kind": kind, "size": size, "radius": radius, "name": contestant.name}
            row |= {"built_s": round(built, 2), "hits": found}
            for batch in BATCHES:
                row[f"batch_{batch}_us"] = round(microseconds(index, few, radius, batch), 2)
            print(json.dumps(row), flush=True)
            rows.append(row)
        del index
        gc.collect()
    return rows


def microseconds(
    index: Contestant, queries: Codes, radius: int, batch: int, *, patience: float = PATIENCE
) -> float:
    """Return microseconds per query: the best of several rounds over all queries, ``batch`` at a time."""

    def round_trip() -> None:
        for first in range(0, len(queries), batch):
            index.search(queries[first : first + batch], radius)

    return best(round_trip, patience=patience) / len(queries) * 1e6


def count(text: str) -> int:
    """Read ``10k`` and ``1M`` as numbers."""
    return int(float(text.lower().replace("k", "e3").replace("m", "e6")))


def best(action: Callable[[], object], *, patience: float = PATIENCE) -> float:
    """Return seconds of the fastest of some repetitions: what the machine can do when it is left alone.

    Processor time of this thread, so that what else runs does not count; no contestant has other threads.
    """
    times: list[float] = []
    while not times or (sum(times) < patience and len(times) < 50):
        start = time.thread_time()
        action()
        times.append(time.thread_time() - start)
    return min(times)


if __name__ == "__main__":
    main()
