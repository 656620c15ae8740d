"""What is kept for how long. What remains is the audit.

Files are noted for removal in the transaction that forgets their names, as everywhere. Nothing under
legal hold is touched, and nothing that is public: an upload keeps its fingerprints for as long as it
is public or held, since a later ban reaches back to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from moderation import storage
from moderation.conf import get_settings
from moderation.models import (
    BannedImage,
    Notice,
    PersonalData,
    Upload,
    UploadFingerprints,
    UploadLocalFingerprint,
    UploadSigns,
)
from moderation.services import files
from moderation.services.history import erasure
from moderation.services.revision import database

Status = Upload.Status
UPLOADS_PER_FETCH = 200
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Purged:
    """How much of each kind was (or with a dry run would be) removed."""

    uploads: int
    """Uploads whose private files and fingerprints went."""
    evidence: int
    notices: int
    personal: int


def _before(days: int | None) -> datetime | None:
    return None if days is None else timezone.now() - timedelta(days=days)


def due_uploads() -> QuerySet[Upload]:
    """Return uploads whose private files and fingerprints are not needed any more."""
    kept = get_settings().kept_days()
    due = Q(pk__in=[])
    for status in (Status.REJECTED, Status.HELD, Status.REFUSED):
        before = _before(kept[status])
        if before:
            due |= Q(status=status, status_at__lt=before)
    withdrawn = _before(kept["withdrawn"])
    if withdrawn:
        due |= Q(withdrawn_at__lt=withdrawn)
    something = ~Q(original="") | ~Q(reencoded="") | Q(fingerprints__isnull=False)
    open_appeal = Q(appeal__status="open")
    return (
        Upload.objects.filter(due, something, legal_hold=False, published="")
        .exclude(open_appeal)
        .distinct()
        .order_by("pk")
    )


def due_evidence() -> QuerySet[BannedImage]:
    """Return retired entries whose evidence is not needed any more."""
    before = _before(get_settings().kept_days()["evidence"])
    rows = BannedImage.objects.exclude(evidence="").filter(legal_hold=False)
    return rows.filter(retired_at__lt=before) if before else rows.none()


def due_notices() -> QuerySet[Notice]:
    """Return notices that nobody has to read any more."""
    before = _before(get_settings().kept_days()["notices"])
    return Notice.objects.filter(created_at__lt=before) if before else Notice.objects.none()


def due_personal() -> QuerySet[PersonalData]:
    """Return the personal data of uploads that were decided long ago."""
    before = _before(get_settings().kept_days()["personal"])
    if before is None:
        return PersonalData.objects.none()
    needed = Upload.objects.filter(
        Q(status_at__gte=before)
        | Q(legal_hold=True)
        | Q(pk__in=(Upload.objects.pending() | Upload.objects.held()).values("pk")),
        personal__isnull=False,
    )
    decided = Upload.objects.filter(personal__isnull=False).exclude(pk__in=needed)
    return PersonalData.objects.filter(pk__in=decided.values("personal"), erased_at__isnull=True)


def purge(*, dry_run: bool = False, progress: Progress | None = None) -> Purged:
    """Remove what is due; with ``dry_run`` only count it."""
    counts = Purged(
        due_uploads().count(), due_evidence().count(), due_notices().count(), due_personal().count()
    )
    if dry_run:
        return counts
    while batch := list(due_uploads()[:UPLOADS_PER_FETCH]):
        for upload in batch:
            with transaction.atomic(using=database()):
                # Looked at again under the lock: a moderator may have decided, or asked to keep it.
                row = Upload.objects.select_for_update().get(pk=upload.pk)
                if due_uploads().filter(pk=row.pk).exists():
                    forget_files(row)
        if progress:
            progress(len(batch))
    for banned in due_evidence().iterator():
        with transaction.atomic(using=database()):
            files.remove_later((storage.QUARANTINE, banned.evidence))
            BannedImage.objects.filter(pk=banned.pk).update(evidence="")
    due_notices().delete()
    erasure.erase(due_personal(), reason="retention")
    return counts


def forget_files(upload: Upload) -> None:
    """Remove an upload's private files and fingerprints; the row, which the caller has locked, stays."""
    files.remove_later(*((storage.QUARANTINE, name) for name in (upload.original, upload.reencoded)))
    upload.original = upload.reencoded = ""
    upload.save(update_fields=["original", "reencoded"])
    UploadFingerprints.objects.filter(upload=upload).delete()
    UploadLocalFingerprint.objects.filter(upload=upload).delete()
    UploadSigns.objects.filter(upload=upload).delete()
