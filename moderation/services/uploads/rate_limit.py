"""How much one uploader may send: the filter can neither be flooded nor asked until it says yes.

1. Counted in the database, in its time, so that all processes count together.
2. Every attempt counts, the files that the door refuses too, and before the door is asked: refusals
   cost a decoder's time and answer questions.
3. A minute begins with the first attempt, so one row per uploader is enough, and one statement an attempt.
4. Uploads of one transaction count once among those that wait: none of them can be screened before its
   commit, so a page with many pictures would otherwise never get through.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connections, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from moderation.conf import get_settings
from moderation.exceptions import TooManyUploads
from moderation.models import UploadAllowance
from moderation.services import metrics
from moderation.services.revision import database
from moderation.services.uploads.queue import QUEUED, in_database_time

MINUTE = timedelta(minutes=1)
FREE_SECONDS = 0.2
"""Decoder time of one file that is not charged, to spare ordinary uploads a statement."""
FORGOTTEN = timedelta(hours=1)
"""After which the row of an uploader who sends nothing more is deleted."""
WAITING = (
    "Several of your pictures are still being checked. Wait until they are, and send this one again then."
)


def admit(*, owner_type: str, owner_id: str) -> None:
    """Count one attempt of an uploader. Raises :class:`TooManyUploads`; nothing is counted then.

    An uploader without an owner (both empty) is the host's own code and has no limit.
    """
    most = get_settings().uploads_per_minute
    if not owner_id:
        return
    if most and not _counted(_rows(owner_type, owner_id), owner_type, owner_id, most):
        metrics.too_many_uploads()
        raise TooManyUploads


def count(*, owner_type: str, owner_id: str, most: int) -> bool:
    """Count one attempt of anybody; False, and not counted, where ``most`` in this minute are reached. 0: no limit."""
    return not most or _counted(_rows(owner_type, owner_id), owner_type, owner_id, most)


def reserve(*, owner_type: str, owner_id: str, reference: str) -> None:
    """Count how many uploads wait, within the transaction that inserts the one called ``reference``, with other
    insertions of this uploader kept out until the commit. Raises :class:`TooManyUploads`."""
    if not owner_id or not get_settings().pending_at_once:
        return
    # The row is there where attempts are counted; without it two requests at once may be one too many.
    _rows(owner_type, owner_id).select_for_update().first()
    refuse_too_many_pending(owner_type=owner_type, owner_id=owner_id)
    inserted = _inserted_by_this_transaction()
    inserted.add(reference)
    transaction.on_commit(lambda: inserted.clear(), using=database())  # noqa: PLW0108 -- a name of ours, for tests


def refuse_too_many_pending(*, owner_type: str, owner_id: str) -> None:
    """Raise :class:`TooManyUploads` where as many uploads wait as may; without counting one more."""
    most = get_settings().pending_at_once
    if not owner_id or not most:
        return
    waiting = QUEUED.filter(owner_type=owner_type, owner_id=owner_id)
    if waiting.exclude(reference__in=_inserted_by_this_transaction()).count() >= most:
        metrics.too_many_uploads()
        raise TooManyUploads(WAITING)


def _inserted_by_this_transaction() -> set[str]:
    # References are never given twice, so those of a transaction that was rolled back do no harm.
    connection = connections[database()]
    found: set[str] = connection.__dict__.setdefault("_moderation_inserted", set())
    return found


def charge(*, owner_type: str, owner_id: str, seconds: float) -> None:
    """Add decoder time to an uploader's minute; without an owner nobody is charged.

    Short files are free: the number of attempts in a minute bounds what they sum to.
    """
    if not owner_id or seconds < FREE_SECONDS:
        return
    spent = round(seconds * 1000)
    rows = _rows(owner_type, owner_id)
    if rows.filter(window_until__gt=Now()).update(decoder_ms=F("decoder_ms") + spent):
        return
    UploadAllowance.objects.update_or_create(
        owner_type=owner_type,
        owner_id=owner_id,
        defaults={"window_until": in_database_time(MINUTE), "taken": 0, "decoder_ms": spent},
    )


def forget_idle() -> int:
    """Delete rows of uploaders who have sent nothing for an hour; how many."""
    return UploadAllowance.objects.filter(window_until__lt=in_database_time(-FORGOTTEN)).delete()[0]


def _rows(owner_type: str, owner_id: str) -> QuerySet[UploadAllowance]:
    return UploadAllowance.objects.filter(owner_type=owner_type, owner_id=owner_id)


def _counted(rows: QuerySet[UploadAllowance], owner_type: str, owner_id: str, most: int) -> bool:
    # Twice: of two requests at the beginning of a minute one starts it, and the other counts in it.
    for _ in range(2):
        if rows.filter(window_until__gt=Now(), taken__lt=most).update(taken=F("taken") + 1):
            return True
        if rows.filter(window_until__lte=Now()).update(
            window_until=in_database_time(MINUTE), taken=1, decoder_ms=0
        ):
            return True
        if not rows.exists():
            fresh = UploadAllowance(
                owner_type=owner_type, owner_id=owner_id, window_until=in_database_time(MINUTE)
            )
            UploadAllowance.objects.bulk_create([fresh], ignore_conflicts=True)
    return rows.filter(window_until__gt=Now(), taken__lt=most).update(taken=F("taken") + 1) > 0
