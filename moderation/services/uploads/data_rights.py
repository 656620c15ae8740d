"""A person's data: handed out, or erased so that the history still verifies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from moderation.models import Appeal, Notice, PersonalData, Upload
from moderation.services.history import erasure
from moderation.services.locking import locked
from moderation.services.revision import database
from moderation.services.uploads import outcome, retention


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did."""

    uploads: int
    """Uploads that have no owner any more; their files and fingerprints are gone."""
    personal: int
    """Records beside the history."""
    kept: int
    """Uploads under legal hold, which were left as they are."""


def export(*, owner_type: str, owner_id: str) -> dict[str, Any]:
    """Return everything that refers to this person, ready for JSON."""
    uploads = _uploads(owner_type, owner_id)
    return {
        "owner": f"{owner_type}:{owner_id}",
        "uploads": [
            {
                "reference": upload.reference,
                "submitted_at": upload.submitted_at.isoformat(),
                "target": f"{upload.target_model}:{upload.target_id}:{upload.target_field}",
                "status": upload.status,
                "status_at": upload.status_at.isoformat(),
                "bytes": upload.size,
                "format": upload.format,
                "sha256": bytes(upload.sha256).hex(),
                "published": upload.published,
            }
            for upload in uploads.order_by("pk").iterator()
        ],
        "notices": [
            {"kind": kind, "message": message, "at": at.isoformat()}
            for kind, message, at in Notice.objects.filter(upload__in=uploads)
            .order_by("pk")
            .values_list("kind", "message", "created_at")
        ],
        "appeals": [
            {"reference": reference, "text": text, "status": status}
            for reference, text, status in Appeal.objects.filter(upload__in=uploads).values_list(
                "upload__reference", "text", "status"
            )
        ],
        "records": list(
            PersonalData.objects.filter(owner_type=owner_type, owner_id=owner_id)
            .order_by("pk")
            .values("address", "file_name", "text")
        ),
    }


def erase(*, owner_type: str, owner_id: str) -> Erased:
    """Take this person's pictures away and forget who it was.

    Audit rows keep their salted commitments, so the history still verifies. Entries of a blocklist
    that were made from the person's pictures stay: they hold fingerprints, and evidence that the
    blocklist's ``keep_evidence`` and the retention of evidence govern. Uploads under legal hold are
    left alone.
    """
    theirs = _uploads(owner_type, owner_id)
    held = list(theirs.filter(legal_hold=True).values_list("pk", "personal_id"))
    count = 0
    for pk in list(theirs.filter(legal_hold=False).values_list("pk", flat=True)):
        with transaction.atomic(using=database()):
            upload = locked(Upload.objects.get(pk=pk))
            if upload is None:
                continue
            if upload.withdrawn_at is None:
                outcome.withdraw(upload)
            retention.forget_files(upload)
            Appeal.objects.filter(upload=upload).update(text="")
            Notice.objects.filter(upload=upload).delete()
            # A screening that is under way loses its lease, and with it the right to write anything.
            Upload.objects.filter(pk=pk).update(
                owner_type="", owner_id="", target_id="", lease=None, lease_until=None
            )
        count += 1
    records = PersonalData.objects.filter(owner_type=owner_type, owner_id=owner_id).exclude(
        pk__in=[personal for _, personal in held if personal]
    )
    return Erased(count, erasure.erase(records, reason="data_rights"), len(held))


def _uploads(owner_type: str, owner_id: str) -> Any:
    return Upload.objects.filter(owner_type=owner_type, owner_id=owner_id)
