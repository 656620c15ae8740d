"""Who looks at which held upload: no two moderators are given the same one.

A claim is a lease in database time. It lapses by itself, so a closed laptop keeps nothing from
being decided; and it is a courtesy, not a lock: what is decided is decided under the row's lock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from moderation.models import Claim, Upload
from moderation.services.revision import database
from moderation.services.uploads.queue import in_database_time

LAPSES = timedelta(minutes=5)
TRIED = 25
"""Candidates that are tried before giving up: others may take them between the query and the claim."""


def take_next(
    *, queue: QuerySet[Upload], moderator_id: str, after: int = 0, without: Collection[int] = ()
) -> Upload | None:
    """Claim the first upload of ``queue`` behind the id ``after`` that nobody else looks at; the
    search goes round once. None where there is none."""
    others = Claim.objects.filter(until__gt=Now()).exclude(moderator_id=moderator_id)
    free = queue.exclude(pk__in=others.values("upload_id")).exclude(pk__in=list(without)).order_by("pk")
    for part in (free.filter(pk__gt=after), free.filter(pk__lte=after)) if after else (free,):
        for upload_id in list(part.values_list("pk", flat=True)[:TRIED]):
            if claim(upload_id=upload_id, moderator_id=moderator_id):
                return Upload.objects.filter(pk=upload_id).first()
    return None


def claim(*, upload_id: int, moderator_id: str) -> bool:
    """Take or prolong a claim; False where another moderator holds a live one."""
    until = in_database_time(LAPSES)
    mine_or_lapsed = Q(moderator_id=moderator_id) | Q(until__lte=Now())
    if Claim.objects.filter(mine_or_lapsed, upload_id=upload_id).update(
        moderator_id=moderator_id, until=until
    ):
        return True
    try:
        with transaction.atomic(using=database()):
            Claim.objects.create(upload_id=upload_id, moderator_id=moderator_id, until=until)
    except IntegrityError:
        return False
    return True


def holder(*, upload_id: int) -> str:
    """Return the moderator with a live claim, or an empty string."""
    live = Claim.objects.filter(upload_id=upload_id, until__gt=Now())
    return live.values_list("moderator_id", flat=True).first() or ""


def release(*, upload_id: int, moderator_id: str) -> None:
    """Let go of one's own claim."""
    Claim.objects.filter(upload_id=upload_id, moderator_id=moderator_id).delete()
