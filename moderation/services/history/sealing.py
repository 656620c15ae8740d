"""Appending to the chain over the history.

Each audit row gets a seal: its digest and an HMAC over the position, the row's kind and id, the
digest, the time and the previous HMAC. The key is not in the database, so whoever can write to the database
alone can neither change a row, nor drop one, nor change their order, without breaking the chain. A
cut tail shows against an earlier *head* that was kept elsewhere.

A row carries an authentication code from the moment when it is written. What has none was put there by
something else: it is not sealed, and :mod:`~moderation.services.history.verification` names it.

Rows are sealed in batches by what is not sealed yet, not by id: transactions commit out of order.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connections, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from moderation.exceptions import SealKeyUnknown
from moderation.models import AUDIT_MODELS, AuditRecord, PersonalData, Seal
from moderation.services.history import links
from moderation.services.history.links import Keys
from moderation.services.revision import database

logger = logging.getLogger("moderation.sealing")

SEAL_KEY = 0x7365616C
"""Our second key among a database's advisory locks ("seal")."""
SEALS_PER_TRANSACTION = 500
RECENT = timedelta(days=1)


def unsealed(model: type[AuditRecord]) -> QuerySet[AuditRecord]:
    """Return the rows of one kind that no seal names yet, in the order of their ids."""
    seals = Seal.objects.filter(kind=model._meta.model_name, record_id=OuterRef("pk"))
    rows: QuerySet[AuditRecord] = model._default_manager.filter(~Exists(seals)).order_by("pk")
    # What a row's digest needs beside the row: Screening.content() reads its matches.
    return rows.prefetch_related(*model.SEALED_WITH)


def faults_of(rows: Sequence[AuditRecord], keys: Keys) -> dict[int, str]:
    """Return, by id, what keeps rows of one kind from being sealed: ``forged`` for one that the application did
    not write, ``copied`` for one that it wrote only once."""
    faults = {row.pk: "forged" for row in rows if not keys.count_for(row.key(), row.created_at)}
    written = [row for row in rows if row.pk not in faults]
    if written:
        faults |= dict.fromkeys(_copies(written), "copied")
    return faults


def _copies(rows: list[AuditRecord]) -> set[int]:
    """Return the ids of rows that have their authentication code from a row that is sealed, or has a lower id."""
    model = type(rows[0])
    # The code covers the time, and the time has an index.
    twins = model._default_manager.filter(created_at__in={row.created_at for row in rows})
    ids: dict[bytes, list[int]] = defaultdict(list)
    for pk, mac in twins.filter(mac__isnull=False).order_by("pk").values_list("pk", "mac"):
        ids[bytes(mac)].append(pk)
    copies: set[int] = set()
    for same in ids.values():
        if len(same) > 1:
            sealed = Seal.objects.filter(kind=model._meta.model_name, record_id__in=same)
            original = sealed.values_list("record_id", flat=True).first() or same[0]
            copies |= {pk for pk in same if pk != original}
    return copies


def seal(*, limit: int = 20_000, everything: bool = False) -> int:
    """Seal what is not sealed yet; return the number of rows.

    Looks at rows that are at most :data:`RECENT` older than the last of their kind that is sealed, which is
    cheap in a long history; ``everything`` looks at all, for what a longer transaction or a skewed clock left.
    Nothing is appended to a chain whose last seal another key made: ``rotate_seal_key`` does that.
    """
    run = _Run(everything)
    count = 0
    while count < limit:
        with transaction.atomic(using=database()):
            lock()
            if links.last_key() != 0:
                logger.error("the last seal was not made with SEAL_KEY: nothing is sealed")
                break
            sealed = run.batch(min(SEALS_PER_TRANSACTION, limit - count))
        if sealed is None:
            break
        count += sealed
    return count


def lock() -> None:
    """Let nobody else append until the transaction ends."""
    connection = connections[database()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEAL_KEY])


@dataclass(slots=True)
class _Run:
    """Remembers how far it has looked, so that rows that are never sealed keep nothing else from it."""

    everything: bool
    at: datetime = field(default_factory=timezone.now)
    seen: dict[type[AuditRecord], int] = field(default_factory=lambda: defaultdict(int))

    def batch(self, size: int) -> int | None:
        """Seal the next rows; None where none are left to look at."""
        keys, last = Keys.at_end(), links.end()
        seals: list[Seal] = []
        looked = 0
        for model, rows in self._candidates(size):
            looked += len(rows)
            faults = faults_of(rows, keys)
            for row in (row for row in rows if row.pk not in faults):
                link = links.append(
                    last,
                    kind=str(model._meta.model_name),
                    record_id=row.pk,
                    digest=row.digest(),
                    at=self.at,
                )
                last = (link.position, bytes(link.mac))
                seals.append(link)
        Seal.objects.bulk_create(seals)
        return len(seals) if looked else None

    def _candidates(self, size: int) -> Iterator[tuple[type[AuditRecord], list[AuditRecord]]]:
        for model in AUDIT_MODELS:
            rows = unsealed(model).filter(pk__gt=self.seen[model])
            since = None if self.everything else _since(model)
            if since is not None:
                rows = rows.filter(created_at__gte=since)
            found = list(rows[:size])
            if found:
                self.seen[model] = found[-1].pk
                size -= len(found)
                yield model, found
            if size <= 0:
                return


def _since(model: type[AuditRecord]) -> datetime | None:
    newest = Seal.objects.filter(kind=model._meta.model_name).aggregate(pk=Max("record_id"))["pk"]
    row = model._default_manager.filter(pk=newest).first() if newest else None
    return row.created_at - RECENT if row else None


def rotate() -> bool:
    """Go on with the key that is in use, where an older one made the last seal; False where it made that already.

    Raises :class:`SealKeyUnknown` where none of the keys did.
    """
    with transaction.atomic(using=database()):
        lock()
        place = links.last_key()
        if place is None:
            raise SealKeyUnknown
        if place:
            links.append(links.end(), kind=links.KEY, digest=links.key_digest(), at=timezone.now()).save()
    return bool(place)


def anchor() -> int:
    """Seal the rows without authentication code as they stand, and close them off by an anchor; return their
    number. For what an earlier version wrote; what has a wrong code stays unsealed.

    Raises :class:`SealKeyUnknown` where another key made the last seal.
    """
    if links.last_key() != 0:
        raise SealKeyUnknown
    seal(everything=True)
    count = 0
    with transaction.atomic(using=database()):
        lock()
        last, at = links.end(), timezone.now()
        for model in AUDIT_MODELS:
            for row in unsealed(model).filter(mac__isnull=True).iterator(SEALS_PER_TRANSACTION):
                kind = str(model._meta.model_name)
                link = links.append(last, kind=kind, record_id=row.pk, digest=row.digest(), at=at)
                link.save()
                last, count = (link.position, bytes(link.mac)), count + 1
        erased = erased_without_decision().values_list("pk", flat=True)
        links.append(last, kind=links.ANCHOR, digest=links.erased_digest(erased), at=at).save()
    return count


def erased_without_decision() -> QuerySet[PersonalData]:
    """Return the records that an earlier version erased, in the order of their ids."""
    return PersonalData.objects.filter(erased_at__isnull=False, erasure_id__isnull=True).order_by("pk")


def unsealed_count() -> int:
    """Return the number of rows without a seal, for dashboards and ``doctor``."""
    return sum(unsealed(model).count() for model in AUDIT_MODELS)
