"""The patches of a view that are fingerprinted, and on which side the orientations are.

**Orientations belong to enrolment.** A ban enters the index in all eight orientations; an upload is looked up in its
own only. Both sides give the same relation, and for a linear scan the same work. But a multi-index search has a
fixed cost per query that does not depend on the length of the list, a batch of queries is paid by every upload while
enrolment is paid once, and stored queries (for the reach of a later ban) stay small. A canonical orientation, with
ambiguous pictures stored several times, would store fewer codes; it was rejected, since the sign of a low frequency
that decides it changes under a logo, a caption or a border for some pictures, and each of those is a miss. What this
costs: a hash that was imported without its picture is found in its own orientation only.

**The negative belongs to the query**, and to ``dhash256`` alone: one more code per patch there replaces eight more
per patch in the index.

**Borders are on both sides**: a copy may have gained a border or lost the one that the banned picture had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from moderation.domain import borders
from moderation.domain.analysis import Code
from moderation.domain.fingerprints import algorithm_named
from moderation.domain.hashing import Patch, codes_of, negative_dhash256, sampled
from moderation.domain.imaging.canonical import View
from moderation.domain.orientations import ORIENTATIONS
from moderation.domain.quality import ENROLMENT_FLOOR, QUERY_FLOOR, quality_of


@dataclass(frozen=True, slots=True)
class Variant:
    """A patch of a view, with what it is called."""

    view: int
    patch: Patch
    name: str


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of all views of a picture."""

    queries: tuple[Code, ...]
    enrolment: tuple[Code, ...]
    quality: tuple[float, ...]
    """Of each view as a whole, 0 to 1."""


def variants_of(view: View, number: int) -> list[Variant]:
    """The view as it is, and without what was put around it."""
    boxes = borders.crops(np.asarray(view.grey))
    return [
        Variant(number, Patch.cut(view.grey, view.colour, box), _join(view.name, name))
        for box, name in boxes.items()
    ]


def codes_of_views(views: Sequence[View], algorithms: Sequence[str]) -> Codes:
    """Queries and enrolment of a picture; flat views and flat patches have none.

    Raises :class:`~moderation.exceptions.UnknownAlgorithm`.
    """
    variants = [variant for number, view in enumerate(views) for variant in variants_of(view, number)]
    quality = quality_of(sampled([variant.patch for variant in variants], 64, 64))
    best = [0.0] * len(views)
    for variant, value in zip(variants, quality, strict=True):
        best[variant.view] = max(best[variant.view], float(value))
    sharp = [variant for variant, value in zip(variants, quality, strict=True) if value >= QUERY_FLOOR]
    banned = [bool(value >= ENROLMENT_FLOOR) for value in quality if value >= QUERY_FLOOR]
    queries: dict[tuple[str, bytes], Code] = {}
    enrolment: dict[tuple[str, bytes], Code] = {}
    for name in algorithms if sharp else ():
        qualified = algorithm_named(name).qualified
        patches = [variant.patch for variant in sharp]
        oriented = codes_of(name, patches)
        for variant, rows, enters in zip(sharp, oriented, banned, strict=True):
            _add(queries, qualified, rows[0].tobytes(), variant, "")
            for row, turn in zip(rows, ORIENTATIONS, strict=True) if enters else ():
                _add(enrolment, qualified, row.tobytes(), variant, turn)
        if name == "dhash256":
            for variant, negative in zip(sharp, negative_dhash256(patches), strict=True):
                _add(queries, qualified, negative.tobytes(), variant, "negative")
    return Codes(tuple(queries.values()), tuple(enrolment.values()), tuple(best))


def _add(
    codes: dict[tuple[str, bytes], Code], algorithm: str, bits: bytes, variant: Variant, name: str
) -> None:
    """Equal codes enter once, under the first variant that has them."""
    code = Code(algorithm, bits, variant.view, _join(variant.name, name))
    codes.setdefault((algorithm, bits), code)


def _join(*words: str) -> str:
    return ", ".join(word for word in words if word)
