"""The history, read page by page at any length.

Pages are found by key, not by number: the next one begins behind (time, kind, id) of the last row, so
page 10,000 costs what page 1 does. Nothing counts a whole table; facets stop at :data:`CAP`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from moderation.models import AUDIT_MODELS, AuditRecord, Screening, Seal
from moderation.selectors.audit_filters import CAP, AuditFilter, rows_of
from moderation.selectors.counting import count_together

PAGE = 50
CHUNK = 500
KINDS: dict[str, type[AuditRecord]] = {str(model._meta.model_name): model for model in AUDIT_MODELS}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind this row, from new to old."""

    moment: datetime
    kind: str
    pk: int

    def __str__(self) -> str:
        return f"{int(self.moment.timestamp() * 1_000_000)}.{self.kind}.{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Return the cursor of a text; None for text that is no cursor."""
        parts = text.split(".")
        if len(parts) != 3 or parts[1] not in KINDS or not (parts[0] + parts[2]).isdecimal():
            return None
        try:
            moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(parts[0]))
            return cls(moment, parts[1], min(int(parts[2]), 2**63 - 1))
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of all kinds, the newest first."""

    rows: tuple[AuditRecord, ...]
    next: str
    """Cursor of the next page; empty on the last."""


def page(wanted: AuditFilter, *, after: str = "", size: int = PAGE) -> Page:
    """Return one page of rows; one query for each kind that the filter can concern."""
    cursor = Cursor.parse(after) if after else None
    rows = list(_merged(wanted, cursor, size + 1))
    more = len(rows) > size
    rows = rows[:size]
    return Page(tuple(rows), str(_cursor(rows[-1])) if more else "")


def everything(wanted: AuditFilter) -> Iterator[AuditRecord]:
    """Yield all rows, in pages of :data:`CHUNK`, for an export of any length."""
    after = ""
    while True:
        found = page(wanted, after=after, size=CHUNK)
        yield from found.rows
        if not found.next:
            return
        after = found.next


def kind_of(row: AuditRecord) -> str:
    """Return ``screening``, ``decision``, ``refusal`` or ``blocklistchange``."""
    return str(row._meta.model_name)


def _cursor(row: AuditRecord) -> Cursor:
    return Cursor(row.created_at, kind_of(row), row.pk)


def _merged(wanted: AuditFilter, cursor: Cursor | None, size: int) -> Iterator[AuditRecord]:
    parts: list[Sequence[AuditRecord]] = []
    for kind in KINDS:
        rows = rows_of(kind, wanted)
        if rows is not None:
            parts.append(list(_behind(rows, kind, cursor).order_by("-created_at", "-pk")[:size]))
    ordered = heapq.merge(*parts, key=lambda row: (row.created_at, kind_of(row), row.pk), reverse=True)
    for number, row in enumerate(ordered):
        if number == size:
            return
        yield row


def _behind(rows: QuerySet[Any], kind: str, cursor: Cursor | None) -> QuerySet[Any]:
    if cursor is None:
        return rows
    earlier = Q(created_at__lt=cursor.moment)
    if kind < cursor.kind:
        return rows.filter(created_at__lte=cursor.moment)
    if kind == cursor.kind:
        # A range that an index can serve first, then the ties.
        return rows.filter(earlier | Q(pk__lt=cursor.pk), created_at__lte=cursor.moment)
    return rows.filter(earlier)


def verdict_facets(wanted: AuditFilter) -> dict[str, int]:
    """Return verdict → number of screenings, counted no further than :data:`CAP` + 1; one query. None where the
    filter is one that no index counts by."""
    rows = rows_of("screening", wanted)
    if rows is None or wanted.about_matches or wanted.reason:
        return {}
    plain = rows.select_related(None).prefetch_related(None)
    verdicts = Screening.Verdict.values
    numbers = count_together([plain.filter(verdict=verdict) for verdict in verdicts], cap=CAP)
    return dict(zip(verdicts, numbers, strict=True))


def seals_of(rows: Sequence[AuditRecord]) -> dict[tuple[str, int], Seal]:
    """Return (kind, id) → seal, as far as they are sealed; one query."""
    wanted = Q(pk__in=[])
    for kind in KINDS:
        ids = [row.pk for row in rows if kind_of(row) == kind]
        if ids:
            wanted |= Q(kind=kind, record_id__in=ids)
    return {(seal.kind, seal.record_id): seal for seal in Seal.objects.filter(wanted)}


def newest_seal() -> Seal | None:
    """Return the head of the chain."""
    return Seal.objects.order_by("-position").first()
