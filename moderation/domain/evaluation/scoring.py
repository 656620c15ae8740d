"""Bans, edited copies and innocents in; distances and verdicts out. Deterministic under a seed."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from moderation.domain.analysis import Analysis, AnalysisOptions, Code
from moderation.domain.evaluation.edits import EDITS, Edit, Material
from moderation.domain.imaging.opening import refusing
from moderation.domain.pipeline import analyse
from moderation.domain.radii import Band, radii_for
from moderation.exceptions import ImageRefused, ModerationError

Analyse = Callable[[bytes, AnalysisOptions], Analysis]
Progress = Callable[[int, int], None]
"""Called with the number of steps done and of all steps."""


_OTHERS = 8


class Picture(NamedTuple):
    """A file to evaluate with."""

    name: str
    data: bytes


class Found(StrEnum):
    """What the two bands make of one picture."""

    BLOCK = "block"
    HOLD = "hold"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One screened picture."""

    name: str
    found: Found
    banned: str | None
    """The nearest banned picture's name, by the smallest share of its hold radius."""
    distances: Mapping[str, int]
    """Smallest distance by algorithm (qualified name)."""


@dataclass(slots=True)
class Scores:
    """All that was measured."""

    radii: dict[str, Band]
    copies: dict[str, list[Outcome]] = field(default_factory=dict)
    """By edit; distances to the banned picture that the copy was made from."""
    innocents: list[Outcome] = field(default_factory=list)
    """Distances to the nearest banned picture."""
    refused_bans: list[tuple[str, str]] = field(default_factory=list)
    """Name and reason (error code). Their copies count as missed."""
    refused_innocents: list[tuple[str, str]] = field(default_factory=list)


def evaluate(
    banned: Sequence[Picture],
    innocent: Sequence[Picture],
    *,
    options: AnalysisOptions | None = None,
    radii: Mapping[str, Band] | None = None,
    edits: Sequence[Edit] = EDITS,
    seed: int = 0,
    analyse: Analyse = analyse,
    progress: Progress = lambda done, total: None,
) -> Scores:
    """Ban ``banned``, edit copies of them, screen the copies and the innocents.

    ``radii`` are by name without version, by default those for a list of this length. The same input and seed give
    the same scores.
    """
    options = options or AnalysisOptions()
    bands = {name: (radii or {}).get(name) or radii_for(name, len(banned)) for name in options.algorithms}
    scores = Scores(bands)
    total, done = len(banned) * (len(edits) + 1) + len(innocent), 0
    enrolled: dict[str, tuple[Code, ...]] = {}
    for picture in banned:
        try:
            analysis = analyse(picture.data, options)
            if analysis.flat:
                scores.refused_bans.append((picture.name, "flat"))
            else:
                enrolled[picture.name] = analysis.enrolment
        except ModerationError as error:
            scores.refused_bans.append((picture.name, error.code))
        progress(done := done + 1, total)
    everything = _Enrolled(enrolled)
    others = _readable(innocent or banned)
    for picture in banned:
        own = _Enrolled({picture.name: enrolled[picture.name]}) if picture.name in enrolled else None
        original = _upright(picture.data) if own else None
        for edit in edits:
            outcome = Outcome(picture.name, Found.MISSED, None, {})
            if own and original:
                random = np.random.default_rng(
                    [seed, crc32(picture.name.encode()), crc32(edit.name.encode())]
                )
                start = int(random.integers(len(others)))
                material = Material(random, others[start:] + others[:start])
                copy = edit.make(original, material)
                with suppress(ModerationError):  # a copy that nobody can decode is found by nobody
                    outcome = _screened(picture.name, copy, own, options, bands, analyse)
            scores.copies.setdefault(edit.name, []).append(outcome)
            progress(done := done + 1, total)
    for picture in innocent:
        try:
            scores.innocents.append(
                _screened(picture.name, picture.data, everything, options, bands, analyse)
            )
        except ModerationError as error:
            scores.refused_innocents.append((picture.name, error.code))
        progress(done := done + 1, total)
    return scores


def _readable(pictures: Sequence[Picture]) -> list[Image.Image]:
    """The first few that can be opened, to make collages and animations with."""
    found: list[Image.Image] = []
    for picture in pictures:
        if len(found) == _OTHERS:
            break
        with suppress(ImageRefused), refusing():
            found.append(_upright(picture.data))
    return found or [Image.new("RGB", (64, 64), "grey")]


def _upright(data: bytes) -> Image.Image:
    """The picture as ``RGB``, for the edits."""
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _screened(
    name: str,
    data: bytes,
    bans: _Enrolled,
    options: AnalysisOptions,
    bands: Mapping[str, Band],
    analyse: Analyse,
) -> Outcome:
    nearest = bans.nearest(analyse(data, options).queries)
    found, banned, closest = Found.MISSED, None, float("inf")
    for algorithm, (distance, ban) in nearest.items():
        band = bands[algorithm.partition("/")[0]]
        if distance <= band.block:
            found = Found.BLOCK
        elif distance <= band.hold and found is Found.MISSED:
            found = Found.HOLD
        if (share := distance / max(band.hold, 1)) < closest:
            banned, closest = ban, share
    return Outcome(name, found, banned, {algorithm: distance for algorithm, (distance, _) in nearest.items()})


class _Enrolled:
    """Codes of bans, scanned linearly: an evaluation should not depend on the index that it may be used to judge."""

    def __init__(self, codes: Mapping[str, Sequence[Code]]) -> None:
        rows: dict[str, list[bytes]] = {}
        names: dict[str, list[str]] = {}
        for name, enrolment in codes.items():
            for code in enrolment:
                rows.setdefault(code.algorithm, []).append(code.bits)
                names.setdefault(code.algorithm, []).append(name)
        self._names = names
        self._codes = {algorithm: _words(bits) for algorithm, bits in rows.items()}

    def nearest(self, queries: Sequence[Code]) -> dict[str, tuple[int, str]]:
        """Smallest distance, and whose it is, by algorithm."""
        found: dict[str, tuple[int, str]] = {}
        for algorithm, codes in self._codes.items():
            rows = [query.bits for query in queries if query.algorithm == algorithm]
            if not rows:
                continue
            distances = np.bitwise_count(codes[None] ^ _words(rows)[:, None]).sum(axis=2).min(axis=0)
            place = int(distances.argmin())
            found[algorithm] = int(distances[place]), self._names[algorithm][place]
        return found


def _words(rows: Sequence[bytes]) -> NDArray[np.uint64]:
    """Codes as ``(n, bits // 64)`` machine words."""
    return np.frombuffer(b"".join(rows), np.uint64).reshape(len(rows), -1)
