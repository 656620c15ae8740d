"""The row is the queue: leases in database time, and attempts that are counted before decoding."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import connections, router
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from moderation.conf import get_settings
from moderation.models import Upload
from moderation.services.locking import lock_target

FREE = Q(lease__isnull=True) | Q(lease_until__lt=Now())
"""Nobody works on it, or whoever did has not been heard of for too long."""
QUEUED = Upload.objects.filter(status=Upload.Status.PENDING, withdrawn_at__isnull=True)
"""What waits for a verdict; an upload that its owner took back needs none."""


def in_database_time(delay: timedelta) -> Combinable:
    """Return now plus ``delay`` by the database's clock, which all workers share."""
    return ExpressionWrapper(Now() + Value(delay), output_field=DateTimeField())


def lease(upload_id: int) -> Upload | None:
    """Take a pending upload, one attempt more; None where it is taken or decided already.

    Commits before it returns (called outside of transactions), so a decoder that kills this process
    leaves its trace.
    """
    token = uuid.uuid4()
    pending = QUEUED.filter(pk=upload_id)
    taken = pending.filter(FREE).update(
        lease=token,
        lease_until=in_database_time(timedelta(seconds=get_settings().lease_seconds)),
        attempts=F("attempts") + 1,
    )
    return pending.filter(lease=token).first() if taken else None


def still_leased(upload: Upload) -> Upload | None:
    """Return the row, locked after its target, if this lease is still the one in force (call it in a transaction)."""
    lock_target(upload)
    return (
        Upload.objects.select_for_update(of=_itself())
        .select_related("personal")
        .filter(pk=upload.pk, status=Upload.Status.PENDING, lease=upload.lease)
        .first()
    )


def _itself() -> tuple[str, ...]:
    # PostgreSQL cannot lock the side of a join that may be empty; SQLite has no such lock.
    return ("self",) if connections[router.db_for_write(Upload)].features.has_select_for_update_of else ()


def release(upload: Upload, *, count: bool) -> None:
    """Give the upload back; ``count=False`` where its bytes were not to blame."""
    changes: dict[str, object] = {"lease": None, "lease_until": None}
    if not count:
        changes["attempts"] = F("attempts") - 1
    Upload.objects.filter(pk=upload.pk, lease=upload.lease).update(**changes)


def waiting(*, older_than: timedelta = timedelta(0)) -> QuerySet[Upload]:
    """Return pending uploads that nobody works on, the oldest first."""
    return (
        QUEUED.filter(FREE).filter(submitted_at__lte=in_database_time(-older_than)).order_by("submitted_at")
    )
