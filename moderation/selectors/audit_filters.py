"""What a filter of the audit log means for each kind of row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from moderation.models import BlocklistChange, Decision, Match, Refusal, Screening, Upload
from moderation.selectors import user_names

CAP = 1_000
"""Uploads of one user that are looked at, and numbers that are shown as "1,000+" beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What to look for; what is None or empty does not matter."""

    kind: str = ""
    reference: str = ""
    upload: int | None = None
    """The upload itself, where its page asks."""
    user: str = ""
    moderator: str = ""
    banned: int | None = None
    blocklist: str = ""
    method: str = ""
    verdict: str = ""
    decision: str = ""
    change: str = ""
    reason: str = ""
    distance_from: int | None = None
    distance_to: int | None = None
    revision: int | None = None
    since: date | None = None
    until: date | None = None

    @property
    def about_matches(self) -> bool:
        """Whether it asks for what a screening found."""
        return _about_matches(self) is not None

    @classmethod
    def of(cls, values: dict[str, Any]) -> AuditFilter:
        """Return a filter from a form's cleaned data; other keys are ignored."""
        names = {field.name for field in fields(cls)}
        return cls(
            **{name: value for name, value in values.items() if name in names and value not in ("", None)}
        )


def rows_of(kind: str, wanted: AuditFilter) -> QuerySet[Any] | None:
    """Return the rows of one kind, or None where the filter cannot concern it."""
    if wanted.kind and wanted.kind != kind:
        return None
    rows = ROWS[kind](wanted)
    if rows is None:
        return None
    zone = timezone.get_current_timezone()
    if wanted.since:
        rows = rows.filter(created_at__gte=datetime.combine(wanted.since, time.min, zone))
    if wanted.until:
        rows = rows.filter(created_at__lt=datetime.combine(wanted.until + timedelta(days=1), time.min, zone))
    if wanted.reason:
        if kind == "blocklistchange":
            return None
        rows = rows.filter(reason=wanted.reason)
    return rows


def _uploads_of(wanted: AuditFilter) -> QuerySet[Upload] | None:
    """Return the uploads that reference and user name, or None where neither was given."""
    if not (wanted.reference or wanted.user):
        return None
    uploads = Upload.objects.order_by()
    if wanted.reference:
        uploads = uploads.filter(reference=wanted.reference.strip().upper())
    if wanted.user:
        uploads = uploads.filter(_owners(wanted.user))
    return uploads


def _about_uploads(rows: QuerySet[Any], wanted: AuditFilter) -> QuerySet[Any]:
    if wanted.upload:
        return rows.filter(upload_id=wanted.upload)
    uploads = _uploads_of(wanted)
    if uploads is None:
        return rows
    return rows.filter(upload_id__in=uploads.values("pk")[:CAP])


def _owners(text: str) -> Q:
    found = Q(pk__in=[])
    for label, pk in user_names.owner_keys(text):
        found |= Q(owner_type=label, owner_id=pk)
    return found


def _personal_owners(text: str) -> Q:
    found = Q(pk__in=[])
    for label, pk in user_names.owner_keys(text):
        found |= Q(personal__owner_type=label, personal__owner_id=pk)
    return found


def _about_matches(wanted: AuditFilter) -> Q | None:
    conditions = {
        "banned_id": wanted.banned,
        "blocklist": wanted.blocklist,
        "method": wanted.method,
        "distance__gte": wanted.distance_from,
        "distance__lte": wanted.distance_to,
    }
    given = {name: value for name, value in conditions.items() if value not in ("", None)}
    return Q(**given) if given else None


def _screenings(wanted: AuditFilter) -> QuerySet[Any] | None:
    if wanted.moderator or wanted.decision or wanted.change:
        return None
    rows: QuerySet[Any] = Screening.objects.all()
    rows = _about_uploads(rows, wanted)
    if wanted.verdict:
        rows = rows.filter(verdict=wanted.verdict)
    if wanted.revision is not None:
        rows = rows.filter(revision=wanted.revision)
    about = _about_matches(wanted)
    if about is not None:
        rows = rows.filter(Exists(Match.objects.filter(about, screening_id=OuterRef("pk"))))
    return rows.select_related("personal").prefetch_related("matches")


def _only_for_screenings(wanted: AuditFilter) -> bool:
    return bool(
        wanted.verdict or wanted.method or wanted.distance_from is not None or wanted.distance_to is not None
    )


def _decisions(wanted: AuditFilter) -> QuerySet[Any] | None:
    if wanted.change or wanted.blocklist or _only_for_screenings(wanted):
        return None
    rows: QuerySet[Any] = Decision.objects.all()
    rows = _about_uploads(rows, wanted)
    if wanted.moderator:
        rows = rows.filter(actor_id__in=user_names.moderator_ids(wanted.moderator))
    if wanted.decision:
        rows = rows.filter(kind=wanted.decision)
    if wanted.banned:
        rows = rows.filter(banned_id=wanted.banned)
    if wanted.revision is not None:
        rows = rows.filter(revision=wanted.revision)
    return rows.select_related("personal")


def _refusals(wanted: AuditFilter) -> QuerySet[Any] | None:
    elsewhere = wanted.moderator or wanted.decision or wanted.change or wanted.blocklist
    if elsewhere or wanted.banned or wanted.reference or wanted.upload or wanted.revision is not None:
        return None
    if _only_for_screenings(wanted) and wanted.verdict != "refused":
        return None
    rows = Refusal.objects.all()
    if wanted.user:
        rows = rows.filter(_personal_owners(wanted.user))
    return rows.select_related("personal")


def _changes(wanted: AuditFilter) -> QuerySet[Any] | None:
    if wanted.decision or wanted.reference or wanted.upload or wanted.user or _only_for_screenings(wanted):
        return None
    rows = BlocklistChange.objects.all()
    if wanted.moderator:
        rows = rows.filter(actor_id__in=user_names.moderator_ids(wanted.moderator))
    if wanted.change:
        rows = rows.filter(kind=wanted.change)
    if wanted.banned:
        rows = rows.filter(banned_id=wanted.banned)
    if wanted.blocklist:
        rows = rows.filter(blocklist=wanted.blocklist)
    if wanted.revision is not None:
        rows = rows.filter(revision=wanted.revision)
    return rows.select_related("personal")


ROWS: dict[str, Callable[[AuditFilter], QuerySet[Any] | None]] = {
    "screening": _screenings,
    "decision": _decisions,
    "refusal": _refusals,
    "blocklistchange": _changes,
}
