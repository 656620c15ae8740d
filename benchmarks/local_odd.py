"""The second tier where it is thin: drawings, few keypoints, repeating patterns, negatives, heavy blur.

``python -m benchmarks.local_odd --corpus DIR [--distractors 9600] [--each 30] [--cache FILE]``. The list is that of
``benchmarks/local.py`` and the avatars. Prints for each kind of ban the share of its hard copies that is found, the weakest
edits, and the drawings that are taken for one another.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Never

import numpy as np
from PIL import Image, ImageFilter
from tqdm import tqdm

from benchmarks.local import Bench, Corpus, banned_signature, opened, saved, the_list
from benchmarks.local_edits import (
    HARD,
    Edit,
    Picture,
    caption,
    circle,
    crop,
    mirror,
    negative,
    rotation,
    screenshot,
    then,
)
from moderation.domain.local.quality import repetition

AVATARS_FROM = 5_000
"""Items of avatars begin here."""

NEGATIVES: Mapping[str, Edit] = {
    f"negative, {name}": then(negative, edit)
    for name, edit in {
        "crop 10": crop(0.1),
        "rotation 10": rotation(10),
        "caption bar": caption,
        "screenshot": screenshot,
        "circle": circle,
        "mirror": mirror,
    }.items()
}


def blurred(share: float) -> Edit:
    """Blur by a Gaussian of so much of the longest side, and cut a twentieth off each side."""

    def edit(p: Picture, chance: Random, other: Picture) -> Picture:
        return crop(0.05)(p.filter(ImageFilter.GaussianBlur(max(p.size) * share)), chance, other)

    return edit


BLURS: Mapping[str, Edit] = {
    f"blur {share:.1%} of the side, crop 5": blurred(share) for share in (0.0025, 0.005, 0.0075, 0.01, 0.02)
}


def drawn(path: Path) -> Picture:
    """Draw an avatar, on white where it is transparent."""
    picture = Image.open(path).convert("RGBA")
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture)
    made = page.convert("RGB")
    made.thumbnail((1024, 1024))
    return made


def share_found(
    bench: Bench,
    bans: Sequence[tuple[int, Picture]],
    edits: Mapping[str, Edit],
    others: Sequence[Picture],
    progress: tqdm[Never],
) -> dict[str, object]:
    """Return copies of ``bans`` (item and picture) that are found, over all edits and in the five weakest."""
    found: dict[str, float] = {}
    for name, edit in edits.items():
        right = 0
        for item, picture in bans:
            chance = Random(f"{name} {item}")
            hits = bench.screen(saved(edit(picture, chance, chance.choice(others)))).hits
            right += item in {hit.item for hit in hits}
            progress.update()
        found[name] = round(right / len(bans), 3)
    weakest = sorted(found, key=lambda name: found[name])[:5]
    return {
        "bans": len(bans),
        "found": round(float(np.mean(list(found.values()))), 3),
        "weakest": {name: found[name] for name in weakest},
    }


def main() -> int:
    """Print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--distractors", type=int, default=9_600)
    parser.add_argument("--each", type=int, default=30)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    signatures = the_list(corpus, options.distractors, options.cache)
    avatars = [(AVATARS_FROM + number, drawn(path)) for number, path in enumerate(corpus.avatars)]
    signatures |= {item: banned_signature(picture) for item, picture in avatars}
    bench = Bench(signatures)
    photos = [number + 1 for number in range(len(corpus.banned))]
    every = photos[:: max(1, len(photos) // options.each)][: options.each]
    few = sorted(photos, key=lambda item: signatures[item].found)[: options.each]
    repeating = sorted(photos, key=lambda item: -repetition(signatures[item]))[: options.each]
    others = [opened(path) for path in corpus.photos[:20]]

    def pictures(items: Sequence[int]) -> list[tuple[int, Picture]]:
        return [(item, opened(corpus.banned[item - 1])) for item in items]

    kinds: dict[str, tuple[Sequence[tuple[int, Picture]], Mapping[str, Edit]]] = {
        "drawings": (avatars, HARD),
        "few keypoints": (pictures(few), HARD),
        "repeating": (pictures(repeating), HARD),
        "negatives": (pictures(every), NEGATIVES),
        "blur": (pictures(every), BLURS),
    }
    report: dict[str, object] = {
        "list": len(bench.index),
        "keypoints of the few": [signatures[few[0]].found, signatures[few[-1]].found],
        "repetition of the repeating": [
            round(repetition(signatures[item]), 2) for item in (repeating[0], repeating[-1])
        ],
    }
    with tqdm(
        total=sum(len(bans) * len(edits) for bans, edits in kinds.values()), file=sys.stderr
    ) as progress:
        for name, (bans, edits) in kinds.items():
            report[name] = share_found(bench, bans, edits, others, progress)
    taken = [
        [item, hit.item]
        for item, picture in avatars
        for hit in bench.screen(saved(picture)).hits
        if hit.item != item
    ]
    report["drawings taken for another entry"] = taken
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
