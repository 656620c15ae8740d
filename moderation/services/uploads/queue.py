"""The row is the queue: leases in database time, and attempts that are counted before decoding.

Workers claim uploads in an order: first attempts of uploaders who have not used up their share of
decoder time in this minute, the oldest first; then everything else. So slow files of one account, and
files that have failed before, delay nobody else's.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import connections, router
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from moderation.conf import get_settings
from moderation.models import Upload, UploadAllowance
from moderation.services.locking import lock_target

FREE = Q(lease__isnull=True) | Q(lease_until__lt=Now())
"""Nobody works on it, or whoever did has not been heard of for too long."""
QUEUED = Upload.objects.pending()
"""What waits for a verdict; an upload that its owner took back needs none."""
SHARE = timedelta(seconds=2)
"""Decoder time that an uploader may use in a minute before everybody else is served first. Ordinary files are
not charged (``rate_limit.FREE_SECONDS``); one file at the decoder's limit uses it up."""
CANDIDATES = 8
"""Rows that a worker tries to take before it asks again, since other workers want the same ones."""


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
    taken = pending.filter(FREE).update(lease=token, lease_until=lease_end(), attempts=F("attempts") + 1)
    return pending.filter(lease=token).first() if taken else None


def lease_next() -> Upload | None:
    """Take the pending upload whose turn it is, as :func:`lease` does; None where none waits."""
    waiting = QUEUED.filter(FREE).order_by("submitted_at")
    prompt = waiting.filter(~_used_up(), attempts=0)
    for candidates in (prompt, waiting):
        while found := list(candidates.values_list("pk", flat=True)[:CANDIDATES]):
            for upload_id in found:
                if upload := lease(upload_id):
                    return upload
    return None


def lease_end() -> Combinable:
    """Return when a lease that is taken now runs out."""
    return in_database_time(timedelta(seconds=get_settings().lease_seconds))


def _used_up() -> Exists:
    return Exists(
        UploadAllowance.objects.filter(
            owner_type=OuterRef("owner_type"),
            owner_id=OuterRef("owner_id"),
            window_until__gt=Now(),
            decoder_ms__gte=SHARE // timedelta(milliseconds=1),
        )
    )


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
