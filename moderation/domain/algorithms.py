"""The registry of fingerprint algorithms: name, version, width, hasher, default radii. One row each.

An algorithm is a *versioned* function from a canonical picture to bits. Codes of different algorithms, or of
different versions of one, never compare.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from moderation.domain import hashing
from moderation.domain.hashing import Bits, Patch
from moderation.domain.radii import NEVER, Band
from moderation.exceptions import UnknownAlgorithm

LIST_SIZES = (300, 10_000, 1_000_000, 10_000_000)
"""Lengths of lists (banned images) that have radii of their own; a list takes those of the next longer one. False
positives rise with the number of compared pairs, so a list that grows has to look closer."""

Radii = tuple[Band, Band, Band, Band]
"""One band for each of :data:`LIST_SIZES`."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A named, versioned fingerprint."""

    name: str
    version: int
    bits: int
    """Width of a code: 64 or 256."""
    hasher: Callable[[Sequence[Patch]], Bits]
    """Patches to bits of shape ``(patches, 8, bits)``, an orientation each."""
    radii: Radii
    whole: bool = False
    """Of the picture as it is stored, at its full size, instead of patches: no ``hasher`` sees it."""

    @property
    def qualified(self) -> str:
        """What is stored with every code: ``dhash256/1``."""
        return f"{self.name}/{self.version}"


def _bands(*pairs: tuple[int, int]) -> Radii:
    first, second, third, fourth = (Band(*pair) for pair in pairs)
    return first, second, third, fourth


# The radii of the first column are measured. 9,139 innocent uploads (faces, pets, clothes, scenes) against 300 banned
# ones showed none at dhash256 38, phash256 49 and pdq 55, with orientations and trimmed borders. Negatives and
# lightness double the codes of dhash256 that are compared, and every 13 bits make its false pairs ten times as many
# (every 10 bits those of phash256; `manage.py calibrate` on 1,000 photographs of clothes), so its radius is a little
# smaller. With these, `manage.py evaluate` finds at least 99.5 % of the copies by each edit of the easy groups.
# The other columns are a compromise that no sample at hand can prove: they give up weak copies (a logo of 15 %)
# before strong ones. A site with such a list calibrates on its own approved uploads.
# 64 bits cannot tell enough innocents apart to let a machine reject.
ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        algorithm.name: algorithm
        for algorithm in (
            Algorithm("dhash256", 1, 256, hashing.dhash(16), _bands((35, 35), (30, 30), (24, 24), (20, 20))),
            Algorithm("phash256", 1, 256, hashing.phash(16), _bands((46, 46), (40, 40), (32, 32), (28, 28))),
            Algorithm("pdq", 1, 256, hashing.pdq, _bands((52, 52), (46, 46), (38, 38), (34, 34))),
            # Meta's threshold for a confident match. What it rejects wrongly was not measured here, so it holds.
            Algorithm(
                "pdqfull",
                1,
                256,
                hashing.of_whole,
                _bands((NEVER, 31), (NEVER, 31), (NEVER, 31), (NEVER, 31)),
                whole=True,
            ),
            Algorithm(
                "ahash64", 1, 64, hashing.ahash, _bands((NEVER, 2), (NEVER, 0), (NEVER, 0), (NEVER, 0))
            ),
            Algorithm(
                "dhash64", 1, 64, hashing.dhash(8), _bands((NEVER, 4), (NEVER, 2), (NEVER, 1), (NEVER, 0))
            ),
            Algorithm(
                "phash64", 1, 64, hashing.phash(8), _bands((NEVER, 4), (NEVER, 4), (NEVER, 2), (NEVER, 0))
            ),
            Algorithm(
                "whash64", 1, 64, hashing.whash, _bands((NEVER, 2), (NEVER, 0), (NEVER, 0), (NEVER, 0))
            ),
        )
    }
)
"""By name without version. The first two, and the last four, are those of imagehash; ``pdq`` is Facebook's, of patches;
``pdqfull`` is the same of the picture as it is stored, which is what hash exchanges and Hasher-Matcher-Actioner hold."""


def algorithm_named(name: str) -> Algorithm:
    """Return the algorithm with this name, with or without a version; raise :class:`UnknownAlgorithm`.

    A version other than the present one is unknown as well: nothing here can compute or compare it.
    """
    algorithm = ALGORITHMS.get(name.partition("/")[0])
    if algorithm is None or ("/" in name and name != algorithm.qualified):
        raise UnknownAlgorithm
    return algorithm


def codes_of(algorithm: str, patches: Sequence[Patch]) -> NDArray[np.uint8]:
    """Hash every patch in every orientation: shape ``(patches, 8, bits // 8)``, most significant bit first.

    Raises :class:`UnknownAlgorithm`.
    """
    return np.packbits(algorithm_named(algorithm).hasher(patches), axis=-1)


def radii_for(algorithm: str, entries: int) -> Band:
    """Return the default radii of ``algorithm`` (name with or without version) for a list of ``entries`` images.

    Raises :class:`UnknownAlgorithm`.
    """
    return algorithm_named(algorithm).radii[size_class(entries)]


def size_class(entries: int) -> int:
    """Return the place among :data:`LIST_SIZES` of the one whose radii a list of ``entries`` images takes."""
    return min(bisect_left(LIST_SIZES, entries), len(LIST_SIZES) - 1)
