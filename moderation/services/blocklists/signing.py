"""Signs for entries and uploads of before there were any: until they have some, their hits hold and do not reject.

``rehash`` makes them along with what else is lacking. After an upgrade each sweep makes a few, so that a site need not
do anything. What cannot be read is marked with an empty document, and not tried again.
"""

from __future__ import annotations

import logging

from django.db.models import Q

from moderation import storage
from moderation.conf import get_settings
from moderation.domain.analysis import Analysis
from moderation.exceptions import ModerationError, PictureMissing, SandboxBusy, SandboxUnavailable
from moderation.models import BannedImage, BlocklistChange, Upload
from moderation.services import revision
from moderation.services.decoder import decoder
from moderation.services.rescans import rescreening
from moderation.services.search import evidence

logger = logging.getLogger("moderation.signing")


def entries_lacking() -> Q:
    """Return a condition for entries whose picture is kept and that have no signs."""
    return Q(signs__isnull=True) & ~Q(evidence="")


def uploads_lacking() -> Q:
    """Return a condition for uploads whose re-encoding is kept and that have no signs."""
    return Q(signs__isnull=True) & ~Q(reencoded="")


def sign_some(*, limit: int) -> int:
    """Make signs for at most ``limit`` entries and as many uploads; return for how many. About 50 ms each.

    Stops early where no decoder is free.
    """
    active = BannedImage.objects.active().filter(flat=False)
    live = Upload.objects.open()
    try:
        entries = [
            (entry, _of_entry(entry)) for entry in active.filter(entries_lacking()).order_by("pk")[:limit]
        ]
        uploads = [
            (upload, _of_upload(upload)) for upload in live.filter(uploads_lacking()).order_by("pk")[:limit]
        ]
    except (SandboxBusy, SandboxUnavailable) as busy:
        logger.info("signs wait for a decoder: %s", busy.code)
        return 0
    if entries:
        with revision.exclusive_change() as change:
            still = set(active.filter(pk__in=[entry.pk for entry, _ in entries]).values_list("pk", flat=True))
            for entry, analysis in entries:
                if entry.pk in still:
                    evidence.enrol(entry, analysis)
            detail: dict[str, object] = {"entries": len(still), "algorithms": ["signs"]}
            change.record(kind=BlocklistChange.Kind.REHASH, actor_id="", detail=detail)
    for upload, analysis in uploads:
        with revision.shared_lock():
            row = Upload.objects.select_for_update().filter(pk=upload.pk, status__in=Upload.OPEN).first()
            if row is not None:
                evidence.remember(row, analysis)
    return len(entries) + len(uploads)


def _of_entry(entry: BannedImage) -> Analysis | None:
    try:
        data = storage.read(storage.quarantine(), entry.evidence)
        return decoder().analyse(data, get_settings().analysis())
    except (SandboxBusy, SandboxUnavailable):
        raise
    except (OSError, ModerationError) as error:
        logger.warning("entry %s has no signs, and can only hold: %s", entry.pk, error)
        return None


def _of_upload(upload: Upload) -> Analysis | None:
    try:
        encoded = rescreening.clean_file(upload)
        return decoder().analyse(encoded.data, get_settings().analysis()) if encoded else None
    except (SandboxBusy, SandboxUnavailable):
        raise
    except (OSError, PictureMissing, ModerationError) as error:
        logger.warning("upload %s has no signs: %s", upload.pk, error)
        return None
