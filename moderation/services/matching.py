"""From a picture's codes to a judgement at the current revision.

The search runs before the transaction, over this process's index. Under the shared lock only the
handful that came in between is compared, one by one; a large gap lets the lock go and starts again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from moderation import selectors
from moderation.conf import get_settings
from moderation.domain.analysis import Analysis, Code
from moderation.domain.fingerprints import hamming
from moderation.domain.policy import Hit, Judgement, judge
from moderation.exceptions import ScreeningContended
from moderation.services import revision
from moderation.services.index import Snapshot, banned_codes
from moderation.services.revision import RevisionState

T = TypeVar("T")

ROUNDS = 8
"""How often a match starts again before it gives up; the upload stays as it is then."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A picture as far as matching is concerned."""

    sha256: bytes
    pixels: bytes | None
    queries: tuple[Code, ...]
    cleared: frozenset[int] = field(default=frozenset())
    """Entries that a human has seen beside it and found different."""

    @classmethod
    def of(cls, analysis: Analysis) -> Subject:
        """A picture that was just decoded."""
        return cls(analysis.sha256, analysis.pixels, analysis.queries)


def look(subject: Subject) -> tuple[Snapshot, list[Hit], Judgement]:
    """Search and judge without a lock: a preview that may be out of date when it returns."""
    snapshot = banned_codes.catch_up()
    hits = snapshot.search(subject.queries)
    hits += selectors.exact_hits(sha256=subject.sha256, pixels=subject.pixels)
    return snapshot, hits, _judge(subject, hits, snapshot.state.entries)


def conclude(
    subject: Subject,
    *,
    prepare: Callable[[Judgement], None],
    write: Callable[[RevisionState, Judgement], T],
) -> T:
    """Judge at the revision at which ``write`` commits.

    ``prepare`` runs before the lock is taken, with the preview: the place for files. ``write`` runs
    under the lock and in its transaction; it may raise :class:`Stale` to start again with a new
    preview. Raises :class:`IndexUnavailable` and :class:`ScreeningContended`.
    """
    for _ in range(ROUNDS):
        snapshot, hits, preview = look(subject)
        prepare(preview)
        try:
            with revision.screening() as state:
                return write(state, _judge_now(subject, snapshot, hits, state))
        except Stale:
            continue
    raise ScreeningContended


class Stale(Exception):
    """The preview is too old to build on."""


def _judge_now(subject: Subject, snapshot: Snapshot, hits: list[Hit], state: RevisionState) -> Judgement:
    if state == snapshot.state:
        found = list(hits)
    else:
        if state.number <= snapshot.state.number:
            raise Stale
        radii = selectors.widest_radii(state.entries)
        if any(radius > snapshot.radii.get(name, -1) for name, radius in radii.items()):
            raise Stale
        found = [hit for hit in hits if hit.method not in ("sha256", "pixels/1")]
        found += _newer(subject, snapshot)
        found += selectors.exact_hits(sha256=subject.sha256, pixels=subject.pixels)
    return _judge(subject, found, state.entries)


def _newer(subject: Subject, snapshot: Snapshot) -> list[Hit]:
    gap = get_settings().index_gap
    codes = selectors.codes_since(snapshot.state.number, limit=gap)
    if len(codes) > gap:
        raise Stale
    return [
        Hit(banned, algorithm, distance, query.view, query.variant)
        for banned, algorithm, bits in codes
        for query in subject.queries
        if query.algorithm == algorithm
        and (distance := hamming(bits, query.bits)) <= snapshot.radii.get(algorithm, -1)
    ]


def _judge(subject: Subject, hits: list[Hit], entries: int) -> Judgement:
    best: dict[tuple[int, str, int], Hit] = {}
    for hit in hits:
        key = (hit.banned, hit.method, hit.view)
        if key not in best or hit.distance < best[key].distance:
            best[key] = hit
    known = selectors.policy_entries((hit.banned for hit in best.values()), entries=entries)
    return judge(best.values(), known, cleared=subject.cleared)
