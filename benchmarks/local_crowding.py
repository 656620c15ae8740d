"""Many bans that share a template, and a copy in that template: is the true one found?

``python -m benchmarks.local_crowding --corpus DIR [--bans 200] [--uploads 40]``. For each kind of template the list holds so
many pictures in it, and as many pictures without it. Uploads are copies: *framed*, a banned picture in the template, saved
again with 3 % cut off; *put in*, a picture that was banned without the template and comes in it. Each with one vote and with
:attr:`~moderation.domain.local.budget.LocalBudget.rounds` votes.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Never

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.local import Bench, Corpus, banned_signature, opened, saved
from benchmarks.local_edits import crop
from moderation.domain.local.budget import LocalBudget
from moderation.domain.local.features import extract
from moderation.domain.local.recognise import recognise
from tests.domain.local.overlays import OVERLAYS, Overlay

TEMPLATES = ("screenshot frame", "caption bar", "meme text", "watermark", "photo frame", "collage half")
PLAIN = 10_000
"""Items of bans without the template begin here."""


def framed(overlay: Overlay, path: Path, shared: Image.Image) -> Image.Image:
    """Return a picture in the template, which is the same each time."""
    return overlay(opened(path), shared, Random(0))


def measured(
    corpus: Corpus, overlay: Overlay, bans: int, uploads: int, progress: tqdm[Never]
) -> dict[str, dict[str, object]]:
    """Count what is found, by kind of upload and number of votes."""
    shared = opened(corpus.photos[799])
    signatures = {}
    for number, path in enumerate(corpus.photos[:bans]):
        signatures[1 + number] = banned_signature(framed(overlay, path, shared))
        progress.update()
    for number, path in enumerate(corpus.banned[:bans]):
        signatures[PLAIN + number] = banned_signature(opened(path))
        progress.update()
    bench = Bench(signatures)
    budget = LocalBudget()
    found: dict[str, dict[str, object]] = {}
    for name, first, paths in (("framed", 1, corpus.photos), ("put in", PLAIN, corpus.banned)):
        right, wrong, verified = {1: 0, budget.rounds: 0}, 0, []
        step = max(1, min(bans, len(paths)) // uploads)
        chosen = range(0, min(bans, len(paths)), step)
        for number in chosen:
            page = framed(overlay, paths[number], shared)
            copy = crop(0.03)(page, Random(0), page) if name == "framed" else page
            features = extract(saved(copy))
            once, result = (
                recognise([features], bench.index, bench.load, budget=replace(budget, rounds=rounds))
                for rounds in right
            )
            right[1] += first + number in {hit.item for hit in once.hits}
            items = {hit.item for hit in result.hits}
            right[budget.rounds] += first + number in items
            wrong += bool(items - {first + number})
            verified.append(result.verified)
            progress.update()
        found[name] = {
            "uploads": len(chosen),
            "one vote": right[1],
            f"{budget.rounds} votes": right[budget.rounds],
            "with others too": wrong,
            "verified, mean": round(float(np.mean(verified)), 1),
        }
    return found


def main() -> int:
    """Print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--bans", type=int, default=200)
    parser.add_argument("--uploads", type=int, default=40)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    report: dict[str, object] = {"bans in one template": options.bans}
    total = len(TEMPLATES) * 2 * (options.bans + options.uploads)
    with tqdm(total=total, file=sys.stderr) as progress:
        for name in TEMPLATES:
            report[name] = measured(corpus, OVERLAYS[name], options.bans, options.uploads, progress)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
