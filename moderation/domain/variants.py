"""The patches of a view that are fingerprinted, and on which side the orientations are.

**Orientations belong to enrolment.** A ban enters the index in all eight orientations; an upload is looked up in its
own only. Both sides give the same relation, and for a linear scan the same work. But a multi-index search has a
fixed cost per query that does not depend on the length of the list, a batch of queries is paid by every upload while
enrolment is paid once, and stored queries (for the reach of a later ban) stay small. A canonical orientation, with
ambiguous pictures stored several times, would store fewer codes; it was rejected, since the sign of a low frequency
that decides it changes under a logo, a caption or a border for some pictures, and each of those is a miss. What this
costs: a hash that was imported without its picture is found in its own orientation only.

**The negative belongs to the query**, and to ``dhash256`` alone: one more code per patch there replaces eight more
per patch in the index. **Lightness** (what survives a change of hue) is on both sides, of ``dhash256`` alone, and only
where it differs from luminance.

**Borders are on both sides**: a copy may have gained a border or lost the one that the banned picture had. What lies
between lines inside a picture is looked up, but never enters as a ban: it may be the bar of a screenshot or the
other half of a collage, and would match everything that shares it.

94 of 100 uploads from the shared corpus have one patch: two codes of ``dhash256``, one of ``phash256``.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.domain.algorithms import algorithm_named, codes_of
from moderation.domain.analysis import ORIENTATIONS, Code, PatchSigns
from moderation.domain.borders import alike, crops, whole
from moderation.domain.evidence.signs import record
from moderation.domain.hashing import Patch, lightness_dhash256, negative_dhash256, sampled
from moderation.domain.imaging.canonical import View
from moderation.domain.insets import insets
from moderation.domain.quality import ENROLMENT_FLOOR, QUERY_FLOOR, quality_of

_LIGHTNESS_ENROLLED = 10
_LIGHTNESS_QUERIED = 13
"""Bits by which the lightness code has to differ from the plain one to be used: a third of bans, a seventh of
uploads. Enrolment is the wider net, so that a copy that is just colourful enough finds its original."""
_MOST_PATCHES = 6
"""Of one view."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A patch of a view, with what it is called."""

    view: int
    patch: Patch
    name: str
    enters: bool
    """Whether it is part of a ban, and not only looked up."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of all views of a picture."""

    queries: tuple[Code, ...]
    enrolment: tuple[Code, ...]
    quality: tuple[float, ...]
    """Of each view, 0 to 1; of its most structured patch."""
    signs: tuple[PatchSigns, ...] = ()
    """Of the patches that have codes, by view."""


def variants_of(view: View, number: int) -> list[Variant]:
    """Return the view as it is, without what was put around it, and what is set into it."""
    pixels = np.asarray(view.grey)
    names = crops(pixels)
    boxes = dict.fromkeys(names, True)
    for box in insets(pixels):
        if len(boxes) < _MOST_PATCHES and not any(alike(box, other, whole(pixels)) for other in boxes):
            names[box], boxes[box] = "inset", False
    return [
        Variant(number, Patch(view.grey, view.colour, box), _join(view.name, names[box]), enters)
        for box, enters in boxes.items()
    ]


def codes_of_views(views: Sequence[View], algorithms: Sequence[str], entering: Container[int]) -> Codes:
    """Return queries and enrolment of a picture; flat views and flat patches have none, and of views whose numbers
    are not in ``entering`` nothing is enrolled.

    Raises :class:`~moderation.exceptions.UnknownAlgorithm`.
    """
    variants = [variant for number, view in enumerate(views) for variant in variants_of(view, number)]
    quality = quality_of(sampled([variant.patch for variant in variants], 64, 64))
    best = [0.0] * len(views)
    for variant, value in zip(variants, quality, strict=True):
        best[variant.view] = max(best[variant.view], float(value))
    sharp = [variant for variant, value in zip(variants, quality, strict=True) if value >= QUERY_FLOOR]
    enters = [
        variant.enters and variant.view in entering and bool(value >= ENROLMENT_FLOOR)
        for variant, value in zip(variants, quality, strict=True)
        if value >= QUERY_FLOOR
    ]
    collected = _Collected(sharp, enters)
    for name in algorithms:
        qualified = algorithm_named(name).qualified
        if sharp:
            collected.add_all(name, qualified)
    signs = tuple(_signs(sharp, enters, collected.colourful))
    return Codes(tuple(collected.queries.values()), tuple(collected.enrolment.values()), tuple(best), signs)


def _signs(
    variants: Sequence[Variant], enters: Sequence[bool], colourful: Collection[int]
) -> Iterator[PatchSigns]:
    """Yield the records of patches, and of their lightness where that has a code of its own."""
    for number, (variant, enrolled) in enumerate(zip(variants, enters, strict=True)):
        for lightness in (False, True) if number in colourful else (False,):
            yield PatchSigns(variant.view, enrolled, record(*variant.patch.cells(lightness=lightness)))


class _Collected:
    """Codes of the sharp variants; equal codes once, under the first variant that has them."""

    def __init__(self, variants: Sequence[Variant], enters: Sequence[bool]) -> None:
        self._variants = variants
        self._enters = enters
        self._patches = [variant.patch for variant in variants]
        self.queries: dict[tuple[str, bytes], Code] = {}
        self.enrolment: dict[tuple[str, bytes], Code] = {}
        self.colourful: frozenset[int] = frozenset()
        """Numbers of the variants whose lightness has codes of its own."""

    def add_all(self, name: str, algorithm: str) -> None:
        """Add the codes of one algorithm, and for ``dhash256`` those of negatives and of lightness."""
        plain = codes_of(name, self._patches)
        always = np.ones(len(plain), dtype=bool)
        self._enrol(algorithm, plain, always, "")
        self._query(algorithm, plain[:, 0], always, "")
        if name == "dhash256":
            self._query(algorithm, negative_dhash256(self._patches), always, "negative")
            light = lightness_dhash256(self._patches)
            gap = np.bitwise_count(light[:, 0] ^ plain[:, 0]).sum(axis=1)
            self.colourful = frozenset(np.flatnonzero(gap >= _LIGHTNESS_ENROLLED).tolist())
            self._enrol(algorithm, light, gap >= _LIGHTNESS_ENROLLED, "lightness")
            self._query(algorithm, light[:, 0], gap >= _LIGHTNESS_QUERIED, "lightness")

    def _enrol(self, algorithm: str, codes: NDArray[np.uint8], where: NDArray[np.bool_], name: str) -> None:
        for number in np.flatnonzero(where & np.array(self._enters)).tolist():
            for row, turn in zip(codes[number], ORIENTATIONS, strict=True):
                _add(self.enrolment, algorithm, row, self._variants[number], _join(name, turn))

    def _query(self, algorithm: str, codes: NDArray[np.uint8], where: NDArray[np.bool_], name: str) -> None:
        for number in np.flatnonzero(where).tolist():
            _add(self.queries, algorithm, codes[number], self._variants[number], name)


def _add(
    codes: dict[tuple[str, bytes], Code], algorithm: str, row: NDArray[np.uint8], variant: Variant, name: str
) -> None:
    bits = row.tobytes()
    codes.setdefault((algorithm, bits), Code(algorithm, bits, variant.view, _join(variant.name, name)))


def _join(*words: str) -> str:
    return ", ".join(word for word in words if word)
