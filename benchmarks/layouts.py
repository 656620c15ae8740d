"""Strangers in one layout against a ban in it: what distance alone, and what the evidence, makes of them.

``python -m benchmarks.layouts --corpus DIR [--seed 2] [--bans 12] [--strangers 40]``, from the project's folder. The
thresholds were fitted on seed 1. First tier alone, with the default radii of a short list.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from moderation.domain.algorithms import algorithm_named, radii_for
from moderation.domain.analysis import Analysis, AnalysisOptions
from moderation.domain.evidence.candidates import weighed
from moderation.domain.evidence.weighing import Side
from moderation.domain.pipeline import analyse
from moderation.domain.policy import Entry, Hit, band_of
from moderation.lab.layouts import LAYOUTS, strangers
from moderation.lab.sheet import Draw
from moderation.lab.templates import TEMPLATES
from tests.pictures import encode

NAMES = ("dhash256", "phash256")
BANDS = {algorithm_named(name).qualified: radii_for(name, 300) for name in NAMES}
ENTRY = Entry(0, "default", "block", BANDS)
OLD_BLOCK = {"dhash256/1": 26, "phash256/1": 32}
"""The block radii of distance alone."""


class Photographs:
    """Innocent photographs of the corpus, by number."""

    def __init__(self, folder: Path) -> None:
        with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        column = "path" if "path" in rows[0] else "file"
        self._paths = [
            folder / row[column]
            for row in rows
            if row["role"] == "innocent" and row[column].startswith("photos")
        ]

    def __call__(self, number: int) -> Image.Image:
        with Image.open(self._paths[number % len(self._paths)]) as image:
            picture = ImageOps.exif_transpose(image).convert("RGB")
        picture.thumbnail((600, 600))
        return picture


def hits(upload: Analysis, ban: Analysis) -> list[Hit]:
    """Return the nearest code of the ban for each query within the hold radius."""
    found = []
    for query in upload.queries:
        mine = np.frombuffer(query.bits, np.uint64)
        theirs = [code.bits for code in ban.enrolment if code.algorithm == query.algorithm]
        if theirs:
            codes = np.frombuffer(b"".join(theirs), np.uint64).reshape(len(theirs), -1)
            distance = int(np.bitwise_count(codes ^ mine).sum(axis=1).min())
            if distance <= BANDS[query.algorithm].hold:
                found.append(Hit(0, query.algorithm, distance, query.view))
    return found


def judged(upload: Analysis, ban: Analysis, side: Side) -> tuple[str, str]:
    """Return what distance alone, and what the evidence, makes of an upload: block, hold or allow."""
    found = hits(upload, ban)
    if not found:
        return "allow", "allow"
    alone = "block" if any(hit.distance <= OLD_BLOCK[hit.method] for hit in found) else "hold"
    bands = {placed[0] for hit in weighed(upload.signs, found, {0: side}) if (placed := band_of(hit, ENTRY))}
    return alone, "block" if "block" in bands else "hold" if bands else "allow"


def measured(
    draw: Draw, photographs: Photographs, place: int, options: argparse.Namespace
) -> dict[str, object]:
    """Draw one layout and judge every stranger against every ban."""
    drawn = [
        analyse(encode(one, "PNG" if number % 2 else "JPEG"), AnalysisOptions(algorithms=NAMES))
        for number, one in enumerate(
            strangers(
                draw,
                options.bans + options.strangers,
                pictures=lambda number: photographs(place * 53 + number * 7 + options.seed * 111),
                seed=options.seed * 1000 + place,
            )
        )
    ]
    alone: Counter[str] = Counter()
    evidence: Counter[str] = Counter()
    refused = 0
    for ban in drawn[: options.bans]:
        if ban.flat:
            refused += 1
            continue
        side = Side.of(one.data for one in ban.signs if one.enters)
        for upload in drawn[options.bans :]:
            first, second = judged(upload, ban, side)
            alone[first] += 1
            evidence[second] += 1
    return {
        "pairs": options.bans * options.strangers,
        "refused bans": refused,
        "distance": [alone["block"], alone["hold"]],
        "evidence": [evidence["block"], evidence["hold"]],
    }


def main() -> int:
    """Print a JSON document: by layout, pairs blocked and held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--bans", type=int, default=12)
    parser.add_argument("--strangers", type=int, default=40)
    options = parser.parse_args()
    photographs = Photographs(options.corpus)
    report = {}
    for place, (name, draw) in enumerate({**LAYOUTS, **TEMPLATES}.items()):
        report[name] = measured(draw, photographs, place, options)
        print(name, json.dumps(report[name]), file=sys.stderr)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
