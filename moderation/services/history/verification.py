"""Going over the chain: every link, every row, the personal data beside them, and an earlier head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moderation.models import AUDIT_MODELS, AuditRecord, Decision, PersonalData, Seal
from moderation.services.history import erasure, links, sealing
from moderation.services.history.links import GENESIS, Keys

ROWS_PER_FETCH = 500
FITS = timedelta(days=1)
"""How much earlier than the row of its kind that is sealed before it, or later than its seal, a row may be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the history does not add up."""

    kind: str
    """``forged``, ``copied``, ``changed``, ``missing``, ``dated``, ``gap``, ``broken``, ``key``, ``personal``
    or ``cut``."""
    position: int
    """Of the seal; 0 for what has none."""
    record: str
    message: str


@dataclass(slots=True)
class Report:
    """What a verification found."""

    rows: int = 0
    """Sealed rows that were checked."""
    unsealed: int = 0
    """Rows that had no seal when the verification began."""
    unsealed_since: datetime | None = None
    head: str = ""
    """``position:mac``: keep it elsewhere and give it to the next verification."""
    erased: int = 0
    """Rows whose personal data has been erased."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No fault."""
        return not self.faults

    def add(self, kind: str, record: str, message: str, *, position: int = 0) -> None:
        """Note a fault."""
        self.faults.append(Fault(kind, position, record, message))


def verify(*, head: str = "", since: str = "", progress: Callable[[], None] | None = None) -> Report:
    """Seal the rest, then check every link, every row and, given an earlier head, the tail. ``since`` is a head as
    well: what lies before it, an earlier verification has checked, and is not looked at.

    Raises :class:`ValueError` for a head that is none.
    """
    report = Report()
    expected = [parse_head(one) for one in (head, since) if one]
    _count_unsealed(report)
    while sealing.seal(everything=True):
        pass
    walk = _Walk(report, *(parse_head(since) if since else (0, GENESIS)))
    for batch in _batches(walk.position):
        walk.go_over(batch, progress)
    walk.conclude()
    report.head = f"{walk.position}:{walk.previous.hex()}"
    _check_unsealed(report)
    _check_erased(report, walk.anchor)
    for position, mac in expected:
        _check_head(report, position, mac)
    return report


def parse_head(head: str) -> tuple[int, bytes]:
    """Return position and mac of a head. Raises :class:`ValueError`."""
    position, _, mac = head.partition(":")
    value = bytes.fromhex(mac)
    if not position.isdigit() or len(value) != 32:
        raise ValueError(f"{head!r} is no head: it looks like 12:9f86d0…")
    return int(position), value


def _count_unsealed(report: Report) -> None:
    for model in AUDIT_MODELS:
        rows = sealing.unsealed(model)
        report.unsealed += rows.count()
        oldest = rows.values_list("created_at", flat=True).order_by("created_at").first()
        if oldest and (report.unsealed_since is None or oldest < report.unsealed_since):
            report.unsealed_since = oldest


def _batches(last: int) -> Iterator[list[Seal]]:
    while batch := list(Seal.objects.filter(position__gt=last).order_by("position")[:ROWS_PER_FETCH]):
        yield batch
        last = batch[-1].position


def _records(batch: list[Seal]) -> dict[tuple[str, int], AuditRecord]:
    found: dict[tuple[str, int], AuditRecord] = {}
    for model in AUDIT_MODELS:
        kind = str(model._meta.model_name)
        ids = [link.record_id for link in batch if link.kind == kind]
        rows = model._default_manager.filter(pk__in=ids).select_related("personal")
        rows = rows.prefetch_related(*model.SEALED_WITH)
        found.update(((kind, record.pk), record) for record in rows)
    return found


