"""The second tier with many bans and many stored uploads: time and memory.

``python benchmarks/local_scale.py --corpus DIR [--bans 100000] [--uploads 100000] [--queries 60] [--cache FILE]``. Bans
and stored uploads are synthetic: keypoints of real pictures, mixed and with a tenth of their bits flipped.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.local import Bench, Corpus, opened, saved, the_list
from moderation.domain.local.features import extract
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.reach import reached
from moderation.domain.local.recognise import recognise
from moderation.domain.local.signature import LocalSignature


class Synthetic:
    """Signatures of any number, each made anew from its number."""

    def __init__(self, real: list[LocalSignature]) -> None:
        self.codes = np.concatenate([one.codes for one in real])
        self.words = np.concatenate([one.words for one in real])
        self.geometry = np.concatenate([one.geometry for one in real])
        self.tiles = [one.tiles for one in real]

    def make(self, number: int, keypoints: int) -> LocalSignature:
        """Return the ``number``-th."""
        random = np.random.default_rng(number)
        chosen = random.integers(0, len(self.codes), keypoints)
        flips = np.packbits(random.random((keypoints, 128)) < 0.1, axis=1)
        words = self.words[chosen].copy()
        moved = random.random(keypoints) < 0.3  # the neighbouring cell
        words[moved, 0] = self.words[random.integers(0, len(self.words), int(moved.sum())), 0]
        tiles = self.tiles[number % len(self.tiles)]
        codes, geometry = self.codes[chosen] ^ flips, self.geometry[chosen]
        return LocalSignature(1, 256, 192, keypoints, codes, geometry, words, tiles)

    def many(self, count: int, keypoints: int, first: int) -> Iterator[tuple[LocalSignature, int]]:
        """Yield signatures with their numbers."""
        return ((self.make(first + n, keypoints), first + n) for n in range(count))


def milliseconds(values: list[float]) -> dict[str, float]:
    """Return median and p95."""
    return {"median": round(float(np.median(values)), 1), "p95": round(float(np.percentile(values, 95)), 1)}


def main() -> int:
    """Print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--bans", type=int, default=100_000)
    parser.add_argument("--uploads", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    real = the_list(corpus, 9_600 if options.cache else 0, options.cache)
    synthetic = Synthetic(list(real.values()))
    report: dict[str, object] = {"bans": options.bans + 200}

    started = time.process_time()
    banned = {item: real[item] for item in range(1, 201)}
    entries = [(signature, item) for item, signature in banned.items()]
    everything = (pair for part in (entries, synthetic.many(options.bans, 200, 1_000)) for pair in part)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "local"
        LocalIndex.build(everything).write(path, revision=1)
        report["built in s"] = round(time.process_time() - started, 1)
        report["peak of the builder, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        report["file, MB"] = path.stat().st_size // 1_000_000
        index = LocalIndex.open(path)

        bench = Bench(banned)
        bench.index = index
        bench.load = lambda items: {  # type: ignore[method-assign]
            i: banned.get(i) or synthetic.make(i, 200) for i in items
        }
        wall: list[float] = []
        processor: list[float] = []
        added: list[float] = []
        notes: dict[str, int] = {}
        for photo in corpus.photos[: options.queries]:
            pixels = saved(opened(photo))
            before = time.process_time()
            features = extract(pixels)
            t, c = time.perf_counter(), time.process_time()
            result = recognise([features], index, bench.load)
            wall.append((time.perf_counter() - t) * 1000)
            now = time.process_time()
            processor.append((now - c) * 1000)
            added.append((now - before) * 1000)
            for note in result.notes:
                notes[note] = notes.get(note, 0) + 1
        report["search of an innocent, ms"] = milliseconds(wall)
        report["the same, processor ms"] = milliseconds(processor)
        report["added to an innocent upload, extraction too, processor ms"] = milliseconds(added)
        report["notes"] = notes
        found = 0
        for number in range(0, 200, 5):
            picture = opened(corpus.banned[number])
            w, h = picture.size
            copy = extract(saved(picture.crop((w // 8, h // 8, w * 7 // 8, h * 7 // 8))))
            found += any(hit.item == number + 1 for hit in recognise([copy], index, bench.load).hits)
        report["crops of 12 % found of 40"] = found
        additions = []
        for number in range(60):
            t = time.process_time()
            index.add(synthetic.make(5_000_000 + number, 200), 5_000_000 + number)
            additions.append((time.process_time() - t) * 1000)
        report["a ban, processor ms"] = milliseconds(additions)

    blobs = [synthetic.make(9_000_000 + n, 300).to_bytes() for n in range(min(options.uploads, 4_000))]
    uploads = ((n, LocalSignature.from_bytes(blobs[n % len(blobs)])) for n in range(options.uploads))
    t = time.process_time()
    hits = sum(1 for _ in reached(real[3], uploads))
    report["reach-back"] = {
        "uploads": options.uploads,
        "reached": hits,
        "processor s": round(time.process_time() - t, 1),
    }
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
