"""Bans, edited copies and innocents in; distances and verdicts out. Deterministic under a seed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from moderation.domain.algorithms import algorithm_named, radii_for
from moderation.domain.analysis import Analysis, AnalysisOptions, Code
from moderation.domain.evidence.candidates import weighed
from moderation.domain.evidence.weighing import Side
from moderation.domain.imaging.opening import refusing
from moderation.domain.pipeline import analyse
from moderation.domain.policy import Entry, Hit, band_of
from moderation.domain.radii import Band
from moderation.exceptions import ImageRefused, ModerationError
from moderation.lab.edits import EDITS, Edit, Material
from moderation.lab.local import Signatures

Analyse = Callable[[bytes, AnalysisOptions], Analysis]
Progress = Callable[[int, int], None]
"""Called with the number of steps done and of all steps."""


_OTHERS = 8
ALSO = "also banned: "
"""Before the name of a ban that no copies are made of, so that it is never taken for another picture of that name."""


class Watcher:
    """Sees the same pictures as the evaluation, to measure something else beside it: nothing, unless a child class does.
    Only what the sandbox could decode, but for copies."""

    def ban(self, name: str, data: bytes) -> None:
        """Take a picture that is on the list."""

    def copy(self, name: str, edit: str, data: bytes) -> None:
        """Take an edited copy of the ban ``name``."""

    def innocent(self, data: bytes) -> None:
        """Take a picture that is not on the list; all bans were seen before."""


class Picture(NamedTuple):
    """A file to evaluate with."""

    name: str
    data: bytes


class Found(StrEnum):
    """What the two bands make of one picture. The second tier holds, as a list lets it by default."""

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
    local: str | None = None
    """The banned picture that the second tier found; it looks only where the first one does not block."""
    first: Found = Found.MISSED
    """What the first tier alone makes of it."""


@dataclass(slots=True)
class Scores:
    """All that was measured."""

    radii: dict[str, Band]
    tiers: int = 1
    """2 where the second one looked as well."""
    entries: int = 0
    """Pictures on the list, with those that no copies are made of."""
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
    also_banned: Sequence[Picture] = (),
    options: AnalysisOptions | None = None,
    radii: Mapping[str, Band] | None = None,
    edits: Sequence[Edit] = EDITS,
    seed: int = 0,
    analyse: Analyse = analyse,
    watcher: Watcher | None = None,
    progress: Progress = lambda done, total: None,
) -> Scores:
    """Ban ``banned``, edit copies of them, screen the copies and the innocents.

    ``also_banned`` makes the list longer, as it is where the copies arrive: no copies of these are made. They are read one
    at a time. ``radii`` are by name without version, by default those for a list of this length. ``options.want_local`` asks
    the second tier too: of a copy it counts if it names the ban that the copy was made from, among all bans. The same
    input and seed give the same scores. ``watcher`` sees the same pictures.
    """
    options, watcher = options or AnalysisOptions(), watcher or Watcher()
    entries = len(banned) + len(also_banned)
    bands = {name: (radii or {}).get(name) or radii_for(name, entries) for name in options.algorithms}
    scores = Scores(bands, tiers=2 if options.want_local else 1)
    total, done = len(banned) * (len(edits) + 1) + len(also_banned) + len(innocent), 0
    enrolled: dict[str, tuple[Code, ...]] = {}
    sides: dict[str, Side] = {}
    signatures = Signatures()
    for name, picture in _all_bans(banned, also_banned):
        try:
            analysis = analyse(picture.data, options)
            if analysis.flat:
                scores.refused_bans.append((name, "flat"))
            else:
                enrolled[name] = analysis.enrolment
                sides[name] = Side.of(one.data for one in analysis.signs if one.enters)
                signatures.add(name, analysis)
                watcher.ban(name, picture.data)
        except ModerationError as error:
            scores.refused_bans.append((name, error.code))
        progress(done := done + 1, total)
    scores.entries = len(enrolled)
    everything = _Enrolled(enrolled, sides, bands, signatures)
    others = _readable(innocent or banned)
    for picture in banned:
        own = everything.only(picture.name) if picture.name in enrolled else None
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
                watcher.copy(picture.name, edit.name, copy)
                with suppress(ModerationError):  # a copy that nobody can decode is found by nobody
                    outcome = own.screened(picture.name, analyse(copy, options))
            scores.copies.setdefault(edit.name, []).append(outcome)
            progress(done := done + 1, total)
    for picture in innocent:
        try:
            analysis = analyse(picture.data, options)
            scores.innocents.append(everything.screened(picture.name, analysis))
            watcher.innocent(picture.data)
        except ModerationError as error:
            scores.refused_innocents.append((picture.name, error.code))
        progress(done := done + 1, total)
    return scores


def _all_bans(banned: Sequence[Picture], also_banned: Sequence[Picture]) -> Iterator[tuple[str, Picture]]:
    """Yield the pictures with the names under which they are on the list."""
    yield from ((picture.name, picture) for picture in banned)
    yield from ((ALSO + picture.name, picture) for picture in also_banned)


def _readable(pictures: Sequence[Picture]) -> list[Image.Image]:
    """Return the first few that can be opened, to make collages and animations with."""
    found: list[Image.Image] = []
    for picture in pictures:
        if len(found) == _OTHERS:
            break
        with suppress(ImageRefused), refusing():
            found.append(_upright(picture.data))
    return found or [Image.new("RGB", (64, 64), "grey")]


def _upright(data: bytes) -> Image.Image:
    """Return the picture as ``RGB``, for the edits."""
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


class _Enrolled:
    """Bans. Codes are scanned linearly: an evaluation should not depend on the index that it may be used to judge."""

    def __init__(
        self,
        codes: Mapping[str, tuple[Code, ...]],
        sides: Mapping[str, Side],
        bands: Mapping[str, Band],
        signatures: Signatures,
    ) -> None:
        self._enrolment = codes
        self._sides = sides
        self._numbers = {name: number for number, name in enumerate(codes)}
        self._bands = bands
        self._qualified = {algorithm_named(name).qualified: band for name, band in bands.items()}
        self._signatures = signatures
        rows: dict[str, list[bytes]] = {}
        names: dict[str, list[str]] = {}
        for name, enrolment in codes.items():
            for code in enrolment:
                rows.setdefault(code.algorithm, []).append(code.bits)
                names.setdefault(code.algorithm, []).append(name)
        self._names = names
        self._codes = {algorithm: _words(bits) for algorithm, bits in rows.items()}

    def only(self, name: str) -> _Enrolled:
        """Return an index that finds this one alone; the second tier still has to tell it from the others."""
        return _Enrolled(
            {name: self._enrolment[name]}, {name: self._sides[name]}, self._bands, self._signatures
        )

    def screened(self, name: str, analysis: Analysis) -> Outcome:
        """Return what becomes of a picture."""
        nearest = self.nearest(analysis.queries)
        found, banned = self._first_tier(analysis)
        if banned is None:
            banned = min(
                (
                    (distance / max(self._qualified[name].hold, 1), ban)
                    for name, (distance, ban) in nearest.items()
                ),
                default=(0.0, None),
            )[1]
        first, local = found, None
        if analysis.local and first is not Found.BLOCK:
            local = next((ban for ban in self._signatures.shown(analysis) if ban in self._enrolment), None)
            if local is not None and first is Found.MISSED:
                found, banned = Found.HOLD, local
        distances = {algorithm: distance for algorithm, (distance, _) in nearest.items()}
        return Outcome(name, found, banned, distances, local, first)

    def _first_tier(self, analysis: Analysis) -> tuple[Found, str | None]:
        """Return what the fingerprints and the evidence for their hits come to, and the ban that decided."""
        names = list(self._numbers)
        sides = {number: self._sides[name] for name, number in self._numbers.items()}
        best: tuple[bool, float, str] | None = None
        for hit in weighed(analysis.signs, self._candidates(analysis.queries), sides):
            name = names[hit.banned]
            placed = band_of(hit, Entry(hit.banned, "", "block", self._qualified))
            if placed:
                key = placed[0] != "block", hit.distance / max(self._qualified[hit.method].hold, 1), name
                best = key if best is None else min(best, key)
        if best is None:
            return Found.MISSED, None
        return (Found.HOLD if best[0] else Found.BLOCK), best[2]

    def _candidates(self, queries: Sequence[Code]) -> list[Hit]:
        """Return every ban within the hold radius of a query."""
        hits = []
        for query in queries:
            if query.algorithm in self._codes:
                distances = np.bitwise_count(self._codes[query.algorithm] ^ _words([query.bits])).sum(axis=1)
                within = np.flatnonzero(distances <= self._qualified[query.algorithm].hold)
                hits += [
                    Hit(
                        self._numbers[self._names[query.algorithm][row]],
                        query.algorithm,
                        int(distances[row]),
                        query.view,
                    )
                    for row in within.tolist()
                ]
        return hits

    def nearest(self, queries: Sequence[Code]) -> dict[str, tuple[int, str]]:
        """Return the smallest distance, and whose it is, by algorithm."""
        found: dict[str, tuple[int, str]] = {}
        for algorithm, codes in self._codes.items():
            rows = [query.bits for query in queries if query.algorithm == algorithm]
            if not rows:
                continue
            distances = np.bitwise_count(codes ^ _words(rows[:1])).sum(axis=1)
            for row in rows[1:]:  # one after the other: all at once would take a long list's size for each
                np.minimum(distances, np.bitwise_count(codes ^ _words([row])).sum(axis=1), out=distances)
            place = int(distances.argmin())
            found[algorithm] = int(distances[place]), self._names[algorithm][place]
        return found


def _words(rows: Sequence[bytes]) -> NDArray[np.uint64]:
    """Return codes as ``(n, bits // 64)`` machine words."""
    return np.frombuffer(b"".join(rows), np.uint64).reshape(len(rows), -1)