class _Walk:
    """Along the chain, from its beginning or from a head."""

    def __init__(self, report: Report, position: int, previous: bytes) -> None:
        self.report = report
        self.position, self.previous = position, previous
        self.keys = Keys.after(position)
        self.anchor = Seal.objects.filter(kind=links.ANCHOR).order_by("-position").first()
        self.strict_after = self.anchor.position if self.anchor else 0
        self.last_written: dict[str, datetime] = {}

    def go_over(self, batch: list[Seal], progress: Callable[[], None] | None) -> None:
        records = _records(batch)
        for link in batch:
            self._link(link)
            if link.kind not in (links.ANCHOR, links.KEY):
                self._record(link, records.get((link.kind, link.record_id)))
            if progress:
                progress()

    def conclude(self) -> None:
        """Say so where the chain ends with a key that is not in use any more."""
        if self.position and self.keys.current not in (0, None):
            self.report.add(
                "key",
                "",
                "The end of the chain was sealed with an older key, and nothing is added to it: "
                "`manage.py rotate_seal_key` goes on with the one that is in use.",
                position=self.position,
            )

    def _link(self, link: Seal) -> None:
        name = f"{link.kind} {link.record_id}"
        if link.position != self.position + 1:
            missing = f"Seals {self.position + 1} to {link.position - 1} are missing."
            self.report.add("gap", name, missing, position=self.position + 1)
        if not self.keys.accept(link, self.previous, dated=link.position >= self.strict_after):
            self.report.add(
                "broken",
                name,
                "The seal was not made with this key after the one before it.",
                position=link.position,
            )
        self.position, self.previous = link.position, bytes(link.mac)

    def _record(self, link: Seal, row: AuditRecord | None) -> None:
        name = f"{link.kind} {link.record_id}"
        self.report.rows += 1
        if row is None:
            self.report.add("missing", name, "The row is gone.", position=link.position)
            return
        if row.digest() != bytes(link.digest):
            self.report.add("changed", name, "The row is not as it was sealed.", position=link.position)
        elif link.position > self.strict_after:
            self._written(link, row, name)
        self._personal(link, row, name)

    def _written(self, link: Seal, row: AuditRecord, name: str) -> None:
        if not self.keys.count_for(row.key(), row.created_at):
            self.report.add("forged", name, NOT_OURS, position=link.position)
        before = self.last_written.get(link.kind, row.created_at)
        if not before - FITS <= row.created_at <= link.sealed_at + FITS:
            self.report.add(
                "dated",
                name,
                f"It says that it was written at {row.created_at:%Y-%m-%d %H:%M}, sealed between what is "
                f"of {before:%Y-%m-%d %H:%M} and {link.sealed_at:%Y-%m-%d %H:%M}.",
                position=link.position,
            )
        self.last_written[link.kind] = row.created_at

    def _personal(self, link: Seal, row: AuditRecord, name: str) -> None:
        if row.personal_id is None:
            return
        personal = row.personal
        if personal is None:
            self.report.add("personal", name, "Its personal data is gone.", position=link.position)
        elif personal.erased_at is not None:
            self.report.erased += 1
        elif personal.commitment() != bytes(row.commitment or b""):
            self.report.add("personal", name, "Its personal data was changed.", position=link.position)


NOT_OURS = "The application did not write it: its authentication code is missing, or does not fit."
WORDS = {"forged": NOT_OURS, "copied": "It is a copy of another row: nobody decided this twice."}


def _check_unsealed(report: Report) -> None:
    keys = Keys.at_end()
    for model in AUDIT_MODELS:
        last = 0
        while rows := list(sealing.unsealed(model).filter(pk__gt=last)[:ROWS_PER_FETCH]):
            for pk, kind in sorted(sealing.faults_of(rows, keys).items()):
                report.add(kind, f"{model._meta.model_name} {pk}", WORDS[kind])
            last = rows[-1].pk


def _check_erased(report: Report, anchor: Seal | None) -> None:
    """Check that what is erased is empty, and belongs to the decision that covers it."""
    for record in PersonalData.objects.filter(erased_at__isnull=False).iterator(ROWS_PER_FETCH):
        if not record.empty:
            report.add(
                "personal", f"personaldata {record.pk}", "It says that it was erased, and is not empty."
            )
    decisions = Decision.objects.filter(kind=Decision.Kind.ERASE)
    for decision in decisions.order_by("pk").iterator(ROWS_PER_FETCH):
        if erasure.covered_by(decision) != bytes(decision.commitment or b""):
            message = "What names it as the reason of its erasure is not what it erased."
            report.add("personal", f"decision {decision.pk}", message)
    erased = PersonalData.objects.filter(erased_at__isnull=False, erasure_id__isnull=False)
    nothing = erased.exclude(erasure_id__in=decisions.values("pk"))
    for pk in nothing.order_by("pk").values_list("pk", flat=True):
        report.add("personal", f"personaldata {pk}", "It was erased, and no decision says so.")
    before = list(sealing.erased_without_decision().values_list("pk", flat=True))
    if links.erased_digest(before) != (bytes(anchor.digest) if anchor else links.erased_digest(())):
        ids = ", ".join(map(str, before[:20]))
        report.add(
            "personal",
            f"personaldata {ids}",
            "These were erased without a decision, and are not those that an earlier version had erased.",
        )


def _check_head(report: Report, position: int, mac: bytes) -> None:
    end, _mac = links.end()
    link = Seal.objects.filter(position=position).first()
    if not position or (link is not None and bytes(link.mac) == mac):
        return
    if position > end:
        words = f"The chain ends at {end}: its tail was cut off, or an older backup was restored."
    else:
        words = "The chain has another seal there: an older backup was restored and went on, or it was written anew."
    report.add("cut", "", f"The head that was kept, at {position}, is not in it. {words}", position=position)
