"""Writing down what stands, for a replay to begin with, and the settings that alter verdicts.

An installation whose history an earlier version began has a baseline from its upgrade on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Max

from moderation.models import BannedImage, Blocklist, BlocklistChange, Revision, Seal
from moderation.selectors import state
from moderation.selectors.state import ENTRIES_PER_FETCH, Codes, RangeDigest
from moderation.services import revision
from moderation.services.history import links, replay
from moderation.services.revision import database

Kind = BlocklistChange.Kind
ENTRIES_PER_CHANGE = 5_000
"""Entries, and ranges, that one row of the history names."""
ENTRIES_PER_RANGE = 1_000


def after_migrate() -> None:
    """Write what ``migrate`` has to: the settings, where they are not those of before, and a baseline, where the
    history of an earlier version has none."""
    record_settings()
    if Seal.objects.filter(kind=links.ANCHOR).exists() and not replay.newest_baseline():
        write()


def record_settings() -> bool:
    """Write down the settings that alter verdicts; False where the history has them. The first of an installation
    are those of revision 0, later ones are a change."""
    with revision.exclusive_change() as change:
        if replay.latest_settings() == state.settings_values():
            return False
        said = {"settings": state.settings_values()}
        if change.before.number or BlocklistChange.objects.exists():
            change.record(kind=Kind.SETTINGS, said=said)
        else:
            token = Revision.objects.using(database()).get(pk=1).token
            BlocklistChange.objects.create(
                revision=0, token=token, kind=Kind.SETTINGS, detail={replay.STATE: said}
            )
        return True


def write(*, actor_id: str = "") -> int:
    """Write the baseline, in as many changes as it takes; return the number of entries."""
    count, first = 0, True
    with transaction.atomic(using=database()), revision.exclusive_change():
        lists = {one.slug: state.list_values(one) for one in Blocklist.objects.order_by("slug")}
        for part in _parts():
            said = {"first": first, "lists": lists if first else {}, **part.said()}
            with revision.exclusive_change() as change:
                detail = {"entries": part.count}
                change.record(kind=Kind.BASELINE, actor_id=actor_id, detail=detail, said=said)
            count, first = count + part.count, False
    return count


@dataclass(slots=True)
class _Part:
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    ranges: list[list[Any]] = field(default_factory=list)
    count: int = 0

    @property
    def full(self) -> bool:
        return len(self.entries) + len(self.ranges) >= ENTRIES_PER_CHANGE

    def said(self) -> dict[str, Any]:
        return {"entries": self.entries, "ranges": self.ranges}


class _Run:
    """Entries without a picture that follow one another in one list: they keep their codes."""

    def __init__(self, blocklist: str, first: int) -> None:
        self.blocklist, self.first, self.last = blocklist, first, first
        self.digest = RangeDigest()

    def takes(self, row: BannedImage) -> bool:
        return row.blocklist.slug == self.blocklist and self.digest.count < ENTRIES_PER_RANGE

    def add(self, banned_id: int, codes: Codes) -> None:
        self.last = banned_id
        self.digest.add(banned_id, codes)

    def said(self) -> list[Any]:
        return [self.blocklist, self.first, self.last, self.digest.count, self.digest.hex()]


def _parts() -> Iterator[_Part]:
    """Yield at least one part, also without entries."""
    part, run = _Part(), None
    for row, codes in _entries():
        part.count += 1
        if row.evidence:
            part.entries[str(row.pk)] = state.entered(row)
        else:
            if run is None or not run.takes(row):
                part.ranges += [run.said()] if run else []
                run = _Run(row.blocklist.slug, row.pk)
            muted = codes.pop(state.MUTED, None)
            run.add(row.pk, codes)
            own = {**state.changed_values(row), **({state.MUTED: muted} if muted else {})}
            if own:
                part.entries[str(row.pk)] = own
        if row.evidence and run:
            part.ranges.append(run.said())
            run = None
        if part.full:
            part.ranges += [run.said()] if run else []
            yield part
            part, run = _Part(), None
    part.ranges += [run.said()] if run else []
    yield part


def _entries() -> Iterator[tuple[BannedImage, Codes]]:
    highest = BannedImage.objects.aggregate(highest=Max("pk"))["highest"] or 0
    for first in range(1, highest + 1, ENTRIES_PER_FETCH):
        last = first + ENTRIES_PER_FETCH - 1
        digests = state.codes_between(first, last)
        rows = BannedImage.objects.select_related("blocklist").filter(pk__range=(first, last)).order_by("pk")
        for row in rows:
            yield row, digests.get(row.pk, {})
