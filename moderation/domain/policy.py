"""From what was found to what is done: matches and radii → a verdict, and why.

Policy weighs *methods*, not hashes. A method either measures a distance that is compared with the
radii of the entry (fingerprints), or brings its own band (an exact copy; local features).

Order of the rules:

1. What an allow-listed picture accounts for is set aside, by view: exactly, or as a copy that would block, where it is
   nearer than everything banned. A banned frame beside an allowed one is found, and so is a banned picture that was
   pasted onto an allowed one.
2. A pair that a human has cleared is set aside.
3. ``monitor`` lists record and do nothing.
4. A match in the block band of a ``block`` list blocks; any other match holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import VIEWS_UNSEARCHED
from moderation.domain.evidence.weighing import Evidence
from moderation.domain.local.budget import TIME_EXCEEDED
from moderation.domain.radii import NEVER, Band
from moderation.domain.reasons import Reason

EXACT_METHODS = ("sha256", "pixels/1")
"""Equal bytes, or equal canonical pixels; always in the band ``exact``."""
LOCAL = "local/"
"""How the second tier's methods begin; their band says what the evidence supports at most."""
INSET = "inset"
"""In the variant of what was found inside of a picture."""
WHOLE = -1
"""Number of the view of a match that concerns the picture as a whole."""

MARGIN = 6
"""Of 256 bits, see :func:`margin`."""

_CUT_OFF = {TIME_EXCEEDED: Reason.SEARCH_CUT_OFF, VIEWS_UNSEARCHED: Reason.VIEWS_UNSEARCHED}
"""Notes of caps that left something unsearched, which nothing may pass for, and what is held for them."""

BandName = Literal["exact", "block", "hold"]
Verdict = Literal["allow", "hold", "block"]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search found, before policy."""

    banned: int
    method: str
    """``sha256``, ``pixels/1``, or an algorithm with its version."""
    distance: int
    view: int = WHOLE
    variant: str = ""
    band: BandName | None = None
    """Given by methods that have no radii."""
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence: Evidence | None = None
    """What the pixels say of a fingerprint's hit; where nothing is known of them, it holds at most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What policy needs to know of a banned image."""

    banned: int
    blocklist: str
    action: str
    """``block``, ``hold``, ``monitor`` or ``allow``."""
    bands: Mapping[str, Band]
    """By method, own radii before the list's before the defaults."""
    exact_only: bool = False
    suspended: bool = False
    local: str = "off"
    """What the second tier may do: ``off``, ``hold`` or ``block``."""


