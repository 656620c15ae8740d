"""Hashes from elsewhere become entries of a list.

One transaction and one revision for each batch, so that screenings go on in between and an import that
is interrupted goes on where it stopped. An imported hash has no picture: no evidence, no exact copies,
and one orientation, since the others are made from the picture of a ban
(:mod:`moderation.domain.variants`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import Code
from moderation.exceptions import HashFileUnreadable
from moderation.models import BannedImage, Blocklist, BlocklistChange
from moderation.services import revision
from moderation.services.blocklists.hash_files import BadLine, HashFile, HashLine
from moderation.services.blocklists.reach import reach_of_codes
from moderation.services.blocklists.staging import Staging
from moderation.services.dispatching import dispatcher
from moderation.services.rescans import rescan
from moderation.services.revision import Change, database

LINES_PER_TRANSACTION = 20_000
"""Lines in one transaction: what a screening may have to wait for."""
LINES_IN_SAMPLE = 200
"""Lines of a batch that earlier uploads are compared with before it is imported."""
MOST_IN_ENTRY = 256
"""Codes of one entry; of further lines with the same id a second one is made."""


@dataclass(slots=True)
class Imported:
    """What became of a file."""

    lines: int = 0
    """That were read, without blank ones."""
    entries: int = 0
    codes: int = 0
    """New ones."""
    duplicates: int = 0
    """Lines whose hash the list, or an earlier line, has already."""
    bad: int = 0
    after_line: int = 0
    """Lines that an earlier, interrupted import of this file had done."""
    first_revision: int | None = None
    last_revision: int | None = None
    rescans: list[int] = field(default_factory=list)
    """Searches among earlier uploads that it asks for."""
    waits_after: int | None = None
    """The line behind which it stopped, since what follows would hit many earlier uploads."""
    reach: int = 0
    """How many that would be, as a sample of the batch says."""
    not_searched: set[str] = field(default_factory=set)
    """Algorithms that the settings do not search for: stored, and without effect."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What a command wants to hear."""

    read: Callable[[int], None] = lambda _position: None
    """Bytes of the file so far."""
    bad: Callable[[BadLine], None] = lambda _line: None


def import_file(
    *,
    path: Path,
    blocklist: Blocklist,
    name: str = "",
    batch: int = LINES_PER_TRANSACTION,
    actor_id: str = "",
    resume: bool = True,
    wake: bool = True,
    confirmed: bool = False,
    callbacks: Callbacks | None = None,
) -> Imported:
    """Import a file in batches. Bad lines are left out. Raises :class:`HashFileUnreadable`.

    A batch that would hit more than ``CONFIRM_REACH`` earlier uploads, as a sample of its lines says, is not imported,
    and nothing behind it, unless a second person has ``confirmed`` that.

    The file is known by its content: if an import of it was interrupted, the batches that were committed
    are skipped (unless ``resume`` is False; then they count as duplicates). ``wake`` sends a worker to
    search the earlier uploads; otherwise that is for the caller, or the next sweep.
    """
    HashFile(path).close()
    work = _Work(path, blocklist, name or path.name, actor_id, callbacks or Callbacks())
    report = work.report
    if resume:
        report.after_line = work.done_before()
    with work.staging.session():
        for lines, final in work.batches(batch, after=report.after_line):
            if not confirmed and work.has_to_wait(lines):
                break
            with transaction.atomic(using=database()):
                work.stage(lines)
                with revision.exclusive_change() as change:
                    work.store(change)
                    work.record(change, last_line=lines[-1].number, final=final)
    if wake:
        work.wake()
    return report


def import_whole(
    *,
    path: Path,
    blocklist: Blocklist,
    name: str = "",
    batch: int = LINES_PER_TRANSACTION,
    actor_id: str = "",
    wake: bool = True,
    confirmed: bool = False,
    callbacks: Callbacks | None = None,
) -> Imported:
    """Import all or nothing: one transaction and one revision, and nothing at all if a line is bad, or if a batch has to
    wait as in :func:`import_file`.

    Screenings wait for the whole transaction. Raises :class:`HashFileUnreadable`.
    """
    callbacks = callbacks or Callbacks()
    checked = _Work(path, blocklist, name or path.name, actor_id, callbacks)
    for lines, _ in checked.batches(batch):
        if not confirmed and checked.has_to_wait(lines):
            break
    if checked.report.waits_after is not None:
        checked.report.waits_after = 0
        return checked.report
    if checked.report.bad:
        return checked.report
    work = _Work(path, blocklist, name or path.name, actor_id, callbacks)
    with work.staging.session(), revision.exclusive_change() as change:
        for lines, _ in work.batches(batch):
            work.stage(lines)
            work.store(change)
        work.record(change, last_line=work.report.lines, final=True)
    if wake:
        work.wake()
    return work.report


