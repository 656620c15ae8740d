"""One upload against all bans: candidates, verification, and again without what is explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import thread_time

import numpy as np

from .budget import TIME_EXCEEDED, LocalBudget
from .hough import cast, score
from .index import LocalIndex
from .neighbours import neighbours
from .signature import LocalFeatures, LocalSignature
from .strength import FEW_INLIERS, HOLD, strength
from .verify import LEAST_INLIERS, LocalMatch, Query, verify

Load = Callable[[Iterable[int]], Mapping[int, LocalSignature]]
"""Stored signatures of items, from the database; items that are gone are left out."""


@dataclass(frozen=True, slots=True)
class LocalHit:
    """A banned item and the evidence that the upload shows it."""

    item: int
    match: LocalMatch
    features: LocalFeatures = field(repr=False)
    """Of the upload's view in which it was found."""


@dataclass(frozen=True, slots=True)
class LocalResult:
    """What the second tier says of one upload."""

    hits: tuple[LocalHit, ...]
    """Strongest first, an item once: those at least worth a hold."""
    notes: tuple[str, ...]
    """What was cut off by a cap, in short machine codes: never silent."""
    checks: int
    """Hamming distances computed."""
    verified: int
    milliseconds: float
    """Of this thread's processor time, as the time limit counts them: a busy machine does not change a verdict."""


def recognise(
    features: Iterable[LocalFeatures], index: LocalIndex, load: Load, *, budget: LocalBudget | None = None
) -> LocalResult:
    """Search the views of one upload. Deterministic unless the time limit (``local_time``) is pulled."""
    budget, features = budget or LocalBudget(), tuple(features)
    until = thread_time() + budget.seconds_for(len(features))
    started = thread_time()
    notes: set[str] = set()
    hits: dict[int, LocalHit] = {}
    checks = verified = 0
    for one in features:
        late = thread_time() > until
        if late:
            notes.add(TIME_EXCEEDED)
            break
        found, cut, spent, tried = _one(one, index, load, budget, until)
        notes.update(cut)
        checks += spent
        verified += tried
        for hit in found:
            known = hits.get(hit.item)
            if known is None or _rank(hit) < _rank(known):
                hits[hit.item] = hit
    return LocalResult(
        tuple(sorted(hits.values(), key=_rank)),
        tuple(sorted(notes)),
        checks,
        verified,
        (thread_time() - started) * 1000,
    )


def _rank(hit: LocalHit) -> tuple[float, float, int]:
    return -hit.match.share, -hit.match.tile, hit.item


def _one(
    features: LocalFeatures, index: LocalIndex, load: Load, budget: LocalBudget, until: float
) -> tuple[list[LocalHit], set[str], int, int]:
    layers = index.layers
    rows = min(len(features.row_codes), budget.rows)
    if not layers or rows < LEAST_INLIERS:
        return [], set(), 0, 0
    pairs, cut, checks = neighbours(
        layers, features.row_codes[:rows], features.probes[:rows, : budget.probes_of(rows)], budget
    )
    notes = set(cut)
    if features.signature.found > len(features.signature) or rows < len(features.row_codes):
        notes.add("local_keypoints")
    query = Query(features)
    votes = cast(layers, pairs, query.row_places, features.row_views, features.signature.width)
    tried: set[tuple[int, int]] = set()
    hits: list[LocalHit] = []
    explained = np.zeros(len(features.row_codes), dtype=bool)
    for number in range(budget.rounds):
        candidates, cut_short = score(votes, budget, tried)
        if cut_short and number == 0 and len(candidates) >= budget.shortlist:
            notes.add("local_shortlist")
        chosen = candidates[: budget.verified]
        signatures = load({candidate.item for candidate in chosen})
        crowd = 0
        for candidate in chosen:
            if thread_time() > until:
                return hits, notes | {TIME_EXCEEDED}, checks, len(tried)
            tried.add((candidate.item, candidate.view))
            signature = signatures.get(candidate.item)
            match = _verified(query, signature, candidate.view, likeliest=candidate is chosen[0])
            if match is None:
                continue
            if strength(match) >= HOLD:
                hits.append(LocalHit(candidate.item, match, features))
            # Hits crowd as well, and may not count: of an allowed template, of a list that only watches.
            crowd += 1
            explained |= np.isin(features.row_keypoint, match.keypoints)
        if 2 * crowd < budget.verified or len(chosen) < budget.verified:
            break
        votes = votes.without(explained)
    else:
        notes.add("local_rounds")
    return hits, notes, checks, len(tried)


def _verified(
    query: Query, signature: LocalSignature | None, view: int, *, likeliest: bool
) -> LocalMatch | None:
    if signature is None:
        return None
    match = verify(query, signature, (view,))
    if likeliest and match is not None and match.inliers >= FEW_INLIERS and strength(match) < HOLD:
        match = verify(query, signature, (view,), thorough=True)
    return match
