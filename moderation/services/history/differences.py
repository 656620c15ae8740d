"""Where lists, entries and codes are not as a replay of the history says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q

from moderation.models import BannedImage, Blocklist, Clearance, Decision, LearnedBackground
from moderation.selectors import state
from moderation.selectors.state import ENTRIES_PER_FETCH, Codes, RangeDigest
from moderation.services import revision
from moderation.services.history import replay
from moderation.services.history.replay import Entry, Range, Replay

Kind = Decision.Kind
LEARNED = ("local", state.MUTED)
"""What a retired entry goes on learning without a change, for being banned again."""
LETTING = (Kind.APPROVE, Kind.GRANT, Kind.RESTORE, Kind.UNDO)
"""Decisions that let an upload through beside an entry."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the history says."""

    what: str
    """``list default``, ``entry 12``, ``entries 5-2004``, ``clearance 3`` …"""
    column: str
    """Of the list or entry; ``active``, ``codes`` with the algorithm, or empty for a whole row."""
    stands: Any
    history: Any

    @property
    def message(self) -> str:
        """In one sentence."""
        if not self.column:
            return f"{self.what}: {self.stands}, the history says {self.history}."
        return f"{self.what}: {self.column} is {self.stands!r}, the history says {self.history!r}."


def differences(*, codes: bool, progress: Callable[[int], None] | None = None) -> Iterator[Difference]:
    """Compare everything; without ``codes`` only what can be compared without reading them. ``progress`` hears
    how many more entries are done. Nothing changes meanwhile: it holds the lock that screenings share."""
    with revision.shared_lock():
        said = replay.replay()
        for number in said.silent:
            yield Difference(f"change at revision {number}", "", "it does not say what it changed", "nothing")
        yield from _lists(said)
        yield from _entries(said, codes=codes, progress=progress)
        yield from _without_decision()


def _lists(said: Replay) -> Iterator[Difference]:
    stands = {blocklist.slug: state.list_values(blocklist) for blocklist in Blocklist.objects.all()}
    for slug in sorted(stands.keys() | said.lists.keys()):
        what = f"list {slug}"
        if slug not in stands or slug not in said.lists:
            yield _presence(what, there=slug in stands)
            continue
        for name in state.LIST:
            if stands[slug][name] != said.lists[slug].get(name):
                yield Difference(what, name, stands[slug][name], said.lists[slug].get(name))


def _presence(what: str, *, there: bool) -> Difference:
    return Difference(
        what, "", *(("it is there", "nothing of it") if there else ("it is gone", "it is there"))
    )


def _entries(said: Replay, *, codes: bool, progress: Callable[[int], None] | None) -> Iterator[Difference]:
    ranges = _Ranges(said.ranges)
    highest = BannedImage.objects.aggregate(highest=Max("pk"))["highest"] or 0
    for first in range(1, highest + 1, ENTRIES_PER_FETCH):
        last = first + ENTRIES_PER_FETCH - 1
        rows = BannedImage.objects.select_related("blocklist").filter(pk__range=(first, last)).order_by("pk")
        digests = state.codes_between(first, last) if codes else {}
        for row in rows:
            entry, within = said.entries.pop(row.pk, None), ranges.of(row.pk)
            if entry is None and within is None:
                yield _presence(f"entry {row.pk}", there=True)
                continue
            yield from _entry(row, entry or Entry(), within)
            if not codes:
                continue
            yield from _codes(row, entry or Entry(), digests.get(row.pk, {}), within=within is not None)
            if within is not None:
                ranges.add(within, row.pk, digests.get(row.pk, {}))
        if progress:
            progress(len(rows))
    for pk in sorted(said.entries):
        yield _presence(f"entry {pk}", there=False)
    yield from ranges.differences(codes=codes)


def _entry(row: BannedImage, entry: Entry, within: Range | None) -> Iterator[Difference]:
    what = f"entry {row.pk}"
    blocklist = entry.blocklist or (within.blocklist if within else "")
    if row.blocklist.slug != blocklist:
        yield Difference(what, "blocklist", row.blocklist.slug, blocklist)
    if row.active != entry.active:
        yield Difference(what, "active", row.active, entry.active)
    stands = state.entry_values(row)
    for name, default in state.DEFAULTS.items():
        history = entry.values.get(name, default)
        if stands[name] != history and (row.active or name not in LEARNED):
            yield Difference(what, name, stands[name], history)


def _codes(row: BannedImage, entry: Entry, stands: Codes, *, within: bool) -> Iterator[Difference]:
    history = dict(entry.codes or {})
    if entry.muted:
        history[state.MUTED] = entry.muted
    for name in sorted(stands.keys() | history.keys()):
        covered = within and name != state.MUTED
        if stands.get(name) != history.get(name) and not covered and (row.active or name not in LEARNED):
            yield Difference(f"entry {row.pk}", f"codes {name}", stands.get(name), history.get(name))


class _Ranges:
    """The imports, while entries go by in the order of their ids."""

    def __init__(self, ranges: list[Range]) -> None:
        self._ranges = sorted(ranges, key=lambda one: one.first)
        self._digests = {one.first: RangeDigest() for one in ranges}
        self._seen = dict.fromkeys(self._digests, 0)
        self._next = 0

    def of(self, pk: int) -> Range | None:
        """Return the range that an id lies in; ids are asked for in their order."""
        while self._next < len(self._ranges) and self._ranges[self._next].last < pk:
            self._next += 1
        if self._next == len(self._ranges) or self._ranges[self._next].first > pk:
            return None
        found = self._ranges[self._next]
        self._seen[found.first] += 1
        return found

    def add(self, one: Range, pk: int, codes: Codes) -> None:
        """Go on with an entry's codes."""
        self._digests[one.first].add(pk, {name: code for name, code in codes.items() if name != state.MUTED})

    def differences(self, *, codes: bool) -> Iterator[Difference]:
        """Yield what the finished ranges come to."""
        for one in self._ranges:
            what = f"entries {one.first}-{one.last}"
            if self._seen[one.first] != one.count:
                yield Difference(what, "number", self._seen[one.first], one.count)
            digest = self._digests[one.first].hex()
            if codes and digest != one.digest:
                yield Difference(what, "codes", digest, one.digest)


def _without_decision() -> Iterator[Difference]:
    """Yield what keeps an entry from counting and must have come by a decision about an upload."""
    said = Decision.objects.filter(kind__in=LETTING)
    cleared = Clearance.objects.filter(~Exists(said.filter(upload_id=OuterRef("upload_id"))))
    for pk, upload, banned in cleared.order_by("pk").values_list("pk", "upload_id", "banned_id"):
        what = f"clearance {pk}"
        yield Difference(what, "", f"upload {upload} passes beside entry {banned}", "no such decision")
    about = Q(pk=OuterRef("decision_id"), upload_id=OuterRef("upload_id"))
    learned = LearnedBackground.objects.filter(~Exists(said.filter(about)))
    for pk, entry in learned.order_by("pk").values_list("pk", "signature__banned_id"):
        yield Difference(f"learned background {pk}", "", f"entry {entry} has learned it", "no such decision")
