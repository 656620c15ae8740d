"""What stands, told from the history alone: lists, entries, codes and settings.

It begins with the two lists of every installation, or with the newest *baseline*: what an installation of an
earlier version wrote down when it was upgraded. Rows that the application did not write are left out;
:mod:`~moderation.services.history.verification` names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moderation.models import Blocklist, BlocklistChange
from moderation.selectors import state
from moderation.selectors.state import Codes
from moderation.services.history.links import Keys

Kind = BlocklistChange.Kind
STATE = "state"
"""Key in a change's detail of what the replay reads."""
CHANGES_PER_FETCH = 500


@dataclass(slots=True)
class Entry:
    """One entry, as the history says."""

    blocklist: str = ""
    """Empty where only its range knows."""
    values: dict[str, Any] = field(default_factory=dict)
    """Columns that are not at their default."""
    active: bool = True
    codes: Codes | None = None
    """None for one whose codes its range covers."""
    muted: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Entries of one import, with ids that follow one another."""

    blocklist: str
    first: int
    last: int
    count: int
    digest: str


@dataclass(slots=True)
class Replay:
    """What the history says that stands."""

    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    ranges: list[Range] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    """Revisions whose change does not say what it changed: an earlier version made them."""


def replay() -> Replay:
    """Go through the changes since the newest baseline."""
    found = Replay(
        lists={slug: state.list_values(blocklist) for slug, blocklist in state.initial_lists().items()}
    )
    begin = newest_baseline()
    for change in _changes(begin):
        if change.kind == Kind.BASELINE and change.revision == begin:
            found = Replay()
        _apply(found, change)
    return found


def newest_baseline() -> int:
    """Return the revision of the first row of the newest baseline; 0 where there is none."""
    rows = BlocklistChange.objects.filter(kind=Kind.BASELINE, detail__state__first=True).order_by("-revision")
    keys = Keys.at_end()
    return next((row.revision for row in rows if keys.count_for(row.key(), row.created_at)), 0)


def _changes(begin: int) -> Iterator[BlocklistChange]:
    keys = Keys.at_end()
    rows = BlocklistChange.objects.filter(revision__gte=begin).order_by("revision")
    for change in rows.iterator(CHANGES_PER_FETCH):
        if keys.count_for(change.key(), change.created_at):
            yield change


def _apply(found: Replay, change: BlocklistChange) -> None:
    said = change.detail.get(STATE)
    if change.kind in (Kind.RETIRE, Kind.EXPIRE):
        _entry(found, change.banned_id).active = False
        return
    if said is None:
        found.silent.append(change.revision)
        return
    for slug, values in said.get("lists", {}).items():
        # A column that this version added was not written down by an earlier one: it had its default.
        found.lists.setdefault(slug, state.list_values(Blocklist())).update(values)
    for pk, values in said.get("entries", {}).items():
        _enter(_entry(found, int(pk)), values)
    found.ranges += [Range(*values) for values in said.get("ranges", [])]


def _entry(found: Replay, banned_id: int | None) -> Entry:
    return found.entries.setdefault(banned_id or 0, Entry())


def _enter(entry: Entry, said: dict[str, Any]) -> None:
    entry.blocklist = said.get("list", entry.blocklist)
    entry.active = said.get("active", entry.active)
    entry.values |= {name: said[name] for name in state.ENTRY if name in said}
    if state.MUTED in said:
        entry.muted = said[state.MUTED]
    if "codes" in said:
        codes = {**(entry.codes or {}), **said["codes"]}
        entry.codes = {name: digest for name, digest in codes.items() if digest}


def latest_settings() -> dict[str, Any] | None:
    """Return the settings that ``migrate`` wrote down last; None where it wrote none."""
    keys = Keys.at_end()
    rows = BlocklistChange.objects.filter(kind=Kind.SETTINGS).order_by("-revision")
    for row in rows:
        if keys.count_for(row.key(), row.created_at):
            values: dict[str, Any] = row.detail[STATE]["settings"]
            return values
    return None