class _Work:
    """One run over one file."""

    def __init__(
        self, path: Path, blocklist: Blocklist, name: str, actor_id: str, callbacks: Callbacks
    ) -> None:
        self.path = path
        self.blocklist = blocklist
        self.name = name
        self.actor_id = actor_id
        self.callbacks = callbacks
        self.staging = Staging(name)
        self.report = Imported()
        self._digest = ""
        self._new = (0, 0)
        """Entries and codes that no revision stands for yet."""

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal: by this an interrupted import is known again."""
        if not self._digest:
            try:
                with self.path.open("rb") as file:
                    self._digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise HashFileUnreadable(f"{self.path.name} cannot be read: {error.strerror}.") from error
        return self._digest

    def done_before(self) -> int:
        """Return the last line that an unfinished import of this file into this list has committed."""
        last = (
            BlocklistChange.objects.filter(
                kind=BlocklistChange.Kind.IMPORT, blocklist=self.blocklist.slug, detail__file=self.digest
            )
            .order_by("-revision")
            .first()
        )
        return 0 if last is None or last.detail.get("final") else int(last.detail.get("last_line", 0))

    def batches(self, size: int, *, after: int = 0) -> Iterator[tuple[list[HashLine], bool]]:
        """Yield good lines, and whether they are the last; lines of one id are not torn apart."""
        file = HashFile(self.path)
        try:
            file.skip_to(after)
            lines: list[HashLine] = []
            for line in file:
                self.report.lines += 1
                if self.report.lines % 1_000 == 0:
                    self.callbacks.read(file.position)
                if isinstance(line, BadLine):
                    self.report.bad += 1
                    self.callbacks.bad(line)
                    continue
                if len(lines) >= size and not _together(lines, line, size):
                    yield lines, False
                    lines = []
                lines.append(line)
            if lines:
                yield lines, True
        finally:
            file.close()

    def has_to_wait(self, lines: list[HashLine]) -> bool:
        """Look at a sample of a batch; return whether it would hit so many earlier uploads that two people have to want
        it. Lists that let nothing be rejected or held hit none."""
        if not self._decides():
            return False
        step = -(-len(lines) // LINES_IN_SAMPLE)
        sample = [Code(line.algorithm, line.bits, 0, "") for line in lines[::step]]
        self.report.reach = reach_of_codes(sample, blocklist=self.blocklist) * len(lines) // len(sample)
        if self.report.reach <= get_settings().confirm_reach:
            return False
        self.report.waits_after = lines[0].number - 1
        return True

    def stage(self, lines: list[HashLine]) -> None:
        """Assign ids to the entries, leave out what the batch says twice, and hand it to the database."""
        seen: set[tuple[str, bytes]] = set()
        kept: list[HashLine] = []
        entries: list[int] = []
        entry, last, size = 0, "", 0
        for line in lines:
            code = (line.algorithm, line.bits)
            if code in seen:
                self.report.duplicates += 1
                continue
            seen.add(code)
            size += 1
            if not line.external_id or line.external_id != last or size > MOST_IN_ENTRY:
                entry, last, size = entry + 1, line.external_id, 1
            kept.append(line)
            entries.append(entry)
        self.staging.fill(kept, entries)
        wanted = {ALGORITHMS[name].qualified for name in get_settings().algorithms}
        self.report.not_searched |= {algorithm for algorithm, _ in seen} - wanted

    def store(self, change: Change) -> None:
        """Make entries of what is staged and new."""
        self.report.duplicates += self.staging.drop_known(self.blocklist)
        like = BannedImage(
            blocklist=self.blocklist, revision=change.revision, created_by=self.actor_id, reason=""
        )
        entries, codes = self.staging.store(like=like)
        self.report.entries += entries
        self.report.codes += codes
        self._new = (self._new[0] + entries, self._new[1] + codes)

    def record(self, change: Change, *, last_line: int, final: bool) -> None:
        """Raise the revision, if there is something new, or an import to be marked as finished."""
        entries, codes = self._new
        begun = self.report.first_revision is not None or self.report.after_line > 0
        if not entries and not (final and begun):
            return
        detail: dict[str, Any] = {
            "name": self.name,
            "file": self.digest,
            "last_line": last_line,
            "final": final,
            "codes": codes,
        }
        change.record(
            kind=BlocklistChange.Kind.IMPORT,
            blocklist=self.blocklist.slug,
            actor_id=self.actor_id,
            detail=detail,
            entries=entries if self._decides() else 0,
        )
        self._new = (0, 0)
        self.report.first_revision = self.report.first_revision or change.revision
        self.report.last_revision = change.revision
        if entries:
            rescan.ask_once(asked=self.report.rescans, since_revision=change.revision)

    def _decides(self) -> bool:
        # Asked again under the lock: the list may have got another action since the import began.
        return Blocklist.objects.filter(pk=self.blocklist.pk, action__in=Blocklist.DECIDING).exists()

    def wake(self) -> None:
        """Send a worker to search the earlier uploads."""
        for rescan_id in self.report.rescans:
            dispatcher().rescan(rescan_id)


def _together(lines: list[HashLine], line: HashLine, size: int) -> bool:
    same = bool(line.external_id) and line.external_id == lines[-1].external_id
    return same and len(lines) < 2 * size
