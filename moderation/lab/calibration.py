"""Radii for a site's own pictures: how often do two innocent pictures lie that near?

Every pair of a sample of innocent, different pictures is compared as an upload and a ban would be. The rate per
pair, times the length of the list, is the rate of innocent uploads that are flagged. A sample that shows nothing
does not show zero: the upper bound is that of Clopper and Pearson (1934), for no event at 95 % the "rule of three".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.domain.algorithms import LIST_SIZES, algorithm_named
from moderation.domain.analysis import Analysis, Code
from moderation.domain.radii import NEVER

Progress = Callable[[int, int], None]
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class PairDistances:
    """How far apart innocent pictures are by one algorithm."""

    algorithm: str
    histogram: NDArray[np.int64]
    """Number of ordered pairs (upload, ban) by smallest distance, shape ``(bits + 1,)``."""
    nearest: tuple[tuple[int, str, str], ...]
    """The nearest pairs: distance, upload, ban. Worth a look: they may be the same picture after all."""
    pictures: int
    """With a fingerprint of this algorithm."""
    queries: float
    """Codes that an upload is looked up with, on average."""

    @property
    def pairs(self) -> int:
        """Ordered pairs compared."""
        return int(self.histogram.sum())

    @property
    def independent(self) -> int:
        """Unordered pairs: the other order of a pair is no second observation."""
        return self.pairs // 2

    def within(self, radius: int) -> int:
        """Return the number of unordered pairs at most so far apart in either order, rounded up."""
        return -(-int(self.histogram[: radius + 1].sum()) // 2)


@dataclass(frozen=True, slots=True)
class Advice:
    """One radius for one length of list."""

    algorithm: str
    entries: int
    target: float
    """Wanted share of innocent uploads that are flagged, at most."""
    radius: int
    """The largest that the sample supports; :data:`~moderation.domain.radii.NEVER` where it supports none."""
    expected: float
    """Innocent uploads flagged at this radius, by the rate that was seen."""
    bound: float
    """The same by the upper bound of that rate."""
    refusal: str = ""
    """Why no radius, or no larger one, can be recommended."""


def compare(
    analyses: Mapping[str, Analysis], algorithm: str, *, progress: Progress = lambda done, total: None
) -> PairDistances:
    """Compare every picture, as an upload, with every other, as a ban.

    The pictures have to be different ones: copies among them look like false positives.
    """
    named = algorithm_named(algorithm)
    having = {name: one for name, one in analyses.items() if _rows(one.queries, named.qualified)}
    bans = [(name, row) for name, one in having.items() for row in _rows(one.enrolment, named.qualified)]
    histogram = np.zeros(named.bits + 1, np.int64)
    nearest: list[tuple[int, str, str]] = []
    if not bans:
        return PairDistances(algorithm, histogram, (), 0, 0.0)
    codes = _words([row for _, row in bans])
    owners, starts = _runs([name for name, _ in bans])
    looked_up = 0
    for done, (name, one) in enumerate(having.items(), 1):
        queries = _words(_rows(one.queries, named.qualified))
        looked_up += len(queries)
        smallest = np.full(len(owners), named.bits + 1, np.int64)
        for query in queries:
            distances = np.bitwise_count(codes ^ query).sum(axis=1, dtype=np.int64)
            np.minimum(smallest, np.minimum.reduceat(distances, starts), out=smallest)
        others = np.array([owner != name for owner in owners])
        histogram += np.bincount(smallest[others], minlength=named.bits + 1)
        place = int(np.where(others, smallest, named.bits + 1).argmin())
        if others.any():
            nearest.append((int(smallest[place]), name, owners[place]))
        progress(done, len(having))
    return PairDistances(
        algorithm, histogram, tuple(sorted(nearest)[:20]), len(having), looked_up / len(having)
    )


def upper_bound(events: int, trials: int, *, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper–Pearson bound of a rate: the largest under which so few events are not a surprise.

    1 when there were no trials.
    """
    if events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
        if high - low <= 1e-6 * high:
            break
    return high


def smallest_showable(pictures: int) -> float:
    """Return the rate per pair below which a sample of so many pictures cannot show anything: its bound at no
    event."""
    return upper_bound(0, pictures * (pictures - 1) // 2)


def advise(distances: PairDistances, *, entries: int, target: float) -> Advice:
    """Return the largest radius at which a list of ``entries`` flags at most ``target`` of innocent uploads.

    Judged by the upper bound, so a small sample gets a small radius or none.
    """
    bits = len(distances.histogram) - 1
    trials = distances.independent
    best = Advice(distances.algorithm, entries, target, NEVER, 0.0, 0.0)
    bound = upper_bound(0, trials) if trials else 1.0
    if _flagged(bound, entries) > target:
        refusal = (
            f"{distances.pictures:,} pictures cannot show less than {bound:.1e} a pair, {_flagged(bound, entries):.2g} "
            f"of innocent uploads against {entries:,} entries; {_needed(entries, target):,} pictures could."
        )
        return Advice(distances.algorithm, entries, target, NEVER, 0.0, _flagged(bound, entries), refusal)
    for radius in range(bits + 1):
        events = distances.within(radius)
        bound = upper_bound(events, trials)
        if _flagged(bound, entries) > target:
            break
        seen = _flagged(events / trials, entries)
        best = Advice(distances.algorithm, entries, target, radius, seen, _flagged(bound, entries))
    return best


def table(
    distances: Sequence[PairDistances], *, target: float, sizes: Sequence[int] = LIST_SIZES
) -> list[Advice]:
    """Return advice for every algorithm and length of list."""
    return [advise(one, entries=entries, target=target) for one in distances for entries in sizes]


def _flagged(rate: float, entries: int) -> float:
    """Share of uploads with at least one false hit among ``entries``."""
    return -math.expm1(entries * math.log1p(-rate)) if rate < 1 else 1.0


def _needed(entries: int, target: float) -> int:
    """Return the number of pictures that a sample needs before it can support any radius for this list and target."""
    per_pair = -math.expm1(math.log1p(-target) / entries)
    pairs = -math.log(1 - CONFIDENCE) / per_pair
    return math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2)


def _at_most(events: int, trials: int, rate: float) -> float:
    """Return the binomial probability of at most ``events``, summed in logarithms."""
    if rate <= 0:
        return 1.0
    log_rate, log_rest = math.log(rate), math.log1p(-rate) if rate < 1 else -math.inf
    term, total = trials * log_rest, 0.0
    for count in range(events + 1):
        if count:
            term += math.log((trials - count + 1) / count) + log_rate - log_rest
        total += math.exp(term)
    return total


def _rows(codes: Sequence[Code], algorithm: str) -> list[bytes]:
    return [code.bits for code in codes if code.algorithm == algorithm]


def _words(rows: Sequence[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(rows), np.uint64).reshape(len(rows), -1)


def _runs(names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return each run of equal names, and where it starts."""
    starts = [place for place, name in enumerate(names) if not place or name != names[place - 1]]
    return [names[start] for start in starts], starts
