"""Scores to a report: plain data for JSON, the terminal and a page. The same scores give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from moderation.lab.baseline import Baseline, RecipeRow
from moderation.lab.calibration import upper_bound
from moderation.lab.edits import EDITS, GROUPS
from moderation.lab.scoring import Found, Outcome, Scores

SHAPE = 2
"""Version of the report's shape."""


class BandRow(TypedDict):
    """Radii of one algorithm, in bits."""

    block: int
    hold: int


class Spread(TypedDict):
    """Distances of one edit by one algorithm, in bits."""

    median: int
    p95: int
    largest: int


class EditRow(TypedDict):
    """How the copies that one edit made fared."""

    edit: str
    group: str
    copies: int
    block: int
    hold: int
    missed: int
    detected: float
    """Share that either tier blocks or holds."""
    first: float
    """Share that the first tier blocks or holds by itself."""
    local: int
    """Copies that the second tier found; it looks only at those that the first one does not block."""
    second: float | None
    """Share, of the copies that the first tier misses, that the second one finds; None where nothing is left to it."""
    blocked: float
    missed_names: list[str]
    distances: dict[str, Spread]


class GroupRow(TypedDict):
    """Means over the edits of a group."""

    group: str
    edits: int
    detected: float
    first: float
    second: float | None
    """Of all copies of the group that the first tier misses, not a mean over edits."""
    blocked: float
    worst: str
    worst_detected: float


class Overall(TypedDict):
    """All edits together: means over edits, and :attr:`EditRow.second` over all copies."""

    edits: int
    detected: float
    first: float
    second: float | None
    blocked: float


class Flagged(TypedDict):
    """An innocent picture that a ban would have caught."""

    name: str
    found: str
    banned: str | None
    distances: dict[str, int]
    local: str | None
    """The ban that the second tier took it for."""


class Innocents(TypedDict):
    """False positives."""

    pictures: int
    block: int
    hold: int
    local: int
    """Flagged by the second tier, whatever the first one says."""
    rate: float
    rate_at_most: float
    """95 % upper bound (Clopper–Pearson)."""
    flagged: list[Flagged]
    refused: list[tuple[str, str]]


class Distribution(TypedDict):
    """Numbers of pictures by distance, index = bits; easy edits only."""

    copies: list[int]
    innocents: list[int]


class Report(TypedDict):
    """All of it."""

    shape: int
    seed: int
    tiers: int
    """2 where the second one (crops, rotations, collages) looked as well; ``detected`` is then by either."""
    banned: int
    entries: int
    """Pictures on the list: those of ``banned`` that could be banned, and those that no copies are made of."""
    radii: dict[str, BandRow]
    refused_bans: list[tuple[str, str]]
    overall: Overall | None
    """None without edits."""
    groups: list[GroupRow]
    edits: list[EditRow]
    innocents: Innocents
    distributions: dict[str, Distribution]
    baseline: list[RecipeRow]
    """What other recipes make of the same pictures; empty where none were measured."""


def report(scores: Scores, *, seed: int = 0, baseline: Baseline | None = None) -> Report:
    """Count what :func:`~moderation.lab.scoring.evaluate` measured, and what ``baseline`` saw meanwhile."""
    group_of = {edit.name: edit.group for edit in EDITS}
    edits = [_edit_row(name, group_of.get(name, "other"), found) for name, found in scores.copies.items()]
    order = [*GROUPS, *(row["group"] for row in edits if row["group"] not in GROUPS)]
    by_group = {group: [row for row in edits if row["group"] == group] for group in dict.fromkeys(order)}
    easy = [
        outcome
        for name, found in scores.copies.items()
        if group_of.get(name) != "hard"
        for outcome in found
        if outcome.distances
    ]
    algorithms = sorted({name for outcome in [*easy, *scores.innocents] for name in outcome.distances})
    return Report(
        shape=SHAPE,
        seed=seed,
        tiers=scores.tiers,
        banned=max((row["copies"] for row in edits), default=0),
        entries=scores.entries,
        radii={name: BandRow(block=band.block, hold=band.hold) for name, band in scores.radii.items()},
        refused_bans=scores.refused_bans,
        overall=_overall(edits) if edits else None,
        groups=[_group_row(group, rows) for group, rows in by_group.items() if rows],
        edits=edits,
        innocents=_innocents(scores),
        distributions={
            name: Distribution(copies=_histogram(easy, name), innocents=_histogram(scores.innocents, name))
            for name in algorithms
        },
        baseline=baseline.rows() if baseline else [],
    )


