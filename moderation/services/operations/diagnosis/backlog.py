"""What should be done soon and is not: `sweep` has to run."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min
from django.utils import timezone

from moderation import storage
from moderation.models import AUDIT_MODELS, FileRemoval, Rescan, Upload
from moderation.services.history import sealing
from moderation.services.history.links import Keys
from moderation.services.operations.diagnosis.finding import Finding

PENDING = timedelta(minutes=10)
OPEN_RESCAN = timedelta(hours=1)
DUE_REMOVAL = timedelta(hours=1)
UNSEALED = timedelta(hours=1)
LOOKED_AT = 500
"""Rows without a seal, of each kind, that are looked at more closely."""


def _age(since: datetime | None) -> timedelta:
    return timezone.now() - since if since else timedelta(0)


def _said(age: timedelta) -> str:
    return str(timedelta(seconds=int(age.total_seconds())))


def pending(_mend: bool) -> Finding:
    """Find uploads that wait for long."""
    waiting = Upload.objects.pending()
    count, age = waiting.count(), _age(waiting.aggregate(oldest=Min("submitted_at"))["oldest"])
    words = f"{count:,} uploads are pending, the oldest for {_said(age)}."
    if age > PENDING:
        return Finding.fault(
            f"{words} Are workers running? `manage.py sweep` picks them up.", count=count, seconds=age.seconds
        )
    return Finding.fine(words if count else "No upload is pending.", count=count)


def rescans(_mend: bool) -> Finding:
    """Find searches among earlier uploads that are left half done."""
    waiting = Rescan.objects.open()
    count, age = waiting.count(), _age(waiting.aggregate(oldest=Min("created_at"))["oldest"])
    words = f"{count:,} searches among earlier uploads are open, the oldest for {_said(age)}."
    if age > OPEN_RESCAN:
        return Finding.fault(f"{words} `manage.py rescan --open` finishes them.", count=count)
    return Finding.fine(words if count else "No search among earlier uploads is open.", count=count)


def file_removals(_mend: bool) -> Finding:
    """Find files that have to go and are not gone."""
    due = FileRemoval.objects.filter(not_before__lte=timezone.now() - DUE_REMOVAL)
    public = due.exclude(area=storage.QUARANTINE).count()
    count = due.count()
    failed = FileRemoval.objects.filter(attempts__gt=0).order_by("-attempts").first()
    if count or (failed and failed.attempts > 3):
        error = f" The storage says: {failed.last_error}." if failed else ""
        return Finding.fault(
            f"{count:,} files should be gone since {_said(DUE_REMOVAL)} or longer, {public:,} of them public.{error} "
            "`manage.py sweep` tries again.",
            count=count,
            public=public,
        )
    return Finding.fine("No removal of a file is overdue.")


def unsealed(_mend: bool) -> Finding:
    """Find rows of the history that are not sealed soon after they are written, or that something else wrote."""
    count = forged = 0
    keys = Keys.at_end()
    oldest: datetime | None = None
    for model in AUDIT_MODELS:
        rows = sealing.unsealed(model)
        count += rows.count()
        forged += len(sealing.faults_of(list(rows[:LOOKED_AT]), keys))
        first = rows.order_by("created_at").values_list("created_at", flat=True).first()
        if first and (oldest is None or first < oldest):
            oldest = first
    if forged:
        return Finding.fault(
            f"{forged:,} rows of the history were not written by this program, and are not sealed: something else writes "
            "to the database. `manage.py verify_audit` names them.",
            count=forged,
        )
    age = _age(oldest)
    words = f"{count:,} rows of the history are not sealed, the oldest for {_said(age)}."
    if age > UNSEALED:
        return Finding.fault(f"{words} `manage.py sweep` seals them.", count=count)
    return Finding.fine(words if count else "The whole history is sealed.", count=count)
