"""Codes to search: random ones, and such as real hashes are."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

QUERIES = 64
NEAR = 8
"""So many of the queries are near copies of an entry, the others are strangers."""


def corpus() -> Path | None:
    """Return the folder of pictures that MODERATION_CORPUS names, or the one beside the project."""
    folder = Path(os.environ.get("MODERATION_CORPUS", "../shared/corpus"))
    return folder if (folder / "photos").is_dir() else None


def random_codes(count: int, bits: int, seed: int) -> Codes:
    """Return codes of which every bit is a coin toss: what most papers measure with."""
    return np.random.default_rng(seed).integers(0, 256, (count, bits // 8), np.uint8)


def clustered_codes(count: int, bits: int, seed: int) -> Codes:
    """Return codes with the marginals and neighbourhoods of real ones, as many as wanted.

    Each is put together from four bands of rows of the difference hashes of four pictures of the
    corpus, with up to 5 % of its bits flipped as edits do; a quarter are near copies of others.
    """
    random = np.random.default_rng(seed)
    real = _real(bits)
    bands = np.arange(bits // 8) * 4 // (bits // 8)
    codes = np.empty((count, bits // 8), np.uint8)
    for start in range(0, count, 100_000):
        part = codes[start : start + 100_000]
        picture = random.integers(0, len(real), (len(part), 4))
        part[:] = real[picture[:, bands], np.arange(bits // 8)]
        copies = random.random(len(part)) < 0.25
        part[copies] = part[random.integers(0, len(part), int(copies.sum()))]
        part ^= _flips(len(part), bits, bits // 20, random)
    return codes


def with_queries(kind: str, count: int, bits: int) -> tuple[Codes, Codes]:
    """Return ``count`` entries and :data:`QUERIES` queries of the same kind."""
    make = {"random": random_codes, "clustered": clustered_codes}[kind]
    codes = make(count, bits, 1)
    queries = make(QUERIES, bits, 2)
    random = np.random.default_rng(3)
    near = codes[random.integers(0, count, NEAR)]
    queries[:: QUERIES // NEAR] = near ^ _flips(NEAR, bits, bits // 20, random)
    return codes, queries


def _flips(count: int, bits: int, most: int, random: np.random.Generator) -> Codes:
    flipped = np.zeros((count, bits), np.uint8)
    place = random.integers(0, bits, (count, most))
    keep = np.arange(most) < random.integers(0, most + 1, (count, 1))
    rows, columns = np.nonzero(keep)
    flipped[rows, place[rows, columns]] = 1
    return np.packbits(flipped, axis=1)


@cache
def _real(bits: int) -> Codes:
    import imagehash
    from PIL import Image

    folder = corpus()
    if folder is None:
        raise SystemExit("Clustered codes are made from the corpus: set MODERATION_CORPUS to its folder.")
    codes = []
    for path in sorted([*(folder / "photos").iterdir(), *(folder / "avatars").iterdir()]):
        with Image.open(path) as image:
            image.draft("RGB", (256, 256))
            image.thumbnail((256, 256))
            code = imagehash.dhash(image.convert("L"), hash_size={64: 8, 256: 16}[bits])
        codes.append(np.packbits(code.hash.reshape(-1)))
    return np.array(codes)
