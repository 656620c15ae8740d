"""Reports of public pictures: they come in here, and are answered when the picture goes or a moderator leaves it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, models, transaction

from moderation.exceptions import ReportRefused, TooManyUploads
from moderation.models import Report, Upload
from moderation.services.locking import locked
from moderation.services.personal import owner_key, record_personal
from moderation.services.revision import database
from moderation.services.uploads import rate_limit
from moderation.services.uploads.intake import new_reference

MOST_A_MINUTE = 5
"""Reports of one person, or of one address where nobody is signed in."""
LONGEST = 1000
"""Characters that are kept of what is said."""


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """What whoever reported a picture may know: never whose decision it was, nor why."""

    reference: str
    """With it the answer is read, see :func:`report_status`."""
    status: str
    """``open``, ``acted`` (taken down), ``kept``, or ``gone``: its owner removed it."""
    reported_at: datetime
    answered_at: datetime | None


def report(*, upload: Upload, text: str, reporter: models.Model | None = None, address: str = "") -> Report:
    """Take a report of a public picture. ``address`` is counted for a visitor, and not kept.

    Raises :class:`ReportRefused` for a picture that is not shown (any more), for one's own, without words and where the
    same person has an open report of it; :class:`TooManyUploads` for too many at once.
    """
    text = text.strip()[:LONGEST]
    if not text:
        raise ReportRefused("Say in a sentence what is wrong with this picture.")
    owner_type, owner_id = owner_key(reporter) if reporter is not None else ("", "")
    who = hashlib.sha256(f"{owner_type}:{owner_id or address}".encode()).hexdigest()
    if not rate_limit.count(owner_type="report", owner_id=who, most=MOST_A_MINUTE):
        raise TooManyUploads("You have reported several pictures just now. Wait a minute and try again.")
    if owner_id and (upload.owner_type, upload.owner_id) == (owner_type, owner_id):
        raise ReportRefused("This is your own picture: you can remove it yourself.")
    for attempt in range(5):
        try:
            with transaction.atomic(using=database()):
                return _insert(upload, text, owner_type, owner_id)
        except IntegrityError:
            # Two that draw the same reference; one of them draws again.
            if attempt == 4:
                raise
    raise AssertionError("the last attempt returns or raises")


def _insert(upload: Upload, text: str, owner_type: str, owner_id: str) -> Report:
    row = locked(upload, status=Upload.Status.APPROVED)
    if row is None or not row.published:
        raise ReportRefused
    mine = {"personal__owner_type": owner_type, "personal__owner_id": owner_id}
    if owner_id and row.reports.filter(status=Report.Status.OPEN, **mine).exists():
        raise ReportRefused("You have reported this picture already. It will be looked at.")
    personal = record_personal(owner_type=owner_type, owner_id=owner_id, text=text)
    return Report.objects.create(upload=row, reference=new_reference(), personal=personal)


def report_picture(
    instance: models.Model, field: str, *, text: str, reporter: models.Model | None = None, address: str = ""
) -> ReportStatus:
    """Report the picture that a column shows now, with a sentence; moderators are asked to look at it.

    ``reporter`` is the member, or None for a visitor, who is counted by ``address``. Raises
    :class:`moderation.exceptions.ReportRefused` for a picture that is not shown any more, and
    :class:`moderation.exceptions.TooManyUploads` for too many reports in a minute.
    """
    name = str(getattr(instance, field) or "")
    shown = Upload.objects.filter(
        target_model=instance._meta.label_lower,
        target_id=str(instance.pk),
        target_field=field,
        published=name,
    )
    upload = shown.first() if name else None
    if upload is None:
        raise ReportRefused
    return _report(report(upload=upload, text=text, reporter=reporter, address=address))


def report_status(reference: str) -> ReportStatus | None:
    """Return what became of a report, for whoever has its reference; None where there is none."""
    found = Report.objects.filter(reference=reference).first()
    return _report(found) if found else None


def reports_of(reporter: models.Model) -> list[ReportStatus]:
    """Return a member's own reports, the newest first; at most 100."""
    owner_type, owner_id = owner_key(reporter)
    mine = Report.objects.filter(personal__owner_type=owner_type, personal__owner_id=owner_id)
    return [_report(found) for found in mine.order_by("-pk")[:100]]


def _report(found: Report) -> ReportStatus:
    return ReportStatus(found.reference, found.status, found.created_at, found.answered_at)
