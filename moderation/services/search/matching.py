"""From a picture's codes to a judgement at the current revision.

The search runs before the transaction, over this process's index. Under the shared lock only the
handful that came in between is compared, one by one; a large gap lets the lock go and starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from moderation import selectors
from moderation.conf import get_settings
from moderation.domain.analysis import VIEWS_UNSEARCHED, Analysis, Code, PatchSigns
from moderation.domain.fingerprints import hamming
from moderation.domain.local.signature import LocalFeatures
from moderation.domain.policy import EXACT_METHODS, Hit, Judgement, judge
from moderation.exceptions import ScreeningContended
from moderation.services import metrics, revision
from moderation.services.revision import RevisionState
from moderation.services.search import evidence, local
from moderation.services.search.index import Snapshot, banned_codes

T = TypeVar("T")

ROUNDS = 8
"""How often a match starts again before it gives up; the upload stays as it is then."""


def unsearched(analysis: Analysis) -> tuple[str, ...]:
    """Return the notes of what a cap kept from the second tier."""
    return tuple(note for note in analysis.notes if note == VIEWS_UNSEARCHED)


@dataclass(frozen=True, slots=True)
class Subject:
    """A picture as far as matching is concerned."""

    sha256: bytes
    pixels: bytes | None
    queries: tuple[Code, ...]
    signs: tuple[PatchSigns, ...] | None
    """What the evidence of a hit is read from; None for an upload of before there were any, which is held at most."""
    cleared: frozenset[int] = field(default=frozenset())
    """Entries that a human has seen beside it and found different."""
    features: tuple[LocalFeatures, ...] = ()
    """For the second tier, where it has just been decoded."""
    known: tuple[Hit, ...] = ()
    """Hits of earlier screenings that cannot be found again from what is stored."""
    tenant: str = ""
    """Whose lists it is compared with, beside everybody's."""
    notes: tuple[str, ...] = ()
    """What a cap kept from the second tier."""

    @classmethod
    def of(cls, analysis: Analysis, *, tenant: str = "") -> Subject:
        """Return the subject of a picture that was just decoded. Raises :class:`DecoderCrashed`."""
        features = local.features_of(analysis)
        return cls(
            analysis.sha256,
            analysis.pixels,
            analysis.queries,
            analysis.signs,
            features=features,
            tenant=tenant,
            notes=unsearched(analysis),
        )


@dataclass(frozen=True, slots=True)
class Provisional:
    """What a search without a lock has found; out of date as soon as something changes."""

    snapshot: Snapshot
    hits: tuple[Hit, ...]
    """Of the first tier."""
    local: local.Found | None
    """Of the second tier; None where it did not run."""
    judgement: Judgement


def provisional(subject: Subject) -> Provisional:
    """Search and judge without a lock. The second tier runs where the first one does not block."""
    snapshot = banned_codes.catch_up()
    found_by_code = evidence.weighed(subject.signs, _strongest(snapshot.search(subject.queries)))
    hits = [*found_by_code, *_exact(subject), *subject.known]
    judgement = _judge(subject, hits, snapshot.state.entries)
    found = None
    if subject.features and snapshot.local and judgement.verdict != "block":
        found = local.search(subject.features)
        notes = found.notes + subject.notes
        judgement = _judge(subject, [*hits, *found.hits], snapshot.state.entries, notes=notes)
    return Provisional(snapshot, tuple(hits), found, judgement)


def conclude(
    subject: Subject,
    *,
    prepare: Callable[[Judgement], None],
    write: Callable[[RevisionState, Judgement], T],
) -> T:
    """Judge at the revision at which ``write`` commits.

    ``prepare`` runs before the lock is taken, with the preview: the place for files. ``write`` runs
    under the lock and in its transaction; it may raise :class:`RevisionMoved` to start again with a new
    preview. Raises :class:`IndexUnavailable` and :class:`ScreeningContended`.
    """
    for _ in range(ROUNDS):
        with metrics.stage("match"):
            seen = provisional(subject)
        with metrics.stage("publish"):
            prepare(seen.judgement)
        while True:
            try:
                with metrics.stage("write"), revision.shared_lock() as state:
                    return write(state, _judge_now(subject, seen, state))
            except local.SignaturesChanged as changed:
                changed.verify()
            except RevisionMoved:
                break
    raise ScreeningContended


class RevisionMoved(Exception):
    """The preview is too old to build on."""


def _judge_now(subject: Subject, seen: Provisional, state: RevisionState) -> Judgement:
    if state == seen.snapshot.state:
        return seen.judgement
    if state.number <= seen.snapshot.state.number:
        raise RevisionMoved
    radii = selectors.widest_radii(state.entries)
    if any(radius > seen.snapshot.radii.get(name, -1) for name, radius in radii.items()):
        raise RevisionMoved
    hits = [hit for hit in seen.hits if hit.method not in EXACT_METHODS]
    hits += [*evidence.weighed(subject.signs, _newer(subject, seen.snapshot)), *_exact(subject)]
    notes: tuple[str, ...] = ()
    if seen.local is not None:
        hits += [*seen.local.hits, *_newer_local(subject, seen.local)]
        notes = seen.local.notes + subject.notes
    judgement = _judge(subject, hits, state.entries, notes=notes)
    if judgement.verdict != "block" and subject.features and seen.local is None and selectors.local_wanted():
        raise RevisionMoved
    return judgement


def _exact(subject: Subject) -> list[Hit]:
    return selectors.exact_hits(sha256=subject.sha256, pixels=subject.pixels)


def _newer_local(subject: Subject, found: local.Found) -> list[Hit]:
    hits = local.newer(subject.features, found.state.number, found)
    if hits is None:
        raise RevisionMoved
    return hits


def _newer(subject: Subject, snapshot: Snapshot) -> list[Hit]:
    gap = get_settings().index_gap
    codes = selectors.codes_since(snapshot.state.number, limit=gap)
    if len(codes) > gap:
        raise RevisionMoved
    return [
        Hit(banned, algorithm, distance, query.view, query.variant)
        for banned, algorithm, bits in codes
        for query in subject.queries
        if query.algorithm == algorithm
        and (distance := hamming(bits, query.bits)) <= snapshot.radii.get(algorithm, -1)
    ]


def _judge(subject: Subject, hits: Iterable[Hit], entries: int, *, notes: tuple[str, ...] = ()) -> Judgement:
    best = _strongest(hits)
    known = selectors.policy_entries((hit.banned for hit in best), entries=entries, tenant=subject.tenant)
    return judge(best, known, cleared=subject.cleared, notes=notes)


def _strongest(hits: Iterable[Hit]) -> list[Hit]:
    """Return the strongest hit of each entry by each method in each view."""
    best: dict[tuple[int, str, int], Hit] = {}
    for hit in hits:
        key = (hit.banned, hit.method, hit.view)
        if key not in best or _strength(hit) < _strength(best[key]):
            best[key] = hit
    return list(best.values())


def _strength(hit: Hit) -> tuple[int, bool]:
    """Return a key to sort hits by: the least is the strongest. Hits of the second tier have no distance, but a
    band."""
    return hit.distance, hit.band == "hold"
