"""How near is near: default radii by algorithm and length of the list.

A radius is a Hamming distance in bits. Within ``block`` an upload is rejected by the machine, within
``hold`` a person looks at it. False positives rise with the number of compared pairs, so a list that
grows has to look closer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from moderation.exceptions import UnknownAlgorithm

NEVER = -1
"""A radius within which nothing lies: the band is switched off."""


@dataclass(frozen=True, slots=True)
class Band:
    """Two radii in bits; ``block <= hold``. :data:`NEVER` switches a band off."""

    block: int
    hold: int

    def __post_init__(self) -> None:
        if not NEVER <= self.block <= self.hold:
            raise ValueError(f"Radii need {NEVER} <= block <= hold, not {self.block} and {self.hold}.")


LIST_SIZES = (300, 10_000, 1_000_000, 10_000_000)
"""Lengths of lists (banned images) that have a row of radii; a list takes the row of the next longer one."""

# The first row is measured. 9,139 innocent uploads (faces, pets, clothes, scenes) against 300 banned ones showed none
# at dhash256 38, phash256 49 and pdq 55, with orientations and trimmed borders. Negatives and lightness double the
# codes of dhash256 that are compared, and every 13 bits make its false pairs ten times as many (every 10 bits those of
# phash256; `manage.py calibrate` on 1,000 photographs of clothes), so its radius is a little smaller. With these,
# `manage.py evaluate` finds at least 99.5 % of the copies by each edit of the easy groups.
# The longer rows are a compromise that no sample at hand can prove: they give up weak copies (a logo of 15 %) before
# strong ones. A site with such a list calibrates on its own approved uploads.
_TABLE: Mapping[str, tuple[Band, Band, Band, Band]] = MappingProxyType(
    {
        "dhash256": (Band(26, 35), Band(22, 30), Band(16, 24), Band(12, 20)),
        "phash256": (Band(32, 46), Band(28, 40), Band(22, 32), Band(18, 28)),
        "pdq": (Band(31, 52), Band(31, 46), Band(26, 38), Band(22, 34)),
        # 64 bits cannot tell enough innocents apart to let a machine reject.
        "dhash64": (Band(NEVER, 4), Band(NEVER, 2), Band(NEVER, 1), Band(NEVER, 0)),
        "phash64": (Band(NEVER, 4), Band(NEVER, 4), Band(NEVER, 2), Band(NEVER, 0)),
        "ahash64": (Band(NEVER, 2), Band(NEVER, 0), Band(NEVER, 0), Band(NEVER, 0)),
        "whash64": (Band(NEVER, 2), Band(NEVER, 0), Band(NEVER, 0), Band(NEVER, 0)),
    }
)

DEFAULT_RADII: Mapping[str, Band] = MappingProxyType({name: rows[0] for name, rows in _TABLE.items()})
"""For a short list, by the algorithm's name without its version."""


def radii_for(algorithm: str, entries: int) -> Band:
    """The default radii of ``algorithm`` (name with or without version) for a list of ``entries`` images.

    Raises :class:`UnknownAlgorithm`.
    """
    rows = _TABLE.get(algorithm.partition("/")[0])
    if rows is None:
        raise UnknownAlgorithm
    return rows[min(bisect_left(LIST_SIZES, entries), len(rows) - 1)]
