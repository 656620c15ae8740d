"""The second tier on the corpus: recall of hard copies, flagged innocents, same overlays, time.

``python benchmarks/local.py --corpus DIR [--distractors 9600] [--bans 60] [--innocents 831] [--cache FILE]
[--only-time] [--output FILE.json]``. The list holds the 200 banned pictures and distractors made from the innocent
photographs 400–799; the innocent uploads are the photographs 0–399 and the avatars; without distractors all innocents.
"""

from __future__ import annotations

import argparse
import csv
import json
import pickle
import sys
import time
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.local_edits import HARD, Picture
from moderation.domain.local.features import BAN_KEYPOINTS, extract
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.recognise import LocalResult, recognise
from moderation.domain.local.signature import LocalFeatures, LocalSignature
from moderation.domain.local.strength import BLOCK, strength

DISTRACTORS_FROM = 10_000
"""Items of distractors begin here."""


def opened(path: Path) -> Picture:
    """Open in colour, at most 1,024 pixels."""
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((1024, 1024))
    return picture


def saved(picture: Picture) -> NDArray[np.uint8]:
    """Return what arrives: through a JPEG of middling quality."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=80)
    return np.asarray(Image.open(file).convert("RGB"))


def distractor(picture: Picture, chance: Random) -> Picture:
    """Return a crop of at least half the sides, sometimes mirrored, turned or toned."""
    w, h = picture.size
    left, top, right, bottom = (chance.uniform(0, 0.25) for _ in range(4))
    made = picture.crop((int(w * left), int(h * top), int(w * (1 - right)), int(h * (1 - bottom))))
    if chance.random() < 0.3:
        made = ImageOps.mirror(made)
    if chance.random() < 0.3:
        made = made.rotate(chance.uniform(-15, 15), Image.Resampling.BILINEAR)
    if chance.random() < 0.3:
        made = ImageEnhance.Brightness(made).enhance(chance.uniform(0.6, 1.4))
    return made


class Corpus:
    """Paths by role, in the manifest's order."""

    def __init__(self, folder: Path) -> None:
        with (folder / "manifest.csv").open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        self.banned = [folder / row["file"] for row in rows if row["role"] == "banned"]
        innocent = [row["file"] for row in rows if row["role"] == "innocent"]
        self.photos = [folder / name for name in innocent if name.startswith("photos/")]
        self.avatars = [folder / name for name in innocent if not name.startswith("photos/")]


def banned_signature(picture: Picture) -> LocalSignature:
    """Return the signature as it is enrolled."""
    return extract(np.asarray(picture)).signature.strongest(BAN_KEYPOINTS)


def the_list(corpus: Corpus, distractors: int, cache: Path | None) -> dict[int, LocalSignature]:
    """Return signatures by item."""
    if cache and cache.exists():
        stored: dict[int, bytes] = pickle.loads(cache.read_bytes())  # our own file
        return {item: LocalSignature.from_bytes(data) for item, data in stored.items()}
    signatures = {number + 1: banned_signature(opened(path)) for number, path in enumerate(corpus.banned)}
    sources = [opened(path) for path in corpus.photos[400:800]] if distractors else []
    for number in range(distractors):
        made = distractor(sources[number % len(sources)], Random(number))
        signatures[DISTRACTORS_FROM + number] = banned_signature(made)
    if cache:
        cache.write_bytes(
            pickle.dumps({item: signature.to_bytes() for item, signature in signatures.items()})
        )
    return signatures


