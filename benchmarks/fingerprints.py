"""Bytes to all fingerprints: this project against the naive pipeline and against the bare decode.

    python -m benchmarks.fingerprints [--corpus FOLDER] [--pictures 6]

Naive: Pillow's full decode, then imagehash's ``dhash(16)`` and ``phash(16)`` in eight orientations. Bare: the scaled
decode alone. One core; processor time, so that a busy machine counts less; all contestants in turns on the same
pictures, the best of several runs of each. Prints one JSON object per size.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageOps

from moderation.domain.analysis import AnalysisOptions
from moderation.domain.pipeline import analyse

SIZES = {"avatar, 512 px": (512, 512), "photograph, 12 MP": (4000, 3000)}
RUNS = {"avatar, 512 px": 15, "photograph, 12 MP": 4}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--corpus", type=Path, default=os.environ.get("MODERATION_CORPUS"))
    parser.add_argument("--pictures", type=int, default=6)
    options = parser.parse_args()
    pictures = originals(options.corpus, options.pictures)
    for name, size in SIZES.items():
        print(json.dumps({"size": name} | measured(pictures, size, runs=RUNS[name])), flush=True)


def originals(corpus: Path | None, count: int) -> list[Image.Image]:
    if corpus is not None:
        return [Image.open(path).convert("RGB") for path in sorted((corpus / "photos").iterdir())[:count]]
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (count, 60, 80, 3), dtype=np.uint8)
    return [Image.fromarray(one).resize((800, 600), Image.Resampling.BICUBIC) for one in coarse]


def measured(pictures: Sequence[Image.Image], size: tuple[int, int], *, runs: int) -> dict[str, float]:
    contestants: dict[str, Callable[[bytes], object]] = {
        "ours": ours,
        "naive": naive,
        "bare_decode": bare,
        "full_decode": full,
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for picture in pictures:
        data = jpeg(ImageOps.fit(picture, size))
        best = dict.fromkeys(contestants, float("inf"))
        for _ in range(runs):
            for name, step in contestants.items():
                if name != "naive" or best[name] == float("inf") or runs > 10:
                    best[name] = min(best[name], milliseconds(step, data))
        for name, value in best.items():
            times[name].append(value)
    medians = {f"{name}_ms": round(statistics.median(values), 2) for name, values in times.items()}
    ratio = {
        "times_faster_than_naive": round(statistics.median(map(divide, times["naive"], times["ours"])), 2),
        "times_bare_decode": round(statistics.median(map(divide, times["ours"], times["bare_decode"])), 2),
    }
    return medians | ratio


def divide(a: float, b: float) -> float:
    return a / b


def jpeg(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)
    return target.getvalue()


def ours(data: bytes) -> object:
    return analyse(data, AnalysisOptions())


def naive(data: bytes) -> object:
    image = full(data)
    turned = [image, *(image.transpose(turn) for turn in Image.Transpose)]
    return [(imagehash.dhash(one, 16), imagehash.phash(one, 16)) for one in turned]


def bare(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (512, 512))
    image.load()
    return image


def full(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def milliseconds(step: Callable[[bytes], object], data: bytes) -> float:
    began = time.process_time()
    step(data)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