@dataclass(frozen=True, slots=True)
class JudgedMatch:
    """A hit within a radius, and what became of it."""

    hit: Hit
    entry: Entry
    band: BandName
    radius: int
    set_aside: str = ""
    """``allowlisted``, ``cleared`` or ``monitor``; empty where it counts."""

    @property
    def blocks(self) -> bool:
        """Whether it rejects by itself."""
        return (
            not self.set_aside
            and self.entry.action == "block"
            and not self.entry.suspended
            and self.band != "hold"
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason code and all matches, the weightiest first."""

    verdict: Verdict
    reason: str
    """A code of :class:`~moderation.domain.reasons.Reason`."""
    matches: tuple[JudgedMatch, ...]
    notes: tuple[str, ...] = ()
    """What a cap cut off, in short machine codes."""

    @property
    def leading(self) -> JudgedMatch | None:
        """The match that decided, if any counted."""
        return next((match for match in self.matches if not match.set_aside), None)


STRONGEST_FIRST: tuple[BandName, ...] = ("exact", "block", "hold")
"""Bands in the order in which matches are listed."""


def band_of(hit: Hit, entry: Entry) -> tuple[BandName, int] | None:
    """Return the band that a hit falls into and that band's radius; None outside of all bands."""
    if hit.method.startswith(LOCAL):
        return _local_band(hit, entry)
    if hit.band is not None:
        if entry.exact_only and hit.band != "exact":
            return None
        return hit.band, 0
    bands = entry.bands.get(hit.method)
    if entry.exact_only or bands is None:
        return None
    evidence = hit.evidence.band if hit.evidence else "hold"
    if evidence == "nothing":
        return None
    if evidence == "block" and bands.block != NEVER and hit.distance <= bands.block:
        return "block", bands.block
    if hit.distance <= bands.hold:
        return "hold", bands.hold
    return None


def _local_band(hit: Hit, entry: Entry) -> tuple[BandName, int] | None:
    if entry.exact_only or entry.local == "off" or entry.action == "allow":
        return None
    return ("block" if entry.local == "block" and hit.band == "block" else "hold"), 0


def judge(
    hits: Iterable[Hit],
    entries: Mapping[int, Entry],
    *,
    cleared: Collection[int] = frozenset(),
    notes: tuple[str, ...] = (),
) -> Judgement:
    """Apply the rules of this module.

    ``entries`` holds the *active* entries; hits of others are ignored. ``cleared`` are the entries
    that a human has seen beside this upload and found different. ``notes`` say what a cap cut off: a
    search that the time limit stopped lets nothing through but exact copies of what is allowed.
    """
    found = []
    for hit in hits:
        entry = entries.get(hit.banned)
        placed = band_of(hit, entry) if entry else None
        if entry and placed:
            found.append((hit, entry, *placed))
    explained = _explained_by_allowed(found, cleared)

    matches = []
    for hit, entry, band, radius in found:
        if entry.action == "allow":
            if band == "hold":
                continue
            aside = "allowlisted"
        elif hit in explained:
            aside = "allowlisted"
        elif entry.banned in cleared:
            aside = "cleared"
        else:
            aside = "monitor" if entry.action == "monitor" else ""
        matches.append(JudgedMatch(hit, entry, band, radius, aside))
    matches.sort(key=_weight)
    verdict, reason = _conclude(matches)
    if verdict == "allow" and not any(map(_allows_exactly, matches)):
        cut_off = next((held for note, held in _CUT_OFF.items() if note in notes), None)
        verdict, reason = ("hold", cut_off) if cut_off else (verdict, reason)
    return Judgement(verdict, reason, tuple(matches), notes)


def _allows_exactly(match: JudgedMatch) -> bool:
    return match.entry.action == "allow" and match.band == "exact"


def _explained_by_allowed(
    found: Collection[tuple[Hit, Entry, BandName, int]], cleared: Collection[int]
) -> list[Hit]:
    """Return hits of banned entries that an allow-listed picture accounts for.

    An exact copy of an allowed picture accounts for everything in it. A near one accounts for a view as a whole, where
    it is :func:`nearer` than everything that counts there, and for what the second tier says of those same entries. It
    does not account for what is set into it: a banned picture pasted onto an allowed one is found.
    """
    allowed = [(hit, band) for hit, entry, band, _ in found if entry.action == "allow"]
    if any(band == "exact" and hit.view == WHOLE for hit, band in allowed):
        return [hit for hit, _, _, _ in found]
    rivals = [
        hit
        for hit, entry, _, _ in found
        if entry.action in ("block", "hold") and entry.banned not in cleared and _of_view_as_whole(hit)
    ]
    if any(hit.view == WHOLE for hit in rivals):
        return []
    explained = {
        hit.view
        for hit, band in allowed
        if band != "hold"
        and _of_view_as_whole(hit)
        and nearer(
            [other for other, _ in allowed if (other.banned, other.view) == (hit.banned, hit.view)],
            [rival for rival in rivals if rival.view == hit.view],
        )
    }
    whole = [
        hit
        for hit, _, _, _ in found
        if hit.view in explained and hit.view != WHOLE and _of_view_as_whole(hit)
    ]
    accounted = {(hit.banned, hit.view) for hit in whole}
    local = [
        hit for hit, _, _, _ in found if hit.method.startswith(LOCAL) and (hit.banned, hit.view) in accounted
    ]
    return whole + local


def _of_view_as_whole(hit: Hit) -> bool:
    return INSET not in hit.variant and not hit.method.startswith(LOCAL)


def nearer(allowed: Iterable[Hit], banned: Iterable[Hit]) -> bool:
    """Return whether an allowed entry is clearly nearer to a view than each of these hits of banned entries: by every
    method by which a banned one was found, by :func:`margin` bits. What an allowed entry was not found by, it is
    not nearer by. With the hits of one entry on each side, says which of the two a picture is taken for."""
    distances: dict[str, int] = {}
    for hit in allowed:
        if _of_view_as_whole(hit):
            distances[hit.method] = min(hit.distance, distances.get(hit.method, hit.distance))
    return all(
        hit.method in distances and distances[hit.method] + margin(hit.method) <= hit.distance
        for hit in banned
    )


def margin(method: str) -> int:
    """Return the bits by which an allowed entry has to be nearer. A copy of a banned picture lies up to 12 of 256 bits
    from it by the worst of the methods, and 8 by the best (80 photographs; JPEG quality 60, half and double size,
    mirror, turn, GIF of 64 colours, frames); so it may come as much nearer to an allowed picture that is nearly the
    same."""
    bits = next((one.bits for one in ALGORITHMS.values() if one.qualified == method), 256)
    return max(1, MARGIN * bits // 256)


def _weight(match: JudgedMatch) -> tuple[object, ...]:
    return (
        bool(match.set_aside),
        not match.blocks,
        STRONGEST_FIRST.index(match.band),
        match.hit.distance,
        match.hit.banned,
        match.hit.method,
        match.hit.view,
        match.hit.variant,
    )


def _conclude(matches: list[JudgedMatch]) -> tuple[Verdict, Reason]:
    if not matches:
        return "allow", Reason.NO_MATCH
    first = matches[0]
    if first.blocks:
        return "block", Reason.EXACT_COPY if first.band == "exact" else Reason.COPY
    if not first.set_aside:
        listed = first.entry.action == "hold" or first.entry.suspended
        return "hold", Reason.HOLD_LIST if listed and first.band != "hold" else Reason.NEAR_COPY
    reasons = {match.set_aside for match in matches}
    for aside, reason in (("allowlisted", Reason.ALLOWLISTED), ("cleared", Reason.CLEARED)):
        if aside in reasons:
            return "allow", reason
    return "allow", Reason.MONITORED
