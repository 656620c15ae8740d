"""Two different pictures with the same overlay: how many the second tier flags.

``python benchmarks/local_guards.py --corpus DIR [--pairs 100]``, from the project's folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.local import Corpus, banned_signature, opened, saved
from moderation.domain.local.features import extract
from moderation.domain.local.strength import BLOCK, HOLD, strength
from moderation.domain.local.verify import verify
from tests.domain.local.overlays import OVERLAYS, STATED, pair


def main() -> int:
    """Print a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=100)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    report: dict[str, object] = {}
    for name, overlay in {**OVERLAYS, **STATED}.items():
        held = blocked = proposed = 0
        tiles: list[float] = []
        flagged: list[list[object]] = []
        for number in range(options.pairs):
            one, other = opened(corpus.photos[number]), opened(corpus.photos[400 + number])
            shared = opened(corpus.photos[799 - number])
            ban, upload = pair(overlay, one, other, shared, number)
            match = verify(extract(saved(upload)), banned_signature(ban))
            if match is None:
                continue
            proposed += 1
            tiles.append(match.tile)
            held += strength(match) >= HOLD
            blocked += strength(match) == BLOCK
            if strength(match) >= HOLD:
                flagged.append([number, match.inliers, round(match.tile, 2), round(match.share, 2)])
        report[name] = {
            "pairs": options.pairs,
            "seven inliers": proposed,
            "flagged": held,
            "of these block": blocked,
            "largest tile": round(float(np.max(tiles, initial=0)), 2),
            "which": flagged[:8],
        }
        print(name, json.dumps(report[name]), file=sys.stderr)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
