"""The chain over the history.

Each audit row gets a seal: its digest and an HMAC over the position, the row's kind and id, the
digest and the previous HMAC. The key is not in the database, so whoever can write to the database
alone can neither change a row, nor drop one, nor change their order, without breaking the chain. A
cut tail shows against an earlier *head* that was kept elsewhere.

Rows are sealed in batches by what is not sealed yet, not by id: transactions commit out of order.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings as django_settings
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, QuerySet

from moderation.conf import get_settings
from moderation.models import AUDIT_MODELS, AuditRecord, Seal
from moderation.services.revision import database

SEAL_KEY = 0x7365616C
"""Our second key among a database's advisory locks ("seal")."""
GENESIS = bytes(32)
SEALS_PER_TRANSACTION = 500
RECENT = timedelta(days=1)


def _key() -> bytes:
    secret = get_settings().seal_key or django_settings.SECRET_KEY
    return hashlib.sha256(b"moderation.seal/1" + secret.encode()).digest()


def mac_of(*, position: int, kind: str, record_id: int, digest: bytes, previous: bytes) -> bytes:
    """Return the HMAC-SHA-256 of one link, 32 bytes."""
    text = f"{position}|{kind}|{record_id}|{digest.hex()}|{previous.hex()}"
    return hmac.new(_key(), text.encode(), hashlib.sha256).digest()


def unsealed(model: type[AuditRecord]) -> QuerySet[AuditRecord]:
    """Return the rows of one kind that no seal names yet, in the order of their ids."""
    seals = Seal.objects.filter(kind=model._meta.model_name, record_id=OuterRef("pk"))
    rows: QuerySet[AuditRecord] = model._default_manager.filter(~Exists(seals)).order_by("pk")
    # What a row's digest needs beside the row: Screening.content() reads its matches.
    return rows.prefetch_related(*model.SEALED_WITH)


def seal(*, limit: int = 20_000, everything: bool = False) -> int:
    """Seal what is not sealed yet; the number of rows.

    Looks at rows that are at most :data:`RECENT` older than the last seal, which is cheap in a long
    history; ``everything`` looks at all, for what a longer transaction or a skewed clock left.
    """
    count = 0
    while count < limit:
        sealed = _seal_batch(min(SEALS_PER_TRANSACTION, limit - count), everything=everything)
        if not sealed:
            break
        count += sealed
    return count


def _seal_batch(size: int, *, everything: bool) -> int:
    with transaction.atomic(using=database()):
        connection = connections[database()]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEAL_KEY])
        last = Seal.objects.order_by("-position").first()
        position, previous = (last.position, bytes(last.mac)) if last else (0, GENESIS)
        since = None if everything or last is None else last.sealed_at - RECENT
        seals: list[Seal] = []
        for model in AUDIT_MODELS:
            rows = unsealed(model)
            if since is not None:
                rows = rows.filter(created_at__gte=since)
            for record in rows[: size - len(seals)]:
                position += 1
                kind, digest = str(model._meta.model_name), record.digest()
                previous = mac_of(
                    position=position, kind=kind, record_id=record.pk, digest=digest, previous=previous
                )
                seals.append(
                    Seal(position=position, kind=kind, record_id=record.pk, digest=digest, mac=previous)
                )
        Seal.objects.bulk_create(seals)
        return len(seals)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the history does not add up."""

    kind: str
    """``changed``, ``missing``, ``gap``, ``broken``, ``personal`` or ``cut``."""
    position: int
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


def verify(*, head: str = "", progress: Callable[[], None] | None = None) -> Report:
    """Seal the rest, then check every link, every row and, given an earlier head, the tail.

    Raises :class:`ValueError` for a head that is none.
    """
    report = Report()
    expected = _parse(head) if head else None
    for model in AUDIT_MODELS:
        rows = unsealed(model)
        report.unsealed += rows.count()
        oldest = rows.values_list("created_at", flat=True).order_by("created_at").first()
        if oldest and (report.unsealed_since is None or oldest < report.unsealed_since):
            report.unsealed_since = oldest
    while seal(everything=True):
        pass
    position, previous = 0, GENESIS
    for batch in _batches():
        records = _records(batch)
        for link in batch:
            position += 1
            _check_link(report, link, position, previous)
            position, previous = link.position, bytes(link.mac)
            _check_record(report, link, records.get((link.kind, link.record_id)))
            if progress:
                progress()
    report.head = f"{position}:{previous.hex()}"
    if expected is not None:
        _check_head(report, *expected)
    return report


def _parse(head: str) -> tuple[int, bytes]:
    position, _, mac = head.partition(":")
    value = bytes.fromhex(mac)
    if not position.isdigit() or len(value) != 32:
        raise ValueError(f"{head!r} is no head: it looks like 12:9f86d0…")
    return int(position), value


def _batches() -> Iterator[list[Seal]]:
    last = 0
    while batch := list(Seal.objects.filter(position__gt=last).order_by("position")[:SEALS_PER_TRANSACTION]):
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


def _check_link(report: Report, link: Seal, position: int, previous: bytes) -> None:
    name = f"{link.kind} {link.record_id}"
    if link.position != position:
        report.faults.append(
            Fault("gap", position, name, f"Seals {position} to {link.position - 1} are missing.")
        )
    mac = mac_of(
        position=link.position,
        kind=link.kind,
        record_id=link.record_id,
        digest=bytes(link.digest),
        previous=previous,
    )
    if not hmac.compare_digest(mac, bytes(link.mac)):
        report.faults.append(
            Fault(
                "broken", link.position, name, "The seal was not made with this key after the one before it."
            )
        )


def _check_record(report: Report, link: Seal, record: AuditRecord | None) -> None:
    name = f"{link.kind} {link.record_id}"
    report.rows += 1
    if record is None:
        report.faults.append(Fault("missing", link.position, name, "The row is gone."))
        return
    if record.digest() != bytes(link.digest):
        report.faults.append(Fault("changed", link.position, name, "The row is not as it was sealed."))
    if record.personal is None:
        return
    if record.personal.erased_at is not None:
        report.erased += 1
    elif record.personal.commitment() != bytes(record.commitment or b""):
        report.faults.append(Fault("personal", link.position, name, "Its personal data was changed."))


def _check_head(report: Report, position: int, mac: bytes) -> None:
    link = Seal.objects.filter(position=position).first()
    if position and (link is None or bytes(link.mac) != mac):
        report.faults.append(
            Fault(
                "cut", position, "", f"The head that was kept, at {position}, is not in the chain any more."
            )
        )


def unsealed_count() -> int:
    """Return the number of rows without a seal, for dashboards and ``doctor``."""
    return sum(unsealed(model).count() for model in AUDIT_MODELS)