class Bench:
    """An index over a list, and what the screenings against it cost."""

    def __init__(self, signatures: Mapping[int, LocalSignature]) -> None:
        self.signatures = signatures
        self.index = LocalIndex.build((signature, item) for item, signature in signatures.items())
        self.search_ms: list[float] = []
        self.extract_ms: list[float] = []
        self.processor_ms: list[float] = []
        self.notes: dict[str, int] = {}

    def load(self, items: Iterable[int]) -> dict[int, LocalSignature]:
        """Load as a database would."""
        return {item: self.signatures[item] for item in items}

    def screen(self, pixels: NDArray[np.uint8]) -> LocalResult:
        """Extract and recognise, timed."""
        started, processor = time.perf_counter(), time.process_time()
        features: LocalFeatures = extract(pixels)
        between = time.perf_counter()
        result = recognise([features], self.index, self.load)
        self.processor_ms.append((time.process_time() - processor) * 1000)
        self.extract_ms.append((between - started) * 1000)
        self.search_ms.append((time.perf_counter() - between) * 1000)
        for note in result.notes:
            self.notes[note] = self.notes.get(note, 0) + 1
        return result

    def times(self) -> dict[str, float]:
        """Return the milliseconds of all screenings so far, and forget them."""
        both = np.array(self.extract_ms) + np.array(self.search_ms)
        result = {
            "extract median": float(np.median(self.extract_ms)),
            "search median": float(np.median(self.search_ms)),
            "search p95": float(np.percentile(self.search_ms, 95)),
            "median": float(np.median(both)),
            "p95": float(np.percentile(both, 95)),
            "processor median": float(np.median(self.processor_ms)),
            "processor p95": float(np.percentile(self.processor_ms, 95)),
        }
        self.search_ms, self.extract_ms, self.processor_ms = [], [], []
        return {name: round(value, 1) for name, value in result.items()}


def innocents(bench: Bench, corpus: Corpus, limit: int) -> dict[str, object]:
    """Screen uploads that nobody banned."""
    flagged = []
    photos = corpus.photos[
        : 400 if len(bench.index) > 200 else 800
    ]  # the others are in the list as distractors
    uploads = [*corpus.avatars, *photos][:limit]
    for path in uploads:
        for hit in bench.screen(saved(opened(path))).hits:
            match = hit.match
            flagged.append([path.name, hit.item, match.inliers, round(match.tile, 2), round(match.share, 2)])
    return {"uploads": len(uploads), "flagged": flagged, "ms": bench.times(), "notes": dict(bench.notes)}


def recall(bench: Bench, corpus: Corpus, bans: int) -> dict[str, object]:
    """Screen hard copies of every n-th banned picture."""
    chosen = list(range(0, len(corpus.banned), max(1, len(corpus.banned) // bans)))[:bans]
    pictures = [opened(corpus.banned[number]) for number in chosen]
    others = [opened(path) for path in corpus.photos[:60]]
    table: dict[str, dict[str, object]] = {}
    for name, edit in HARD.items():
        held, blocked, wrong, missed = 0, 0, 0, []
        for number, picture in zip(chosen, pictures, strict=True):
            chance = Random(f"{name} {number}")
            result = bench.screen(saved(edit(picture, chance, chance.choice(others))))
            right = [hit for hit in result.hits if hit.item == number + 1]
            held += bool(right)
            blocked += bool(right) and strength(right[0].match) == BLOCK
            wrong += len(result.hits) > len(right)
            if not right:
                missed.append(number)
        table[name] = {
            "held": round(held / len(chosen), 3),
            "blocked": round(blocked / len(chosen), 3),
            "other bans": wrong,
            "missed": missed,
        }
        print(
            f"{name:20s} {held / len(chosen):.3f} {blocked / len(chosen):.3f} other {wrong} {missed}",
            file=sys.stderr,
        )
    mean = float(np.mean([float(str(row["held"])) for row in table.values()]))
    return {"mean": round(mean, 4), "edits": table, "ms": bench.times(), "notes": dict(bench.notes)}


def main() -> int:
    """Print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--distractors", type=int, default=9_600)
    parser.add_argument("--bans", type=int, default=60)
    parser.add_argument("--innocents", type=int, default=831)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only-time", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    bench = Bench(the_list(corpus, options.distractors, options.cache))
    report: dict[str, object] = {"list": len(bench.index)}
    report["innocent"] = innocents(bench, corpus, options.innocents)
    print(json.dumps(report), file=sys.stderr)
    if not options.only_time:
        report["hard copies"] = recall(bench, corpus, options.bans)
    text = json.dumps(report, indent=1)
    if options.output:
        options.output.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
