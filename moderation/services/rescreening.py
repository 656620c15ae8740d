"""Judge an upload again from its stored codes: nothing is decoded a second time."""

from __future__ import annotations

import time

from moderation import storage
from moderation.domain.analysis import Code, Encoded
from moderation.domain.policy import Judgement
from moderation.models import Clearance, Screening, Upload, UploadFingerprints
from moderation.services import matching, screening
from moderation.services.matching import Subject
from moderation.services.publication import Publication
from moderation.services.revision import RevisionState

OPEN = (Upload.Status.APPROVED, Upload.Status.HELD)
"""The statuses that an automatic verdict may still change."""
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}


def stored_codes(upload: Upload) -> tuple[Code, ...]:
    """The queries of the upload's screening."""
    codes: list[Code] = []
    for row in UploadFingerprints.objects.filter(upload=upload).order_by("algorithm"):
        data = bytes(row.codes)
        width = len(data) // max(len(row.places), 1)
        codes += [
            Code(row.algorithm, data[place * width : (place + 1) * width], view, variant)
            for place, (view, variant) in enumerate(row.places)
        ]
    return tuple(codes)


def subject_of(upload: Upload) -> Subject:
    """The upload as matching sees it, with the pairs that humans have cleared."""
    cleared = Clearance.objects.filter(upload=upload).values_list("banned_id", flat=True)
    pixels = bytes(upload.pixels) if upload.pixels else None
    return Subject(bytes(upload.sha256), pixels, stored_codes(upload), frozenset(cleared))


def clean_file(upload: Upload) -> Encoded | None:
    """The re-encoding in quarantine, ready to be published; None where there is none."""
    if not upload.reencoded:
        return None
    data = storage.read(storage.quarantine(), upload.reencoded)
    extension = upload.reencoded.rpartition(".")[2]
    return Encoded(data, FORMATS[extension], upload.published_width or 0, upload.published_height or 0)


def rescreen(*, upload_id: int, occasion: str = "rescan") -> str | None:
    """The upload's new status, or None where it is not open to an automatic verdict any more."""
    upload = Upload.objects.filter(pk=upload_id, status__in=OPEN, withdrawn_at__isnull=True).first()
    if upload is None or not upload.reencoded:
        return None
    started = time.perf_counter()
    publication = Publication(upload, lambda: clean_file(upload))

    def prepare(preview: Judgement) -> None:
        if upload.status == Upload.Status.HELD:
            publication.prepare(preview)

    def write(state: RevisionState, judgement: Judgement) -> str | None:
        row = Upload.objects.select_for_update().get(pk=upload_id)
        if row.status != upload.status or row.withdrawn_at is not None:
            return None
        if Screening.objects.filter(upload_id=row.pk, revision=state.number).exists():
            return row.status
        screening.record(row, judgement, state=state, occasion=occasion, started=started)
        screening.settle(row, judgement, state=state, publication=publication)
        return row.status

    try:
        return matching.conclude(subject_of(upload), prepare=prepare, write=write)
    finally:
        publication.close()