def _edit_row(name: str, group: str, found: Sequence[Outcome]) -> EditRow:
    missed = [outcome.name for outcome in found if outcome.found is Found.MISSED]
    block, left = _count(found, Found.BLOCK), sum(outcome.first is Found.MISSED for outcome in found)
    algorithms = sorted({algorithm for outcome in found for algorithm in outcome.distances})
    return EditRow(
        edit=name,
        group=group,
        copies=len(found),
        block=block,
        hold=_count(found, Found.HOLD),
        missed=len(missed),
        detected=round(1 - len(missed) / len(found), 6),
        first=round(1 - left / len(found), 6),
        local=sum(outcome.local is not None for outcome in found),
        second=round(1 - len(missed) / left, 6) if left else None,
        blocked=round(block / len(found), 6),
        missed_names=missed,
        distances={algorithm: _spread(found, algorithm) for algorithm in algorithms},
    )


def _group_row(group: str, rows: Sequence[EditRow]) -> GroupRow:
    worst = min(rows, key=lambda row: row["detected"])
    return GroupRow(
        group=group,
        edits=len(rows),
        detected=_mean([row["detected"] for row in rows]),
        first=_mean([row["first"] for row in rows]),
        second=_second(rows),
        blocked=_mean([row["blocked"] for row in rows]),
        worst=worst["edit"],
        worst_detected=worst["detected"],
    )


def _overall(rows: Sequence[EditRow]) -> Overall:
    return Overall(
        edits=len(rows),
        detected=_mean([row["detected"] for row in rows]),
        first=_mean([row["first"] for row in rows]),
        second=_second(rows),
        blocked=_mean([row["blocked"] for row in rows]),
    )


def _second(rows: Iterable[EditRow]) -> float | None:
    left = missed = 0
    for row in rows:
        left += round(row["copies"] * (1 - row["first"]))
        missed += row["missed"]
    return round(1 - missed / left, 6) if left else None


def _mean(values: Sequence[float]) -> float:
    """Return the mean, rounded, so that a report shows what was measured and not how floats add up."""
    return round(sum(values) / len(values), 6)


def _innocents(scores: Scores) -> Innocents:
    flagged = [outcome for outcome in scores.innocents if outcome.found is not Found.MISSED]
    count = len(scores.innocents)
    return Innocents(
        pictures=count,
        block=_count(flagged, Found.BLOCK),
        hold=_count(flagged, Found.HOLD),
        local=sum(one.local is not None for one in flagged),
        rate=len(flagged) / count if count else 0.0,
        rate_at_most=upper_bound(len(flagged), count) if count else 1.0,
        flagged=[
            Flagged(
                name=one.name,
                found=one.found.value,
                banned=one.banned,
                distances=dict(one.distances),
                local=one.local,
            )
            for one in flagged
        ],
        refused=scores.refused_innocents,
    )


def _count(found: Iterable[Outcome], kind: Found) -> int:
    return sum(outcome.found is kind for outcome in found)


def _spread(found: Sequence[Outcome], algorithm: str) -> Spread:
    values = sorted(outcome.distances[algorithm] for outcome in found if algorithm in outcome.distances)
    return Spread(median=values[len(values) // 2], p95=values[int(len(values) * 0.95)], largest=values[-1])


def _histogram(found: Iterable[Outcome], algorithm: str) -> list[int]:
    values = [outcome.distances[algorithm] for outcome in found if algorithm in outcome.distances]
    counts = [0] * (max(values, default=0) + 1)
    for value in values:
        counts[value] += 1
    return counts
